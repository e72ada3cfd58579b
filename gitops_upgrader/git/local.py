"""The way to a repository on this machine: objects are read in place, branches move in a transaction."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import ObjectType, ReferenceFilter

from gitops_upgrader.errors import (
    BranchCheckedOut,
    GitFailed,
    HistoryMissing,
    PushRefused,
)
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.binary import BinaryTransport
from gitops_upgrader.git.checkout import Checkout, open_repository
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.scratch import Scratch
from gitops_upgrader.git.transport import DETACHED, HEADS, RefUpdate, RemoteRefs, check_branch, lease_lost, ref_locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygit2.transaction import ReferenceTransaction

_HOOKS = ("pre-receive", "update", "proc-receive", "reference-transaction", "post-receive", "post-update")
_LOCKED = re.compile(r"failed to lock file '(.*\.lock)'", re.DOTALL)
"""What libgit2 says where a lock is there already (filebuf.c, `lock_file`)."""
_REFLOG = "gitops-upgrader: push"


class LocalTransport:
    """Reads a local repository's branches and moves them, without its work tree, its index or the `git` program.

    The scratch repository reads the objects in place. New ones are written there only when they are pushed, and then
    the branches are locked, compared and set. Where a hook has a say, the `git` program pushes instead.
    """

    def __init__(self, scratch: Scratch, checkout: Checkout, timeout: float) -> None:
        self._scratch = scratch
        self._checkout = checkout
        self._timeout = timeout

    def close(self) -> None:
        """Do nothing: there are no credentials."""

    def refs(self, patterns: Sequence[str], *, default_branch: bool) -> RemoteRefs:
        """List branches; see `Transport.refs`."""
        heads = {
            name: oid
            for name, oid in sorted(self._heads())
            if not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        }
        return RemoteRefs(self._checkout.head_branch if default_branch else None, heads)

    def fetch(self, branches: Sequence[str], depth: int | None) -> Mapping[str, str]:
        """Look branches up, or what HEAD has checked out without one; their objects are here already."""
        del depth
        target = open_repository(self._checkout.git_dir)
        found = {branch: _head(target, branch) for branch in branches if branch != DETACHED}
        if DETACHED in branches:
            found[DETACHED] = self._checkout.resolve("HEAD")
        return {branch: oid for branch, oid in found.items() if oid is not None}

    def deepen(self, tips: Mapping[str, str], depth: int | None) -> None:
        """Refuse: only the person whose repository it is can fetch more of its history.

        Raises:
            HistoryMissing: always, as this is asked of shallow repositories only.
        """
        raise HistoryMissing(
            f"The repository {self._checkout.root} is shallow: its history ends too early to compare branches.",
            remedy="Run `git fetch --unshallow` there (in GitHub Actions: `fetch-depth: 0`).",
        )

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Move branches, all or none; see `Repository.push`."""
        for update in updates:
            self._check(update)
        if has_hooks(self._checkout):
            self._push_with_hooks(updates)
            return
        target = open_repository(self._checkout.git_dir)
        for update in updates:
            _refuse_nesting(target, update)
        target.set_ident("gitops-upgrader", "gitops-upgrader@localhost")  # for the reflog
        with _named_errors(self._checkout):
            for update in updates:
                if update.new is not None:
                    self._copy(target, update.new)
            with target.transaction() as transaction:
                _move(target, transaction, updates)

    def _push_with_hooks(self, updates: Sequence[RefUpdate]) -> None:
        """Let the `git` program push, as hooks may judge a push and libgit2 does not run them."""
        git = BinaryTransport(
            self._scratch, Location.local(self._checkout.git_dir), GitAuth(), timeout=self._timeout, personal=True
        )
        with closing(git):
            git.push(updates)

    def _heads(self) -> Iterable[tuple[str, str]]:
        target = open_repository(self._checkout.git_dir)
        for reference in target.references.iterator(ReferenceFilter.BRANCHES):
            commit = reference.resolve().target
            yield reference.name.removeprefix(HEADS), str(commit)

    def _check(self, update: RefUpdate) -> None:
        check_branch(update.branch)
        work_tree = self._checkout.checked_out().get(update.branch)
        if work_tree is not None:
            raise BranchCheckedOut(
                f"The branch {update.branch} is checked out in {work_tree}, and would move under whoever works there.",
                remedy="Switch to another branch there, or name a bare repository.",
            )
        if update.new is None and update.branch == self._checkout.head_branch:
            raise PushRefused(f"The branch {update.branch} is the default branch, which is never deleted.")

    def _copy(self, target: pygit2.Repository, tip: str) -> None:
        """Write the objects that were built here and that `tip` leads to, children first, as Git relies on that."""
        pending = [(tip, False)]
        while pending:
            oid, expanded = pending.pop()
            if not self._scratch.owns(oid) or oid in target:
                continue
            built = self._scratch.repository[oid]
            if expanded:
                target.write(ObjectType(built.type), built.read_raw())
            else:
                pending.append((oid, True))
                pending.extend((child, False) for child in _children(built))


def has_hooks(checkout: Checkout) -> bool:
    """Whether the repository has a hook that a push must run (githooks(5))."""
    if "core.hooksPath" in open_repository(checkout.git_dir).config:
        return True
    return any(os.access(checkout.git_dir / "hooks" / name, os.X_OK) for name in _HOOKS)


def _children(built: pygit2.Object) -> Iterable[str]:
    if built.type == ObjectType.COMMIT:
        commit = built.peel(pygit2.Commit)
        return [str(commit.tree_id), *map(str, commit.parent_ids)]
    if built.type == ObjectType.TREE:
        return [str(entry.id) for entry in built.peel(pygit2.Tree)]
    return []


def _head(target: pygit2.Repository, branch: str) -> str | None:
    check_branch(branch)
    reference = target.references.get(HEADS + branch)
    return None if reference is None else str(reference.resolve().target)


def _move(target: pygit2.Repository, transaction: ReferenceTransaction, updates: Sequence[RefUpdate]) -> None:
    for update in sorted(updates, key=lambda update: update.branch):
        transaction.lock_ref(HEADS + update.branch)
    for update in updates:
        now = _head(target, update.branch)
        if now == update.new:
            continue
        if now != update.expected:
            raise lease_lost(update, now)
        if update.new is None:
            transaction.remove(HEADS + update.branch)
        else:
            transaction.set_target(HEADS + update.branch, update.new, message=_REFLOG)


def _refuse_nesting(target: pygit2.Repository, update: RefUpdate) -> None:
    """Refuse `a/b` beside `a`. libgit2 does not look into packed-refs for this, and would make both."""
    if update.new is None or _head(target, update.branch) is not None:
        return
    parents = [str(parent) for parent in PurePosixPath(update.branch).parents if parent.name]
    blocking = [parent for parent in parents if _head(target, parent) is not None]
    below = f"{HEADS}{update.branch}/"
    blocking += [name.removeprefix(HEADS) for name in target.references if name.startswith(below)]
    if blocking:
        raise PushRefused(
            f"The branch {update.branch} cannot be made beside the branch {blocking[0]}.",
            remedy="Rename the other one, or set another branchPrefix.",
        )


@contextmanager
def _named_errors(checkout: Checkout) -> Iterator[None]:
    try:
        yield
    except (pygit2.GitError, OSError) as error:  # pygit2 makes OSErrors of what the system says to libgit2
        words = str(error)
        if (found := _LOCKED.search(words)) is not None and "Permission denied" not in words:
            raise ref_locked(f"Another process is updating a branch of {checkout.git_dir}", found[1]) from error
        raise GitFailed(
            f"The repository {checkout.git_dir} cannot be written: {words}.",
            remedy="Check that this user may write there, and that the disk has room.",
        ) from error
