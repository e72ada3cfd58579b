"""The process may die before or after every single effect; the next runs end where an undisturbed one ends.

A chapter is a moment in a proposal's life, told in the scenarios' words. Its effects are counted in an undisturbed
run, and then the same run is killed at each of them, before and after: an effect that somebody adds is covered by
itself.
"""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gitops_upgrader.forges.protocol import Verdict
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.decision import Hold, Leave
from tests.forges.project import Project
from tests.pulls.dying import Death, Fate
from tests.pulls.forge_hosts import KINDS, ForgeHost, on_fake
from tests.pulls.host import Host
from tests.pulls.hosts import HOSTS
from tests.pulls.memory_host import MemoryHost
from tests.pulls.people import Clock
from tests.pulls.play import Play
from tests.pulls.world import PREFIX, World


@dataclass(frozen=True)
class Chapter:
    """What happened until now, on which hosts it can be told, and what has to have happened by the end."""

    story: str
    hosts: tuple[str, ...] = ("local", "memory")
    least: int = 1
    """How many effects there are at least: a chapter that has none tests nothing."""


PROPOSED = "prod is at v1.33.5\nthe plan targets v1.34.1\npropose -> create #1, Proposed\n"
BARE = "prod is at v1.33.5\nthe plan targets v1.34.1\npropose -> create, Proposed\n"
ANN = "prod is at v1.33.5\nthe plan targets v1.34.1\npropose -> create #1, Proposed\nAnn pushes to #1\n"

CHAPTERS: dict[str, Chapter] = {
    "create": Chapter("prod is at v1.33.5\nthe plan targets v1.34.1", least=3),
    "create with labels": Chapter(
        "prod is at v1.33.5\nthe forge shall label it as upgrade\nthe plan targets v1.34.1", least=4
    ),
    "create with auto-merge": Chapter(
        "prod is at v1.33.5\nthe forge shall merge it\nthe plan targets v1.34.1", least=4
    ),
    "create the successor of a refused one": Chapter(f"{PROPOSED}Ann closes #1\nthe plan targets v1.34.2", least=3),
    "supersede": Chapter(f"{PROPOSED}the plan targets v1.34.2", least=3),
    "rebase over a conflict": Chapter(f"{PROPOSED}main moves on, in the same lines", least=3),
    "rebuild as asked for": Chapter(f"{PROPOSED}main moves on\nAnn ticks the rebuild box of #1", least=3),
    "rebuild as labelled": Chapter(f"{PROPOSED}main moves on\nAnn labels #1 gitops-upgrader/rebuild", least=4),
    "make a deleted branch anew": Chapter(f"{PROPOSED}the branch of #1 is deleted", least=3),
    "take up an updated branch": Chapter(f"{PROPOSED}main moves on\nthe forge merges main into #1", least=1),
    "reset the branch left over from a merge": Chapter(f"{PROPOSED}Ann squashes #1\nthe plan targets v1.35.0", least=3),
    "notice a merge": Chapter(f"{PROPOSED}Ann merges #1", hosts=("local",)),
    "close what is obsolete": Chapter(
        f"{PROPOSED}the plan targets v1.35.0 by way of v1.34.2\nAnn sets prod to v1.34.2 on main",
        hosts=("memory",),
        least=4,
    ),
    "close what is withdrawn": Chapter(f"{PROPOSED}the plan finds nothing", least=4),
    "close what is lowered, and propose the lower one": Chapter(
        "prod is at v1.33.5\nthe plan targets v1.34.2\npropose -> create #1, Proposed\nthe plan targets v1.34.1",
        least=7,
    ),
    "close what a deleted upgrader proposed": Chapter(f"{PROPOSED}the upgrader is deleted", least=4),
    "take up what a person reopened": Chapter(
        f"{PROPOSED}the plan finds nothing\npropose -> close #1, Withdrawn\nthe plan targets v1.34.1\nAnn reopens #1",
        least=3,
    ),
    "take up what a person reopened with its branch": Chapter(
        f"{PROPOSED}the plan finds nothing\npropose -> close #1, Withdrawn\nthe plan targets v1.34.1\n"
        "Ann restores the branch of #1\nAnn reopens #1",
    ),
    "disarm and wait": Chapter(
        "prod is at v1.33.5\na hop waits 24 hours after the last merge\nthe forge shall merge it\n"
        "the plan targets v1.34.2\npropose -> create #1, Proposed\nAnn merges #1\n25 hours pass\n"
        "the plan targets v1.35.0\npropose -> create #2, Proposed\na hop waits 48 hours after the last merge",
        hosts=("memory",),
        least=3,
    ),
    "arm again when the wait is over": Chapter(
        "prod is at v1.33.5\na hop waits 24 hours after the last merge\nthe forge shall merge it\n"
        "the plan targets v1.34.2\npropose -> create #1, Proposed\nAnn merges #1\n25 hours pass\n"
        "the plan targets v1.35.0\npropose -> create #2, Proposed\na hop waits 48 hours after the last merge\n"
        "propose -> leave #2, HopInterval\n25 hours pass",
        hosts=("memory",),
        least=3,
    ),
    "leave what is approved": Chapter(
        "prod is at v1.33.5\nthe forge shall merge it\nthe plan targets v1.34.1\npropose -> create #1, Proposed\n"
        "Ann approves #1\nthe plan targets v1.34.2",
        hosts=("memory",),
        least=2,
    ),
    "supersede what somebody wiped": Chapter(f"{PROPOSED}Ann wipes the body of #1\nthe plan targets v1.34.2", least=4),
    "make it a draft": Chapter(f"{PROPOSED}drafts are wanted", least=3),
    "make it ready for review, and supersede it": Chapter(
        f"drafts are wanted\n{PROPOSED}drafts are not wanted\nthe plan targets v1.34.2", least=5
    ),
    "arm what a person marked as ready": Chapter(
        f"drafts are wanted\nthe forge shall merge it\n{PROPOSED}Ann marks #1 as ready for review", ("memory",), least=3
    ),
    "close what goes to another base": Chapter(
        f"{PROPOSED}Ann branches release off main\nchanges are proposed to release", least=4
    ),
    "leave what a person pointed elsewhere": Chapter(
        f"{PROPOSED}Ann branches release off main\nAnn points #1 at release"
    ),
    "leave a person's work": Chapter(f"{ANN}the plan targets v1.34.2"),
    "leave a person's work to a deleted upgrader": Chapter(f"{ANN}the upgrader is deleted"),
    "branch: create": Chapter("prod is at v1.33.5\nthe plan targets v1.34.1", hosts=("none",)),
    "branch: supersede": Chapter(f"{BARE}the plan targets v1.34.2", hosts=("none",)),
    "branch: rebase": Chapter(f"{BARE}main moves on, in the same lines", hosts=("none",)),
    "branch: next hop": Chapter(f"{BARE}Ann squashes the branch\nthe plan targets v1.35.0", hosts=("none",)),
    "branch: withdraw": Chapter(f"{BARE}the plan finds nothing", hosts=("none",)),
    "branch: remove": Chapter(f"{BARE}the upgrader is deleted", hosts=("none",)),
}
TOLD = [(name, host) for name, chapter in CHAPTERS.items() for host in chapter.hosts]

NEEDS_NO_BRANCH = {"make a deleted branch anew"}
"""Where a pull request is closed with its branch, there is nothing to make it for."""

REOPENS_WITHOUT = {"take up what a person reopened"}
"""No forge reopens a pull request whose branch is gone."""

QUICK = {
    "github": {"create with labels", "supersede", "rebuild as labelled", "leave what is approved", "make it a draft"},
    "gitlab": {"create with auto-merge", "close what is withdrawn"},
    "gitea": {"create with labels", "make it a draft"},
}
ON_FORGES = [
    pytest.param(host, name, id=f"{name}-{host}", marks=() if name in QUICK[host] else pytest.mark.servers)
    for name, chapter in CHAPTERS.items()
    for host, (_, gives) in KINDS.items()
    if "memory" in chapter.hosts
    and name not in REOPENS_WITHOUT
    and ("branch-stays-open" in gives or name not in NEEDS_NO_BRANCH)
]


class Stage:
    """A chapter's beginning, to which everything can be brought back: files, forge, clock."""

    def __init__(self, chapter: Chapter, host: Host, clock: Clock, live: Path) -> None:
        self._live, self._kept = live, live.with_name("kept")
        self._clock = clock
        self._world = World(host, clock)
        tell(chapter, self._world)
        shutil.copytree(self._live, self._kept, symlinks=True)
        self._known = host.keep() if isinstance(host, ForgeHost) else None
        self._now = clock.now

    def world(self, fate: Fate) -> World:
        """The beginning once more, with a fate."""
        shutil.rmtree(self._live)
        shutil.copytree(self._kept, self._live, symlinks=True)
        self._clock.now = self._now
        host = copy.copy(self._world.host)
        if isinstance(host, ForgeHost) and self._known:
            return self._on_forge(self._known, fate)
        if isinstance(host, MemoryHost):
            host.memory = copy.copy(host.memory)
            host.memory.kept = {number: copy.copy(kept) for number, kept in host.memory.kept.items()}
            for kept in host.memory.kept.values():
                kept.comments = dict(kept.comments)
            host.memory.verdicts = dict(host.memory.verdicts)
            host.memory.start_at(max(host.memory.kept, default=0) + 1)
        return replace(
            self._world, host=host, wrap_forge=fate.forge, wrap_repository=fate.repository, limits=self._world.limits
        )

    def _on_forge(self, known: Project, fate: Fate) -> World:
        """There every request that changes something is an effect of its own."""
        host = self._world.host
        assert isinstance(host, ForgeHost)
        host.restore(known)
        host.fate = fate
        return replace(self._world, wrap_repository=fate.repository)


def stage(name: str, host: str, folder: Path) -> Stage:
    """A chapter's beginning on a host that needs no server."""
    live, clock = folder / "live", Clock()
    live.mkdir()
    return Stage(CHAPTERS[name], HOSTS[host](live, clock), clock, live)


def tell(chapter: Chapter, world: World) -> None:
    """Let everything happen that happened until now."""
    play = Play(world)
    for line in chapter.story.splitlines():
        play.do(line)


def settle(world: World) -> None:
    """Run until nothing is left to do; a run that always finds something is a bug."""
    for _ in range(4):
        if isinstance(world.run().decision, Leave | Hold):
            return
    raise AssertionError("it never comes to rest")


def outcome(world: World) -> object:
    """Everything that a person could see in the end; commits are told by what is in them."""
    host, people = world.host, world.host.people
    branches = people.branches()
    named = {name: _content(world, oid) for name, oid in branches.items()}
    pulls = []
    for pull in host.pulls():
        marker = markers.read(pull.body)
        assert marker is not None
        if pull.state is PullState.OPEN and not _theirs(world):
            assert marker.head == pull.head_commit == branches[pull.head], "marker, forge and branch disagree"
        pulls.append(
            (
                pull.number,
                pull.state,
                pull.title,
                pull.head,
                pull.base,
                pull.labels,
                pull.draft,
                pull.auto_merge,
                host.comments(pull.number),
                _verdicts(world, pull.number, pull.head_commit),
                _without_ids(pull.body, branches),
                replace(marker, head="", patch=None),
            )
        )
    return named, pulls


def _content(world: World, oid: str) -> object:
    people = world.host.people
    base = set(people.history("main"))
    own = [commit for commit in people.reachable(oid) if commit not in base]
    return people.files(oid), [people.author(commit) for commit in own]


def _verdicts(world: World, number: int, head: str) -> object:
    return world.host.verdict(number, head)


def _without_ids(body: str, branches: dict[str, str]) -> str:
    found = markers.read(body)
    assert found is not None
    text = body.replace(found.head, "HEAD")
    if found.patch:
        text = text.replace(found.patch.base, "BASE").replace(found.patch.tree, "TREE")
    for oid in branches.values():
        text = text.replace(oid, "OID")
    return text


@pytest.mark.parametrize(("name", "host"), TOLD, ids=[f"{name}-{host}" for name, host in TOLD])
def test_a_death_at_any_effect_changes_nothing_in_the_end(name: str, host: str, tmp_path: Path) -> None:
    die_at_every_effect(CHAPTERS[name], stage(name, host, tmp_path), (True, False))


@pytest.mark.parametrize(("forge", "name"), ON_FORGES)
def test_a_death_after_any_request_to_a_forge_changes_nothing_in_the_end(forge: str, name: str, tmp_path: Path) -> None:
    live, clock = tmp_path / "live", Clock()
    live.mkdir()
    with on_fake(forge, live, clock) as host:
        die_at_every_effect(CHAPTERS[name], Stage(CHAPTERS[name], host, clock, live), (False,))


def die_at_every_effect(chapter: Chapter, stage: Stage, moments: tuple[bool, ...]) -> None:
    """Compare the end of every disturbed life with that of an undisturbed one; `moments`: before effects, and after."""
    undisturbed = Fate()
    world = stage.world(undisturbed)
    world.run()
    count = len(undisturbed.effects)
    settle(world)
    expected = outcome(world)
    theirs = _theirs(world)
    assert count >= chapter.least, undisturbed.effects

    for number in range(1, count + 1):
        for before in moments:
            fate = Fate(number, before)
            world = stage.world(fate)
            with pytest.raises(Death) as death:
                world.run()
            fate.at = None

            settle(world)

            assert outcome(world) == expected, str(death.value)
            assert _theirs(world) == theirs, str(death.value)
            opened = [pull for pull in world.host.pulls() if pull.state is PullState.OPEN]
            assert len(opened) <= 1


def _theirs(world: World) -> set[str]:
    """People's commits that some branch still has."""
    people = world.host.people
    return set(people.theirs) & set(people.reachable(*people.branches().values()))


@pytest.mark.parametrize("name", ["create with labels", "supersede", "close what is withdrawn"])
def test_a_second_death_on_the_way_back_changes_nothing_either(name: str, tmp_path: Path) -> None:
    beginning = stage(name, "local", tmp_path)
    undisturbed = Fate()
    world = beginning.world(undisturbed)
    settle(world)
    expected = outcome(world)

    for first in range(1, len(undisturbed.effects) + 1):
        second = 0
        while True:
            second += 1
            fate = Fate(first, before=False)
            world = beginning.world(fate)
            with pytest.raises(Death):
                settle(world)
            fate.at = first + second
            try:
                settle(world)
            except Death:
                fate.at = None
                settle(world)
                assert outcome(world) == expected, f"deaths after effects {first} and {first + second}"
            else:
                assert outcome(world) == expected, f"a death after effect {first}"
                break


def test_an_effect_that_nobody_counted_is_counted(tmp_path: Path) -> None:
    """Whatever a forge can do is an effect unless it is known to be a question."""
    fate = Fate()
    wrapped = fate.forge(MemoryHost(tmp_path, Clock()).forge())

    wrapped.find(f"{PREFIX}fleet/prod")
    wrapped.set_verdict("a" * 40, Verdict.SUCCESS, "")

    assert fate.effects == ["set_verdict"]
