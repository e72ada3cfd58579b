"""Stories that nobody thought of: people and the program act in any order, and what must hold always does.

Each story is told by a number, so that it can be told again; a failure shows the story in the scenarios' own words.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.model import PullRequest, PullState
from gitops_upgrader.pulls.decision import Hold, Leave
from tests.pulls.host import Host
from tests.pulls.hosts import HOSTS
from tests.pulls.people import Clock
from tests.pulls.play import Play
from tests.pulls.world import World, told

STEPS = 30
HERE = {"local": range(5), "memory": range(8)}
WITH_SERVERS = {"local": range(5, 40), "memory": range(8, 60)}
"""Hosts with the numbers of their stories; the longer lists are told where there is time for real servers too."""

STORIES = [
    pytest.param(host, number, marks=marks)
    for stories, marks in ((HERE, ()), (WITH_SERVERS, pytest.mark.servers))
    for host, numbers in stories.items()
    for number in numbers
]
NOT_POSSIBLE = ("does not merge into", "there is no box")
"""What a person is told who wants something that cannot be done now."""


def possibilities(host: Host, chance: random.Random) -> list[str]:
    """What could happen next, in the words of the scenarios."""
    pulls, branches = host.pulls(), host.people.branches()
    opened = [pull for pull in pulls if pull.state is PullState.OPEN]
    found = [
        "main moves on",
        "main moves on, in the same lines",
        "main moves on, in the same file",
        "drafts are wanted",
        "drafts are not wanted",
        "the plan finds nothing",
        "the plan cannot be read",
        "the plan can be read again",
        "the upgrader is paused",
        "the upgrader is resumed",
        f"the plan targets v1.34.{chance.randint(1, 9)}",
        f"the plan targets v1.35.{chance.randint(1, 3)} by way of v1.34.9",
        f'the retry annotation is set to "{chance.randint(1, 3)}"',
    ]
    found += ["Ann branches release off main"] if "release" not in branches else []
    for pull in opened:
        found += _with_an_open_one(pull, host, chance)
    if not opened:
        found += [f"Ann reopens #{pull.number}" for pull in pulls if pull.state is PullState.CLOSED]
    return found


def _with_an_open_one(pull: PullRequest, host: Host, chance: random.Random) -> Iterator[str]:
    number, branches = f"#{pull.number}", host.people.branches()
    yield from (
        f"Ann closes {number}",
        f"Ann wipes the body of {number}",
        f"Ann ticks the rebuild box of {number}",
        f"Ann labels {number} gitops-upgrader/rebuild",
        f"Ann marks {number} as {chance.choice(['ready for review', 'a draft'])}",
        f'Ann titles {number} "Title {chance.randint(1, 9)}"',
        f'Ann writes "Please wait." {chance.choice(["above", "below"])} the body of {number}',
    )
    if "approvals" in host.gives:
        yield f"Ann approves {number}"
    if "release" in branches:
        yield f"Ann points {number} at {chance.choice(['release', 'main'])}"
    if pull.head in branches:
        yield from (f"Ann {what} {number}" for what in ("pushes to", "amends", "merges main into"))
        yield from (f"the forge {what} {number}" for what in ("merges main into", "rebases"))
        yield f"the branch of {number} is deleted"
    if pull.head in branches and pull.base == "main":
        yield f"Ann {chance.choice(['merges', 'squashes'])} {number}"


@pytest.mark.parametrize(("host", "number"), STORIES)
def test_whatever_happens(host: str, number: int, tmp_path: Path) -> None:
    chance, clock = random.Random(f"{host} {number}"), Clock()
    play = Play(World(HOSTS[host](tmp_path, clock), clock))
    story = ["prod is at v1.33.5", "the plan targets v1.34.1"]
    for line in story:
        play.do(line)
    try:
        for _ in range(STEPS):
            if chance.random() < 0.45:
                come_to_rest(play, story)
            else:
                story.append(chance.choice(possibilities(play.world.host, chance)))
                do_if_possible(play, story)
    except AssertionError as failure:
        raise AssertionError("\n".join([*story, str(failure)])) from failure


def come_to_rest(play: Play, story: list[str]) -> None:
    """Run until nothing is left to do; `Play` checks around each run what must hold always."""
    for _ in range(4):
        story.append("propose")
        done = play.propose()
        story[-1] += f" -> {told(done)}"
        if isinstance(done.decision, Leave | Hold):
            return
    raise AssertionError("it never comes to rest")


def do_if_possible(play: Play, story: list[str]) -> None:
    """Do the last line of a story, and strike it where it cannot be done now."""
    try:
        play.do(story[-1])
    except AssertionError as failure:
        if not any(words in str(failure) for words in NOT_POSSIBLE):
            raise
        story.pop()
