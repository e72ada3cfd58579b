"""What to do about a proposal: one pure function, a table of rows of which the first that fits decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from gitops_upgrader.model import PullState, Target
from gitops_upgrader.pulls.decision import (
    REBUILD_LABEL,
    Close,
    Comment,
    Create,
    Decision,
    Head,
    Hold,
    Leave,
    NoTarget,
    Proposal,
    Push,
    Reason,
    Seen,
    Update,
)
from gitops_upgrader.pulls.markdown import code, prose
from gitops_upgrader.pulls.marker import Marker


def decide(seen: Seen) -> Decision:
    """Decide what to do.

    The order of `ROWS` is the policy: what people did outranks what we want, and doing nothing outranks a guess.
    """
    case = _Case.of(seen)
    return next(decision for row in ROWS if (decision := row(case)) is not None)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is seen, with the questions that several rows ask already answered."""

    seen: Seen
    ours: Proposal | None
    branch: str
    head: Head | None

    @classmethod
    def of(cls, seen: Seen) -> _Case:
        opened = [proposal for proposal in seen.proposals if proposal.open]
        ours = min(opened, key=lambda proposal: proposal.pull.base != seen.base, default=None)
        branch = ours.pull.head if ours else _free_branch(seen)
        return cls(seen, ours, branch, seen.heads.get(branch))

    @property
    def wanted(self) -> Target | None:
        return None if isinstance(self.seen.wanted, NoTarget) else self.seen.wanted

    @property
    def proposed(self) -> Target | None:
        """What our open pull request proposes."""
        return self.ours.marker.target if self.ours and self.ours.marker else None

    @property
    def leftover(self) -> Proposal | None:
        """The newest pull request from the branch that would be used, where none is open."""
        if self.ours:
            return None
        return next((proposal for proposal in self.seen.proposals if proposal.pull.head == self.branch), None)


def _free_branch(seen: Seen) -> str:
    """The first branch of the family that belongs to no person: none closed its pull request or built on it since."""
    taken = {proposal.pull.head for proposal in seen.proposals if proposal.refused or _grown(seen, proposal)}
    taken |= seen.taken
    generations = range(1, len(taken) + 2)
    return next(branch for branch in map(seen.family.branch, generations) if branch not in taken)


def _grown(seen: Seen, proposal: Proposal) -> bool:
    """Whether somebody's commits came to the branch after its pull request had ended."""
    head = seen.heads.get(proposal.pull.head)
    if head is None or head.edited_by is None or proposal.open:
        return False
    return proposal.pull.state is not PullState.MERGED or head.commit != proposal.pull.head_commit


def reached(now: Target, target: Target, *, refresh: bool = False) -> bool:
    """Whether `now` is at `target` or past it.

    A newer version is past it. At an equal version the image only counts where the image alone was to change:
    another image that a person chose for the same version is theirs.
    """
    if now.version != target.version:
        return now.version.newness > target.version.newness
    return not refresh or target.image is None or now.image == target.image


# --- the rows, top to bottom ----------------------------------------------------------------------------------------


def _lookup_failed(case: _Case) -> Decision | None:
    failed = case.seen.lookup_failed
    if failed is None:
        return None
    return Hold(Reason.LOOKUP_FAILED.value, f"Nothing is changed: {failed.rstrip('.')}.")


def _branch_modified(case: _Case) -> Decision | None:
    if not (case.head and case.head.edited_by) or (case.leftover and not case.leftover.open):
        return None
    comment = None
    if case.ours:
        comment = Comment(
            "branch-modified",
            f"{code(case.head.edited_by)} has added to this branch, so it is yours now: it will not be pushed to, "
            "closed or deleted any more. For a fresh proposal, close this pull request and give the retry annotation "
            "a new value (--retry without custom resources).",
        )
    return Hold(
        Reason.BRANCH_MODIFIED.value,
        f"Branch {case.branch} holds work of {case.head.edited_by}; it is left to them.",
        pull=case.ours.pull.number if case.ours else None,
        comment=comment,
    )


def _paused(case: _Case) -> Decision | None:
    if case.seen.paused is None:
        return None
    message = f"{case.seen.paused} is paused."
    if case.ours:
        return Leave(Reason.PAUSED.value, message, case.ours.pull.number, case.branch)
    return Hold(Reason.PAUSED.value, message)


def _retargeted(case: _Case) -> Decision | None:
    """Ours goes to another branch, and not because we were told of another one since."""
    ours = case.ours
    if ours is None or ours.pull.base == case.seen.base or (ours.marker and ours.marker.base == ours.pull.base):
        return None
    return Hold(
        Reason.RETARGETED.value,
        f"Pull request {ours.pull.number} goes to {ours.pull.base} and not to {case.seen.base}; it is left to whoever "
        "pointed it there.",
        pull=ours.pull.number,
        comment=Comment(
            "retargeted",
            f"This goes to {code(ours.pull.base)} by now, so it is yours: it will not be pushed to, closed or deleted "
            f"any more. Point it back at {code(case.seen.base)}, and it is kept up to date again.",
        ),
    )


def _removed(case: _Case) -> Decision | None:
    if not case.seen.removed:
        return None
    if case.ours or _abandoned(case):
        return _close(case, Reason.REMOVED, "The upgrader that proposed this was deleted.")
    return Hold(Reason.REMOVED.value, "The upgrader was deleted, and nothing of it is open.")


def _obsolete(case: _Case) -> Decision | None:
    seen, marker = case.seen, case.ours.marker if case.ours else None
    if marker and reached(seen.origin, marker.target, refresh=marker.refreshes):
        return _close(case, Reason.OBSOLETE, f"The base branch is at {seen.origin.version} by now.")
    wanted = case.wanted
    if isinstance(seen.wanted, NoTarget) and seen.wanted.reason == Reason.UP_TO_DATE.value and _abandoned(case):
        return _close(case, Reason.OBSOLETE, f"The base branch is at {seen.origin.version} by now.")
    if wanted is None or not reached(seen.origin, wanted, refresh=seen.origin.version == wanted.version):
        return None
    if case.ours or _abandoned(case):
        return _close(case, Reason.OBSOLETE, f"The base branch is at {seen.origin.version} by now.")
    return Hold(Reason.UP_TO_DATE.value, f"The base branch is at {seen.origin.version} already.")


def _reverted(case: _Case) -> Decision | None:
    wanted = case.wanted
    if wanted is None or case.ours:
        return None
    for proposal in case.seen.proposals:
        marker = proposal.marker
        if (
            proposal.pull.state is PullState.MERGED
            and marker
            and marker.target == wanted
            and not _retried(case, marker)
        ):
            return Hold(
                Reason.REVERTED.value,
                f"{wanted.version} was merged with pull request {proposal.pull.number}, and the base branch is back "
                f"at {case.seen.origin.version}: somebody reverted it. {_LIFT}",
            )
    return None


_LIFT = "A newer target lifts this, and so does a new value of the retry annotation (--retry without custom resources)."


def _refused(case: _Case) -> Decision | None:
    wanted = case.wanted
    if wanted is None or case.ours:
        return None
    for proposal in case.seen.proposals:
        if proposal.refused and _covers(case, proposal, wanted):
            return Hold(
                Reason.REFUSED.value,
                f"Pull request {proposal.pull.number} for {_target_of(proposal)} was closed by a person. {_LIFT} "
                "Reopening it takes it up again.",
            )
    return None


def _covers(case: _Case, proposal: Proposal, wanted: Target) -> bool:
    """Whether closing this pull request refused what is wanted now: this target, or a higher one."""
    marker = proposal.marker
    if marker is None:
        return case.seen.retry is None
    if _retried(case, marker):
        return False
    if case.seen.origin.version == wanted.version:
        return marker.target == wanted
    return marker.target.version >= wanted.version


def _withdrawn(case: _Case) -> Decision | None:
    close = _taken_back(case)
    if close is not None and case.seen.doubt is not None:
        message = f"Nothing is taken back, as not everything could be read: {case.seen.doubt}"
        return Hold(Reason.LOOKUP_FAILED.value, message, close.pull)
    if close is None and isinstance(case.seen.wanted, NoTarget):
        return Hold(case.seen.wanted.reason, case.seen.wanted.message)
    return close


def _taken_back(case: _Case) -> Close | None:
    ours, wanted, proposed = case.ours, case.wanted, case.proposed
    nothing = isinstance(case.seen.wanted, NoTarget)
    if ours and nothing:
        return _close(case, Reason.WITHDRAWN, f"{_target_of(ours)} is wanted no more: {_why_nothing(case)}")
    if ours and ours.pull.base != case.seen.base:
        return _close(case, Reason.WITHDRAWN, f"Changes are proposed to {case.seen.base} by now.")
    if ours and wanted and proposed and wanted.version < proposed.version:
        message = f"{proposed.version} was withdrawn; {wanted.version} comes first, in a pull request of its own."
        return _close(case, Reason.WITHDRAWN, message)
    if nothing and _abandoned(case):
        return _close(case, Reason.WITHDRAWN, f"Nothing is wanted any more: {_why_nothing(case)}")
    return None


def _gated(case: _Case) -> Decision | None:
    gate = case.seen.gate
    if gate is None:
        return None
    if case.ours:
        return Leave(
            gate.reason, gate.message, case.ours.pull.number, case.branch, pending=True, disarm=True, until=gate.until
        )
    return Hold(gate.reason, gate.message, until=gate.until)


def _approved(case: _Case) -> Decision | None:
    ours = case.ours
    if ours is None or (case.head and case.head.carries) or not (ours.pull.queued or ours.pull.approved):
        return None
    if case.proposed in (None, case.wanted) and not ours.pull.queued:
        return None
    state = "in the merge queue" if ours.pull.queued else "approved"
    return Leave(
        Reason.APPROVED.value,
        f"Pull request {ours.pull.number} is {state} for {case.proposed}; it stays as it is for its reviewers.",
        ours.pull.number,
        case.branch,
        comment=Comment(
            f"waits-for-reviewers:{_digest(case.wanted)}",
            f"{code(str(case.wanted))} is wanted by now. As this pull request is {state}, it stays as it is: merge "
            "it, and the next one follows; dismiss the approval or take it out of the queue, and this one moves on.",
        ),
        disarm=True,
    )


def _digest(target: Target | None) -> str:
    """Letters and digits that stand for a target: what people call an image may stand in no comment's key."""
    return hashlib.sha256(str(target).encode()).hexdigest()[:16]


def _rebuild(case: _Case) -> Decision | None:
    """A person ticked the box, or set the label, that asks for a fresh branch; a push would take it out of a queue."""
    if not (case.ours and case.seen.rebuild) or case.ours.pull.queued:
        return None
    push = Push(case.branch, case.head.commit if case.head else None)
    return Update(Reason.REBUILD.value, "Rebuilt on the base, as asked for.", case.branch, push, case.ours.pull.number)


def _current(case: _Case) -> Decision | None:
    """Ours is open and still says what is wanted: no push, so approvals stay."""
    if case.head is None or not case.head.carries:
        return None
    if case.ours:
        if not _says_it(case):
            return None
        return Leave(
            Reason.CURRENT.value,
            f"Pull request {case.ours.pull.number} proposes this already.{_behind(case)}",
            case.ours.pull.number,
            case.branch,
        )
    if not case.seen.opens_pulls:
        return Leave(Reason.CURRENT.value, f"Branch {case.branch} proposes this already.", None, case.branch)
    return None


def _update(case: _Case) -> Decision | None:
    branch_only = not case.seen.opens_pulls and case.head is not None
    if not (case.ours or branch_only):
        return None
    number = case.ours.pull.number if case.ours else None
    if case.head and case.head.carries:
        message = "The branch is as wanted; title and body follow."
        if case.ours and case.ours.switches_draft(case.seen.draft):
            message = f"It becomes {'a draft' if case.seen.draft else 'ready for review'}, as the settings say."
        return Update(Reason.RESUMED.value, message, case.branch, None, number)
    if case.proposed in (None, case.wanted):
        what = "The base branch has moved on into a conflict" if case.head else "Its branch was not there"
        reason, message = Reason.REBASED, f"{what}; rebuilt on the base branch."
    else:
        reason, message = Reason.SUPERSEDED, f"{case.wanted} takes the place of {case.proposed}."
    push = Push(case.branch, case.head.commit if case.head else None)
    return Update(reason.value, message, case.branch, push, number)


def _create(case: _Case) -> Decision | None:
    message = f"{case.seen.origin.version} -> {case.wanted}"
    if case.head is None:
        return Create(Reason.PROPOSED.value, message, case.branch, Push(case.branch, None))
    if case.head.carries and case.leftover is None:
        return Create(Reason.RESUMED.value, message, case.branch, None)
    return Create(Reason.PROPOSED.value, message, case.branch, Push(case.branch, case.head.commit))


Row = Callable[[_Case], Decision | None]

ROWS: tuple[Row, ...] = (
    _lookup_failed,
    _branch_modified,
    _paused,
    _retargeted,
    _removed,
    _obsolete,
    _reverted,
    _refused,
    _withdrawn,
    _gated,
    _approved,
    _rebuild,
    _current,
    _update,
    _create,
)


# --- what several rows say ------------------------------------------------------------------------------------------


def _close(case: _Case, reason: Reason, message: str) -> Close:
    comment = None
    if case.ours:
        comment = Comment(f"closed:{reason.value}", f"{prose(message)} Closed for that reason, which is no refusal.")
    return Close(
        reason.value,
        message,
        case.branch,
        case.ours.pull.number if case.ours else None,
        case.head.commit if case.head else None,
        comment,
    )


def _abandoned(case: _Case) -> bool:
    """Whether a branch of ours is left without a pull request that would explain it: after a crash, or of `none`.

    The branch of a merged pull request belongs to the forge's own clean-up.
    """
    if case.head is None or case.head.edited_by:
        return False
    leftover = case.leftover
    return leftover is None or (leftover.marker is not None and leftover.marker.closed is not None)


def _says_it(case: _Case) -> bool:
    """Whether our open pull request, branch and body, proposes exactly what is wanted, and nothing is left to do."""
    ours, head = case.ours, case.head
    marker = ours.marker if ours else None
    if ours is None or marker is None or head is None or (marker.labelled and REBUILD_LABEL not in ours.pull.labels):
        return False
    if ours.switches_draft(case.seen.draft) or (marker.unarmed and not ours.pull.draft):
        return False
    finished = marker.closed is None and marker.settled and not marker.waiting and marker.head == head.commit
    return finished and head.carries and marker.target == case.wanted


def _behind(case: _Case) -> str:
    """What a person has to press, and that nobody else does: a push of ours would dismiss the approvals."""
    button = case.seen.update_button
    if button is None:
        return ""
    return (
        f" {case.seen.base} has moved on, and takes only branches that are up to date: press “{button}” before you "
        "merge. Nothing is pushed for that, so approvals stay."
    )


def _retried(case: _Case, marker: Marker) -> bool:
    return case.seen.retry is not None and case.seen.retry != marker.retry


def _target_of(proposal: Proposal) -> str:
    return str(proposal.marker.target) if proposal.marker else "an unknown target"


def _why_nothing(case: _Case) -> str:
    return case.seen.wanted.message if isinstance(case.seen.wanted, NoTarget) else ""
