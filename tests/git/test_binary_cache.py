"""What is kept of a repository between two runs of the `git` program."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gitops_upgrader.errors import CacheBusy
from gitops_upgrader.git import GitAuth, Location, Repository
from tests.git.conftest import Fleet
from tests.git.transport import proposed
from tests.gitserver import GitServer, Seen


def test_a_cache_brings_only_what_is_new(fleet: Fleet, server: GitServer, url: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    location = Location.parse(url)
    with Repository.open(location, cache=cache) as repository:
        first = repository.fetch(["main"])["main"]
    assert [path.stat().st_mode & 0o777 for path in (cache,)] == [0o700]
    second = fleet.commit({"README.md": "second\n"})
    with Repository.open(location, cache=cache) as repository:
        assert repository.commit_info(first).oid == first
        assert repository.fetch(["main"]) == {"main": second}
        assert repository.tree(second).oid == fleet.git("rev-parse", f"{second}^{{tree}}")
        proposed(repository)


def test_a_server_that_hangs_on_a_fetch_keeps_others_of_its_cache_waiting_for_their_own_time_only(
    server: GitServer, url: str, tmp_path: Path
) -> None:
    hanging, release = threading.Event(), threading.Event()

    def wait(seen: Seen) -> None:
        if seen.is_fetch:
            hanging.set()
            release.wait(120)

    server.before = wait
    location, fetched = Location.parse(url), list[str]()
    with (
        Repository.open(location, cache=tmp_path) as patient,
        Repository.open(location, cache=tmp_path, timeout=0.2) as other,
    ):
        holder = threading.Thread(target=lambda: fetched.extend(patient.fetch(["main"])))
        holder.start()
        try:
            assert hanging.wait(120)
            with pytest.raises(CacheBusy, match=r"for 0\.2 seconds") as caught:
                other.fetch(["main"])
        finally:
            release.set()
            holder.join()
    assert caught.value.transient
    assert fetched == ["main"]


def test_who_goes_through_a_proxy_has_a_cache_of_their_own(url: str, tmp_path: Path) -> None:
    by_proxy = (GitAuth(proxy=f"http://{name}.invalid:1") for name in "ab")
    folders = []
    for auth in (None, *by_proxy, GitAuth(username="other", password="other")):
        with Repository.open(Location.parse(url), auth, cache=tmp_path) as repository:
            folders.append(repository.folder)
    assert len(set(folders)) == 3
    assert folders[0] == folders[3]


def test_a_git_that_was_killed_in_a_cache_does_not_stop_the_next_one(fleet: Fleet, url: str, tmp_path: Path) -> None:
    with Repository.open(Location.parse(url), cache=tmp_path) as repository:
        repository.fetch(["main"])
        (scratch,) = tmp_path.glob("*.git")
        for lock in ("shallow.lock", "refs/remotes/origin/main.lock"):
            (scratch / lock).touch()
        tip = fleet.commit({"README.md": "again\n"})
        assert repository.fetch(["main"]) == {"main": tip}


def test_a_cluttered_cache_is_packed_and_a_damaged_one_made_anew(fleet: Fleet, url: str, tmp_path: Path) -> None:
    location = Location.parse(url)
    with Repository.open(location, cache=tmp_path / "cache") as repository:
        repository.fetch(["main"])
    (scratch,) = (tmp_path / "cache").glob("*.git")
    for number in range(51):
        (scratch / "objects" / "pack" / f"pack-{number:040}.pack").write_bytes(b"")
    with Repository.open(location, cache=tmp_path / "cache") as repository:
        fleet.commit({"README.md": "again\n"})
        tip = repository.fetch(["main"])["main"]
        assert repository.commit_info(tip).oid == tip
    (scratch / "HEAD").unlink()
    with Repository.open(location, cache=tmp_path / "cache") as repository:
        assert repository.fetch(["main"]) == {"main": tip}
