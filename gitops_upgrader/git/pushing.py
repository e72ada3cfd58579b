"""What `git push` is told, and what its answer means for each branch."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitops_upgrader.errors import GitError, LeaseLost, NetworkError, PushRefused, RefLocked
from gitops_upgrader.git.diagnosis import remote_words
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.process import Completed
from gitops_upgrader.git.transport import HEADS, RefUpdate, lease_lost, ref_locked

_REJECTED = re.compile(
    r"^!\t[^\t]*:refs/heads/(?P<branch>[^\t]+)\t\[(?P<who>[^\]]+)\](?: \((?P<why>.*)\))?$", re.MULTILINE
)
_CONSEQUENCE = re.compile(r"atomic (?:push|transaction) fail")
"""A branch that stays only because another one does: not the reason."""
_MOVED = re.compile(
    r"stale info|fetch first|is at [0-9a-f]+ but expected|reference already exists|incorrect old value"
    r"|unable to resolve reference|needs force|reference does not exist"
)
_BASELESS = re.compile(r"shallow update not allowed")
"""What was built upon came from this very remote, and is on no branch there any more (git-receive-pack(1))."""

_LOCKED = re.compile(r"Unable to create '[^']*\.lock'|failed to lock")
_LOCK = re.compile(r"Unable to create '(?P<file>[^']*\.lock)': File exists")
_ALL_BRANCHES = re.compile(r"Unable to create '[^']*packed-refs\.lock'")
"""A lock that stands in the way of every branch, and names none of them."""


def push_arguments(updates: Sequence[RefUpdate], *, atomic: bool) -> tuple[list[str], list[str]]:
    """Return the options and the refspecs of one push. The lease is compared by the client, and again by the server."""
    options = ["push", "--porcelain", "--no-verify", *(["--atomic"] if atomic else [])]
    options += [f"--force-with-lease={HEADS}{update.branch}:{update.expected or ''}" for update in updates]
    return options, [f"{update.new or ''}:{HEADS}{update.branch}" for update in updates]


def push_error(location: Location, updates: Sequence[RefUpdate], completed: Completed) -> GitError | None:
    """Return what an answer of `git push --porcelain` says went wrong; None where it names no branch.

    A lost lease comes first, as it explains the others; then a lock; then a refusal.
    """
    report = completed.out.decode("utf-8", "replace")
    by_name = {update.branch: update for update in updates}
    errors = [
        _branch_error(location, by_name[found["branch"]], found["who"], found["why"] or "", completed.err)
        for found in _REJECTED.finditer(report)
        if found["branch"] in by_name and not _CONSEQUENCE.search(found["why"] or "")
    ]
    return min(errors, key=lambda error: (not error.transient, type(error) is RefLocked), default=None)


def _branch_error(location: Location, update: RefUpdate, who: str, why: str, complaint: str) -> GitError:
    said = remote_words(complaint)
    if who == "remote failure":
        return NetworkError(
            f"{location} did not say whether the branch {update.branch} was moved: {why}.",
            remedy="The next run looks at it anew.",
        )
    detail = "\n".join(line for line in complaint.splitlines() if f"'{HEADS}{update.branch}'" in line)
    if _MOVED.search(f"{why}\n{detail}"):
        return lease_lost(update)
    if _BASELESS.search(why):
        return LeaseLost(
            f"The commit that the branch {update.branch} was built on is no longer part of {location}: somebody "
            "force-pushed in the meantime. Nothing was overwritten.",
            remedy="The next run looks at it anew.",
        )
    detail += "\n".join(line for line in complaint.splitlines() if _ALL_BRANCHES.search(line))
    if _LOCKED.search(f"{why}\n{detail}"):
        return _locked(location, update.branch, detail)
    words = f" It says: {said}." if said else ""
    return PushRefused(
        f"{location} refused to move the branch {update.branch}: {why or 'no reason given'}.{words}",
        remedy="See the rules (hooks, branch protection, push rules) of that repository.",
    )


def _locked(location: Location, branch: str, detail: str) -> RefLocked:
    found, doing = _LOCK.search(detail), f"Somebody else is updating the branch {branch} of {location}"
    if found is not None:
        return ref_locked(doing, found["file"])
    return RefLocked(f"{doing} right now.", remedy="The next run tries again.")
