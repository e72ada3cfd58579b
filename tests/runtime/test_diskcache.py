"""The cache on disk stays within its bounds, and keeps what was used last."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_upgrader.runtime.diskcache import trim


def repository(folder: Path, name: str, size: int, used: int) -> Path:
    path = folder / f"{name}.git"
    (path / "objects").mkdir(parents=True)
    (path / "objects" / "pack").write_bytes(b"x" * size)
    for part in (path / "objects", path):
        os.utime(part, (used, used))
    return path


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    old, new, newest = (repository(tmp_path, name, 50_000, used) for used, name in enumerate("abc", start=1_000))
    (tmp_path / "unrelated").write_text("stays")

    trim(tmp_path, 120_000)

    assert [path.exists() for path in (old, new, newest)] == [False, True, True]
    assert (tmp_path / "unrelated").exists()


def test_within_its_bounds_nothing_goes_and_no_folder_is_no_error(tmp_path: Path) -> None:
    kept = repository(tmp_path, "a", 10, 1_000)

    trim(tmp_path, 1_000_000)
    trim(tmp_path / "absent", 1)

    assert kept.exists()
