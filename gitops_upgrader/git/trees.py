"""Trees: the files of a commit, read from the object database, and a tree with some files replaced."""

from __future__ import annotations

import functools
import hashlib
import re
import stat
from collections.abc import Iterator, Mapping
from itertools import chain

import pygit2
from pygit2.enums import ObjectType

from gitops_upgrader.errors import NotRegularFile, ObjectMissing, TreeTooLarge, UnsafePath, Where
from gitops_upgrader.model import Blob, BlobKind

# Git checks an object against its id when it comes in, and not again each time it is read; that would take half of the
# time of reading a large tree.
pygit2.settings.enable_strict_hash_verification(False)

MAX_ENTRIES = 5_000_000
"""More entries than this are a bomb: trees that hold one another unfold exponentially. The Linux kernel has 90,000."""
MAX_PATH = 4096
"""Bytes in a path: PATH_MAX, beyond which nobody could check the file out."""
MAX_DEPTH = 256
"""Folders on the way to a file that is changed."""

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
"""An entry of a tree object: mode, name, object id. Read so, a tree takes half the time that pygit2's entries take."""
_BLOB = int(ObjectType.BLOB)
"""Looked up once, as it is compared with the type of each file that is read."""
_FOLDER = b"40000"
_REGULAR = frozenset({b"100644", b"100664", b"100755"})
_FORBIDDEN = frozenset({"", ".", "..", ".git", "git~1"})
_OID_BYTES = 20


class GitTree:
    """The files of one commit, read from the object database: no checkout, nothing followed."""

    def __init__(self, repository: pygit2.Repository, oid: pygit2.Oid) -> None:
        self._odb = repository.odb
        self._oid = oid

    @property
    def oid(self) -> str:
        """The tree's object id in hex."""
        return str(self._oid)

    def blobs(self) -> Iterator[Blob]:
        """Every entry below the root, folders left out, sorted by path (by its bytes, as Git sorts).

        A name that is not UTF-8 is decoded with `surrogateescape`, as the operating system's names are.

        Raises:
            ObjectMissing: a folder is not in the repository.
            TreeTooLarge: there are more than `MAX_ENTRIES`, or deeper ones than `MAX_PATH`.
        """
        count = 0
        pending = [(b"", iter(self._entries(str(self._oid), b"")))]
        while pending:
            prefix, entries = pending[-1]
            for mode, name, oid in entries:
                path = prefix + name
                count += 1
                if count > MAX_ENTRIES or len(path) > MAX_PATH:
                    raise TreeTooLarge(f"The tree {self.oid} has more or longer paths than a file system can hold.")
                kind = _kind(mode)
                if kind is None:
                    pending.append((path + b"/", iter(self._entries(oid.hex(), path))))
                    break
                yield Blob(path.decode("utf-8", "surrogateescape"), oid.hex(), kind)
            else:
                pending.pop()

    def read(self, blob: Blob) -> bytes:
        """The bytes of a file; of a symbolic link: its target.

        Raises:
            ObjectMissing: the repository does not have it (a partial clone, or a submodule).
        """
        try:
            kind, data = self._odb.read(blob.oid)
        except (KeyError, pygit2.GitError):
            raise missing(blob.oid, blob.path) from None
        if kind != _BLOB:
            raise missing(blob.oid, blob.path)
        return bytes(data)

    def size(self, blob: Blob) -> int:
        """The size of a file in bytes, without reading it.

        Raises:
            ObjectMissing: the repository does not have it.
        """
        try:
            return int(self._odb.read_header(blob.oid)[1])
        except (KeyError, pygit2.GitError):
            raise missing(blob.oid, blob.path) from None

    def _entries(self, oid: str, path: bytes) -> list[tuple[bytes, bytes, bytes]]:
        """Mode, name and object id of each entry of a folder."""
        try:
            kind, data = self._odb.read(oid)
        except (KeyError, pygit2.GitError):
            raise missing(oid, path.decode("utf-8", "replace")) from None
        entries: list[tuple[bytes, bytes, bytes]] = _ENTRY.findall(data)
        read = sum(map(len, chain.from_iterable(entries))) + 2 * len(entries)  # a space and a NUL in each
        if kind != ObjectType.TREE or read != len(data):
            raise missing(oid, path.decode("utf-8", "replace"))
        return entries


@functools.cache
def _kind(mode: bytes) -> BlobKind | None:
    """What an entry is; None for a folder. Early versions of Git wrote other permissions than 644 and 755."""
    number = int(mode, 8)
    match stat.S_IFMT(number):
        case stat.S_IFDIR:
            return None
        case stat.S_IFLNK:
            return BlobKind.SYMLINK
        case 0o160000:
            return BlobKind.SUBMODULE
    return BlobKind.EXECUTABLE if number & 0o111 else BlobKind.FILE


def lookup_tree(repository: pygit2.Repository, oid: str) -> pygit2.Tree:
    """Return the tree of a commit's object id, or of its own.

    Raises:
        ObjectMissing: the repository does not have it.
    """
    try:
        return repository[oid].peel(pygit2.Tree)
    except (KeyError, ValueError, pygit2.GitError):
        raise missing(oid) from None


def replace_files(repository: pygit2.Repository, tree: pygit2.Oid, files: Mapping[str, bytes]) -> pygit2.Oid:
    """Write a tree in which these files have other bytes, and return its id. Everything else stays to the bit.

    The entry's twenty bytes of object id are replaced in the tree object itself, so modes, order and odd names stay.

    Raises:
        UnsafePath: a path is absolute, or has `..`, `.git` or a NUL in it.
        NotRegularFile: a path is not there, or is a symbolic link, a submodule or a folder.
        ObjectMissing: a folder on the way is not in the repository.
    """
    below: dict[str, dict[str, bytes]] = {}
    replaced: dict[bytes, tuple[bool, pygit2.Oid]] = {}
    for path, data in files.items():
        check_path(path)
        first, slash, rest = path.partition("/")
        if slash:
            below.setdefault(first, {})[rest] = data
        else:
            replaced[_encoded(first)] = (False, put(repository, ObjectType.BLOB, data))
    entries = _parse(repository, tree)
    for folder, inner in below.items():
        mode, oid = entries.get(_encoded(folder), (b"", tree))
        if mode != _FOLDER:
            raise _not_regular(f"{folder}/{next(iter(inner))}", mode)
        try:
            replaced[_encoded(folder)] = (True, replace_files(repository, oid, inner))
        except NotRegularFile as error:
            raise _not_regular(f"{folder}/{error.where.file}", b"", error.message) from None
    return _write(repository, entries, replaced)


def check_path(path: str) -> None:
    """Refuse a path that could leave the repository, or reach into its `.git`, on any file system.

    Raises:
        UnsafePath: it could.
    """
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        raise UnsafePath(f"The path {path[:200]!r}... is {len(parts)} folders deep.", remedy="Nothing was changed.")
    for part in parts:
        if part.rstrip(" .").lower() in _FORBIDDEN or "\0" in part or "\\" in part:
            raise UnsafePath(f"The path {path!r} is not one that may be written.", remedy="Nothing was changed.")


def put(repository: pygit2.Repository, kind: ObjectType, data: bytes) -> pygit2.Oid:
    """Write an object unless it is there, and return its id.

    libgit2 would touch one that is there, in another repository that we only read.
    """
    head = f"{kind.name.lower()} {len(data)}\0".encode()
    oid = pygit2.Oid(raw=hashlib.sha1(head + data, usedforsecurity=False).digest())
    return oid if oid in repository.odb else repository.write(kind, data)


def missing(oid: str, path: str = "") -> ObjectMissing:
    """Return the error for an object that the repository refers to and does not have."""
    return ObjectMissing(
        f"The repository does not have the object {oid}.",
        where=Where(file=path or None),
        remedy="Fetch it whole (`git fetch --refetch`, without --filter), or check it with `git fsck`.",
    )


def _parse(repository: pygit2.Repository, oid: pygit2.Oid) -> dict[bytes, tuple[bytes, pygit2.Oid]]:
    """Return name to mode and id, in the tree's own order (git-mktree's: `mode SP name NUL id`)."""
    try:
        kind, data = repository.odb.read(oid)
    except (KeyError, pygit2.GitError):
        raise missing(str(oid)) from None
    if kind != ObjectType.TREE:
        raise missing(str(oid))
    entries = {}
    at = 0
    while at < len(data):
        nul = data.index(b"\0", at)
        mode, _, name = data[at:nul].partition(b" ")
        at = nul + 1 + _OID_BYTES
        entries[name] = (mode, pygit2.Oid(raw=data[nul + 1 : at]))
    return entries


def _write(
    repository: pygit2.Repository,
    entries: Mapping[bytes, tuple[bytes, pygit2.Oid]],
    replaced: Mapping[bytes, tuple[bool, pygit2.Oid]],
) -> pygit2.Oid:
    for name, (is_folder, _) in replaced.items():
        mode, _ = entries.get(name, (b"", None))
        if not is_folder and mode not in _REGULAR:
            raise _not_regular(name.decode("utf-8", "surrogateescape"), mode)
    merged = {name: (mode, replaced[name][1] if name in replaced else oid) for name, (mode, oid) in entries.items()}
    data = b"".join(mode + b" " + name + b"\0" + oid.raw for name, (mode, oid) in merged.items())
    return put(repository, ObjectType.TREE, data)


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _not_regular(path: str, mode: bytes, message: str = "") -> NotRegularFile:
    kinds = {b"": "is not there", b"40000": "is a folder", b"120000": "is a symbolic link", b"160000": "is a submodule"}
    return NotRegularFile(
        message or f"The file to change {kinds.get(mode, 'is no regular file')}.",
        where=Where(file=path),
        remedy="Only regular files are changed; name the file itself.",
    )
