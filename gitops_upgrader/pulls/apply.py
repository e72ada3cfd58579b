"""Carry out a decision. Each effect may be the last one before a crash; the next run goes on from there.

The order inside a decision is what makes that true: a branch is pushed, and its commit has its status, before a pull
request is opened or says so; what a marker says was done is done; a pull request says why it is closed before it is
closed, and is closed before its branch goes.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime

from gitops_upgrader.errors import LeaseLost
from gitops_upgrader.forges.protocol import Forge, NewPull, Verdict
from gitops_upgrader.git import RefUpdate, Repository
from gitops_upgrader.model import PullRequest, PullState
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.body import commit_message, rewritten
from gitops_upgrader.pulls.decision import (
    REBUILD_LABEL,
    Close,
    Create,
    Decision,
    Hold,
    Leave,
    Proposal,
    Push,
    Seen,
    Update,
)
from gitops_upgrader.pulls.desired import Desired
from gitops_upgrader.pulls.marker import Marker, Patch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision led to: the pull request as it is now, and the commit on its branch, in hex."""

    pull: PullRequest | None = None
    commit: str | None = None


def build_commit(repository: Repository, desired: Desired, when: datetime) -> str:
    """Make the commit of a proposal in the scratch repository; nothing is pushed. Returns its object id in hex."""
    return repository.commit(
        desired.base_commit,
        desired.files,
        commit_message(desired),
        desired.author,
        desired.author,
        when,
        desired.signer,
    )


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies decisions about one proposal.

    Attributes:
        desired: the proposal as it should be, with `commit`, its commit in the scratch repository; None where
            nothing is wanted.
    """

    repository: Repository
    forge: Forge
    seen: Seen
    desired: Desired | None = None
    commit: str | None = None

    def apply(self, decision: Decision) -> Outcome:
        """Do what was decided. Raises GitError or ForgeError, LeaseLost where somebody else was quicker."""
        match decision:
            case Create():
                return self._create(decision)
            case Update():
                return self._update(decision)
            case Leave():
                return self._leave(decision)
            case Close():
                return self._close(decision)
            case Hold():
                return self._hold(decision)

    # --- one method per decision

    def _create(self, decision: Create) -> Outcome:
        desired = self._wanted()
        head = self._push(decision.push, decision.branch)
        if not self.forge.capabilities.opens_pulls:
            return Outcome(None, head)
        self._approve(head)
        marker = self._marker(head, settled=not desired.settles, draft=desired.draft)
        body = rewritten("", desired, markers.render(marker))
        pull = self.forge.create(NewPull(desired.title, body, decision.branch, desired.base, head, desired.draft))
        return Outcome(self._settle(pull, marker), head)

    def _update(self, decision: Update) -> Outcome:
        desired = self._wanted()
        if decision.pull is None:
            return Outcome(None, self._push(decision.push, decision.branch))
        ours = self._proposal(decision.pull)
        before = ours.marker
        if before is not None and decision.push is not None and markers.read(ours.pull.body) is None:
            # Somebody wiped the body: the commit that told instead is about to go.
            ours = replace(ours, pull=self._remember(ours.pull, before))
        head = self._push(decision.push, decision.branch)
        self._approve(head)
        switches = ours.switches_draft(desired.draft)
        followed = desired.draft if before is None or before.draft is None else before.draft
        marker = self._marker(head, settled=before is None or before.settled, draft=followed, switching=switches)
        if before is not None:  # until auto-merge is armed again
            marker = replace(marker, waiting=before.waiting, unarmed=before.unarmed)
        marker = replace(marker, labelled=self._unlabel(ours, rebuilt=decision.push is not None))
        body = rewritten(ours.pull.body, desired, markers.render(marker))
        # A title that a person has written stays as long as it is about the same target.
        title = ours.pull.title if before is not None and before.target == desired.target else desired.title
        pull = self.forge.update(decision.pull, title=title, body=body, head_commit=head)
        if switches:
            self.forge.set_draft(decision.pull, draft=desired.draft)
            unarmed = desired.auto_merge is not None if desired.draft else marker.unarmed
            marker = replace(marker, draft=desired.draft, switching=False, unarmed=unarmed)
            pull = self._remember(self.forge.get(decision.pull), marker)
        return Outcome(self._settle(pull, marker), head)

    def _leave(self, decision: Leave) -> Outcome:
        head = self.seen.heads.get(decision.branch)
        commit = head.commit if head else None
        if decision.pull is None:
            return Outcome(None, commit)
        ours = self._proposal(decision.pull)
        if decision.comment:
            self.forge.comment(decision.pull, decision.comment.key, decision.comment.text)
        if decision.disarm and ours.pull.auto_merge:
            self.forge.disarm_auto_merge(decision.pull)
        if decision.pending and ours.marker and not ours.marker.waiting:
            if commit:
                self.forge.set_verdict(commit, Verdict.PENDING, decision.message[:140])
            return Outcome(self._remember(ours.pull, replace(ours.marker, waiting=True)), commit)
        return Outcome(ours.pull, commit)

    def _close(self, decision: Close) -> Outcome:
        pull: PullRequest | None = None
        if decision.pull is not None:
            ours = self._proposal(decision.pull)
            pull = self.forge.get(decision.pull)
            if pull.state is PullState.OPEN:
                pull = self._close_pull(decision, ours, pull)
        if decision.head is not None:
            # Whoever pushed in between keeps their branch.
            with contextlib.suppress(LeaseLost):
                self.repository.push([RefUpdate(decision.branch, None, decision.head)])
        return Outcome(pull, None)

    def _close_pull(self, decision: Close, ours: Proposal, pull: PullRequest) -> PullRequest:
        if ours.marker and ours.marker.closed is None:
            self._remember(pull, replace(ours.marker, closed=decision.reason))
        if decision.comment:
            self.forge.comment(pull.number, decision.comment.key, decision.comment.text)
        self.forge.close(pull.number)
        return self.forge.get(pull.number)

    def _hold(self, decision: Hold) -> Outcome:
        if decision.pull is None:
            return Outcome()
        if decision.comment:
            self.forge.comment(decision.pull, decision.comment.key, decision.comment.text)
        return Outcome(self._proposal(decision.pull).pull, None)

    # --- steps

    def _push(self, push: Push | None, branch: str) -> str:
        """Push the wanted commit where that was decided. Returns the commit that the branch points at."""
        if push is None:
            return self.seen.heads[branch].commit
        if self.commit is None:
            raise AssertionError("a push was decided without a commit to push")
        self.repository.push([RefUpdate(push.branch, self.commit, push.expected)])
        return self.commit

    def _approve(self, head: str) -> None:
        """Say that a commit may be merged; before its pull request says anything, so that a crash cannot skip it."""
        self.forge.set_verdict(head, Verdict.SUCCESS, "This upgrade may be merged.")

    def _unlabel(self, ours: Proposal, *, rebuilt: bool) -> bool:
        """Take off the label that asked for a rebuild, once that was pushed. Returns whether it has to stay.

        A death between the push and this rebuilds once more.
        """
        if REBUILD_LABEL not in ours.pull.labels:
            return False
        refusal = self.forge.drop_label(ours.pull.number, REBUILD_LABEL) if rebuilt else None
        if refusal:
            words = f"Rebuilt, but the label {REBUILD_LABEL} stays: {refusal}. Take it off; set anew, it asks again."
            self.forge.comment(ours.pull.number, "rebuild-label-refused", words)
        return refusal is not None or not rebuilt

    def _settle(self, pull: PullRequest, marker: Marker) -> PullRequest:
        """Set what is set once: labels, people, auto-merge; then remember that it was."""
        if marker.settled:
            due = marker.waiting or (marker.unarmed and not pull.draft)
            return self._arm(pull, marker) if due else pull
        refused = self.forge.involve(pull.number, self._wanted().people)
        if refused:
            self.forge.comment(pull.number, "people-refused", "The forge did not take all of it: " + "; ".join(refused))
        return self._arm(pull, marker)

    def _arm(self, pull: PullRequest, marker: Marker) -> PullRequest:
        """Let the forge merge by itself; a draft it would refuse, so that waits until somebody marks it as ready."""
        method = self._wanted().auto_merge
        unarmed = method is not None and pull.draft
        refusal = self.forge.arm_auto_merge(pull.number, method) if method and not unarmed else None
        if refusal:
            self.forge.comment(pull.number, "auto-merge-refused", f"Auto-merge stays off: {refusal}.")
        marker = replace(marker, settled=True, waiting=False, unarmed=unarmed)
        return self._remember(self.forge.get(pull.number), marker)

    def _remember(self, pull: PullRequest, marker: Marker) -> PullRequest:
        body = markers.replaced(pull.body, marker)
        return self.forge.update(pull.number, title=pull.title, body=body, head_commit=marker.head)

    def _marker(self, head: str, *, settled: bool, draft: bool, switching: bool = False) -> Marker:
        desired = self._wanted()
        left = self.repository.merge_base(desired.base_commit, head)
        return Marker(
            proposer=desired.proposer,
            base=desired.base,
            origin=desired.origin,
            target=desired.target,
            head=head,
            instance=desired.instance,
            retry=desired.retry,
            settled=settled,
            patch=Patch(left, self.repository.commit_info(head).tree) if left else None,
            draft=draft,
            switching=switching,
        )

    def _wanted(self) -> Desired:
        if self.desired is None:
            raise AssertionError("a change was decided where nothing is wanted")
        return self.desired

    def _proposal(self, number: int) -> Proposal:
        return next(proposal for proposal in self.seen.proposals if proposal.pull.number == number)
