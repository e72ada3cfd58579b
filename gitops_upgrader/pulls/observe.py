"""Read what there is of a proposal: its pull requests on the forge, its branches in Git.

Whether somebody else works on a branch is answered from commits and trees, not from authors alone: a merge of the
base ("Update branch") or a rebase by the forge changes nothing of the proposal, so it is no edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gitops_upgrader.errors import MarkerUnreadable, ObjectMissing, Where
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import CommitInfo, Person, Repository
from gitops_upgrader.model import PullRequest, PullState, Target
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls import trailers
from gitops_upgrader.pulls.body import asks_for_rebuild
from gitops_upgrader.pulls.decide import reached
from gitops_upgrader.pulls.decision import REBUILD_LABEL, Head, Proposal
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.pulls.marker import Marker, Patch


@dataclass(frozen=True, slots=True)
class Base:
    """The base branch, where it points, and the version and image it holds."""

    branch: str
    commit: str
    holds: Target


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is of one proposal. `taken` and `update_button` are as for `Seen`."""

    proposals: tuple[Proposal, ...]
    heads: Mapping[str, Head]
    rebuild: bool
    taken: frozenset[str]
    update_button: str | None


def _nothing() -> None:
    """Every branch may be merged."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Where to look, and who we are.

    Attributes:
        refs: every branch of ours on the remote with its commit in hex, which is fetched.
        dry_run: tell the forge nothing, not even of merges.
        update_button: asks the forge what people press where the base takes only branches that are up to date.
        find: tells a branch's pull requests; None where the forge itself is asked.
    """

    repository: Repository
    forge: Forge
    refs: Mapping[str, str]
    base: Base
    identity: Person
    dry_run: bool = False
    update_button: Callable[[], str | None] = _nothing
    find: Callable[[str], tuple[PullRequest, ...]] | None = None

    def observe(self, family: Family, proposer: str, wanted: str | None) -> Observation:
        """Look at one proposal. `wanted` is the commit that would be proposed, in hex."""
        found = tuple(Proposal(pull, self._marker(pull, proposer)) for pull in self._pulls(family))
        known = tuple(proposal for proposal in found if self._is_for_this_base(proposal))
        branches = {branch: oid for branch, oid in self.refs.items() if family.generation(branch) is not None}
        remembered = tuple(proposal.marker for proposal in known if proposal.marker)
        heads = {
            branch: Head(
                commit=oid,
                edited_by=self._edited_by(oid, proposer, remembered, wanted),
                carries=wanted is not None and self._carries(oid, wanted),
            )
            for branch, oid in branches.items()
        }
        proposals = tuple(self._merged(proposal, heads.get(proposal.pull.head)) or proposal for proposal in known)
        return Observation(
            proposals,
            heads,
            rebuild=any(map(_asks_for_rebuild, proposals)),
            taken=frozenset(one.pull.head for one in found if one not in known and one.refused),
            update_button=self.update_button() if self._is_behind(proposals, heads) else None,
        )

    # --- pull requests

    def _pulls(self, family: Family) -> tuple[PullRequest, ...]:
        """The family's pull requests, newest first. A generation without any ends the search, unless Git knows more."""
        last = max((family.generation(branch) or 0 for branch in self.refs), default=0)
        found: list[PullRequest] = []
        find = self.find or self.forge.find
        generation = 1
        while True:
            pulls = find(family.branch(generation))
            found += pulls
            if not pulls and generation >= last:
                return tuple(sorted(found, key=lambda pull: pull.number, reverse=True))
            generation += 1

    def _is_for_this_base(self, proposal: Proposal) -> bool:
        """Whether a pull request counts here: what was merged elsewhere does not, and what was refused of ours does."""
        if proposal.open or proposal.pull.base == self.base.branch:
            return True
        ours = proposal.marker is not None and proposal.marker.base == self.base.branch
        return proposal.refused and ours

    def _marker(self, pull: PullRequest, proposer: str) -> Marker | None:
        """What a pull request remembers. Raises MarkerUnreadable for an open one whose marker is damaged."""
        try:
            found = markers.read(pull.body)
        except MarkerUnreadable as error:
            if pull.state is PullState.OPEN:
                raise MarkerUnreadable(error.message, where=Where(object=pull.url), remedy=error.remedy) from error
            found = None
        if found is None and pull.base == self.base.branch:
            return self._remembered(pull, proposer)
        return found

    def _remembered(self, pull: PullRequest, proposer: str) -> Marker | None:
        """What the branch's own commit tells where somebody wiped the body, unless somebody has amended it."""
        head = self.refs.get(pull.head)
        info = self.repository.commit_info(head) if head else None
        known = trailers.read(info.message) if info and self._ours(info, proposer) else None
        if head is None or known is None:
            return None
        return Marker(proposer, pull.base, self.base.holds, known.target, head)

    def _merged(self, proposal: Proposal, branch: Head | None) -> Proposal | None:
        """Find out about a merge where the forge cannot: from ancestry, else from the base holding the target."""
        if not proposal.open or self.forge.capabilities.tells_merges:
            return None
        pull, marker = proposal.pull, proposal.marker
        head = branch.commit if branch else pull.head_commit
        if not self._holds(head):
            reaches = marker and reached(self.base.holds, marker.target, refresh=marker.refreshes)
            if not reaches or (branch and branch.edited_by and not self._brings_nothing(head)):
                return None
        when = self.repository.commit_info(self.base.commit).when
        if self.dry_run:
            return replace(proposal, pull=replace(pull, state=PullState.MERGED, merged_at=when, head_commit=head))
        return replace(proposal, pull=self.forge.mark_merged(pull.number, head, when))

    def _holds(self, commit: str) -> bool:
        """Whether the base branch holds a commit; one that is not in the repository any more it does not."""
        try:
            return self.repository.is_ancestor(commit, self.base.commit)
        except ObjectMissing:
            return False

    def _brings_nothing(self, head: str) -> bool:
        """Whether a branch has nothing that the base has not: a squash merge took somebody's commits along."""
        left = self.repository.merge_base(self.base.commit, head)
        if left is None:
            return False
        merged = self.repository.merge_trees(left, self.base.commit, head)
        return merged == self.repository.commit_info(self.base.commit).tree

    # --- branches

    def _is_behind(self, proposals: tuple[Proposal, ...], heads: Mapping[str, Head]) -> bool:
        """Whether ours is open and as wanted, and the base has commits that it has not."""
        mine = (heads.get(proposal.pull.head) for proposal in proposals if proposal.open)
        return any(
            head is not None and head.carries and not self.repository.is_ancestor(self.base.commit, head.commit)
            for head in mine
        )

    def _edited_by(self, head: str, proposer: str, remembered: tuple[Marker, ...], wanted: str | None) -> str | None:
        info = self.repository.commit_info(head)
        pushed = {marker.head for marker in remembered}
        if head in pushed or self._ours(info, proposer):
            return None
        mine: CommitInfo | None = None
        for commit in self.repository.commits_between(self.base.commit, head):
            if commit.oid in pushed or self._ours(commit, proposer) or self._copied(commit, proposer):
                mine = mine or commit
            elif len(commit.parents) < 2:
                return _name(commit.author)
        if mine is None:
            return _name(info.committer)
        if mine.oid in pushed or self._ours(mine, proposer):
            untouched = self._replays(mine.oid, head)
        else:
            # Only what we pushed, or would push now, tells a commit that was moved from one that was amended.
            untouched = (
                any(self._replays(oid, head) for oid in pushed)
                or any(self._brings(marker.patch, head) for marker in remembered if marker.patch)
                or bool(wanted and self._carries(head, wanted))
            )
        return None if untouched else _name(info.committer)

    def _ours(self, commit: CommitInfo, proposer: str) -> bool:
        known = trailers.read(commit.message)
        return commit.author == commit.committer == self.identity and known is not None and known.proposer == proposer

    def _copied(self, commit: CommitInfo, proposer: str) -> bool:
        """Our commit as somebody else committed it again: moved to another base, or amended."""
        known = trailers.read(commit.message)
        return commit.author == self.identity and known is not None and known.proposer == proposer

    def _replays(self, mine: str, head: str) -> bool:
        """Whether the branch, over where it left the base, is exactly the change of a commit of ours."""
        left = self.repository.merge_base(self.base.commit, head)
        try:
            origin = None if left is None else self.repository.merge_base(left, mine)
        except ObjectMissing:
            return False  # it was force-pushed away, and is not on the remote any more
        if left is None or origin is None:
            return False
        return self.repository.merge_trees(origin, left, mine) == self.repository.commit_info(head).tree

    def _brings(self, patch: Patch, head: str) -> bool:
        """Whether the branch, over where it left the base, is exactly a remembered change: put back, it gives the tree.

        For that the commit which we pushed is not needed: over a network it goes with the branch that had it.
        """
        left = self.repository.merge_base(self.base.commit, head)
        if left is None or not self._holds(patch.base):
            return False
        return self.repository.merge_trees(left, patch.base, head) == patch.tree

    def _carries(self, head: str, wanted: str) -> bool:
        info = self.repository.commit_info(head)
        wanted_tree = self.repository.commit_info(wanted).tree
        if info.parents == (self.base.commit,):
            return info.tree == wanted_tree
        left = self.repository.merge_base(self.base.commit, head)
        if left is None or left == head or (len(info.parents) == 1 and left != info.parents[0]):
            return False
        return self.repository.merge_trees(left, self.base.commit, head) == wanted_tree


def _asks_for_rebuild(proposal: Proposal) -> bool:
    """Whether a person ticked the box, or set the label, of an open pull request."""
    served = proposal.marker is not None and proposal.marker.labelled
    labelled = REBUILD_LABEL in proposal.pull.labels and not served
    return proposal.open and (labelled or asks_for_rebuild(proposal.pull.body))


def _name(person: Person) -> str:
    return person.name or person.email
