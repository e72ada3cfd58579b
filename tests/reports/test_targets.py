"""Where plans lead, whatever their kind, and what is said of those that do not tell."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import InvalidObject, KubernetesForbidden, KubernetesUnreachable, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reports.targets import Targets
from gitops_upgrader.stores.protocol import Stored
from tests.reports.test_fleet_status import upgrader

PLAN = ObjectKey(api.GROUP, "Plan", "fleet", "newest")


class Plans:
    """A reader of one object, which it has or lacks, or which it may not read."""

    def __init__(
        self, key: ObjectKey, status: dict[str, Any] | None = None, error: UpgraderError | None = None
    ) -> None:
        self.key, self.status, self.error = key, status, error
        self.asked = 0

    def get(self, key: ObjectKey) -> Stored | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Stored(key, {"metadata": {}, "status": self.status}) if key == self.key else None

    def list(self, *_: object, **__: object) -> tuple[Stored, ...]:
        raise AssertionError("nothing is listed")


CHOSEN = {"machineImageDetails": {"version": "v1.34.2", "id": "ami-1"}}


@pytest.mark.parametrize(
    ("status", "version"),
    [(CHOSEN, "v1.34.2"), ({"phase": "NoSuitableMachineImage"}, None), ({}, None), (None, None)],
)
def test_a_plan_that_tells_or_does_not(status: dict[str, Any] | None, version: str | None) -> None:
    targets = Targets(Plans(PLAN, status))
    assert (targets.of(upgrader()), targets.problems) == (version, ())


def test_a_plan_that_is_not_there() -> None:
    targets = Targets(Plans(ObjectKey(api.GROUP, "Plan", "other", "newest"), CHOSEN))
    assert (targets.of(upgrader()), targets.problems) == (None, ())


def test_a_plan_of_another_kind() -> None:
    reference = {"apiVersion": "example.com/v1", "kind": "Choice", "name": "newest"}
    targets = Targets(Plans(ObjectKey("example.com", "Choice", "fleet", "newest"), CHOSEN))
    assert targets.of(upgrader(spec={"planRef": reference})) == "v1.34.2"


@pytest.mark.parametrize(
    ("plans", "kind"),
    [
        (Plans(PLAN, {"machineImageDetails": {"version": "newest", "id": "x"}}), InvalidObject),
        (Plans(PLAN, error=KubernetesForbidden("No.")), KubernetesForbidden),
    ],
)
def test_what_cannot_be_read_is_told_of_once(plans: Plans, kind: type[UpgraderError]) -> None:
    targets = Targets(plans)
    assert [targets.of(upgrader(name)) for name in ("a", "b")] == [None, None]
    assert [type(problem) for problem in targets.problems] == [kind]


def test_an_api_that_does_not_answer_is_no_answer() -> None:
    with pytest.raises(KubernetesUnreachable):
        Targets(Plans(PLAN, error=KubernetesUnreachable("Gone."))).of(upgrader())
