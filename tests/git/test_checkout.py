"""Finding the repository that a folder belongs to, and what can be told of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops_upgrader.errors import OwnershipRefused, RepositoryNotFound, RepositoryUnsupported, RevisionNotFound
from gitops_upgrader.git import Checkout
from tests.git.conftest import Fleet
from tests.git.transport import opened


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


def test_commits_that_are_not_pushed_are_counted(fleet: Fleet, checkout: Path) -> None:
    tip = fleet.tip() or ""
    assert Checkout.discover(checkout).unpushed("main", tip) == 0
    _commit(fleet, checkout, 2)
    moved = fleet.commit({"README.md": "moved on\n"})  # which this clone has not fetched
    assert Checkout.discover(checkout).unpushed("main", moved) == 2
    assert Checkout.discover(checkout).unpushed("absent", moved) == 0
    fleet.git("push", "-q", "origin", "main:elsewhere", at=checkout)
    assert Checkout.discover(checkout).unpushed("main", moved) == 0
    fleet.git("update-ref", "-d", "refs/remotes/origin/elsewhere", at=checkout)
    fleet.git("update-ref", "-d", "refs/remotes/origin/main", at=checkout)  # where origin/HEAD leads, still
    assert Checkout.discover(checkout).unpushed("main", tip) == 2


def test_a_shallow_clone_counts_its_own_commits_alone(fleet: Fleet, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    fleet.git("clone", "-q", "--depth", "1", f"file://{fleet.path}", str(shallow), at=tmp_path)
    _commit(fleet, shallow, 1)
    moved = fleet.commit({"README.md": "moved on\n"})
    fleet.git("fetch", "-q", "--depth", "1", at=shallow)
    assert Checkout.discover(shallow).unpushed("main", moved) == 1


def _commit(fleet: Fleet, folder: Path, count: int) -> None:
    for _ in range(count):
        fleet.git("commit", "-q", "--allow-empty", "-m", "Not pushed yet", at=folder)
