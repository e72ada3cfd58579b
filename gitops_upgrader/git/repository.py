"""A repository as the rest of the program sees it: read a branch, build a commit, push it with a lease."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

from gitops_upgrader.errors import RevisionNotFound
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.binary import BinaryTransport
from gitops_upgrader.git.checkout import Checkout
from gitops_upgrader.git.commits import Person, lookup, write_commit
from gitops_upgrader.git.history import History
from gitops_upgrader.git.local import LocalTransport
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.scratch import Scratch, alternates_of
from gitops_upgrader.git.signing import Signer
from gitops_upgrader.git.transport import RefUpdate, RemoteRefs, Transport
from gitops_upgrader.git.trees import GitTree, lookup_tree, replace_files
from gitops_upgrader.wire import exchange


class Repository(History):
    """One repository, on this machine or elsewhere, seen through a bare scratch repository of our own.

    Nothing is ever written to a person's checkout but the objects and branches of a `push`. Object ids are hex.
    Use it as a context manager: its end removes the scratch (unless that is cached) and every file with a credential.
    """

    def __init__(self, location: Location, scratch: Scratch, transport: Transport, checkout: Checkout | None) -> None:
        super().__init__(location, scratch, transport)
        self._checkout = checkout

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
        exchanged: Callable[[str], None] = lambda _: None,
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
            exchanged: is told of every exchange with a remote: `list`, `fetch` or `push`.

        Raises:
            RepositoryNotFound, OwnershipRefused, RepositoryUnsupported: of a local repository.
            GitMissing: there is no usable `git` program for a remote one.
            CacheBusy: somebody else has used what is cached of it for longer than `timeout`.
            InvalidCredentials: an SSH address without a key or known_hosts, or an encrypted key without its passphrase.
        """
        if location.is_local:
            return cls._open_local(location, timeout)
        scratch = _scratch(location, cache, reference, timeout, auth.proxy if auth else None)
        try:
            transport = BinaryTransport(
                scratch,
                location,
                (auth or GitAuth()).completed_from(location),
                timeout=timeout,
                personal=interactive_ssh,
                exchanged=exchanged,
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

    @property
    def folder(self) -> Path:
        """Where what was fetched is kept."""
        return self._scratch.path

    @property
    def checked_out(self) -> str | None:
        """The branch that the work tree has checked out; None where there is none, or HEAD is detached."""
        return None if self._checkout is None or self._checkout.is_bare else self._checkout.head_branch

    @property
    def remote_url(self) -> str:
        """The address by which others know it: its own; of a checkout, that of its `origin`, if it has one, else empty.

        It may have credentials in it.
        """
        return self.location.url if self._checkout is None else self._checkout.origin_url or ""

    @property
    def is_lost(self) -> bool:
        """Whether what was fetched is gone: a cache may be removed at any time. Then it has to be opened anew."""
        return self._scratch.is_lost

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
        with exchange(f"git ls-remote {self.location}"):
            return self._transport.refs(patterns, default_branch=default_branch)

    def fetch(self, branches: Sequence[str], depth: int | None = 1) -> Mapping[str, str]:
        """Bring branches here and return where each of them is. A branch that does not exist is absent.

        Args:
            branches: names without `refs/heads/`.
            depth: how many commits of history; None for all of it. What is here already is not fetched again.

        Raises:
            GitError: one of its classes, `NetworkError` and below being transient.
        """
        found: Mapping[str, str] = {}
        if branches:
            with exchange(f"git fetch {self.location} {' '.join(branches)}"):
                found = self._transport.fetch(branches, depth)
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
            with exchange(f"git push {self.location} {' '.join(update.branch for update in updates)}"):
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

    def tree(self, commit: str) -> GitTree:
        """Return the files of a commit.

        Raises:
            ObjectMissing: it was not fetched.
        """
        return GitTree(self._objects, lookup_tree(self._objects, commit).id)

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
        tree = replace_files(self._objects, lookup_tree(self._objects, parent).id, files)
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
        merged = self._objects.merge_trees(
            lookup_tree(self._objects, ancestor), lookup_tree(self._objects, ours), lookup_tree(self._objects, theirs)
        )
        if merged.conflicts is not None:
            return None
        return str(merged.write_tree(self._objects))

    def changed(self, old: str, new: str) -> tuple[str, ...]:
        """Return the paths that differ between two commits (or trees), sorted. A rename is two paths.

        Raises:
            ObjectMissing: one of them was not fetched.
        """
        diff = lookup_tree(self._objects, old).diff_to_tree(lookup_tree(self._objects, new))
        paths = {file.raw_path for delta in diff.deltas for file in (delta.old_file, delta.new_file)}
        return tuple(path.decode("utf-8", "surrogateescape") for path in sorted(paths))


def _scratch(
    location: Location, cache: Path | None, reference: Checkout | None, timeout: float, proxy: str | None
) -> Scratch:
    """Where to fetch to. Each proxy has a cache of its own, so that one that hangs stops nobody else."""
    if reference is not None and reference.is_complete:
        return Scratch.temporary_one(alternates_of(reference.git_dir / "objects"))
    if cache is not None:
        return Scratch.cached(cache, f"{location.normalised}{f' through {proxy}' if proxy else ''}", timeout)
    return Scratch.temporary_one()
