"""Carrying out decisions: what scenarios and crashes do not show, mostly what others do in the meantime."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from gitops_upgrader.errors import LeaseLost, PushRefused
from gitops_upgrader.forges.protocol import Forge, MergeMethod, Verdict
from gitops_upgrader.forges.protocol import People as Involved
from gitops_upgrader.git import Repository
from gitops_upgrader.git.transport import RefUpdate
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls.apply import Applier
from gitops_upgrader.pulls.decision import REBUILD_LABEL, Create, Push, Seen, Update
from gitops_upgrader.pulls.identity import Family
from tests.pulls.dying import Fate
from tests.pulls.local_host import LocalHost
from tests.pulls.memory_host import MemoryHost
from tests.pulls.people import Clock
from tests.pulls.seen import V33, V34
from tests.pulls.world import FILE, World, cluster

BRANCH = "gitops-upgrader/fleet/prod"


@pytest.fixture
def host(tmp_path: Path) -> MemoryHost:
    return MemoryHost(tmp_path, Clock())


@pytest.fixture
def world(host: MemoryHost) -> World:
    made = World(host, host.people.clock)
    made.start("v1.33.5")
    made.offer("v1.34.1")
    return made


def test_a_reviewer_whom_the_forge_refuses_is_told_of_and_stops_nothing(world: World, host: MemoryHost) -> None:
    world.involved = Involved(reviewers=("ghost",))
    host.memory.refuses_people = ("ghost is no collaborator",)

    done = world.run()

    assert isinstance(done.decision, Create)
    assert host.comments(1) == ("The forge did not take all of it: ghost is no collaborator",)


def test_auto_merge_that_the_forge_refuses_is_told_of_once(world: World, host: MemoryHost) -> None:
    world.auto_merge = MergeMethod.REBASE
    host.memory.refuses_auto_merge = "auto-merge is switched off in the repository's settings"

    world.run()
    world.run()

    assert host.comments(1) == ("Auto-merge stays off: auto-merge is switched off in the repository's settings.",)
    assert not host.pull(1).auto_merge


def test_a_label_that_the_forge_keeps_asks_once_until_a_person_takes_it_off(world: World, host: MemoryHost) -> None:
    world.run()
    host.memory.refuses_labels = "the token may not set labels"
    reasons = []
    for labelled in (True, True, False, False, True):
        host.memory._change(1, labels=frozenset({REBUILD_LABEL} if labelled else ()))
        reasons.append(getattr(world.run().decision, "reason", None))

    assert reasons == ["RebuildRequested", "Current", "Resumed", "Current", "RebuildRequested"]
    (said,) = host.comments(1)
    assert said.startswith("Rebuilt, but the label gitops-upgrader/rebuild stays: the token may not set labels. ")


def test_people_are_asked_once_only(world: World, host: MemoryHost) -> None:
    world.involved = Involved(labels=("upgrade",))
    world.run()
    host.memory._change(1, labels=frozenset())
    world.offer("v1.34.2")

    world.run()

    assert host.pull(1).labels == frozenset()


def test_a_commit_has_its_status_before_the_pull_request_shows_it(world: World, host: MemoryHost) -> None:
    fate = Fate()
    world.wrap_forge, world.wrap_repository = fate.forge, fate.repository

    world.run()
    world.offer("v1.34.2")
    world.run()

    assert fate.effects == ["push", "set_verdict", "create", "push", "set_verdict", "update"]
    assert host.memory.verdicts[host.people.tip(BRANCH)][0] is Verdict.SUCCESS


def test_nothing_is_done_where_nothing_changed(world: World) -> None:
    world.run()
    fate = Fate()
    world.wrap_forge, world.wrap_repository = fate.forge, fate.repository

    world.run()

    assert fate.effects == []


class _Meanwhile:
    """Somebody acts between our look and our push."""

    def __init__(self, world: World, branch: str, files: dict[str, str | None]) -> None:
        self._world, self._branch, self._files = world, branch, files

    def __call__(self, repository: Repository) -> Repository:
        push = repository.push
        people = self._world.host.people

        def pushing(updates: list[RefUpdate]) -> None:
            if self._files is not None:
                parents = None if self._branch in people.branches() else (people.tip(),)
                people.commit(self._files, branch=self._branch, parents=parents)
            push(updates)

        repository.push = pushing  # type: ignore[method-assign,assignment]  # the race, made on purpose
        return repository


def test_a_push_of_a_person_in_between_loses_nothing(world: World, host: MemoryHost) -> None:
    world.run()
    world.offer("v1.34.2")
    world.wrap_repository = _Meanwhile(world, BRANCH, {"NOTES.md": "Checked.\n"})

    with pytest.raises(LeaseLost, match="Nothing was overwritten"):
        world.run()

    assert host.people.read(BRANCH, "NOTES.md") == "Checked.\n"
    assert "v1.34.1" in host.pull(1).title


def test_a_branch_that_a_person_makes_in_between_is_theirs(world: World, host: MemoryHost) -> None:
    world.wrap_repository = _Meanwhile(world, BRANCH, {"NOTES.md": "Mine.\n"})

    with pytest.raises(LeaseLost):
        world.run()

    assert host.pulls() == ()
    assert host.people.read(BRANCH, "NOTES.md") == "Mine.\n"


def test_a_person_who_pushes_while_we_close_keeps_their_branch(world: World, host: MemoryHost) -> None:
    world.run()
    world.plan = None
    world.wrap_repository = _Meanwhile(world, BRANCH, {"NOTES.md": "Mine.\n"})

    world.run()

    assert host.pull(1).state is PullState.CLOSED
    assert host.people.read(BRANCH, "NOTES.md") == "Mine.\n"


def test_a_pull_request_that_is_merged_while_we_close_it_stays_merged(world: World, host: MemoryHost) -> None:
    world.run()
    world.plan = None

    class Merging:
        """A forge on which somebody presses "merge" while we look at our pull request once more."""

        def __init__(self, inner: Forge) -> None:
            self._inner = inner

        def get(self, number: int) -> object:
            host.merged(number, host.people.merge(BRANCH))
            return self._inner.get(number)

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    world.wrap_forge = Merging  # type: ignore[assignment]  # a forge, but for the type checker

    world.run()

    assert host.pull(1).state is PullState.MERGED
    assert host.comments(1) == ()


def test_a_hook_that_refuses_is_an_error_and_nothing_is_opened(tmp_path: Path) -> None:
    host = LocalHost(tmp_path, Clock())
    world = World(host, host.people.clock)
    world.start("v1.33.5")
    world.offer("v1.34.1")
    hook = host.people.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no upgrades on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(PushRefused, match="no upgrades on Fridays"):
        world.run()

    assert host.pulls() == ()
    assert set(host.people.branches()) == {"main"}


def test_a_draft_is_opened_as_one(world: World, host: MemoryHost) -> None:
    request = world.request()
    world.request = lambda: replace(request, wording=replace(request.wording, draft=True))  # type: ignore[method-assign]

    world.run()

    assert host.pull(1).draft


def test_nothing_but_the_two_places_changes(world: World, host: MemoryHost) -> None:
    world.run()
    before, after = host.people.files("main"), host.people.files(BRANCH)

    assert after == before | {FILE: before[FILE].replace("v1.33.5", "v1.34.1")}


@pytest.mark.parametrize("name", [b"\xff prod.yaml", "Übergang 🚀 #1?.yaml".encode(), b"a\nb`|.yaml"])
def test_a_file_may_have_any_name_that_git_takes(name: bytes, tmp_path: Path) -> None:
    host = LocalHost(tmp_path, Clock())
    repository = host.people.repository
    blob = repository.create_blob(cluster("v1.33.5").encode())
    tree = repository.write(ObjectType.TREE, b"100644 " + name + b"\0" + blob.raw)
    ann = host.people._signature("Ann")
    repository.create_commit("refs/heads/main", ann, ann, "Start", tree, [])
    world = World(host, host.people.clock)
    world.offer("v1.34.1")

    done = world.run()

    assert isinstance(done.decision, Create)
    made = host.people.repository[host.people.tip(BRANCH)].peel(pygit2.Tree)
    assert [entry.raw_name for entry in made] == [name]
    assert made[0].data == cluster("v1.34.1").encode()  # type: ignore[union-attr]  # a blob, as it was
    assert "| `version` | `v1.33.5` | `v1.34.1` |" in host.pull(1).body


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (Create("Proposed", "x", BRANCH, None), "nothing is wanted"),
        (Update("Rebased", "x", BRANCH, Push(BRANCH, None), None), "nothing is wanted"),
    ],
)
def test_a_change_without_a_wish_is_a_bug(decision: Create | Update, words: str, host: MemoryHost) -> None:
    host.people.commit({FILE: "x"})
    with Repository.open(host.location()) as repository:
        applier = Applier(repository, host.forge(), Seen(Family(BRANCH), V33, V34))

        with pytest.raises(AssertionError, match=words):
            applier.apply(decision)
