"""Repositories that stay open: each is looked at again after its interval, whatever the clock does meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.reconcilers.attempts import Patience
from gitops_upgrader.reconcilers.kept import KeptWorkspaces
from gitops_upgrader.reconcilers.repository import CommandLine, from_command_line
from tests.pulls.people import Clock, People


@pytest.mark.parametrize(
    ("passes", "seen"),
    [
        ({"minutes": 4}, False),
        ({"minutes": 5}, True),
        ({"days": 400}, True),
        ({"minutes": -1}, True),  # the clock was set back
        ({"days": -400}, True),
    ],
)
def test_a_repository_is_looked_at_again_after_its_interval(
    passes: dict[str, float], tmp_path: Path, *, seen: bool
) -> None:
    clock = Clock()
    people = People(tmp_path / "fleet.git", Clock())
    first = people.commit({"file": "1"})
    line = CommandLine(repo=str(people.path))
    place = from_command_line(line)
    spaces = KeptWorkspaces(line, clock)
    assert spaces.get(place).commit == first
    second = people.commit({"file": "2"})
    clock.advance(**passes)
    assert spaces.get(place).commit == (second if seen else first)
    spaces.close()


@pytest.mark.parametrize(("passes", "tried"), [({"seconds": 9}, False), ({"seconds": 10}, True), ({"days": -1}, True)])
def test_a_failure_counts_for_a_moment(passes: dict[str, float], tmp_path: Path, *, tried: bool) -> None:
    clock = Clock()
    people = People(tmp_path / "fleet.git", Clock())
    line = CommandLine(repo=str(people.path))
    place = from_command_line(line)
    spaces = KeptWorkspaces(line, clock, patience=Patience(tries=1))
    with pytest.raises(UpgraderError):
        spaces.get(place)
    made = people.commit({"file": "1"})
    clock.advance(**passes)
    if tried:
        assert spaces.get(place).commit == made
    else:
        with pytest.raises(UpgraderError):
            spaces.get(place)
    spaces.close()
