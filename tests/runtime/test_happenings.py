"""What people see of reconciles under `kubectl describe`."""

from __future__ import annotations

from typing import Any

from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgraderStatus
from gitops_upgrader.errors import InvalidRange, NetworkError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Close, Create, Hold, Leave, Push
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.scope import Result
from gitops_upgrader.runtime.happenings import of_result, of_upgrader

BRANCH = "gitops-upgrader/fleet/prod"


def status(**conditions: str) -> ClusterClassClusterUpgraderStatus:
    """A status with conditions given as `Type="True Reason"`."""
    content: list[dict[str, Any]] = []
    for type_, value in conditions.items():
        holds, reason = value.split()
        found = {"type": type_, "status": holds, "reason": reason, "message": f"{reason}."}
        content.append({**found, "lastTransitionTime": "2026-11-01T00:00:00Z"})
    return ClusterClassClusterUpgraderStatus.model_validate({"conditions": content})


def told(before: ClusterClassClusterUpgraderStatus, after: ClusterClassClusterUpgraderStatus, **more: Any) -> list[str]:
    proposed = Proposed("fleet/prod", "https://git.example", "fleet/prod", **more)
    return [
        f"{'!' if found.warning else ''}{found.reason}: {found.note}" for found in of_upgrader(before, after, proposed)
    ]


LEAVE = Leave("Current", "It is proposed already.", None, BRANCH)
HOLD = Hold("UpToDate", "There is nothing to do.")


def test_what_was_done_is_told() -> None:
    opened = Create("Proposed", "v1 -> v2", BRANCH, Push(BRANCH, None))
    closed = Close("Withdrawn", "It is wanted no more.", BRANCH, None, None)

    assert told(status(), status(), decision=opened, why="hop v1 -> v2", branch=BRANCH) == [
        f"PullRequestOpened: Hop v1 -> v2. Branch {BRANCH}."
    ]
    assert told(status(), status(), decision=closed) == ["PullRequestClosed: It is wanted no more."]
    first = Proposed("fleet/prod", "https://git.example", "fleet/prod", decision=closed)
    assert told(status(), status(), decision=opened, first=first, why="hop v1 -> v2", branch=BRANCH) == [
        "PullRequestClosed: It is wanted no more.",
        f"PullRequestOpened: Hop v1 -> v2. Branch {BRANCH}.",
    ]


def test_what_people_did_is_told_when_it_is_news() -> None:
    refused = status(Proposed="False Refused")

    assert told(status(Proposed="True Unchanged"), refused, decision=HOLD) == ["Refused: Refused."]
    assert told(refused, refused, decision=HOLD) == []


def test_the_way_after_the_merge_is_told() -> None:
    waiting = status(Merged="True Merged", Applied="False NotApplied", RolledOut="False NotApplied")
    late = status(Merged="True Merged", Applied="False ApplyDeadlineExceeded", RolledOut="False NotApplied")
    done = status(Merged="True Merged", Applied="True Applied", RolledOut="True RolledOut")

    assert told(status(Merged="False Open"), waiting, decision=HOLD) == ["Merged: Merged."]
    assert told(waiting, late, decision=HOLD) == ["!ApplyDeadlineExceeded: ApplyDeadlineExceeded."]
    assert told(late, done, decision=HOLD) == ["RolledOut: RolledOut."]
    assert told(done, done, decision=LEAVE) == []
    assert told(status(), status(RolledOut="True RolledOut"), decision=LEAVE) == []  # it may have been so for years


def test_what_went_wrong_is_a_warning() -> None:
    assert told(status(), status(), error=NetworkError("No connection.")) == ["!NetworkError: No connection."]
    key = ObjectKey("g", "Plan", "fleet", "newest")
    (found,) = of_result(Result(key, "InvalidRange", "", InvalidRange("It is none.")))
    assert (found.reason, found.warning) == ("InvalidRange", True)
    assert of_result(Result(key, "Succeeded", "")) == ()
