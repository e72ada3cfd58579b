"""A commit's files in memory, and on disk, as `model.Tree`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from gitops_upgrader.model import Blob, BlobKind


class MemoryTree:
    """Files by path. A link's bytes are its target, as in Git."""

    def __init__(self, files: Mapping[str, bytes | str], links: Mapping[str, str] | None = None) -> None:
        self.files = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
        self.links = {path: target.encode() for path, target in (links or {}).items()}
        self.reads: list[str] = []

    def blobs(self) -> Iterable[Blob]:
        entries = [(path, data, BlobKind.FILE) for path, data in self.files.items()]
        entries += [(path, data, BlobKind.SYMLINK) for path, data in self.links.items()]
        for path, data, kind in sorted(entries):
            yield Blob(path, hashlib.sha1(data).hexdigest(), kind)

    def read(self, blob: Blob) -> bytes:
        self.reads.append(blob.path)
        return self.links[blob.path] if blob.kind is BlobKind.SYMLINK else self.files[blob.path]


def folder(root: Path) -> MemoryTree:
    """A folder's files as they are on disk, links not followed."""
    entries = [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]
    return MemoryTree(
        {str(path.relative_to(root)): path.read_bytes() for path in entries if not path.is_symlink()},
        {str(path.relative_to(root)): str(path.readlink()) for path in entries if path.is_symlink()},
    )
