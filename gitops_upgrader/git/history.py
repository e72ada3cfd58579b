"""Questions about history that know where a shallow history ends, and say so instead of guessing."""

from __future__ import annotations

import pygit2


def is_settled(repository: pygit2.Repository, one: pygit2.Oid, other: pygit2.Oid, shallow: frozenset[str]) -> bool:
    """Whether what two commits share, and what each has alone, would stay the same if more history were here.

    `shallow` are the commits whose parents are missing on purpose. None of them may be among the commits that only one
    of the two has. And none of those may be older than an end of the shared history: behind such an end the shared
    history could lead to it. Commit times decide this, as they do in Git's own walks.
    """
    if not shallow:
        return True
    ours, theirs = _reachable(repository, one), _reachable(repository, other)
    alone = ours.keys() ^ theirs.keys()
    if alone & shallow:
        return False
    newest_end = max((ours[oid] for oid in shallow & ours.keys() & theirs.keys()), default=None)
    return newest_end is None or all((ours.get(oid) or theirs[oid]) > newest_end for oid in alone)


def _reachable(repository: pygit2.Repository, tip: pygit2.Oid) -> dict[str, int]:
    """Return each commit that `tip` leads to, with its time in seconds."""
    return {str(commit.id): commit.commit_time for commit in repository.walk(tip)}
