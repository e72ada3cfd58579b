"""The page of conditions and reasons."""

from __future__ import annotations

import enum

from gitops_upgrader.api import conditions
from gitops_upgrader.api.conditions import ConditionType
from gitops_upgrader.plans.hop import NoHopReason
from gitops_upgrader.pulls.decision import Reason
from tests.docs.reference import strings
from tests.docs.reference.markdown import HEADER, code, table

_INTRODUCTION = f"""{HEADER}
# Conditions and reasons

Every kind has `status.conditions` (`metav1.Condition`). A condition that is `False` because of an error carries the
[name of that error](errors.md) as its reason; the other reasons are listed here. The message is for people, the reason
for programs.
"""

_OF = {
    ConditionType.READY: conditions.ReadyReason,
    ConditionType.PLANNED: conditions.PlannedReason,
    ConditionType.PROPOSED: conditions.ProposedReason,
    ConditionType.MERGED: conditions.MergedReason,
    ConditionType.APPLIED: conditions.AppliedReason,
    ConditionType.ROLLED_OUT: conditions.RolledOutReason,
}
"""The reasons of each type; `Stalled` has those of errors alone."""

_DECISIONS = """## Decisions

The `reason` of a proposal in `propose -o json` and `plan -o json` is one of these. It can also be the name of an
[error](errors.md), and, where a hop is known but has to wait, `LimitReached`, `HopInterval`, `NotApplied` or
`RollingOut`, as above.
"""


def page() -> str:
    """Every type of condition with its reasons, and the reasons of decisions."""
    types = table(("type", "True means"), strings.of_members(ConditionType).items())
    parts = [_INTRODUCTION, "## Types\n", types]
    for type_, reasons in _OF.items():
        parts += [f"## Reasons of {type_.value}\n", _reasons(reasons)]
    return "\n".join(
        [*parts, _DECISIONS, _reasons(Reason), "Why a cluster stays where it is:\n", _reasons(NoHopReason)]
    )


def _reasons(kind: type[enum.Enum]) -> str:
    meanings = strings.of_members(kind)
    return table(("reason", "meaning"), [(code(one.value), meanings[one.value]) for one in kind])
