"""What of a reconcile people should see as Events: pure functions of what was before and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgraderStatus
from gitops_upgrader.api.conditions import AppliedReason, Condition, ConditionType, ProposedReason, Status, find
from gitops_upgrader.pulls.decision import Close, Create, Update
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.scope import Result
from gitops_upgrader.reconcilers.upgrader_conditions import words
from gitops_upgrader.runtime.events import Happening

_NEWS = {
    ProposedReason.REFUSED: "Refused",
    ProposedReason.REVERTED: "Reverted",
    ProposedReason.BRANCH_MODIFIED: "BranchModified",
    ProposedReason.RETARGETED: "Retargeted",
    ProposedReason.LIMIT_REACHED: "LimitReached",
    ProposedReason.PROPOSED_ELSEWHERE: "ProposedElsewhere",
}
"""Reasons to hold that came from people or from limits, and that nobody would find otherwise."""


def of_result(result: Result) -> tuple[Happening, ...]:
    """What people should see of a reconcile that ended in a result: what it removed, and its problem."""
    removed = tuple(Happening("MachineImageRemoved", "Remove", note) for note in result.news)
    if result.problem is None:
        return removed
    return (*removed, Happening(result.problem.reason, "Reconcile", str(result.problem), warning=True))


def of_upgrader(
    before: ClusterClassClusterUpgraderStatus, after: ClusterClassClusterUpgraderStatus, proposed: Proposed
) -> tuple[Happening, ...]:
    """What people should see of an upgrader's reconcile."""
    if proposed.error is not None:
        return (Happening(proposed.error.reason, "Propose", str(proposed.error), warning=True),)
    return (*_of_decision(proposed), *_of_conditions(before, after))


def _of_decision(proposed: Proposed) -> Iterator[Happening]:
    if proposed.first is not None:
        yield from _of_decision(proposed.first)
    decision = proposed.decision
    place = f" {proposed.pull.url}" if proposed.pull else f" Branch {proposed.branch}." if proposed.branch else ""
    if isinstance(decision, Create):
        yield Happening("PullRequestOpened", "Propose", f"{words(proposed)}{place}")
    elif isinstance(decision, Update):
        yield Happening("PullRequestUpdated", "Propose", f"{words(proposed)}{place}")
    elif isinstance(decision, Close):
        yield Happening("PullRequestClosed", "Close", f"{words(proposed)}{place}")


def _of_conditions(
    before: ClusterClassClusterUpgraderStatus, after: ClusterClassClusterUpgraderStatus
) -> Iterator[Happening]:
    proposed = _turned(before, after, ConditionType.PROPOSED)
    if proposed is not None and proposed.reason in _NEWS:
        yield Happening(_NEWS[ProposedReason(proposed.reason)], "Hold", proposed.message)
    merged = _turned(before, after, ConditionType.MERGED)
    if merged is not None and merged.status is Status.TRUE:
        yield Happening("Merged", "Follow", merged.message)
    applied = _turned(before, after, ConditionType.APPLIED)
    if applied is not None and applied.reason == AppliedReason.APPLY_DEADLINE_EXCEEDED:
        yield Happening(applied.reason, "Follow", applied.message, warning=True)
    rolled_out = _turned(before, after, ConditionType.ROLLED_OUT)
    # At the first look it may have been so for years: a fleet would begin with an Event for each of its clusters.
    known = find(before.conditions, ConditionType.ROLLED_OUT) is not None
    if known and rolled_out is not None and rolled_out.status is Status.TRUE:
        yield Happening("RolledOut", "Follow", rolled_out.message)


def _turned(
    before: ClusterClassClusterUpgraderStatus, after: ClusterClassClusterUpgraderStatus, type_: ConditionType
) -> Condition | None:
    """The condition, where it says something else than before."""
    old, new = find(before.conditions, type_), find(after.conditions, type_)
    if new is None or (old is not None and (old.status, old.reason) == (new.status, new.reason)):
        return None
    return new
