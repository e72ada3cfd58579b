"""What a way to a repository can do, and the values it deals in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pygit2

from gitops_upgrader.errors import InvalidBranch, LeaseLost, RefLocked

HEADS = "refs/heads/"
TRACKING = "refs/remotes/origin/"
"""Where the scratch repository keeps what it fetched, so that the next fetch need not bring it again."""

DETACHED = "HEAD (detached)"
"""Stands for what a folder's HEAD has checked out where that is no branch: to be read, never to be changed.

No branch can have this name.
"""


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """The branches of a repository: name to object id in hex, sorted by name.

    `default_branch` is where its HEAD points; None where HEAD is detached, the repository is empty, or nobody asked.
    """

    default_branch: str | None
    heads: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One branch to move, on the condition that it is where it was seen.

    `new` is the object id it shall have, None to delete it; `expected` the one it must have now, None if it must not
    exist.
    """

    branch: str
    new: str | None
    expected: str | None


def check_branch(name: str) -> str:
    """Return a branch's name if Git allows it (git-check-ref-format(1)).

    Raises:
        InvalidBranch: it does not; names that could be taken for an option are refused too.
    """
    if name.startswith("-") or not pygit2.reference_is_valid_name(HEADS + name):
        raise InvalidBranch(
            f"{name!r} is no name that a branch can have.",
            remedy="Spaces, `..`, `~`, `^`, `:`, `?`, `*`, `[`, and a `.lock` at the end are not allowed.",
        )
    return name


def lease_lost(update: RefUpdate, now: str | None = None) -> LeaseLost:
    """Return the error for a branch that has moved since it was read; `now` is where it is, if that is known."""
    was = f"at {update.expected[:12]}" if update.expected else "absent"
    found = f", and is now at {now[:12]}" if now else ""
    return LeaseLost(
        f"Somebody moved the branch {update.branch} in the meantime: it was {was}{found}. Nothing was overwritten.",
        remedy="The next run looks at it anew.",
    )


def ref_locked(doing: str, file: str) -> RefLocked:
    """Return the error for a lock file that is in the way of a push: of somebody at work, or left by who died at it."""
    return RefLocked(
        f"{doing}, or died in the middle of it: there is a file {file}.",
        remedy="Try again later. If it stays, see that no git process is running there, then remove that file.",
    )


class Transport(Protocol):
    """A way to one repository, into and out of a scratch repository of our own."""

    def refs(self, patterns: Sequence[str], *, default_branch: bool) -> RemoteRefs:
        """List the branches whose name matches one of the patterns (`*` and `?` match `/` too); all without any."""

    def fetch(self, branches: Sequence[str], depth: int | None) -> Mapping[str, str]:
        """Bring branches, `depth` commits deep or whole; return where they are, without those that do not exist."""

    def deepen(self, tips: Mapping[str, str], depth: int | None) -> None:
        """Bring more of the history of commits that were fetched (branch to object id): `depth` commits, or all."""

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Move branches, all or none where the other side can; see `Repository.push` for the errors."""

    def close(self) -> None:
        """Remove every file with a credential."""
