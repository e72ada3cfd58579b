"""The scratch repository: bare, ours alone, where objects are fetched to and built, so that no checkout is touched."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pygit2

from gitops_upgrader.errors import CacheBusy, CacheLost, Where
from gitops_upgrader.git.transport import TRACKING

_MODE = 0o700
_POLL = 0.05
_MAX_PACKS = 50


class Scratch:
    """A bare repository of our own: in a temporary folder, or in a cache that outlives the process."""

    def __init__(self, path: Path, *, temporary: bool, of: str = "") -> None:
        self.path = path
        self.temporary = temporary
        self._of = of
        self._repository: pygit2.Repository | None = None

    @classmethod
    def temporary_one(cls, alternates: Sequence[Path] = (), shallow: Path | None = None) -> Scratch:
        """Make a scratch repository that goes when it is closed.

        Args:
            alternates: object folders of other repositories to read from, without a copy.
            shallow: the file `shallow` of the repository that they belong to, where it has one.
        """
        scratch = cls(Path(tempfile.mkdtemp(prefix="gitops-upgrader-")), temporary=True)
        pygit2.init_repository(str(scratch.path), bare=True)
        if shallow is not None:
            shutil.copyfile(shallow, scratch.path / "shallow")
        scratch._link(alternates)
        return scratch

    @classmethod
    def cached(cls, cache: Path, key: str, timeout: float = 60.0) -> Scratch:
        """Open the scratch repository of a remote in a cache folder, or make it anew where it is damaged.

        Args:
            cache: a folder of ours, not of the person's; readable by this user only.
            key: the normalised address.
            timeout: seconds to wait for somebody else who uses it.

        Raises:
            CacheBusy: somebody else has used it for that long.
        """
        scratch = cls(cache / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.git", temporary=False, of=key)
        with scratch.locked(timeout):
            try:
                pygit2.Repository(str(scratch.path))
            except pygit2.GitError:
                shutil.rmtree(scratch.path, ignore_errors=True)
                pygit2.init_repository(str(scratch.path), bare=True)
        return scratch

    @property
    def repository(self) -> pygit2.Repository:
        """The repository as libgit2 sees it now."""
        if self._repository is None:
            self._repository = pygit2.Repository(str(self.path))
        return self._repository

    def reload(self) -> None:
        """Look anew, after another program changed it: libgit2 remembers packs and where a shallow history ends."""
        self._repository = None

    @property
    def is_lost(self) -> bool:
        """Whether somebody has removed it, as people may do with a cache at any time."""
        return not (self.path / "HEAD").is_file()

    def check(self) -> None:
        """Raises CacheLost where it is lost."""
        if self.is_lost:
            raise CacheLost("What was fetched was removed while it was used.", where=Where(file=str(self.path)))

    @property
    def shallow_roots(self) -> frozenset[str]:
        """The commits whose parents are missing on purpose (gitformat-shallow: one object id a line)."""
        try:
            return frozenset((self.path / "shallow").read_text("ascii").split())
        except FileNotFoundError:
            return frozenset()

    @property
    def borrows(self) -> bool:
        """Whether objects are read from another repository in place."""
        return (self.path / "objects" / "info" / "alternates").exists()

    @property
    def is_cluttered(self) -> bool:
        """Whether a cache has more packs than can be searched quickly (as gc.autoPackLimit, git-gc(1))."""
        return not self.temporary and len(list(self.path.glob("objects/pack/*.pack"))) > _MAX_PACKS

    def tracked(self, branch: str) -> str:
        """Return where a branch was when it was fetched last."""
        return str(self.repository.references[TRACKING + branch].target)

    def forget_other_branches(self, branches: Sequence[str]) -> None:
        """Drop what is remembered of all branches but these."""
        kept = {TRACKING + branch for branch in branches}
        for name in list(self.repository.references):
            if name.startswith(TRACKING) and name not in kept:
                self.repository.references.delete(name)

    def owns(self, oid: str) -> bool:
        """Whether an object was made here: objects that we build are loose, and what an alternate has is not here."""
        return (self.path / "objects" / oid[:2] / oid[2:]).exists()

    @contextmanager
    def locked(self, timeout: float) -> Iterator[None]:
        """Keep other processes and threads that share this cache out, for at most `timeout` seconds of waiting.

        What a `git` that was killed has left locked is free again inside.

        Raises:
            CacheBusy: somebody else has held it for that long.
        """
        if self.temporary:
            self._unlock()
            yield
            return
        self.path.parent.mkdir(mode=_MODE, parents=True, exist_ok=True)
        handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle, timeout, self.path, self._of)
            self._unlock()
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        """Remove it, unless it lives in a cache."""
        self._repository = None
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)

    def _unlock(self) -> None:
        """Remove the lock files of a `git` that was killed: nobody holds them now, and each would stop the next one."""
        for place in ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock"):
            for path in self.path.glob(place):
                path.unlink(missing_ok=True)

    def _link(self, alternates: Sequence[Path]) -> None:
        """Read objects from other repositories.

        The file of alternates has one path a line, with rules of its own for quotes, `#` and `:`. A symbolic link with
        a tame name, relative as both Git and libgit2 read it, lets any path through, line breaks included.
        """
        lines = []
        for number, objects in enumerate(alternates):
            (self.path / f"alternate-{number}").symlink_to(objects.absolute())
            lines.append(f"../alternate-{number}\n")
        if lines:
            (self.path / "objects" / "info").mkdir(exist_ok=True)
            (self.path / "objects" / "info" / "alternates").write_text("".join(lines), "ascii")


def alternates_of(objects: Path, depth: int = 5) -> tuple[Path, ...]:
    """Return an object folder and those that it reads from itself, and so on, as Git follows them (five deep).

    libgit2 follows relative paths in the first file only, so that the chain is laid out flat here.
    """
    found = [objects]
    listing = objects / "info" / "alternates"
    if depth and listing.exists():
        for line in listing.read_text("utf-8", "surrogateescape").splitlines():
            if line and not line.startswith("#"):
                found.extend(one for one in alternates_of(objects / line, depth - 1) if one not in found)
    return tuple(found)


def _lock(handle: int, timeout: float, path: Path, of: str) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise CacheBusy(
                    f"Somebody else has been fetching {of} into the same cache for {timeout:g} seconds.",
                    where=Where(file=str(path)),
                    remedy="The next run tries again. If it stays, see whether that server answers at all.",
                ) from None
            time.sleep(_POLL)
        else:
            return
