"""Finding the repository that a folder belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pygit2

from gitops_upgrader.errors import (
    GitError,
    OwnershipRefused,
    RepositoryNotFound,
    RepositoryUnsupported,
    RevisionNotFound,
)

_BRANCH = "ref: refs/heads/"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository on this machine, as found from a folder in it.

    `git_dir` is where objects and branches are, shared by every work tree of the repository. `root` is the top of the
    work tree that the folder is in; the git dir itself for a bare repository. `origin_url` is that of the remote
    `origin` (with the user's own `url.*.insteadOf` applied), None without one; relative, it starts from `root`.
    `head_branch` is what the work tree has checked out, None where HEAD is detached. In a partial clone
    (`--filter`) files are missing until somebody needs them.
    """

    git_dir: Path
    root: Path
    origin_url: str | None
    head_branch: str | None
    is_bare: bool
    is_shallow: bool
    is_partial: bool

    @classmethod
    def discover(cls, path: Path) -> Checkout:
        """Find the repository that holds `path`: in a subfolder, a linked work tree, a submodule or a bare one.

        Raises:
            RepositoryNotFound: there is none.
            OwnershipRefused: it belongs to another user of the machine.
            RepositoryUnsupported: its format is not known (SHA-256 object ids, reftable).
        """
        found = _discover(path)
        repository = open_repository(found)
        git_dir = _common(Path(repository.path))
        root = Path(repository.workdir) if repository.workdir else git_dir
        origin = repository.remotes["origin"].url if "origin" in list(repository.remotes.names()) else None
        return cls(
            git_dir=git_dir,
            root=root,
            origin_url=origin,
            head_branch=_branch(Path(repository.path) / "HEAD"),
            is_bare=open_repository(git_dir).is_bare,
            is_shallow=(git_dir / "shallow").exists(),
            is_partial=any(git_dir.glob("objects/pack/*.promisor")),
        )

    @property
    def is_complete(self) -> bool:
        """Whether everything that its branches refer to is here: neither a shallow nor a partial clone."""
        return not self.is_shallow and not self.is_partial

    def resolve(self, revision: str) -> str:
        """Return the commit that a revision names, as gitrevisions(7) describes.

        Raises:
            RevisionNotFound: it names none.
        """
        try:
            return str(open_repository(self.root).revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            raise RevisionNotFound(
                f"There is no commit {revision!r} in {self.root}.", remedy="Name a branch, a tag or a commit."
            ) from None

    def unpushed(self, branch: str, seen: str) -> int:
        """Count the commits of a branch here that `origin` has not got, as far as is known here; 0 where there is none.

        Args:
            branch: its name, without `refs/heads/`.
            seen: a commit that origin has. It need not be here.
        """
        repository = open_repository(self.root)
        here = repository.references.get(f"refs/heads/{branch}")
        if here is None or (tip := str(here.resolve().target)) == seen:
            return 0
        walker = repository.walk(tip)
        for name in repository.references:
            if name.startswith("refs/remotes/origin/") and (known := _commit(repository, name)) is not None:
                walker.hide(known)
        for known_there in (seen, *self._ends()):
            if known_there in repository:
                walker.hide(known_there)
        return sum(1 for _ in walker)

    def _ends(self) -> list[str]:
        """The commits at which the history of a shallow clone ends (gitformat-shallow(5)): they were fetched."""
        file = self.git_dir / "shallow"
        return file.read_text(encoding="ascii").split() if self.is_shallow else []

    def checked_out(self) -> dict[str, Path]:
        """Return each branch that some work tree has checked out, with that work tree's folder."""
        found: dict[str, Path] = {}
        if not self.is_bare and (branch := _branch(self.git_dir / "HEAD")):
            found[branch] = self.git_dir.parent
        for head in sorted(self.git_dir.glob("worktrees/*/HEAD")):
            if branch := _branch(head):
                # gitdir holds the path of the work tree's own .git file (gitrepository-layout(5))
                linked = head.with_name("gitdir").read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")
                found[branch] = Path(linked).parent
        return found


def open_repository(path: Path) -> pygit2.Repository:
    """Open a repository with libgit2.

    Raises:
        OwnershipRefused: it belongs to another user of the machine (CVE-2022-24765).
        RepositoryUnsupported: it uses an extension that libgit2 does not know.
        RepositoryNotFound: it is none.
    """
    try:
        return pygit2.Repository(str(path))
    except pygit2.GitError as error:
        raise _refused(path, str(error)) from error


def _discover(path: Path) -> Path:
    if not path.exists():
        raise RepositoryNotFound(f"There is no folder {path}.", remedy="Name a folder inside a Git repository.")
    try:
        found = pygit2.discover_repository(str(path))
    except pygit2.GitError as error:
        raise _refused(path, str(error)) from error
    except KeyError:
        found = None
    if found is None:
        raise RepositoryNotFound(
            f"There is no Git repository in {path}, nor in a folder above it.",
            remedy="Name a folder inside a Git repository.",
        )
    return Path(found)


def _refused(path: Path, words: str) -> GitError:
    if "not owned by current user" in words:
        return OwnershipRefused(
            f"The repository {path} belongs to another user.",
            remedy=f"If you trust it, run `git config --global --add safe.directory {path}`.",
        )
    if "unsupported" in words or "unknown" in words:
        return RepositoryUnsupported(
            f"The repository {path} has a format that is not known here: {words}.",
            remedy="SHA-256 object ids and reftable are not supported; clone it in the ordinary format.",
        )
    return RepositoryNotFound(f"{path} is no Git repository: {words}.", remedy="Check it with `git fsck`.")


def _common(git_dir: Path) -> Path:
    """Return the folder that linked work trees share (gitrepository-layout(5), commondir)."""
    pointer = git_dir / "commondir"
    if not pointer.exists():
        return git_dir
    return (git_dir / pointer.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")).resolve()


def _commit(repository: pygit2.Repository, name: str) -> pygit2.Oid | None:
    """The commit of a reference; None for one that leads nowhere, as origin's HEAD does when its branch is pruned."""
    try:
        return repository.references[name].peel(pygit2.Commit).id
    except (KeyError, pygit2.GitError):
        return None


def _branch(head: Path) -> str | None:
    text = head.read_text(encoding="utf-8", errors="surrogateescape").strip()
    return text.removeprefix(_BRANCH) if text.startswith(_BRANCH) else None
