"""What a forge can do for a pull request. Forges know branch names and numbers, never Git objects.

Every operation is one effect: it happens or it raises. Operations that set something are idempotent, so that a run
after a crash may repeat them. Errors are `ForgeError`s.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gitops_upgrader.model import PullRequest

VERDICT_CONTEXT = "gitops-upgrader/safe-to-merge"
"""The name of the commit status that says whether a proposal may be merged now."""

SUMMARY_LENGTH = 140
"""Characters of its summary: GitHub takes no more."""

LABEL_COLOR = "326ce5"
LABEL_DESCRIPTION = "Upgrades proposed by gitops-upgrader"
"""How a label looks that was missing."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What decisions need to know about a forge.

    Attributes:
        opens_pulls: pull requests exist at all; where they do not (`none`), the pushed branch is the proposal.
        tells_merges: the forge knows by itself that a pull request was merged. Where it does not (`local`), `pulls`
            finds out from the commits and tells it through `mark_merged`.
    """

    opens_pulls: bool = True
    tells_merges: bool = True


@dataclass(frozen=True, slots=True)
class NewPull:
    """A pull request to open. `head_commit` is what `head` points at, for forges that cannot look."""

    title: str
    body: str
    head: str
    base: str
    head_commit: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Who should look at a pull request, and how it is sorted. Given once: what people remove stays removed."""

    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()


class MergeMethod(enum.Enum):
    """How the forge merges by itself once its conditions are met."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


class Verdict(enum.Enum):
    """The commit status `gitops-upgrader/safe-to-merge`."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILURE = "failure"


class Forge(Protocol):
    """Pull requests of one repository."""

    name: str
    capabilities: Capabilities

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Every pull request, in any state, from this branch of the same repository, newest first.

        Without `anew`, a forge that tells of all branches at once may answer from what it has told lately.
        """

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Pull requests whose branch begins with `prefix` and that are open, or were created at or after `since`."""

    def get(self, number: int) -> PullRequest:
        """One pull request as it is now. Raises ForgeNotFound."""

    def create(self, new: NewPull) -> PullRequest:
        """Open a pull request; where an open one from this branch to this base exists already, return that."""

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Replace title and body."""

    def comment(self, number: int, key: str, text: str) -> None:
        """Comment once: nothing happens where a comment with this key is there already."""

    def close(self, number: int) -> None:
        """Close without merging; nothing happens where it is closed or merged already."""

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """Be told of a merge. Only called where `capabilities.tells_merges` is False."""

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """Add labels (created where missing), assignees and reviewers. Called once, after a pull request is opened.

        Returns in words what the forge refused: a reviewer who may not review is no reason to propose nothing.
        """

    def drop_label(self, number: int, label: str) -> str | None:
        """Take a label off; nothing happens where it is not on it.

        Returns None, or in words why the forge refuses that (a clause, without its full stop).
        """

    def set_draft(self, number: int, *, draft: bool) -> None:
        """Make a pull request a draft, or ready for review. Raises ForgeRefused where the forge has no drafts."""

    def update_button(self, base: str) -> str | None:
        """What people press to bring a branch up to date, where `base` takes only branches that are.

        None where it takes others too, or the forge does not tell this credential.
        """

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """Let the forge merge by itself once its conditions are met. Where there are none, this does not merge at once.

        Returns None, or in words why it does not do that here (a clause, without its full stop).
        """

    def disarm_auto_merge(self, number: int) -> None:
        """Stop the forge from merging by itself."""

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """Set the commit status `gitops-upgrader/safe-to-merge` on a commit. `summary` is at most 140 characters."""

    def branch_url(self, branch: str) -> str:
        """Where a person looks at a branch."""

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """Where a person looks at a line of a file at a commit; None where there is no such page."""
