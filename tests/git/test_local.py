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
    OwnershipRefused,
    PushRefused,
    RefLocked,
    RepositoryNotFound,
    RepositoryUnsupported,
    RevisionNotFound,
)
from gitops_upgrader.git import Checkout, Location, RefUpdate, Repository
from tests.git.conftest import ROBOT, WHEN, Fleet


def opened(path: Path) -> Repository:
    return Repository.open(Location.local(path))


def edit(repository: Repository, base: str, text: bytes = b"version: v1.34.2\n") -> str:
    return repository.commit(base, {"clusters/dev.yaml": text}, "Upgrade dev", ROBOT, ROBOT, WHEN)


def proposed(repository: Repository, branch: str = "ours") -> str:
    oid = edit(repository, repository.fetch(["main"])["main"])
    repository.push([RefUpdate(branch, oid, None)])
    return oid


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file below a folder: mode, time of its last change, bytes."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            found[str(path.relative_to(root))] = (status.st_mode, status.st_mtime_ns, path.read_bytes())
    return found


@pytest.fixture
def checkout(fleet: Fleet, tmp_path: Path) -> Path:
    """A person's clone with uncommitted work: staged, unstaged and untracked."""
    path = tmp_path / "checkout"
    fleet.git("clone", "--quiet", str(fleet.path), str(path))
    (path / "README.md").write_text("mine, staged\n", "utf-8")
    fleet.git("add", "README.md", at=path)
    (path / "README.md").write_text("mine, unstaged\n", "utf-8")
    (path / "new.txt").write_text("untracked\n", "utf-8")
    return path


# --- finding ----------------------------------------------------------------------------------------------------------


def test_a_checkout_is_found_from_a_subfolder(fleet: Fleet, checkout: Path) -> None:
    found = Checkout.discover(checkout / "clusters")
    assert found.root == checkout
    assert found.git_dir == checkout / ".git"
    assert found.origin_url == str(fleet.path)
    assert found.head_branch == "main"
    assert found.is_complete
    assert not found.is_bare


def test_a_linked_work_tree_shares_branches_and_has_its_own_head(fleet: Fleet, checkout: Path, tmp_path: Path) -> None:
    fleet.git("worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"), at=checkout)
    found = Checkout.discover(tmp_path / "linked" / "clusters")
    assert (found.root, found.git_dir) == (tmp_path / "linked", checkout / ".git")
    assert found.head_branch == "topic"
    assert found.checked_out() == {"main": checkout, "topic": tmp_path / "linked"}


def test_a_bare_repository_and_a_detached_head_are_told(fleet: Fleet, checkout: Path) -> None:
    bare = Checkout.discover(fleet.path)
    assert (bare.is_bare, bare.root, bare.origin_url, bare.head_branch) == (True, fleet.path, None, "main")
    assert bare.checked_out() == {}
    fleet.git("checkout", "-q", "--detach", at=checkout)
    assert Checkout.discover(checkout).head_branch is None


def test_a_submodule_has_its_own_repository(fleet: Fleet, checkout: Path) -> None:
    fleet.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(fleet.path), "sub", at=checkout)
    found = Checkout.discover(checkout / "sub")
    assert (found.root, found.git_dir) == (checkout / "sub", checkout / ".git" / "modules" / "sub")


def test_what_is_no_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(RepositoryNotFound, match="There is no folder"):
        opened(tmp_path / "absent")
    with pytest.raises(RepositoryNotFound, match="no Git repository in"):
        opened(tmp_path)


def test_a_format_that_is_not_known_says_so(fleet: Fleet, tmp_path: Path) -> None:
    fleet.git("init", "-q", "--bare", "--object-format=sha256", str(tmp_path / "new.git"), at=tmp_path)
    with pytest.raises(RepositoryUnsupported, match="SHA-256"):
        opened(tmp_path / "new.git")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_somebody_else_s_repository_is_not_trusted(fleet: Fleet) -> None:
    for path in (fleet.path, *fleet.path.rglob("*")):
        os.chown(path, 4242, 4242)
    with pytest.raises(OwnershipRefused, match=r"safe\.directory"):
        opened(fleet.path)


def test_revisions_are_those_of_the_work_tree(fleet: Fleet, checkout: Path) -> None:
    fleet.git("tag", "-a", "-m", "v1", "v1", "HEAD~1", at=checkout)
    with opened(checkout) as repository:
        for revision in ("HEAD", "main", "origin/main", str(fleet.tip()), str(fleet.tip())[:12]):
            assert repository.resolve(revision) == fleet.tip()
        assert repository.resolve("v1") == repository.resolve("HEAD~1") == fleet.git("rev-parse", "main~1")
        for revision in ("nowhere", "HEAD~99", "main:README.md", ""):
            with pytest.raises(RevisionNotFound, match="There is no commit"):
                repository.resolve(revision)


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
        oid = proposed(repository)
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
        ours = proposed(repository)
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
        oid = proposed(repository)
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
        oid = proposed(repository)
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
        proposed(repository)
    assert fleet.tip("ours") is None


def test_a_hook_that_agrees_lets_the_push_through(fleet: Fleet, tmp_path: Path) -> None:
    fleet.hook("post-receive", f"cat > {tmp_path}/told")
    with opened(fleet.path) as repository:
        oid = proposed(repository)
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
        proposed(repository)


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
        oid = proposed(repository)
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
        oid = proposed(repository)
    assert fleet.git("rev-parse", "ours", at=third) == oid


def test_a_shallow_clone_answers_what_it_can_and_says_what_it_cannot(fleet: Fleet, tmp_path: Path) -> None:
    clone = tmp_path / "shallow.git"
    fleet.git("clone", "-q", "--bare", "--depth=2", f"file://{fleet.path}", str(clone), at=tmp_path)
    with opened(clone) as repository:
        tip = repository.resolve("main")
        oid = proposed(repository)
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
