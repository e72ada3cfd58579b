from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from gitops_upgrader.errors import GitTimeout
from gitops_upgrader.git.scratch import Scratch, alternates_of
from tests.git.conftest import Fleet


def test_a_temporary_scratch_goes_and_a_cached_one_stays(tmp_path: Path) -> None:
    temporary, cached = Scratch.temporary_one(), Scratch.cached(tmp_path, "https://h/x")
    assert temporary.repository.is_bare
    for scratch in (temporary, cached):
        scratch.close()
        scratch.close()
    assert not temporary.path.exists()
    assert cached.path.exists()
    assert Scratch.cached(tmp_path, "https://h/x").path == cached.path
    assert Scratch.cached(tmp_path, "https://h/y").path != cached.path


def test_a_cache_that_somebody_else_is_using_is_waited_for_and_left(tmp_path: Path) -> None:
    scratch = Scratch.cached(tmp_path, "key")
    handle = os.open(scratch.path.with_suffix(".lock"), os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(GitTimeout, match="Another process") as caught, scratch.locked(0.1):
        pytest.fail("the lock is somebody else's")
    assert caught.value.transient
    os.close(handle)
    with scratch.locked(0.1):
        assert scratch.repository.is_bare


def test_a_chain_of_alternates_is_followed_five_deep_and_never_in_a_circle(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) / "objects" for number in range(9)]
    for here, there in zip(folders, [*folders[1:], folders[0]], strict=True):
        (here / "info").mkdir(parents=True)
        (here / "info" / "alternates").write_text(f"{there}\n\n# comment\n", "utf-8")
    assert alternates_of(folders[0]) == tuple(folders[:6])
    (folders[1] / "info" / "alternates").write_text(f"{folders[0]}\n", "utf-8")
    assert alternates_of(folders[0]) == tuple(folders[:2])


def test_only_what_was_built_here_is_owned(fleet: Fleet) -> None:
    scratch = Scratch.temporary_one(alternates_of(fleet.path / "objects"))
    tip = str(fleet.tip())
    assert tip in scratch.repository
    assert scratch.borrows
    assert not scratch.owns(tip)
    scratch.close()
