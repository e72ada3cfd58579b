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
    WAITING = "Waiting"
    HOLDING = "Holding"
    PAUSED = "Paused"
    UP_TO_DATE = "UpToDate"
    BUILDING = "Building"
    WAITING_FOR_CLUSTER = "WaitingForCluster"
    """A MachineImage needs a Job, and there is no cluster to run it."""


class PlannedReason(enum.StrEnum):
    """Whether there is a next hop, and why not."""

    HOP_FOUND = "HopFound"
    UP_TO_DATE = "UpToDate"
    NO_MACHINE_IMAGE = "NoMachineImage"
    NOT_IN_CLUSTER_CLASS = "NotInClusterClass"
    OTHER_FLAVOUR = "OtherFlavour"
    OTHER_MAJOR = "OtherMajor"
    PLAN_NOT_READY = "PlanNotReady"
    HOP_INTERVAL = "HopInterval"
    NOT_APPLIED = "NotApplied"
    """The live Cluster does not ask for the last hop yet."""
    ROLLING_OUT = "RollingOut"
    """The live Cluster has not finished the last hop yet."""
    DEPENDENCIES = "Dependencies"
    OUTSIDE_WINDOW = "OutsideWindow"
    FROZEN = "Frozen"


class ProposedReason(enum.StrEnum):
    """What became of the pull request."""

    OPENED = "Opened"
    UPDATED = "Updated"
    UNCHANGED = "Unchanged"
    CLOSED = "Closed"
    WITHDRAWN = "Withdrawn"
    OBSOLETE = "Obsolete"
    REMOVED = "Removed"
    REFUSED = "Refused"
    REVERTED = "Reverted"
    BRANCH_MODIFIED = "BranchModified"
    LIMIT_REACHED = "LimitReached"
    PAUSED = "Paused"
    NOTHING_TO_PROPOSE = "NothingToPropose"


class MergedReason(enum.StrEnum):
    """Whether the base branch holds the target."""

    MERGED = "Merged"
    OPEN = "Open"
    REVERTED = "Reverted"


class AppliedReason(enum.StrEnum):
    """Whether the live Cluster asks for the target."""

    APPLIED = "Applied"
    NOT_APPLIED = "NotApplied"
    APPLY_DEADLINE_EXCEEDED = "ApplyDeadlineExceeded"
    """It was merged longer ago than Flux or Argo CD should need."""
    NO_LIVE_CLUSTER = "NoLiveCluster"


class RolledOutReason(enum.StrEnum):
    """Whether every machine is at the target."""

    ROLLED_OUT = "RolledOut"
    ROLLING_OUT = "RollingOut"
    NOT_APPLIED = "NotApplied"
    UNKNOWN = "Unknown"
    NO_LIVE_CLUSTER = "NoLiveCluster"


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
