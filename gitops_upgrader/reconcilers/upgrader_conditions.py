"""The conditions of an upgrader after a reconcile that came to a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgraderStatus
from gitops_upgrader.api.conditions import (
    AppliedReason,
    Condition,
    ConditionType,
    MergedReason,
    PlannedReason,
    ProposedReason,
    ReadyReason,
    RolledOutReason,
    Status,
    find,
    observe,
)
from gitops_upgrader.model import PullState
from gitops_upgrader.plans.hop import NoHopReason
from gitops_upgrader.pulls.decision import Close, Create, Decision, Hold, Leave, Reason, Update
from gitops_upgrader.reconcilers.elsewhere import PROPOSED_ELSEWHERE
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.rollout import Stage
from gitops_upgrader.versions import Version


def words(proposed: Proposed) -> str:
    """What was decided and why, as a sentence or two."""
    decision = proposed.decision
    if decision is None:
        return str(proposed.error or "")
    why = _sentence(proposed.why)
    if isinstance(decision, Create):
        return why or decision.message
    return f"{decision.message} {why}".rstrip() if isinstance(decision, Update) else decision.message


@dataclass(frozen=True, slots=True)
class Summary:
    """What conditions are made of.

    Attributes:
        before: the status so far.
        current: the version on the base branch; None where nobody looked for it.
        target: the version of the next hop, if there is one.
        latest_set: the version last merged.
        apply_deadline: how long after a merge the live Cluster has to ask for the new version.
    """

    before: ClusterClassClusterUpgraderStatus
    proposed: Proposed
    decision: Decision
    current: Version | None
    target: Version | None
    latest_set: str | None
    now: datetime
    generation: int | None
    apply_deadline: timedelta

    @property
    def offers(self) -> bool:
        """Whether something of ours waits for people."""
        return isinstance(self.decision, Create | Update | Leave)

    def conditions(self) -> tuple[Condition, ...]:
        """All of them, `Ready` first, then in the order in which a hop makes them true."""
        found = (self.ready(), self.planned(), self._offered(), self._merged(), self._applied(), self._rolled_out())
        return tuple(condition for condition in found if condition is not None)

    def ready(self) -> Condition:
        """Whether the object was reconciled: it was."""
        decision = self.decision
        reason = ReadyReason.SUCCEEDED
        if decision.reason in _READY:
            reason = _READY[decision.reason]
        elif isinstance(decision, Hold) or (isinstance(decision, Leave) and decision.pending):
            reason = ReadyReason.HOLDING
        return self._observed(ConditionType.READY, Status.TRUE, reason, words(self.proposed))

    def planned(self) -> Condition:
        """Whether the next hop is known, and due."""
        proposed = self.proposed
        if proposed.nothing is not None:
            reason = _PLANNED.get(proposed.nothing.reason, PlannedReason.UP_TO_DATE)
            return self._observed(ConditionType.PLANNED, Status.FALSE, reason, proposed.nothing.message)
        if self.target is None:
            message = f"The base branch is at {self.current} already."
            return self._observed(ConditionType.PLANNED, Status.FALSE, PlannedReason.UP_TO_DATE, message)
        if proposed.gate is not None and proposed.gate.reason in _PLANNED:
            return self._observed(
                ConditionType.PLANNED, Status.FALSE, _PLANNED[proposed.gate.reason], proposed.gate.message
            )
        return self._observed(ConditionType.PLANNED, Status.TRUE, PlannedReason.HOP_FOUND, _sentence(proposed.why))

    def _offered(self) -> Condition:
        holds, reason = _offer(self.decision)
        return self._observed(ConditionType.PROPOSED, holds, reason, self._where() or self.decision.message)

    def _where(self) -> str:
        """Where people find what is proposed."""
        pull = self.proposed.pull
        if pull is not None and pull.state is PullState.OPEN:
            return f"{pull.title}: {pull.url}"
        return f"Branch {self.proposed.branch}" if self.offers and self.proposed.branch else ""

    def _merged(self) -> Condition | None:
        if self.decision.reason == Reason.REVERTED.value:
            return self._observed(ConditionType.MERGED, Status.FALSE, MergedReason.REVERTED, self.decision.message)
        if self.offers:
            message = f"{self.target or 'The target'} waits for people to merge it."
            return self._observed(ConditionType.MERGED, Status.FALSE, MergedReason.OPEN, message)
        if self.current is None or self.latest_set != str(self.current):
            return None
        came = next((one for one in self.proposed.merged if one.target.version == self.current), None)
        message = f"{self.current} was merged" + (f" with pull request {came.pull.number}." if came else ".")
        return self._observed(ConditionType.MERGED, Status.TRUE, MergedReason.MERGED, message)

    def _applied(self) -> Condition | None:
        rollout = self.proposed.rollout
        if rollout is None:
            return None
        if rollout.stage is Stage.ABSENT:
            return self._observed(ConditionType.APPLIED, Status.UNKNOWN, AppliedReason.NO_LIVE_CLUSTER, rollout.message)
        if rollout.applied:
            message = f"The live Cluster asks for {rollout.live}."
            return self._observed(ConditionType.APPLIED, Status.TRUE, AppliedReason.APPLIED, message)
        since = self._waiting_since()
        if since is None or self.now < since + self.apply_deadline:
            return self._observed(ConditionType.APPLIED, Status.FALSE, AppliedReason.NOT_APPLIED, rollout.message)
        message = (
            f"{rollout.message} {self.current} has been on the base branch since {since:%Y-%m-%d %H:%M} UTC. "
            "Look at what Flux or Argo CD says about it."
        )
        return self._observed(ConditionType.APPLIED, Status.FALSE, AppliedReason.APPLY_DEADLINE_EXCEEDED, message)

    def _waiting_since(self) -> datetime | None:
        """Since when the live Cluster should ask for the version on the base branch: its merge, else when we saw it."""
        times = [one.when for one in self.proposed.merged if one.target.version == self.current]
        if times:
            return max(times)
        before = find(self.before.conditions, ConditionType.APPLIED)
        if before is None or before.status is not Status.FALSE or self.before.current_version != str(self.current):
            return None
        return before.last_transition_time

    def _rolled_out(self) -> Condition | None:
        rollout = self.proposed.rollout
        if rollout is None:
            return None
        holds, reason = _ROLLED_OUT[rollout.stage]
        return self._observed(ConditionType.ROLLED_OUT, holds, reason, rollout.message)

    def _observed(self, type_: ConditionType, holds: Status, reason: str, message: str) -> Condition:
        return observe(type_, holds, str(reason), message, now=self.now, generation=self.generation)


def _offer(decision: Decision) -> tuple[Status, ProposedReason]:
    """Whether a pull request is open for what is wanted, and why not."""
    if isinstance(decision, Create):
        return Status.TRUE, ProposedReason.OPENED
    if isinstance(decision, Update):
        return Status.TRUE, ProposedReason.UPDATED
    if isinstance(decision, Leave):
        return Status.TRUE, ProposedReason.UNCHANGED
    other = ProposedReason.CLOSED if isinstance(decision, Close) else ProposedReason.NOTHING_TO_PROPOSE
    return Status.FALSE, _PROPOSED.get(decision.reason, other)


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}." if why else ""


# --- which reason of a decision is which reason of a condition --------------------------------------------------------

_READY: Mapping[str, ReadyReason] = {
    Reason.LOOKUP_FAILED.value: ReadyReason.WAITING,
    Reason.PAUSED.value: ReadyReason.PAUSED,
    Reason.UP_TO_DATE.value: ReadyReason.UP_TO_DATE,
}

_PLANNED: Mapping[str, PlannedReason] = {
    NoHopReason.UP_TO_DATE.value: PlannedReason.UP_TO_DATE,
    NoHopReason.AHEAD_OF_TARGET.value: PlannedReason.UP_TO_DATE,
    NoHopReason.NO_CANDIDATE.value: PlannedReason.NO_MACHINE_IMAGE,
    NoHopReason.MISSING_IMAGE.value: PlannedReason.NO_MACHINE_IMAGE,
    NoHopReason.NOT_IN_CLUSTER_CLASS.value: PlannedReason.NOT_IN_CLUSTER_CLASS,
    NoHopReason.OTHER_FLAVOUR.value: PlannedReason.OTHER_FLAVOUR,
    NoHopReason.OTHER_MAJOR.value: PlannedReason.OTHER_MAJOR,
    **{
        reason.value: reason
        for reason in (
            PlannedReason.HOP_INTERVAL,
            PlannedReason.NOT_APPLIED,
            PlannedReason.ROLLING_OUT,
            PlannedReason.DEPENDENCIES,
            PlannedReason.OUTSIDE_WINDOW,
            PlannedReason.FROZEN,
        )
    },
}

_PROPOSED: Mapping[str, ProposedReason] = {
    **{
        reason.value: ProposedReason(reason.value)
        for reason in (
            Reason.BRANCH_MODIFIED,
            Reason.RETARGETED,
            Reason.PAUSED,
            Reason.REMOVED,
            Reason.OBSOLETE,
            Reason.REVERTED,
            Reason.REFUSED,
            Reason.WITHDRAWN,
        )
    },
    "LimitReached": ProposedReason.LIMIT_REACHED,
    PROPOSED_ELSEWHERE: ProposedReason.PROPOSED_ELSEWHERE,
}

_ROLLED_OUT: Mapping[Stage, tuple[Status, RolledOutReason]] = {
    Stage.NOT_APPLIED: (Status.FALSE, RolledOutReason.NOT_APPLIED),
    Stage.APPLIED: (Status.FALSE, RolledOutReason.ROLLING_OUT),
    Stage.ROLLING_OUT: (Status.FALSE, RolledOutReason.ROLLING_OUT),
    Stage.ROLLED_OUT: (Status.TRUE, RolledOutReason.ROLLED_OUT),
    Stage.UNKNOWN: (Status.UNKNOWN, RolledOutReason.UNKNOWN),
    Stage.ABSENT: (Status.UNKNOWN, RolledOutReason.NO_LIVE_CLUSTER),
}
