"""Rows of a fleet's status: what each phase waits for, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import ObjectNotFound
from gitops_upgrader.reports.fleet_status import Row, age, changed, chosen, row_of

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
EARLY, LATE = "2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z"


def condition(type_: str, status: str, reason: str, at: str = LATE, message: str = "") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


READY = condition("Ready", "True", "Succeeded", EARLY, "All is well.")


def upgrader(
    name: str = "prod", /, spec: dict[str, Any] | None = None, **status: Any
) -> api.ClusterClassClusterUpgrader:
    content = {
        "apiVersion": api.API_VERSION,
        "kind": "ClusterClassClusterUpgrader",
        "metadata": {"name": name, "namespace": "fleet"},
        "spec": {"clusterName": name, "planRef": {"name": "newest"}, **(spec or {})},
        "status": status,
    }
    return api.parse_as(api.ClusterClassClusterUpgrader, content)


def row(name: str = "prod", /, **status: Any) -> Row:
    return row_of(upgrader(name, **status), "v1.35.0")


PULL = {"number": 7, "url": "https://git.example.org/7", "branch": "b", "createdAt": EARLY}
OPEN = {**PULL, "state": "Open"}
MERGED = {**PULL, "state": "Merged", "mergedAt": "2026-05-02T08:00:00Z"}


@pytest.mark.parametrize(
    ("phase", "pull", "conditions", "reason", "waited"),
    [
        ("UpToDate", None, [READY, condition("Planned", "False", "UpToDate")], "UpToDate", "2h"),
        ("Holding", None, [READY, condition("Planned", "False", "OutsideWindow")], "OutsideWindow", "2h"),
        (
            "Holding",
            None,
            [READY, condition("Planned", "True", "HopFound"), condition("Proposed", "False", "Refused", EARLY)],
            "Refused",
            "26h",
        ),
        (
            "Proposed",
            OPEN,
            [READY, condition("Proposed", "True", "Unchanged"), condition("Merged", "False", "Open")],
            "Open",
            "26h",
        ),
        ("Merged", MERGED, [READY, condition("Applied", "False", "NotApplied")], "NotApplied", "4h"),
        (
            "Merged",
            MERGED,
            [READY, condition("Planned", "False", "HopInterval"), condition("Applied", "True", "Applied")],
            "HopInterval",
            "4h",
        ),
        ("RollingOut", MERGED, [READY, condition("RolledOut", "False", "RollingOut")], "RollingOut", "4h"),
        ("Paused", None, [condition("Ready", "True", "Paused")], "Paused", "2h"),
        (
            "Failed",
            None,
            [condition("Ready", "False", "ClusterNotFound"), condition("Planned", "False", "UpToDate")],
            "ClusterNotFound",
            "2h",
        ),
        ("Proposed", OPEN, [condition("Ready", "False", "NetworkError")], "NetworkError", "26h"),
    ],
)
def test_what_each_phase_waits_for_and_since_when(
    phase: str, pull: dict[str, Any] | None, conditions: list[dict[str, str]], reason: str, waited: str
) -> None:
    status: dict[str, Any] = {"phase": phase, "conditions": conditions}
    found = row(**status, **({"pullRequest": pull} if pull else {}))
    assert (found.phase, found.reason, age(found.since, NOW)) == (phase, reason, waited)
    assert found.failed is (conditions[0]["status"] == "False")


def test_what_the_controller_has_not_looked_at_yet() -> None:
    found = row()
    assert (found.phase, found.version, found.hop, found.reason, found.since) == ("Pending", None, None, "", None)
    assert not found.failed


def test_the_hop_is_one_only_where_it_leads_elsewhere() -> None:
    assert row(currentVersion="v1.33.5", targetVersion="v1.34.2").hop == "v1.34.2"
    assert row(currentVersion="v1.34.2", targetVersion="v1.34.2").hop is None


def test_the_cluster_may_be_in_another_namespace_than_its_upgrader() -> None:
    found = row_of(upgrader(spec={"clusterNamespace": "edge"}), None)
    assert (found.cluster, found.upgrader, found.target) == ("edge/prod", "fleet/prod", None)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_799, "47h")),
        *((172_800, "2d"), (86_400 * 400, "400d")),
    ],
)
def test_an_age_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == shown


def test_only_what_has_changed() -> None:
    before, same, new = row("a"), row("b"), row("a", currentVersion="v1.34.2")
    assert changed([before, same], [new, same]) == (new,)


def test_rows_are_chosen_by_name() -> None:
    rows = [row("a"), row("b")]
    assert chosen(rows, ()) == tuple(rows)
    assert chosen(rows, ("b",)) == chosen(rows, ("fleet/b",)) == (rows[1],)
    with pytest.raises(ObjectNotFound, match=r"no ClusterClassClusterUpgrader 'c'. Name one of fleet/a, fleet/b\."):
        chosen(rows, ("b", "c"))
    with pytest.raises(ObjectNotFound, match="Name one of none"):
        chosen((), ("c",))
