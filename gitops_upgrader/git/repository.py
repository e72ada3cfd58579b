"""A repository as the rest of the program sees it: read a branch, build a commit, push it with a lease."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import cast

import pygit2
from pygit2.enums import SortMode

from gitops_upgrader.errors import HistoryMissing, RevisionNotFound
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.binary import BinaryTransport
from gitops_upgrader.git.checkout import Checkout
from gitops_upgrader.git.commits import CommitInfo, Person, lookup, read_commit, write_commit
from gitops_upgrader.git.history import is_settled
from gitops_upgrader.git.local import LocalTransport
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.scratch import Scratch, alternates_of
from gitops_upgrader.git.signing import Signer
from gitops_upgrader.git.transport import RefUpdate, RemoteRefs, Transport
from gitops_upgrader.git.trees import GitTree, missing, replace_files

_OID = re.compile(r"[0-9a-f]{40}")
_DEPTHS = (50, 500, None)
"""How deep a shallow history is made, step by step, while a question about it has no answer. None: all of it."""


class Repository:
    """One repository, on this machine or elsewhere, seen through a bare scratch repository of our own.

    Nothing is ever written to a person's checkout but the objects and branches of a `push`. Object ids are hex.
    Use it as a context manager: its end removes the scratch (unless that is cached) and every file with a credential.
    """

    def __init__(self, location: Location, scratch: Scratch, transport: Transport, checkout: Checkout | None) -> None:
        self.location = location
        self._scratch = scratch
        self._transport = transport
        self._checkout = checkout
        self._tips: dict[str, str] = {}

    @classmethod
    def open(
        cls,
        location: Location,
        auth: GitAuth | None = None,
        *,
        timeout: float = 60.0,
        cache: Path | None = None,
        interactive_ssh: bool = False,
        reference: Checkout | None = None,
    ) -> Repository:
        """Prepare to read and write a repository; a remote one is not contacted yet.

        Args:
            location: where it is; a local one may be any folder inside a checkout.
            auth: credentials; those in the address itself are used where there are none.
            timeout: seconds that one exchange with the remote may take.
            cache: a folder in which scratch repositories of remotes outlive the process, so that the next fetch brings
                what is new only.
            interactive_ssh: a person's own run: the configuration of their Git, ssh-agent and known_hosts are used, as
                `git` itself does. Without it nothing but `auth` is.
            reference: a checkout of the same repository whose objects need not be fetched again. It is only read.

        Raises:
            RepositoryNotFound, OwnershipRefused, RepositoryUnsupported: of a local repository.
            GitMissing: there is no usable `git` program for a remote one.
            InvalidCredentials: an SSH address without a key or known_hosts, or an encrypted key without its passphrase.
        """
        if location.is_local:
            return cls._open_local(location, timeout)
        scratch = _scratch(location, cache, reference)
        try:
            transport = BinaryTransport(
                scratch,
                location,
                (auth or GitAuth()).completed_from(location),
                timeout=timeout,
                personal=interactive_ssh,
            )
        except BaseException:
            scratch.close()
            raise
        return cls(location, scratch, transport, None)

    @classmethod
    def _open_local(cls, location: Location, timeout: float) -> Repository:
        checkout = Checkout.discover(location.folder)
        shallow = checkout.git_dir / "shallow"
        scratch = Scratch.temporary_one(
            alternates_of(checkout.git_dir / "objects"), shallow if checkout.is_shallow else None
        )
        return cls(location, scratch, LocalTransport(scratch, checkout, timeout), checkout)

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the scratch repository and every file with a credential. Closing twice does no harm."""
        self._transport.close()
        self._scratch.close()

    # --- the remote ---------------------------------------------------------------------------------------------

    def refs(self, patterns: Sequence[str] = (), *, default_branch: bool = True) -> RemoteRefs:
        """List branches.

        Args:
            patterns: shell patterns of branch names (`*` matches `/` too); all branches without any.
            default_branch: whether to ask for it. A remote then lists everything it has, pull requests included, so
                say False where the branch is configured.

        Raises:
            GitError: one of its classes, `NetworkError` and below being transient.
        """
        return self._transport.refs(patterns, default_branch=default_branch)

    def fetch(self, branches: Sequence[str], depth: int | None = 1) -> Mapping[str, str]:
        """Bring branches here and return where each of them is. A branch that does not exist is absent.

        Args:
            branches: names without `refs/heads/`.
            depth: how many commits of history; None for all of it. What is here already is not fetched again.

        Raises:
            GitError: one of its classes, `NetworkError` and below being transient.
        """
        found = self._transport.fetch(branches, depth) if branches else {}
        self._tips.update(found)
        return found

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Move, make or delete branches, each on the condition that it is where it was seen.

        All of them move or none does, where the remote can do that (every Git server of the last ten years). A branch
        that is already where it shall be counts as moved, so that a push can be repeated.

        Raises:
            LeaseLost: a branch is elsewhere (or exists, where it must not); nothing was overwritten. Transient.
            PushRefused: a hook, a protected branch or a rule; with the remote's own words.
            BranchCheckedOut: the branch is checked out in a local work tree.
            RefLocked: somebody else is updating it at this moment. Transient.
            GitError: one of its other classes.
        """
        if updates:
            self._transport.push(updates)

    # --- objects ------------------------------------------------------------------------------------------------

    def resolve(self, revision: str) -> str:
        """Return the commit that a revision names.

        For a local repository that is anything gitrevisions(7) describes; for a remote one a branch or a full object
        id that was fetched.

        Raises:
            RevisionNotFound: it names none.
        """
        if self._checkout is not None:
            return self._checkout.resolve(revision)
        if self._has(revision):
            return str(lookup(self._objects, revision).id)
        if oid := self.fetch([revision]).get(revision):
            return oid
        raise RevisionNotFound(
            f"There is no branch or fetched commit {revision!r} in {self.location}.", remedy="Name one that exists."
        )

    def commit_info(self, oid: str) -> CommitInfo:
        """Return a commit's author, time, message, parents and tree.

        Raises:
            ObjectMissing: it was not fetched.
        """
        return read_commit(self._objects, oid)

    def tree(self, commit: str) -> GitTree:
        """Return the files of a commit.

        Raises:
            ObjectMissing: it was not fetched.
        """
        return GitTree(self._objects, self._tree(commit).id)

    def commit(
        self,
        parent: str,
        files: Mapping[str, bytes],
        message: str,
        author: Person,
        committer: Person,
        when: datetime,
        signer: Signer | None = None,
    ) -> str:
        """Build a commit in which these files have other bytes, and return its id. Nothing is pushed.

        Every file keeps its mode. Equal arguments give an equal id, unless the signature differs.

        Args:
            parent: the commit to build on.
            files: the new bytes of each path, with `/` and from the root.
            message: subject, body and trailers.
            author: who made the change.
            committer: who made the commit.
            when: an aware time, for both.
            signer: signs the commit.

        Raises:
            NotRegularFile: a path is absent in the parent, or is a symbolic link, a submodule or a folder.
            UnsafePath: a path could leave the repository.
            InvalidIdentity: author or committer cannot stand in a commit.
            InvalidSigningKey: the signer cannot sign.
            ObjectMissing: the parent was not fetched.
        """
        tree = replace_files(self._objects, self._tree(parent).id, files)
        return write_commit(
            self._objects,
            tree=tree,
            parents=(parent,),
            message=message,
            author=author,
            committer=committer,
            when=when,
            signer=signer,
        )

    def merge_trees(self, ancestor: str, ours: str, theirs: str) -> str | None:
        """Merge the files of two commits (or trees) with a common ancestor; the merged tree, None on a conflict.

        Raises:
            ObjectMissing: one of them was not fetched.
        """
        merged = self._objects.merge_trees(self._tree(ancestor), self._tree(ours), self._tree(theirs))
        if merged.conflicts is not None:
            return None
        return str(merged.write_tree(self._objects))

    def changed(self, old: str, new: str) -> tuple[str, ...]:
        """Return the paths that differ between two commits (or trees), sorted. A rename is two paths.

        Raises:
            ObjectMissing: one of them was not fetched.
        """
        diff = self._tree(old).diff_to_tree(self._tree(new))
        paths = {file.raw_path for delta in diff.deltas for file in (delta.old_file, delta.new_file)}
        return tuple(path.decode("utf-8", "surrogateescape") for path in sorted(paths))

    # --- history ------------------------------------------------------------------------------------------------

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits; None where they have nothing in common.

        History that is missing is fetched. In a criss-cross history with several best ancestors it is one of them.

        Raises:
            ObjectMissing: one of the two is not in the history of what was fetched.
            HistoryMissing: the repository itself is shallow and ends before the answer.
        """
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
            blob = _entry(self._tree(here.oid), path)
            before = _entry(self._tree(parent), path) if parent else None
            if blob != before:
                yield here, blob
            if parent is None:
                return
            oid = parent

    # --- inside -------------------------------------------------------------------------------------------------

    @property
    def _objects(self) -> pygit2.Repository:
        return self._scratch.repository

    def _tree(self, oid: str) -> pygit2.Tree:
        try:
            return self._objects[oid].peel(pygit2.Tree)
        except (KeyError, ValueError, pygit2.GitError):
            raise missing(oid) from None

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
        self._transport.deepen(self._tips, depth)

    def _ends_early(self) -> HistoryMissing:
        return HistoryMissing(
            f"The history of {self.location} ends too early to compare branches: the repository is itself shallow.",
            remedy="Make it whole with `git fetch --unshallow`.",
        )


def _scratch(location: Location, cache: Path | None, reference: Checkout | None) -> Scratch:
    if reference is not None and reference.is_complete:
        return Scratch.temporary_one(alternates_of(reference.git_dir / "objects"))
    if cache is not None:
        return Scratch.cached(cache, location.normalised)
    return Scratch.temporary_one()


def _entry(tree: pygit2.Tree, path: str) -> str | None:
    try:
        return str(tree[path].id)
    except KeyError:
        return None
