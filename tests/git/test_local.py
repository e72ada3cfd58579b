"""Reading and pushing in a repository on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pygit2
import pytest

from gitops_upgrader.errors import (
    BranchCheckedOut,
    GitFailed,
    HistoryMissing,
    InvalidBranch,
    LeaseLost,
    ObjectMissing,
    PushRefused,
    RefLocked,
)
from gitops_upgrader.git import Checkout, Location, RefUpdate, Repository
from tests.git.conftest import Fleet
from tests.git.transport import edit, opened, proposed


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file below a folder: mode, time of its last change, bytes."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            found[str(path.relative_to(root))] = (status.st_mode, status.st_mtime_ns, path.read_bytes())
    return found


# --- reading and pushing ----------------------------------------------------------------------------------------------


def test_a_bare_repository_is_read_and_pushed_to(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        assert repository.refs().default_branch == "main"
        assert repository.fetch(["main", "absent"]) == {"main": fleet.tip()}
        oid = proposed(repository, "gitops-upgrader/fleet/dev")
        assert repository.refs(["gitops-upgrader/*"]).heads == {"gitops-upgrader/fleet/dev": oid}
        assert fleet.show(oid, "clusters/dev.yaml") == "version: v1.34.2"
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", oid, None)])
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", None, oid)])
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", None, oid)])
    assert fleet.tip("gitops-upgrader/fleet/dev") is None
    fleet.git("fsck", "--strict")


def test_packed_branches_are_seen_and_moved(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        oid = proposed(repository, "ours")
        fleet.git("pack-refs", "--all")
        fleet.git("gc", "-q")
        new = edit(repository, oid, b"newer\n")
        repository.push([RefUpdate("ours", new, oid)])
    assert fleet.tip("ours") == new


def test_nothing_is_written_before_a_push(fleet: Fleet) -> None:
    before = snapshot(fleet.path)
    with opened(fleet.path) as repository:
        base = repository.fetch(["main"])["main"]
        edit(repository, base)
        edit(repository, base, b"another\n")
        edit(repository, base, b"version: v1.33.5\n")
    assert snapshot(fleet.path) == before


def test_only_what_is_pushed_is_written(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        base = repository.fetch(["main"])["main"]
        dropped = edit(repository, base, b"dropped\n")
        first = edit(repository, base)
        second = edit(repository, first, b"second\n")
        repository.push([RefUpdate("ours", second, None)])
    assert fleet.git("cat-file", "-t", first) == "commit"
    assert not (fleet.path / "objects" / dropped[:2] / dropped[2:]).exists()
    fleet.git("fsck", "--strict", "--connectivity-only")


def test_the_checkout_of_a_person_stays_as_it_is(fleet: Fleet, checkout: Path) -> None:
    status = fleet.git("status", "--porcelain", "--branch", at=checkout)
    before = snapshot(checkout)
    with opened(checkout / "clusters") as repository:
        oid = proposed(repository, "gitops-upgrader/fleet/dev")
        assert list(repository.changes_to(oid, "clusters/dev.yaml"))
        assert repository.is_ancestor(repository.resolve("main"), oid)
    after = snapshot(checkout)
    new = set(after) - set(before)
    assert {name: after[name] for name in before} == before
    assert {Path(name).parts[1] for name in new} == {"objects", "refs", "logs"}
    assert {name for name in new if "refs" in name} == {
        ".git/refs/heads/gitops-upgrader/fleet/dev",
        ".git/logs/refs/heads/gitops-upgrader/fleet/dev",
    }
    assert fleet.git("status", "--porcelain", "--branch", at=checkout) == status
    assert fleet.git("rev-parse", "gitops-upgrader/fleet/dev", at=checkout) == oid


def test_a_branch_that_somebody_works_on_is_not_moved(fleet: Fleet, checkout: Path, tmp_path: Path) -> None:
    fleet.git("worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"), at=checkout)
    for branch, place in (("main", checkout), ("topic", tmp_path / "linked")):
        with opened(checkout) as repository:
            base = repository.fetch([branch])[branch]
            for new in (edit(repository, base), None):
                with pytest.raises(BranchCheckedOut, match=f"is checked out in {place}"):
                    repository.push([RefUpdate(branch, new, base)])
            assert repository.fetch([branch]) == {branch: base}


def test_the_default_branch_of_a_bare_repository_moves_and_is_never_deleted(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        base = repository.fetch(["main"])["main"]
        new = edit(repository, base)
        repository.push([RefUpdate("main", new, base)])
        with pytest.raises(PushRefused, match="default branch"):
            repository.push([RefUpdate("main", None, new)])
    assert fleet.tip("main") == new


def test_somebody_moves_the_branch_and_loses_nothing(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        ours = proposed(repository, "ours")
        new = edit(repository, ours, b"again\n")
        theirs = fleet.commit({"clusters/dev.yaml": "a person's\n"}, branch="ours")
        for update in (RefUpdate("ours", new, ours), RefUpdate("ours", None, ours), RefUpdate("ours", new, None)):
            with pytest.raises(LeaseLost, match=f"is now at {theirs[:12]}"):
                repository.push([update])
        with pytest.raises(LeaseLost):
            repository.push([RefUpdate("absent", new, ours)])
    assert fleet.tip("ours") == theirs


def test_several_branches_move_together_or_not_at_all(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        repository.push([RefUpdate("two", oid, None), RefUpdate("one", oid, None)])
        new = edit(repository, oid, b"newer\n")
        with pytest.raises(LeaseLost, match="the branch two"):
            repository.push([RefUpdate("one", new, oid), RefUpdate("three", new, None), RefUpdate("two", new, new)])
    assert (fleet.tip("one"), fleet.tip("two"), fleet.tip("three")) == (oid, oid, None)


def test_a_branch_that_another_process_has_locked_is_transient(fleet: Fleet) -> None:
    lock = fleet.path / "refs" / "heads" / "ours.lock"
    with opened(fleet.path) as repository:
        oid = proposed(repository, "ours")
        lock.touch()
        new = edit(repository, oid, b"again\n")
        with pytest.raises(RefLocked) as caught:
            repository.push([RefUpdate("ours", new, oid)])
        assert caught.value.transient
        lock.unlink()
        repository.push([RefUpdate("ours", new, oid)])
    assert fleet.tip("ours") == new


@pytest.mark.parametrize("hooks", [False, True])
@pytest.mark.parametrize(("lock", "new"), [("refs/heads/ours.lock", True), ("packed-refs.lock", False)])
def test_a_lock_that_a_dead_process_left_is_named_with_what_to_do(
    fleet: Fleet, hooks: bool, lock: str, new: bool
) -> None:
    with opened(fleet.path) as repository:
        oid = proposed(repository, "ours")
        fleet.git("pack-refs", "--all")
        if hooks:
            fleet.hook("update", "exit 0")
        (fleet.path / lock).touch()
        with pytest.raises(RefLocked) as caught:
            repository.push([RefUpdate("ours", edit(repository, oid, b"again\n") if new else None, oid)])
    assert caught.value.transient
    assert f"or died in the middle of it: there is a file {fleet.path}" in caught.value.message
    assert caught.value.message.endswith(f"{lock}.")
    assert "no git process is running there, then remove that file" in str(caught.value.remedy)
    assert fleet.tip("ours") == oid


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("there", "wanted"), [("ours", "ours/dev"), ("ours/dev", "ours")])
def test_a_branch_cannot_be_a_folder_of_another(fleet: Fleet, packed: bool, there: str, wanted: str) -> None:
    with opened(fleet.path) as repository:
        oid = proposed(repository, there)
        if packed:
            fleet.git("pack-refs", "--all")
        with pytest.raises(PushRefused, match=r"cannot be made"):
            repository.push([RefUpdate(wanted, oid, None)])
    assert fleet.git("for-each-ref", "--format=%(refname:short)").split() == ["main", there]


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "x.lock", ""])
def test_names_that_are_no_branches_are_refused(fleet: Fleet, name: str) -> None:
    with opened(fleet.path) as repository:
        with pytest.raises(InvalidBranch):
            repository.fetch([name])
        with pytest.raises(InvalidBranch):
            repository.push([RefUpdate(name, fleet.tip(), None)])


def test_a_repository_that_cannot_be_written_says_so(fleet: Fleet) -> None:
    with opened(fleet.path) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        (fleet.path / "objects" / oid[:2]).write_text("in the way", "utf-8")
        with pytest.raises(GitFailed, match="cannot be written"):
            repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("ours") is None


def test_a_disk_without_room_says_so(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """libgit2 tells it as an OSError without a number, and so does a file system that is mounted to read only."""
    full = "failed to write out file: No space left on device"

    def write(*_: object) -> None:
        raise OSError(full)

    with opened(fleet.path) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        monkeypatch.setattr(pygit2.Repository, "write", write)
        with pytest.raises(GitFailed, match=rf"cannot be written: {full}\. Check .* that the disk has room\."):
            repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("ours") is None


# --- hooks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_refuses_here_too(fleet: Fleet, hook: str) -> None:
    fleet.hook(hook, "echo 'Ask the fleet team.' >&2; exit 1")
    with opened(fleet.path) as repository, pytest.raises(PushRefused, match=r"It says: Ask the fleet team"):
        proposed(repository, "ours")
    assert fleet.tip("ours") is None


def test_a_hook_that_agrees_lets_the_push_through(fleet: Fleet, tmp_path: Path) -> None:
    fleet.hook("post-receive", f"cat > {tmp_path}/told")
    with opened(fleet.path) as repository:
        oid = proposed(repository, "ours")
        new = edit(repository, oid, b"again\n")
        with pytest.raises(LeaseLost):
            repository.push([RefUpdate("ours", new, new)])
    assert fleet.tip("ours") == oid
    assert (tmp_path / "told").read_text("utf-8") == f"{'0' * 40} {oid} refs/heads/ours\n"


def test_a_folder_of_hooks_elsewhere_counts(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "pre-receive").write_text("#!/bin/sh\necho no; exit 1\n", "utf-8")
    (tmp_path / "hooks" / "pre-receive").chmod(0o755)
    fleet.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    with opened(fleet.path) as repository, pytest.raises(PushRefused, match="hook declined"):
        proposed(repository, "ours")


# --- objects in place -------------------------------------------------------------------------------------------------


ODD = [
    "with space",
    "näïve-日本",
    '"quoted"',
    '"leading',
    "#comment",
    "col:on",
    "line\nbreak",
    "tab\there",
    "back\\slash",
]


@pytest.mark.parametrize("name", ODD)
def test_paths_may_have_any_character(fleet: Fleet, tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "fleet.git"
    path.parent.mkdir()
    shutil.move(fleet.path, path)
    fleet.path = path
    location = Location.local(path)
    with Repository.open(location) as repository:
        oid = proposed(repository, "ours")
    assert fleet.tip("ours") == oid
    fleet.hook("post-receive", "true")
    with Repository.open(location) as repository:
        repository.push([RefUpdate("ours", edit(repository, oid, b"again\n"), oid)])
    assert fleet.tip("ours") != oid


def test_a_repository_that_borrows_objects_itself_is_read(fleet: Fleet, tmp_path: Path) -> None:
    fleet.git("clone", "-q", "--bare", "--shared", str(fleet.path), str(tmp_path / "second.git"), at=tmp_path)
    third = tmp_path / "deep" / "third.git"
    fleet.git("clone", "-q", "--bare", "--shared", str(tmp_path / "second.git"), str(third), at=tmp_path)
    relative = os.path.relpath(tmp_path / "second.git" / "objects", third / "objects")
    (third / "objects" / "info" / "alternates").write_text(f"# ours\n{relative}\n", "utf-8")
    (tmp_path / "second.git" / "objects" / "info" / "alternates").write_text(
        "../../served/fleet.git/objects\n", "utf-8"
    )
    with opened(third) as repository:
        oid = proposed(repository, "ours")
    assert fleet.git("rev-parse", "ours", at=third) == oid


def test_a_shallow_clone_answers_what_it_can_and_says_what_it_cannot(fleet: Fleet, tmp_path: Path) -> None:
    clone = tmp_path / "shallow.git"
    fleet.git("clone", "-q", "--bare", "--depth=2", f"file://{fleet.path}", str(clone), at=tmp_path)
    with opened(clone) as repository:
        tip = repository.resolve("main")
        oid = proposed(repository, "ours")
        assert repository.is_ancestor(tip, oid)
        assert repository.merge_base(tip, oid) == tip
        assert [commit.oid for commit in repository.commits_between(tip, oid)] == [oid]
        with pytest.raises(HistoryMissing, match="--unshallow"):
            list(repository.changes_to(oid, "clusters/prod.yaml"))
    assert not Checkout.discover(clone).is_complete


def test_a_file_that_a_partial_clone_left_out_is_named(fleet: Fleet, tmp_path: Path) -> None:
    fleet.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial.git"
    fleet.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{fleet.path}", str(clone), at=tmp_path)
    assert not Checkout.discover(clone).is_complete
    with opened(clone) as repository:
        tree = repository.tree(repository.resolve("main"))
        blob = next(blob for blob in tree.blobs() if blob.path == "clusters/dev.yaml")
        for question in (tree.read, tree.size):
            with pytest.raises(ObjectMissing, match=r"^clusters/dev\.yaml: The repository does not have"):
                question(blob)
