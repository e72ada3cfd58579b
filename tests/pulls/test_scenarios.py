"""The same scenarios on every host: `scenarios/*.txt`, each a story of people and the program around one cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pulls.hosts import BareHost, Host, LocalHost, MemoryHost
from tests.pulls.people import Clock
from tests.pulls.scenario import STEPS, Play, Scenario, all_scenarios
from tests.pulls.world import World

HOSTS: dict[str, Callable[[Path, Clock], Host]] = {"local": LocalHost, "memory": MemoryHost, "none": BareHost}
GIVES = {"local": LocalHost.gives, "memory": MemoryHost.gives, "none": BareHost.gives}
SCENARIOS = all_scenarios()
PLAYED = [(host, scenario) for scenario in SCENARIOS for host in HOSTS if scenario.runs_on(host, GIVES[host])]


@pytest.mark.parametrize(("host", "scenario"), PLAYED, ids=[f"{scenario.name}-{host}" for host, scenario in PLAYED])
def test_a_scenario(host: str, scenario: Scenario, tmp_path: Path) -> None:
    clock = Clock()

    Play(World(HOSTS[host](tmp_path, clock), clock)).play(scenario)


def test_every_scenario_is_played_somewhere_and_tells_something() -> None:
    assert {scenario.name for _, scenario in PLAYED} == {scenario.name for scenario in SCENARIOS}
    for scenario in SCENARIOS:
        assert scenario.title.endswith("."), scenario.name
        assert any(line.startswith("propose -> ") for _, line in scenario.lines), scenario.name


def test_every_step_is_used() -> None:
    lines = [line for scenario in SCENARIOS for _, line in scenario.lines]

    unused = [pattern.pattern for pattern, _ in STEPS if not any(pattern.fullmatch(line) for line in lines)]

    assert unused == []
