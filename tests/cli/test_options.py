"""Options that several commands share, and their mistakes."""

from __future__ import annotations

import pytest

from tests.cli.commandline import CommandLine


@pytest.mark.parametrize("name", ["EU", "", "a b", "a/b", "-x", "eu.", "a..b", "eu.lock"])
@pytest.mark.parametrize(
    "command",
    [
        ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "fleet.git"),
        ("plan", "-m", "upgrades", "--repo", "fleet.git"),
        ("install",),
        ("controller",),
    ],
    ids=lambda command: command[0],
)
def test_an_instance_that_can_be_no_part_of_a_branch_is_refused_by_its_option_and_rule(
    command: tuple[str, ...], name: str, gitops_upgrader: CommandLine
) -> None:
    ran = gitops_upgrader(*command, f"--instance={name}")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        f"error: Invalid value for '--instance': {name!r} can be no part of a branch's name. Use lower-case letters, "
        "digits, '-' and '.', with a letter or a digit at both ends; no '..', no '.lock'. "
        f"Try 'gitops-upgrader {command[0]} --help'.\n"
    )
