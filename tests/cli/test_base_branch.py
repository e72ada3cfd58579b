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
