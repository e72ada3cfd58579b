"""The folder of fetched repositories: bounded, and safe to lose."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)


def trim(folder: Path, limit: int) -> None:
    """Remove the repositories that were used least recently, until what is left has at most `limit` bytes.

    Args:
        folder: as `Repository.open` has its `cache`; it need not exist. Nobody else may use it now.
        limit: bytes.
    """
    if not folder.is_dir():
        return
    found = sorted(((_used(path), path) for path in folder.glob("*.git")), reverse=True)
    total = 0
    for _, path in found:
        total += _size(path)
        if total > limit:
            logger.info("removing %s from the cache, which may have %d bytes", path.name, limit)
            shutil.rmtree(path, ignore_errors=True)


def _used(path: Path) -> float:
    """When something was fetched into a repository last, in seconds since 1970."""
    return max(part.stat().st_mtime for part in (path, path / "FETCH_HEAD", path / "objects") if part.exists())


def _size(path: Path) -> int:
    return sum(part.lstat().st_size for part in path.rglob("*"))
