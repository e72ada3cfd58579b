from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import pytest

from gitops_upgrader.errors import CacheBusy
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
    scratch = Scratch.cached(tmp_path, "https://h/x")
    handle = os.open(scratch.path.with_suffix(".lock"), os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    words = re.escape("fetching https://h/x into the same cache for 0.1 seconds")
    with pytest.raises(CacheBusy, match=words) as caught, scratch.locked(0.1):
        pytest.fail("the lock is somebody else's")
    with pytest.raises(CacheBusy):
        Scratch.cached(tmp_path, "https://h/x", 0.1)
    assert caught.value.transient
    assert "The next run tries again" in str(caught.value.remedy)
    os.close(handle)
    with scratch.locked(0.1):
        assert scratch.repository.is_bare


@pytest.mark.parametrize("cached", [False, True])
def test_what_a_killed_git_has_left_locked_is_free_again(tmp_path: Path, cached: bool) -> None:
    scratch = Scratch.cached(tmp_path, "key") if cached else Scratch.temporary_one()
    below = scratch.path / "refs" / "remotes" / "origin" / "fleet"
    below.mkdir(parents=True)
    locks = [below / "dev.lock", scratch.path / "shallow.lock", scratch.path / "packed-refs.lock"]
    for lock in locks:
        lock.touch()
    with scratch.locked(0.1):
        assert [lock for lock in locks if lock.exists()] == []
        assert (scratch.path / "HEAD").exists()
    scratch.close()


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
