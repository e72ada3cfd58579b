"""The same scenarios on every host: `scenarios/*.txt`, each a story of people and the program around one cluster.

Every host without a server plays all that it can, and so do the fakes of the forges, with Git from a folder. Over
`git http-backend` a few are played here, and the others with the marker `servers`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pulls.forge_hosts import KINDS, on_fake
from tests.pulls.host import Host
from tests.pulls.hosts import HOSTS
from tests.pulls.people import Clock
from tests.pulls.play import Play
from tests.pulls.scenario import Scenario, all_scenarios
from tests.pulls.steps import STEPS
from tests.pulls.world import World

GIVES = {name: host.gives for name, host in HOSTS.items()} | {name: gives for name, (_, gives) in KINDS.items()}
SCENARIOS = all_scenarios()
PLAYED = [(host, scenario) for scenario in SCENARIOS for host in GIVES if scenario.runs_on(host, GIVES[host])]
HERE = {
    ("github", "supersede-in-place"),
    ("github", "rebased-and-outdated"),
    ("gitlab", "removed"),
    ("gitea", "update-branch"),
}
"""What is played over `git http-backend` each time; the rest is with the real servers."""

OVER_HTTP = [
    pytest.param(
        host,
        scenario,
        id=f"{scenario.name}-{host}",
        marks=() if (host, scenario.name) in HERE else pytest.mark.servers,
    )
    for host, scenario in PLAYED
    if host == "github" or (host, scenario.name) in HERE
]


def play(host: Host, clock: Clock, scenario: Scenario) -> None:
    Play(World(host, clock)).play(scenario)


@pytest.mark.parametrize(("host", "scenario"), PLAYED, ids=[f"{scenario.name}-{host}" for host, scenario in PLAYED])
def test_a_scenario(host: str, scenario: Scenario, tmp_path: Path) -> None:
    clock = Clock()
    if host in HOSTS:
        play(HOSTS[host](tmp_path, clock), clock, scenario)
        return
    with on_fake(host, tmp_path, clock) as served:
        play(served, clock, scenario)


@pytest.mark.parametrize(("host", "scenario"), OVER_HTTP)
def test_a_scenario_over_http(host: str, scenario: Scenario, tmp_path: Path) -> None:
    clock = Clock()
    with on_fake(host, tmp_path, clock, http=True) as served:
        play(served, clock, scenario)


def test_every_scenario_is_played_somewhere_and_tells_something() -> None:
    assert {scenario.name for _, scenario in PLAYED} == {scenario.name for scenario in SCENARIOS}
    for scenario in SCENARIOS:
        assert scenario.title.endswith("."), scenario.name
        assert any(line.startswith("propose -> ") for _, line in scenario.lines), scenario.name


def test_every_forge_plays_nearly_all_of_them() -> None:
    for host in KINDS:
        left_out = {scenario.name for scenario in SCENARIOS if (host, scenario) not in PLAYED}
        special = {scenario.name for scenario in SCENARIOS if scenario.hosts or scenario.needs & {"queue"}}
        assert left_out <= special | {"branch-deleted", "branch-deleted-closes"}, host


def test_every_step_is_used() -> None:
    lines = [line for scenario in SCENARIOS for _, line in scenario.lines]

    unused = [pattern.pattern for pattern, _ in STEPS if not any(pattern.fullmatch(line) for line in lines)]

    assert unused == []
