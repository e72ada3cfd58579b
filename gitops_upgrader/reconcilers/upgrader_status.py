"""What the status of an upgrader says, derived in one place from what a reconcile has read and done."""

from __future__ import annotations

from datetime import datetime, timedelta

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.api.cluster_upgrader import (
    ClusterClassClusterUpgraderStatus,
    HistoryEntry,
    PullRequestStatus,
    UpgraderPhase,
)
from gitops_upgrader.api.conditions import Condition, ConditionType, PlannedReason, Status, find, merge, observe
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.model import PullRequest, PullState
from gitops_upgrader.pulls.decision import Decision, Reason
from gitops_upgrader.reconcilers.merged import Merge
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.rollout import Stage
from gitops_upgrader.reconcilers.upgrader_conditions import Summary

_HISTORY = 10
"""How many merged hops a status keeps."""

_LIFE = (
    ConditionType.PLANNED,
    ConditionType.PROPOSED,
    ConditionType.MERGED,
    ConditionType.APPLIED,
    ConditionType.ROLLED_OUT,
)
"""The conditions that follow a hop, in the order in which they come true."""

_HELD_BY_PEOPLE = frozenset(
    reason.value for reason in (Reason.BRANCH_MODIFIED, Reason.RETARGETED, Reason.REVERTED, Reason.REFUSED)
)
"""Reasons that outrank being up to date: a person did something that people should see."""


def summarise(
    upgrader: ClusterClassClusterUpgrader, proposed: Proposed, *, now: datetime, apply_deadline: timedelta
) -> ClusterClassClusterUpgraderStatus:
    """The status after a reconcile. A time in it changes only when what it times does.

    Where something could not be found out, what was seen last stays: only `Ready` says that it is not fresh.
    """
    generation, before = upgrader.metadata.generation, upgrader.status
    if proposed.error is not None:
        return _failed(before, proposed.error, now, generation)
    if proposed.decision is None:
        raise AssertionError("a reconcile ends with a decision or an error")
    summary = _summary(before, proposed, proposed.decision, now, generation, apply_deadline)
    if proposed.decision.reason == Reason.LOOKUP_FAILED.value:
        return _with(before, (summary.ready(), *_kept(before)), generation)
    pull = proposed.pull or proposed.latest
    status = ClusterClassClusterUpgraderStatus(
        latest_set_version=summary.latest_set,
        current_version=str(summary.current) if summary.current else before.current_version,
        target_version=str(summary.target) if summary.target else None,
        phase=_phase(summary),
        pull_request=_pull_status(pull) if pull else None,
        history=_history(summary),
        conditions=before.conditions,
    )
    return _with(status, summary.conditions(), generation)


def _with(
    status: ClusterClassClusterUpgraderStatus, conditions: tuple[Condition, ...], generation: int | None
) -> ClusterClassClusterUpgraderStatus:
    merged = merge(status.conditions, conditions)
    return status.model_copy(update={"conditions": merged, "observed_generation": generation})


def _failed(
    before: ClusterClassClusterUpgraderStatus, error: UpgraderError, now: datetime, generation: int | None
) -> ClusterClassClusterUpgraderStatus:
    said = error.reason, str(error)
    conditions = [observe(ConditionType.READY, Status.FALSE, *said, now=now, generation=generation)]
    if not error.transient:
        conditions.append(observe(ConditionType.STALLED, Status.TRUE, *said, now=now, generation=generation))
        before = before.model_copy(update={"phase": UpgraderPhase.FAILED})
    return _with(before, (*conditions, *_kept(before)), generation)


def _kept(before: ClusterClassClusterUpgraderStatus) -> tuple[Condition, ...]:
    return tuple(found for type_ in _LIFE if (found := find(before.conditions, type_)) is not None)


def _summary(
    before: ClusterClassClusterUpgraderStatus,
    proposed: Proposed,
    decision: Decision,
    now: datetime,
    generation: int | None,
    apply_deadline: timedelta,
) -> Summary:
    current = proposed.origin.version if proposed.origin else None
    return Summary(
        before=before,
        proposed=proposed,
        decision=decision,
        current=current,
        target=proposed.target.version if proposed.target and proposed.edits else None,
        latest_set=_latest_set(before, proposed),
        now=now,
        generation=generation,
        apply_deadline=apply_deadline,
    )


def _latest_set(before: ClusterClassClusterUpgraderStatus, proposed: Proposed) -> str | None:
    """The version last merged. A host without pull requests cannot tell: there, a target that came true was."""
    if proposed.merged:
        return str(proposed.merged[0].target.version)
    if proposed.origin is not None and before.target_version == str(proposed.origin.version):
        return before.target_version
    return before.latest_set_version


def _phase(summary: Summary) -> UpgraderPhase:
    decision, rollout, gate = summary.decision, summary.proposed.rollout, summary.proposed.gate
    if decision.reason == Reason.PAUSED.value:
        return UpgraderPhase.PAUSED
    if summary.offers:
        return UpgraderPhase.PROPOSED
    if rollout is not None and rollout.stage in {Stage.APPLIED, Stage.ROLLING_OUT}:
        return UpgraderPhase.ROLLING_OUT
    waits = gate is not None and gate.reason == PlannedReason.HOP_INTERVAL
    waits = waits or (rollout is not None and rollout.stage is Stage.NOT_APPLIED)
    if waits and summary.current is not None and summary.latest_set == str(summary.current):
        return UpgraderPhase.MERGED
    if summary.planned().reason == PlannedReason.UP_TO_DATE and decision.reason not in _HELD_BY_PEOPLE:
        return UpgraderPhase.UP_TO_DATE
    return UpgraderPhase.HOLDING


def _history(summary: Summary) -> tuple[HistoryEntry, ...]:
    """The hops that the forge tells of, before those that only an earlier status knows."""
    before, origin = summary.before, summary.proposed.origin
    told = [_entry(one) for one in summary.proposed.merged]
    if not told and summary.latest_set is not None and summary.latest_set != before.latest_set_version:
        image = origin.image if origin else None
        told = [HistoryEntry(version=summary.latest_set, image=image, from_version=before.current_version)]
    known = {(entry.version, entry.pull_request) for entry in told}
    older = (entry for entry in before.history if (entry.version, entry.pull_request) not in known)
    return (*told, *older)[:_HISTORY]


def _entry(one: Merge) -> HistoryEntry:
    return HistoryEntry(
        version=str(one.target.version),
        image=one.target.image,
        from_version=str(one.origin),
        pull_request=one.pull.url,
        merged_at=one.when,
    )


def _pull_status(pull: PullRequest) -> PullRequestStatus:
    return PullRequestStatus(
        number=pull.number,
        url=pull.url,
        branch=pull.head,
        state="Open" if pull.state is PullState.OPEN else "Merged" if pull.state is PullState.MERGED else "Closed",
        head_commit=pull.head_commit or None,
        created_at=pull.created_at,
        merged_at=pull.merged_at,
    )
