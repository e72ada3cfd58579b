"""The cache on disk stays within its bounds, and keeps what was used last."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from gitops_upgrader.runtime.diskcache import keep_bounded, trim


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


def test_what_is_in_use_stays_however_old_it_is(tmp_path: Path) -> None:
    old, new = (repository(tmp_path, name, 50_000, used) for used, name in enumerate("ab", start=1_000))

    trim(tmp_path, 60_000, {old})

    assert (old.exists(), new.exists()) == (True, False)
    trim(tmp_path, 1, {old})
    assert old.exists()


def test_it_is_kept_within_its_bounds_again_and_again(tmp_path: Path) -> None:
    stop, looks = threading.Event(), 0

    def in_use() -> set[Path]:
        nonlocal looks
        looks += 1
        if looks == 2:
            repository(tmp_path, "late", 50_000, 1_000)
        elif looks == 3:
            stop.set()
        return set()

    keep_bounded(tmp_path, 10_000, in_use, stop, every=0.001)

    assert not list(tmp_path.glob("*.git"))


def test_what_git_removes_meanwhile_is_no_error(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", 10, 1_000)
    (folder / "objects" / "dangling").symlink_to(folder / "gone")
    (folder / "HEAD").write_text("x")

    trim(tmp_path, 0)

    assert not folder.exists()


def test_within_its_bounds_nothing_goes_and_no_folder_is_no_error(tmp_path: Path) -> None:
    kept = repository(tmp_path, "a", 10, 1_000)

    trim(tmp_path, 1_000_000)
    trim(tmp_path / "absent", 1)

    assert kept.exists()
