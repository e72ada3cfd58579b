"""When a commit of ours came to the base branch, read from its history: for hosts that know no pull requests."""

from __future__ import annotations

from datetime import datetime

from gitops_upgrader.errors import ObjectMissing
from gitops_upgrader.git import CommitInfo, Repository
from gitops_upgrader.pulls import trailers


def came_with(repository: Repository, base: str, path: str, proposer: str, *, since: datetime) -> datetime | None:
    """When the last change of a file on the base branch that is a proposal's own came there; None if before `since`.

    A fast-forward, a squash and a rebase keep the trailers on the base itself; a merge commit has them on its second
    parent.

    Args:
        base: the base branch's commit, in hex.
        path: the file that holds the version.
        proposer: as in the trailers.
    """
    for commit, _ in repository.changes_to(base, path):
        if commit.when < since:
            return None
        if any(_is_ours(message, proposer) for message in _messages(repository, commit)):
            return commit.when
    return None


def _messages(repository: Repository, commit: CommitInfo) -> list[str]:
    messages = [commit.message]
    for parent in commit.parents[1:]:
        try:
            messages.append(repository.commit_info(parent).message)
        except ObjectMissing:
            continue  # beyond a shallow history; the merge itself is looked at in any case
    return messages


def _is_ours(message: str, proposer: str) -> bool:
    known = trailers.read(message)
    return known is not None and known.proposer == proposer
