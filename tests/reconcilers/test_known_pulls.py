"""What is known of pull requests between two looks: asked for once, noticed when changed, confirmed before acting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from gitops_upgrader.errors import PullRequestChanged
from gitops_upgrader.model import PullRequest
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.reconcilers.known_pulls import KnownPulls
from tests.forges import worlds
from tests.forges.project import START

PROD, TEST = Family("gitops-upgrader/fleet/prod"), Family("gitops-upgrader/fleet/test")


@dataclass
class Scene:
    """A forge, and how often it is asked."""

    world: worlds.FakeWorld
    known: KnownPulls = field(init=False)

    def __post_init__(self) -> None:
        self.known = KnownPulls(self.world.forge)

    def open(self, family: Family, generation: int = 1) -> int:
        branch = family.branch(generation)
        self.world.branch(branch)
        return self.world.project.open("Upgrade", "", branch, "main").number

    def look(self, since: datetime = START) -> None:
        self.known.surveyed(self.world.forge.recent("gitops-upgrader/", since))

    def states(self, family: Family, generation: int = 1) -> list[str]:
        return [pull.state.value for pull in self.known.find(family.branch(generation))]

    def asked(self) -> int:
        return len(self.world.server.exchanges)


@pytest.fixture(params=["github", "gitlab", "gitea"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    opened = {"github": worlds.github, "gitlab": worlds.gitlab, "gitea": worlds.fake_gitea}
    with opened[request.param]() as world:
        yield Scene(world)


def test_a_branch_is_asked_for_once(scene: Scene) -> None:
    scene.open(PROD)
    scene.look()
    assert (scene.states(PROD), scene.states(TEST)) == (["open"], [])
    before = scene.asked()

    assert (scene.states(PROD), scene.states(TEST)) == (["open"], [])
    assert scene.asked() == before


def test_a_look_tells_what_has_begun_and_what_has_ended(scene: Scene) -> None:
    number = scene.open(PROD)
    scene.look()
    assert (scene.states(PROD), scene.states(TEST)) == (["open"], [])

    scene.world.close(number)
    scene.open(TEST)
    assert (scene.states(PROD), scene.states(TEST)) == (["open"], [])
    scene.look()
    assert (scene.states(PROD), scene.states(TEST)) == (["closed"], ["open"])
    scene.world.reopen(number)
    scene.look()
    assert scene.states(PROD) == ["open"]
    scene.world.merge(number)
    scene.look()
    assert scene.states(PROD) == ["merged"]


def test_what_leaves_the_look_is_asked_for(scene: Scene) -> None:
    """It was open, and is too old to be among the young ones."""
    number = scene.open(PROD)
    later = scene.world.project.now().replace(year=2027)
    scene.look(later)
    assert scene.states(PROD) == ["open"]
    scene.world.close(number)
    scene.look(later)

    assert scene.states(PROD) == ["closed"]


def test_nothing_is_done_on_an_old_look(scene: Scene) -> None:
    number = scene.open(PROD)
    scene.look()
    assert (scene.states(PROD), scene.states(PROD, 2)) == (["open"], [])
    scene.known.confirm(TEST)
    scene.world.close(number)

    with pytest.raises(PullRequestChanged, match="fleet/prod"):
        scene.known.confirm(PROD)
    assert scene.states(PROD) == ["closed"]
    scene.known.confirm(PROD)


def test_a_successor_counts_as_well(scene: Scene) -> None:
    scene.world.close(scene.open(PROD))
    scene.look()
    assert (scene.states(PROD), scene.states(PROD, 2)) == (["closed"], [])
    scene.open(PROD, 2)

    with pytest.raises(PullRequestChanged, match="prod_2"):
        scene.known.confirm(PROD)


def test_what_is_about_to_be_done_makes_it_unknown(scene: Scene) -> None:
    number = scene.open(PROD)
    scene.look()
    assert scene.states(PROD) == ["open"]
    scene.known.confirm(PROD)
    scene.world.forge.close(number)

    assert scene.states(PROD) == ["closed"]


def test_an_equal_look_changes_nothing(scene: Scene) -> None:
    scene.open(PROD)
    scene.look()
    first: tuple[PullRequest, ...] = scene.known.find(PROD.first)
    scene.look()

    assert scene.known.find(PROD.first) is first
