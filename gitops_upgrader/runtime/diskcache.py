"""The folder of fetched repositories: bounded, and safe to lose."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Collection
from pathlib import Path

logger = logging.getLogger(__name__)


def trim(folder: Path, limit: int, in_use: Collection[Path] = ()) -> None:
    """Remove the repositories that were used least recently, until what is left has at most `limit` bytes.

    Args:
        folder: as `Repository.open` has its `cache`; it need not exist.
        limit: bytes.
        in_use: repositories that stay. One that somebody opens at this moment may go: it is then fetched anew.
    """
    if not folder.is_dir():
        return
    found = sorted(((path in in_use, _used(path), path) for path in folder.glob("*.git")), reverse=True)
    total = 0
    for used, _, path in found:
        total += _size(path)
        if total > limit and not used:
            logger.info("removing %s from the cache, which may have %d bytes", path.name, limit)
            shutil.rmtree(path, ignore_errors=True)


def keep_bounded(
    folder: Path, limit: int, in_use: Callable[[], Collection[Path]], stop: threading.Event, every: float = 3600.0
) -> None:
    """Trim again and again until `stop` is set.

    Args:
        every: seconds between two looks; the first one is at once.
    """
    trim(folder, limit, in_use())
    while not stop.wait(every):
        trim(folder, limit, in_use())


def _used(path: Path) -> float:
    """When something was fetched into a repository last, in seconds since 1970."""
    return max(_stat(part).st_mtime for part in (path, path / "FETCH_HEAD", path / "objects"))


def _size(path: Path) -> int:
    return sum(_stat(Path(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)


def _stat(path: Path) -> os.stat_result:
    """What is known of a file; of one that is gone, which Git may do to its own at any moment, nothing."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return _NOTHING


_NOTHING = os.stat_result((0,) * 10)
