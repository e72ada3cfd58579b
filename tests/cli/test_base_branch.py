"""A checkout without a remote: what it has checked out is proposed to, and that is said where it is no usual branch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet

BY_HAND = ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "checkout")
ALL_WAYS = [
    BY_HAND,
    ("propose", "-m", "upgrades", "--repo", "checkout"),
    ("plan", "-m", "upgrades", "--repo", "checkout"),
]
NOTE = "note: changes are proposed to next, the branch that {url} has checked out. Name another one with --branch.\n"


@pytest.fixture
def check_out(fleet: Fleet) -> Callable[[str], Path]:
    """Makes a checkout with a branch checked out, and without a remote."""

    def made(branch: str) -> Path:
        folder = fleet.folder / "checkout"
        copy = pygit2.clone_repository(str(fleet.people.path), str(folder))
        copy.remotes.delete("origin")
        if branch != "main":
            copy.branches.local.create(branch, copy[copy.head.target].peel(pygit2.Commit))
            copy.checkout(f"refs/heads/{branch}")
        return folder

    return made


@pytest.mark.parametrize("arguments", ALL_WAYS, ids=["by hand", "propose", "plan"])
def test_a_feature_branch_is_the_base_and_that_is_said(
    arguments: tuple[str, ...], gitops_upgrader: CommandLine, check_out: Callable[[str], Path]
) -> None:
    folder = check_out("next")

    assert NOTE.format(url=folder) in gitops_upgrader(*arguments).err
    assert NOTE[:20] not in gitops_upgrader(*arguments, "--branch", "next").err
    assert gitops_upgrader(*arguments, "--branch", "main", "-q").err == ""


def test_where_the_usual_branch_is_checked_out_nothing_needs_saying(
    gitops_upgrader: CommandLine, check_out: Callable[[str], Path]
) -> None:
    check_out("main")

    assert "changes are proposed to" not in gitops_upgrader(*BY_HAND).err


def test_a_bare_repository_has_a_default_branch_of_its_own(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.people.repository.branches.local["main"].rename("trunk")

    ran = gitops_upgrader(*BY_HAND[:-1], "fleet.git")

    assert (ran.status, "changes are proposed to" in ran.err) == (0, False)


def test_a_detached_head_is_called_so(gitops_upgrader: CommandLine, check_out: Callable[[str], Path]) -> None:
    folder = check_out("main")
    repository = pygit2.Repository(str(folder))
    repository.set_head(repository.head.target)

    ran = gitops_upgrader(*BY_HAND)

    assert ran.status == 1
    assert (
        f"{folder}: HEAD is detached here, so it names no branch to propose changes to. Name one with --branch, "
        "or as spec.branch of the GitOpsRepository; or check one out." in ran.err
    )


READING = [("locate", "--repo", "checkout"), ("locate", "--repo", "checkout", "--cluster", "prod")]


@pytest.mark.parametrize("arguments", READING, ids=["all", "one"])
def test_what_only_reads_takes_a_detached_head(
    arguments: tuple[str, ...], gitops_upgrader: CommandLine, check_out: Callable[[str], Path]
) -> None:
    folder = check_out("main")
    repository = pygit2.Repository(str(folder))
    repository.set_head(repository.head.target)

    ran = gitops_upgrader(*arguments)

    assert (ran.status, ran.err) == (0, "")
    assert "clusters/prod.yaml:9" in ran.out
    refused = gitops_upgrader(*arguments, "--branch", "gone")
    assert "There is no branch 'gone'" in refused.err


INIT = ("init", "--output", "first", "--packages", "http://127.0.0.1:9")


def test_init_takes_a_detached_head(gitops_upgrader: CommandLine, check_out: Callable[[str], Path]) -> None:
    folder = check_out("main")
    repository = pygit2.Repository(str(folder))
    repository.set_head(repository.head.target)

    assert gitops_upgrader(*INIT, "--repo", "checkout").status == 0


@pytest.fixture
def clone(fleet: Fleet) -> Path:
    """A checkout with the remote `origin`, and a commit more on main and on topic each."""
    folder = fleet.folder / "clone"
    copy = pygit2.clone_repository(str(fleet.people.path), str(folder))
    for branch in ("main", "topic"):
        person = pygit2.Signature("a", "a@example.org", 1, 0)
        tip = copy.branches.local["main"].target
        tree = copy[tip].peel(pygit2.Tree).id
        copy.create_commit(f"refs/heads/{branch}", person, person, "Mine", tree, [tip])
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("locate",),
        ("locate", "--cluster", "gone"),
        ("propose", "--cluster", "prod", "--to", "v1.34.2", "--dry-run"),
        ("plan", "-m", "upgrades"),
    ],
    ids=" ".join,
)
def test_commits_that_are_not_pushed_are_told_of(
    arguments: tuple[str, ...], gitops_upgrader: CommandLine, clone: Path, fleet: Fleet
) -> None:
    told = f"note: 1 commit of main in {clone} is not pushed, and so left out: what counts is main of "

    assert told in gitops_upgrader(*arguments, "--repo", "clone").err
    pygit2.Repository(str(clone)).set_head("refs/heads/topic")
    told = f"note: 2 commits of topic in {clone} are not pushed, and so left out: what counts is main of "
    assert told in gitops_upgrader(*arguments, "--repo", "clone").err


def test_init_tells_of_them_too(gitops_upgrader: CommandLine, clone: Path) -> None:
    ran = gitops_upgrader(*INIT, "--repo", "clone")

    assert (ran.status, f"1 commit of main in {clone} is not pushed" in ran.err) == (0, True)


def test_of_a_branch_that_was_named_its_own_commits_count(
    gitops_upgrader: CommandLine, clone: Path, fleet: Fleet
) -> None:
    fleet.people.branch("release")

    named = gitops_upgrader("locate", "--repo", "clone", "--branch", "release")
    bare = gitops_upgrader("locate", "--repo", "fleet.git")
    own = gitops_upgrader("locate", "--repo", "clone", "--provider", "local")

    assert [(ran.status, ran.err) for ran in (named, bare, own)] == [(0, "")] * 3
