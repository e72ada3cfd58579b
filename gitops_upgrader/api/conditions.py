"""The conditions of a status (meta/v1 Condition), their types, and the reasons that are no errors.

A condition that is False because of an error carries the name of the error's class as its reason.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from gitops_upgrader.api.resource import Model
from gitops_upgrader.api.scalars import Form, Generation, Message, Timestamp

ReasonWord = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1024),
    Form("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", "must be one CamelCase word"),
]


_LONGEST = 32768
"""Characters of a message: meta/v1 Condition has no more."""


class ConditionType(enum.StrEnum):
    """What a condition says something about."""

    READY = "Ready"
    """The object was reconciled; waiting and holding count as well."""
    STALLED = "Stalled"
    """Only a person can mend what is wrong."""
    PLANNED = "Planned"
    """The next hop is known."""
    PROPOSED = "Proposed"
    """A pull request for the next hop is open."""
    MERGED = "Merged"
    """The base branch holds the target."""
    APPLIED = "Applied"
    """The live Cluster asks for the target."""
    ROLLED_OUT = "RolledOut"
    """Every machine of the live Cluster is at the target."""


class Status(enum.StrEnum):
    """What a condition says."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ReadyReason(enum.StrEnum):
    """Why an object is ready."""

    SUCCEEDED = "Succeeded"
    """Everything that is wanted was done."""
    WAITING = "Waiting"
    """Something that this object refers to has no result yet."""
    HOLDING = "Holding"
    """A pull request is wanted, and something forbids it for now; the message says what."""
    PAUSED = "Paused"
    """The object, or the repository that it uses, is paused."""
    UP_TO_DATE = "UpToDate"
    """There is nothing to do."""
    BUILDING = "Building"
    """A Job builds the image."""
    WAITING_FOR_CLUSTER = "WaitingForCluster"
    """A MachineImage needs a Job, and there is no cluster to run it."""


class PlannedReason(enum.StrEnum):
    """Whether there is a next hop, and why not."""

    HOP_FOUND = "HopFound"
    """The next hop is known, and may be proposed now."""
    UP_TO_DATE = "UpToDate"
    """The cluster is where the plan leads."""
    NO_MACHINE_IMAGE = "NoMachineImage"
    """The next hop lacks a machine image; the message names the version."""
    NOT_IN_CLUSTER_CLASS = "NotInClusterClass"
    """The ClusterClass does not list the version."""
    OTHER_FLAVOUR = "OtherFlavour"
    """All candidates are of another distribution, such as `+k3s1` for `+rke2r1`."""
    OTHER_MAJOR = "OtherMajor"
    """All candidates are of another major version."""
    PLAN_NOT_READY = "PlanNotReady"
    """The plan has not chosen an image yet."""
    HOP_INTERVAL = "HopInterval"
    """The last hop was merged less than `hopInterval` ago."""
    NOT_APPLIED = "NotApplied"
    """The live Cluster does not ask for the last hop yet."""
    ROLLING_OUT = "RollingOut"
    """The live Cluster has not finished the last hop yet."""
    DEPENDENCIES = "Dependencies"
    """Clusters that go first are not there yet, or not for long enough."""
    OUTSIDE_WINDOW = "OutsideWindow"
    """No maintenance window is open."""
    FROZEN = "Frozen"
    """A freeze is on."""


class ProposedReason(enum.StrEnum):
    """What became of the pull request."""

    OPENED = "Opened"
    """The pull request was opened."""
    UPDATED = "Updated"
    """The pull request was rewritten in place."""
    UNCHANGED = "Unchanged"
    """The pull request is open and as it should be."""
    CLOSED = "Closed"
    """The pull request was closed."""
    WITHDRAWN = "Withdrawn"
    """The pull request was closed, as its target is wanted no more."""
    OBSOLETE = "Obsolete"
    """The pull request was closed, as the base branch is at its target by now."""
    REMOVED = "Removed"
    """The upgrader was deleted."""
    REFUSED = "Refused"
    """A person closed the pull request for this target."""
    REVERTED = "Reverted"
    """The target was merged, and the base branch is below it again."""
    BRANCH_MODIFIED = "BranchModified"
    """The branch holds commits of somebody else, and is left to them."""
    RETARGETED = "Retargeted"
    """A person pointed the pull request at another branch, and it is left to them."""
    LIMIT_REACHED = "LimitReached"
    """The repository has as many pull requests as `maxOpen` or `maxPerHour` admits."""
    PROPOSED_ELSEWHERE = "ProposedElsewhere"
    """Another open pull request, of somebody else's, changes the same Cluster already; the message names it."""
    PAUSED = "Paused"
    """The upgrader or its repository is paused."""
    NOTHING_TO_PROPOSE = "NothingToPropose"
    """There is no hop to propose; `Planned` says why."""


class MergedReason(enum.StrEnum):
    """Whether the base branch holds the target."""

    MERGED = "Merged"
    """The base branch holds the target."""
    OPEN = "Open"
    """The pull request waits for people."""
    REVERTED = "Reverted"
    """The target was merged and taken back."""


class AppliedReason(enum.StrEnum):
    """Whether the live Cluster asks for the target."""

    APPLIED = "Applied"
    """The live Cluster asks for the version on the base branch."""
    NOT_APPLIED = "NotApplied"
    """The live Cluster asks for another version than the base branch."""
    APPLY_DEADLINE_EXCEEDED = "ApplyDeadlineExceeded"
    """It was merged longer ago than Flux or Argo CD should need."""
    NO_LIVE_CLUSTER = "NoLiveCluster"
    """There is no live Cluster to look at."""


class RolledOutReason(enum.StrEnum):
    """Whether every machine is at the target."""

    ROLLED_OUT = "RolledOut"
    """The control plane and all workers are at the version."""
    ROLLING_OUT = "RollingOut"
    """Machines are being replaced."""
    NOT_APPLIED = "NotApplied"
    """The live Cluster does not ask for the version yet."""
    UNKNOWN = "Unknown"
    """The live Cluster does not tell."""
    NO_LIVE_CLUSTER = "NoLiveCluster"
    """There is no live Cluster to look at."""


class Condition(Model):
    """One observation about an object, at one time."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=316)]
    """What the condition is about, in CamelCase."""
    status: Status
    """Whether the condition holds: True, False or Unknown."""
    observed_generation: Generation | None = None
    """The generation of the object that was looked at."""
    last_transition_time: Timestamp
    """When the condition's status last changed."""
    reason: ReasonWord
    """Why the condition has its status, as one CamelCase word for programs."""
    message: Message = ""
    """Why the condition has its status, in words for people."""


def conditions_field() -> Any:
    """The `status.conditions` of a kind: a list keyed by type."""
    return Field(
        default=(),
        description="What was observed of this object, one entry for each type.",
        max_length=32,
        exclude_if=lambda value: not value,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


def find(conditions: Sequence[Condition], type_: str) -> Condition | None:
    """The condition of one type; None where nothing was observed yet."""
    return next((condition for condition in conditions if condition.type == type_), None)


def merge(old: Sequence[Condition], new: Sequence[Condition]) -> tuple[Condition, ...]:
    """What a status should hold after a reconcile: the new conditions, in the order given.

    A condition whose status did not change keeps the time of its last change, so that an idle object is never
    written. Types that were not observed this time are dropped: a status is derived from one reconcile alone.
    """
    return tuple(_with_old_time(condition, find(old, condition.type)) for condition in new)


def _with_old_time(condition: Condition, old: Condition | None) -> Condition:
    if old is None or old.status != condition.status:
        return condition
    return condition.model_copy(update={"last_transition_time": old.last_transition_time})


def observe(
    type_: ConditionType, status: Status, reason: str, message: str, *, now: datetime, generation: int | None = None
) -> Condition:
    """A condition as it is observed now. A message is cut where the API server would refuse it."""
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message[:_LONGEST],
        last_transition_time=now,
        observed_generation=generation,
    )
