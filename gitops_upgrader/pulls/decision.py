"""What is seen of a proposal, and what can be decided about it: values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gitops_upgrader.model import PullRequest, PullState, Target
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.pulls.marker import Marker

REBUILD_LABEL = "gitops-upgrader/rebuild"
"""A label by which people ask for a fresh branch. It is taken off when that was done."""


class Reason(enum.Enum):
    """Why a decision was taken; the value stands in JSON and in conditions."""

    LOOKUP_FAILED = "LookupFailed"
    """Something could not be found out, so nothing is changed."""
    BRANCH_MODIFIED = "BranchModified"
    """Somebody else has a commit on the branch: it is neither pushed to nor closed nor deleted."""
    RETARGETED = "Retargeted"
    """A person pointed the pull request at another branch: it is left to them."""
    PAUSED = "Paused"
    """The upgrader or its repository is paused."""
    REMOVED = "Removed"
    """The upgrader was deleted."""
    UP_TO_DATE = "UpToDate"
    """The base branch is at the target, or past it."""
    OBSOLETE = "Obsolete"
    """The base branch has come to the target without this pull request."""
    REVERTED = "Reverted"
    """The target was merged, and the base branch is below it again: a person took it back."""
    REFUSED = "Refused"
    """A person closed the pull request for this target or a higher one."""
    WITHDRAWN = "Withdrawn"
    """What the pull request proposes is wanted no more."""
    APPROVED = "Approved"
    """The target changed, and people have approved the old one or queued it: it is left to them."""
    CURRENT = "Current"
    """What is open is what is wanted."""
    PROPOSED = "Proposed"
    """A new pull request."""
    SUPERSEDED = "Superseded"
    """Another target takes the place of the one that is open, in the same pull request."""
    REBASED = "Rebased"
    """The base branch moved on into a conflict, or the branch was not there, and it was rebuilt on the base."""
    REBUILD = "RebuildRequested"
    """A person asked for a fresh branch, by the box in the body or by the label."""
    RESUMED = "Resumed"
    """The branch was as wanted already, and its pull request follows."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request of ours and what its marker remembers (None: somebody removed it, and no commit tells)."""

    pull: PullRequest
    marker: Marker | None

    @property
    def open(self) -> bool:
        """Whether it can still be merged."""
        return self.pull.state is PullState.OPEN

    def switches_draft(self, wanted: bool) -> bool:
        """Whether the setting for drafts has changed, and no person has switched the pull request since we did."""
        marker = self.marker
        if marker is None or marker.draft is None:
            return False
        return marker.switching or (self.pull.draft is marker.draft and marker.draft is not wanted)

    @property
    def refused(self) -> bool:
        """Whether a person closed it: closed, unmerged, and not by us."""
        return self.pull.state is PullState.CLOSED and (self.marker is None or self.marker.closed is None)


@dataclass(frozen=True, slots=True)
class Head:
    """A branch of ours as it is on the remote.

    Attributes:
        commit: where it points, in hex.
        edited_by: who has put a commit of their own on it, in words; None where it is ours alone. A merge of the
            base, or a rebase by the forge, is no edit.
        carries: merging it into the base as it is now, without conflict, gives exactly the base with the wanted
            change, nothing else; False where nothing is wanted.
    """

    commit: str
    edited_by: str | None = None
    carries: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """Why a wanted change must wait: a window, a limit, a dependency. `until` is when to look again, if known."""

    reason: str
    message: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoTarget:
    """Why nothing is wanted: up to date, an image missing, nothing suitable."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a decision depends on.

    Attributes:
        family: the names that the proposal's branch may have.
        origin: version and image on the base branch now.
        wanted: version and image to propose, or why there is none.
        proposals: our pull requests of the family, newest first.
        heads: the family's branches that exist.
        opens_pulls: False where the pushed branch is the proposal (`none`).
        retry: the value of the upgrader's `retry` annotation.
        lookup_failed: in words, what could not be found out.
        doubt: in words, what could not be read, so that what seems to be gone may be there; then nothing is taken back.
        paused: in words, which object is paused.
        removed: the upgrader was deleted.
        gate: why the wanted change must wait.
        rebuild: a person asks for a fresh branch, by the box in the body or by the label.
        base: the base branch.
        taken: branches of the family that belong to people for ever, as they closed a pull request from there to
            another base.
        draft: whether the settings want a draft.
        update_button: what people press before a merge, where ours is as wanted and its base takes it only up to date.
    """

    family: Family
    origin: Target
    wanted: Target | NoTarget
    proposals: tuple[Proposal, ...] = ()
    heads: Mapping[str, Head] = field(default_factory=dict)
    opens_pulls: bool = True
    retry: str | None = None
    lookup_failed: str | None = None
    doubt: str | None = None
    paused: str | None = None
    removed: bool = False
    gate: Gate | None = None
    rebuild: bool = False
    base: str = "main"
    taken: frozenset[str] = frozenset()
    draft: bool = False
    update_button: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """Something to say once in a pull request; `key` is what "once" counts by."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Push:
    """Point `branch` at the wanted commit, if it still points at `expected` (None: if it does not exist)."""

    branch: str
    expected: str | None


@dataclass(frozen=True, slots=True)
class Create:
    """Open a pull request from `branch`, after a push unless the branch carries the change already."""

    reason: str
    message: str
    branch: str
    push: Push | None


@dataclass(frozen=True, slots=True)
class Update:
    """Rewrite title and body of a pull request in place (None: there are none here), after a push unless the
    branch carries the change already.
    """

    reason: str
    message: str
    branch: str
    push: Push | None
    pull: int | None


@dataclass(frozen=True, slots=True)
class Leave:
    """What is there stays. `pending` sets the commit status; `disarm` stops the forge from merging by itself."""

    reason: str
    message: str
    pull: int | None
    branch: str
    comment: Comment | None = None
    pending: bool = False
    disarm: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """Close ours with a comment, and delete the branch if it still points at `head` (None: it is gone)."""

    reason: str
    message: str
    branch: str
    pull: int | None
    head: str | None
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Propose nothing for now. A `comment` goes to pull request `pull`."""

    reason: str
    message: str
    pull: int | None = None
    comment: Comment | None = None
    until: datetime | None = None


Decision = Create | Update | Leave | Close | Hold
