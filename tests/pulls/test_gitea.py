"""The scenarios on a real Gitea, with a second person at work there, and deaths in the middle of a run against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_upgrader.model import PullState
from gitops_upgrader.pulls import marker as markers
from tests.pulls.dying import Death, Fate
from tests.pulls.gitea_host import GiteaHost
from tests.pulls.people import Clock
from tests.pulls.play import Play
from tests.pulls.scenario import Scenario, all_scenarios
from tests.pulls.test_crash import CHAPTERS, Chapter, settle, tell
from tests.pulls.world import World
from tests.servers.gitea import GiteaServer

pytestmark = pytest.mark.servers

SCENARIOS = [scenario for scenario in all_scenarios() if scenario.runs_on(GiteaHost.name, GiteaHost.gives)]
DEADLY = (
    "create with labels",
    "create with auto-merge",
    "create the successor of a refused one",
    "supersede",
    "rebuild as labelled",
    "close what is withdrawn",
    "close what is lowered, and propose the lower one",
    "reset the branch left over from a merge",
    "leave a person's work",
    "make it ready for review, and supersede it",
    "supersede what somebody wiped",
)


def beginning(gitea: GiteaServer, folder: Path) -> World:
    """An empty repository, at the time that the server has."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    return World(GiteaHost(gitea, folder, clock), clock)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(scenario: Scenario, gitea: GiteaServer, tmp_path: Path) -> None:
    Play(beginning(gitea, tmp_path)).play(scenario)


@pytest.mark.parametrize("name", DEADLY)
def test_a_death_after_any_effect_changes_nothing_in_the_end(name: str, gitea: GiteaServer, tmp_path: Path) -> None:
    fate = Fate()
    expected = life(CHAPTERS[name], fate, beginning(gitea, tmp_path / "undisturbed"))
    assert len(fate.effects) >= CHAPTERS[name].least

    for number in range(1, len(fate.effects) + 1):
        world = beginning(gitea, tmp_path / str(number))

        assert life(CHAPTERS[name], Fate(number, before=False), world) == expected, fate.effects[number - 1]


def life(chapter: Chapter, fate: Fate, world: World) -> object:
    """Tell a chapter, run once to the death or the end, and go on until all is done. Returns what there is then."""
    tell(chapter, world)
    mortal = replace(world, wrap_forge=fate.forge, wrap_repository=fate.repository)
    if fate.at is None:
        mortal.run()
    else:
        with pytest.raises(Death):
            mortal.run()
    settle(world)
    host = world.host
    heads, pulls = host.people.branches(), host.pulls()
    for pull in pulls:
        marker = markers.read(pull.body)
        assert marker is not None
        if pull.state is PullState.OPEN and not host.people.theirs:
            assert marker.head == pull.head_commit == heads[pull.head], "marker, forge and branch disagree"
    opened = [pull for pull in pulls if pull.state is PullState.OPEN]
    assert len(opened) <= 1
    files = {name: host.people.files(head) for name, head in heads.items()}
    said = [len(host.comments(pull.number)) for pull in pulls]
    told = [(pull.number, pull.state, pull.title, pull.head, pull.labels, pull.auto_merge) for pull in pulls]
    return files, said, told, [host.verdict(pull.number, pull.head_commit) for pull in opened]
