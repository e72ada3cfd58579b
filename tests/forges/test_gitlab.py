from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gitops_upgrader import errors
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.protocol import MergeMethod, NewPull, People, Verdict
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.model import PullRequest, PullState
from tests.forges import worlds
from tests.forges.contract import BRANCH, ServerContract
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.loopback import Request
from tests.forges.mischief import Answer, between
from tests.forges.project import START


class TestContract(ServerContract):
    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        with worlds.gitlab() as world:
            yield world


@pytest.fixture
def world() -> Iterator[worlds.FakeWorld]:
    with worlds.gitlab() as world:
        yield world


def fake(world: worlds.FakeWorld) -> FakeGitLab:
    assert isinstance(world.fake, FakeGitLab)
    return world.fake


def opened(world: worlds.FakeWorld) -> PullRequest:
    return world.forge.create(NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH)))


def test_a_train_is_seen_and_left_alone(world: worlds.FakeWorld) -> None:
    made = opened(world)
    assert not world.forge.get(made.number).queued
    fake(world).trains = True
    assert not world.forge.get(made.number).queued
    pull = world.project.pulls[made.number]
    pull.queued, pull.auto_merge = True, "merge"
    assert world.forge.get(made.number).queued
    world.forge.disarm_auto_merge(made.number)
    assert pull.auto_merge == "merge"


def test_what_is_being_merged_is_still_open_and_queued(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        value = world.fake(Request("GET", f"{fake(world).path}/merge_requests/1", {}, authorised(world), None)).body
        mischief.expect(Answer(200, json.dumps({**value, "state": "locked"}).encode()))
        found = world.connect(mischief.url).get(made.number)
    assert (found.state, found.queued) == (PullState.OPEN, True)


def authorised(world: worlds.FakeWorld) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.token}"}


def test_gitlab_is_waited_for_until_it_has_looked(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    fake(world).looks = 3
    assert world.forge.arm_auto_merge(made.number, MergeMethod.SQUASH) is None
    assert world.time.slept == [1.0, 1.0, 1.0]
    assert world.project.pulls[made.number].auto_merge == "squash"


def test_gitlab_is_not_waited_for_for_ever(world: worlds.FakeWorld) -> None:
    made = opened(world)
    fake(world).looks = 100
    assert world.forge.arm_auto_merge(made.number, MergeMethod.SQUASH)
    assert len(world.time.slept) == 10


@pytest.mark.parametrize(
    ("settings", "method", "words"),
    [
        ({"merge_method": "merge"}, MergeMethod.REBASE, "merges with merge commits"),
        ({"squash_option": "never"}, MergeMethod.SQUASH, "forbids squashing"),
        ({"squash_option": "always"}, MergeMethod.MERGE, "always squashes"),
    ],
)
def test_a_method_that_the_project_does_not_have(
    world: worlds.FakeWorld, settings: dict[str, str], method: MergeMethod, words: str
) -> None:
    world.protect()
    made = opened(world)
    fake(world).settings |= settings
    assert words in (world.forge.arm_auto_merge(made.number, method) or "")
    assert not world.forge.get(made.number).auto_merge


def test_a_fast_forward_project_rebases(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    fake(world).settings["merge_method"] = "ff"
    assert world.forge.arm_auto_merge(made.number, MergeMethod.REBASE) is None


def test_what_is_closed_is_not_merged(world: worlds.FakeWorld) -> None:
    made = opened(world)
    world.close(made.number)
    assert world.forge.arm_auto_merge(made.number, MergeMethod.MERGE) == "it is closed"


def test_a_refusal_to_merge_is_told(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(405, b'{"message": "405 Method Not Allowed"}'), method="PUT")
        refusal = world.connect(mischief.url).arm_auto_merge(made.number, MergeMethod.MERGE)
    assert refusal is not None
    assert refusal.endswith("with 405: 405 Method Not Allowed")


def test_the_free_tier_has_one_assignee(world: worlds.FakeWorld) -> None:
    made = opened(world)
    fake(world).assignees = 1
    (note,) = world.forge.involve(made.number, People(assignees=("ada", "grace")))
    assert note == "GitLab took 1 of 2 assignees: its free tier has one"


def test_labels_that_are_refused_are_told(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(403, b'{"message": "403 Forbidden"}'), method="PUT")
        (note,) = world.connect(mischief.url).involve(made.number, People(labels=("new",)))
    assert note.startswith("GitLab refused the labels: ")


def test_a_pending_status_keeps_its_words(world: worlds.FakeWorld) -> None:
    made = opened(world)
    world.forge.set_verdict(made.head_commit, Verdict.PENDING, "Outside its window.")
    world.forge.set_verdict(made.head_commit, Verdict.PENDING, "Frozen.")
    assert world.verdicts(made.head_commit) == [("pending", "Outside its window.")]


def test_another_refusal_of_a_status_is_an_error(world: worlds.FakeWorld) -> None:
    with between(world.url) as mischief:
        mischief.expect(Answer(400, b'{"message": "name is too long"}'), method="POST")
        with pytest.raises(errors.ForgeRefused, match="name is too long"):
            world.connect(mischief.url).set_verdict("0" * 40, Verdict.PENDING, "Frozen.")


def test_a_branch_that_gitlab_has_not_seen_yet(world: worlds.FakeWorld) -> None:
    commit = world.branch(BRANCH)
    with between(world.url) as mischief:
        pull = world.project.open("Upgrade", "", BRANCH, "main")
        value = world.fake(Request("GET", f"{fake(world).path}/merge_requests/1", {}, authorised(world), None)).body
        mischief.expect(Answer(201, json.dumps({**value, "sha": None}).encode()), method="POST")
        made = world.connect(mischief.url).create(NewPull("Upgrade", "", BRANCH, "main", commit))
    assert (made.number, made.head_commit) == (pull.number, commit)


def test_a_server_that_names_itself_otherwise(world: worlds.FakeWorld) -> None:
    """Behind a tunnel, `Link` names the server's own address: pages are asked for where the first one was."""
    for at in range(5):
        world.branch(f"gitops-upgrader/a/{at}")
        world.project.open(str(at), "", f"gitops-upgrader/a/{at}", "main")
    fake(world).url = "https://gitlab.internal.example"
    assert len(world.forge.recent("gitops-upgrader/", START)) == 5


def test_pages() -> None:
    forge = open_forge("gitlab", Connection(Address("ssh", "gitlab.com", "g/s/p.git")))
    assert forge.branch_url("gitops-upgrader/a/b") == "https://gitlab.com/g/s/p/-/tree/gitops-upgrader/a/b"
    assert forge.file_url("abc", "a b.yaml", 3) == "https://gitlab.com/g/s/p/-/blob/abc/a%20b.yaml#L3"


@pytest.mark.parametrize(
    ("method", "button"), [("merge", None), ("rebase_merge", "Rebase"), ("ff", "Rebase")], ids=["merge", "semi", "ff"]
)
def test_how_a_project_merges_says_what_it_takes(world: worlds.FakeWorld, method: str, button: str | None) -> None:
    fake(world).settings["merge_method"] = method
    assert world.forge.update_button("main") == button


def test_a_title_of_the_longest_length_becomes_a_draft(world: worlds.FakeWorld) -> None:
    title = "Ü" * 255
    made = world.forge.create(NewPull(title, "Body", BRANCH, "main", world.branch(BRANCH)))
    assert made.title == title
    world.forge.set_draft(made.number, draft=True)
    now = world.forge.get(made.number)
    assert (now.draft, title.startswith(now.title)) == (True, True)
    assert world.forge.update(made.number, title=title, body="Body", head_commit=made.head_commit).draft
