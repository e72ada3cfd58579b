from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.errors import PullRequestUnreadable, PullRequestUnwritable
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.local import LocalForge
from gitops_upgrader.forges.protocol import NewPull, People, Verdict
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.model import PullRequest, PullState
from tests.forges import worlds
from tests.forges.contract import BRANCH, ForgeContract
from tests.forges.project import START


class TestContract(ForgeContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> worlds.LocalWorld:
        return worlds.local(tmp_path / "pulls")


def opened(world: worlds.LocalWorld) -> PullRequest:
    return world.forge.create(NewPull("Upgrade", "Body\n---\nmore", BRANCH, "main", world.branch(BRANCH)))


@pytest.fixture
def world(tmp_path: Path) -> worlds.LocalWorld:
    return worlds.local(tmp_path / "pulls")


def test_it_is_kept_in_the_git_folder(tmp_path: Path) -> None:
    forge = open_forge("local", Connection(Address("file", "", str(tmp_path)), git_dir=tmp_path))
    made = forge.create(NewPull("Upgrade", "Body", BRANCH, "main", "0" * 40))
    assert (tmp_path / "gitops-upgrader" / "pulls" / f"{made.number}.md").is_file()


def test_a_merge_is_told_by_the_commits(world: worlds.LocalWorld) -> None:
    assert not world.forge.capabilities.tells_merges
    made = opened(world)
    told = world.forge.mark_merged(made.number, "f" * 40, START)
    assert (told.state, told.merged_at, told.head_commit) == (PullState.MERGED, START, "f" * 40)
    world.forge.close(made.number)
    assert world.forge.get(made.number) == told


def test_a_verdict_goes_with_its_commit(world: worlds.LocalWorld) -> None:
    first = opened(world)
    world.forge.set_verdict(first.head_commit, Verdict.SUCCESS, "Yes.")
    second = world.forge.create(NewPull("Again", "", "other", "main", first.head_commit))
    third = world.forge.create(NewPull("Other", "", "third", "main", "f" * 40))
    world.forge.update(third.number, title="Other", body="", head_commit=first.head_commit)
    for number in (first.number, second.number, third.number):
        assert f"{first.head_commit}: 'success: Yes.'" in (world.folder / f"{number}.md").read_text(encoding="utf-8")


def test_what_people_add_stays(world: worlds.LocalWorld) -> None:
    made = opened(world)
    path = world.folder / f"{made.number}.md"
    path.write_text(path.read_text(encoding="utf-8").replace("\n---\n", "\nnote: ours\n---\n", 1), encoding="utf-8")
    world.forge.update(made.number, title="Newer", body=made.body, head_commit=made.head_commit)
    assert "\nnote: ours\n" in path.read_text(encoding="utf-8")
    assert world.forge.get(made.number).body == "Body\n---\nmore"


def test_a_number_that_somebody_takes_in_between(world: worlds.LocalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(world)
    world.close(first.number)
    numbers = LocalForge._numbers
    answers: Iterator[list[int]] = iter(([], []))
    monkeypatch.setattr(LocalForge, "_numbers", lambda self: next(answers, None) or numbers(self))
    assert opened(world).number == 2


def test_an_idle_change_writes_nothing(world: worlds.LocalWorld) -> None:
    made = opened(world)
    path = world.folder / f"{made.number}.md"
    before = path.stat().st_mtime_ns, path.stat().st_ino
    world.forge.update(made.number, title=made.title, body=made.body, head_commit=made.head_commit)
    world.forge.set_draft(made.number, draft=False)
    world.forge.involve(made.number, People())
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no front matter", "no front matter"),
        (b"---\nnumber: 1\n", "no front matter"),
        (b"---\n[\n---\nbody", "not YAML"),
        (b"---\n- 1\n---\nbody", "cannot be read"),
        (b"---\nnumber: 1\n---\nbody", "cannot be read"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (1024 * 1024 + 2), "longer than"),
    ],
)
def test_a_file_that_was_spoiled(world: worlds.LocalWorld, content: bytes, words: str) -> None:
    made = opened(world)
    (world.folder / f"{made.number}.md").write_bytes(content)
    with pytest.raises(PullRequestUnreadable, match=words) as caught:
        world.forge.find(BRANCH)
    assert caught.value.where.file
    assert not caught.value.transient


@pytest.mark.parametrize(("before", "after"), [("state: open", "state: shut"), ("number: 1", "number: 2")])
def test_front_matter_that_was_spoiled(world: worlds.LocalWorld, before: str, after: str) -> None:
    made = opened(world)
    path = world.folder / f"{made.number}.md"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with pytest.raises(PullRequestUnreadable):
        world.forge.get(made.number)


def test_a_file_that_cannot_be_opened(world: worlds.LocalWorld) -> None:
    made = opened(world)
    path = world.folder / f"{made.number}.md"
    path.unlink()
    path.mkdir()
    with pytest.raises(PullRequestUnreadable, match="cannot be opened: Is a directory"):
        world.forge.get(made.number)


def test_a_disk_without_room(world: worlds.LocalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = opened(world)
    before = world.folder.joinpath(f"{made.number}.md").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PullRequestUnwritable, match=r"No space left on device\. Check .* the disk has room") as caught:
        world.forge.close(made.number)
    assert caught.value.where.file == str(world.folder)
    assert [path.name for path in world.folder.iterdir()] == [f"{made.number}.md"]
    assert world.folder.joinpath(f"{made.number}.md").read_bytes() == before


def test_a_folder_that_cannot_be_made(world: worlds.LocalWorld) -> None:
    world.folder.write_text("in the way", "utf-8")
    with pytest.raises(PullRequestUnwritable, match="cannot be written: File exists"):
        opened(world)
