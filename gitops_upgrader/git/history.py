"""Questions about history that know where a shallow history ends, and fetch more of it instead of guessing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import pygit2
from pygit2.enums import SortMode

from gitops_upgrader.errors import HistoryMissing
from gitops_upgrader.git.commits import CommitInfo, lookup, read_commit
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.scratch import Scratch
from gitops_upgrader.git.transport import Transport
from gitops_upgrader.git.trees import lookup_tree
from gitops_upgrader.wire import exchange

_OID = re.compile(r"[0-9a-f]{40}")
_DEPTHS = (50, 500, None)
"""How deep a shallow history is made, step by step, while a question about it has no answer. None: all of it."""


class History:
    """The history of a repository as far as it was fetched, and a way to fetch more of it. Object ids are hex."""

    def __init__(self, location: Location, scratch: Scratch, transport: Transport) -> None:
        self.location = location
        self._scratch = scratch
        self._transport = transport
        self._tips: dict[str, str] = {}

    def commit_info(self, oid: str) -> CommitInfo:
        """Return a commit's author, time, message, parents and tree.

        Raises:
            ObjectMissing: it was not fetched.
        """
        return read_commit(self._objects, oid)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits; None where they have nothing in common.

        History that is missing is fetched. In a criss-cross history with several best ancestors it is one of them.

        Raises:
            ObjectMissing: one of the two is not in the history of what was fetched.
            HistoryMissing: the repository itself is shallow and ends before the answer.
        """
        if self._has(one) and self._has(other):
            for ancestor, descendant in ((one, other), (other, one)):
                if self._leads_to(ancestor, descendant):
                    return ancestor  # whatever history is missing
        self._settle(one, other)
        found = self._objects.merge_base(lookup(self._objects, one).id, lookup(self._objects, other).id)
        base = cast("pygit2.Oid | None", found)  # its type says otherwise
        return None if base is None else str(base)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is another one, or among what led to it.

        Missing history is fetched. A commit that all of the history of `descendant` does not show is not among it.

        Raises:
            ObjectMissing: `descendant` was not fetched.
            HistoryMissing: the repository itself is shallow and ends before the answer.
        """
        if self._leads_to(ancestor, descendant):
            return True
        self._settle(ancestor, descendant)
        return self._leads_to(ancestor, descendant)

    def commits_between(self, base: str, head: str) -> tuple[CommitInfo, ...]:
        """Return the commits that `head` has and `base` has not, children before parents, as `git log base..head`.

        Raises:
            ObjectMissing: one of the two is not in the history of what was fetched.
            HistoryMissing: the repository itself is shallow and ends before the answer.
        """
        self._settle(base, head)
        walker = self._objects.walk(lookup(self._objects, head).id, SortMode.TOPOLOGICAL | SortMode.TIME)
        walker.hide(lookup(self._objects, base).id)
        return tuple(read_commit(self._objects, str(commit.id)) for commit in walker)

    def changes_to(self, head: str, path: str) -> Iterator[tuple[CommitInfo, str | None]]:
        """Walk back through what made a file what it is: each commit that changed it, and its object id from then on.

        Newest first, along first parents, as a merge is when a change comes to a branch. The id is None where the
        commit deleted the file. Stop when you have seen enough: history is fetched as the walk needs it.

        Raises:
            ObjectMissing: `head` was not fetched.
            HistoryMissing: the repository itself is shallow, and ends before the walk does.
        """
        oid = head
        while True:
            here = self.commit_info(oid)
            parent = self._first_parent(here)
            blob = _entry(lookup_tree(self._objects, here.oid), path)
            before = _entry(lookup_tree(self._objects, parent), path) if parent else None
            if blob != before:
                yield here, blob
            if parent is None:
                return
            oid = parent

    @property
    def _objects(self) -> pygit2.Repository:
        return self._scratch.repository

    def _leads_to(self, ancestor: str, descendant: str) -> bool:
        other = lookup(self._objects, descendant).id
        if not self._has(ancestor):
            return False
        one = lookup(self._objects, ancestor).id
        return one == other or self._objects.descendant_of(other, one)

    def _has(self, oid: str) -> bool:
        return _OID.fullmatch(oid) is not None and oid in self._objects

    def _settle(self, one: str, other: str) -> None:
        """Fetch as much history as it takes to compare two commits."""
        for depth in _DEPTHS:
            if self._is_settled(one, other):
                return
            self._deepen(depth)
        if not self._is_settled(one, other):
            raise self._ends_early()

    def _is_settled(self, one: str, other: str) -> bool:
        shallow = self._scratch.shallow_roots
        if not shallow or not (self._has(one) and self._has(other)):
            return not shallow  # without history to come, whoever looks the commit up says that it is missing
        ours, theirs = lookup(self._objects, one).id, lookup(self._objects, other).id
        return is_settled(self._objects, ours, theirs, shallow)

    def _first_parent(self, commit: CommitInfo) -> str | None:
        for depth in _DEPTHS:
            if commit.oid not in self._scratch.shallow_roots:
                break
            self._deepen(depth)
        else:
            if commit.oid in self._scratch.shallow_roots:
                raise self._ends_early()
        parents = self.commit_info(commit.oid).parents
        return parents[0] if parents else None

    def _deepen(self, depth: int | None) -> None:
        limit = "" if depth is None else f" --depth={depth}"
        with exchange(f"git fetch{limit} {self.location} {' '.join(self._tips)}"):
            self._transport.deepen(self._tips, depth)

    def _ends_early(self) -> HistoryMissing:
        return HistoryMissing(
            f"The history of {self.location} ends too early to compare branches: the repository is itself shallow.",
            remedy="Make it whole with `git fetch --unshallow`.",
        )


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


def _entry(tree: pygit2.Tree, path: str) -> str | None:
    try:
        return str(tree[path].id)
    except KeyError:
        return None
