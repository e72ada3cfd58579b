from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from gitops_upgrader import errors
from gitops_upgrader.forges import gitea_records
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import Token
from gitops_upgrader.forges.gitea_records import Event, Review, User
from gitops_upgrader.forges.protocol import MergeMethod, NewPull, People, Verdict
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.model import PullRequest, PullState
from tests.forges import worlds
from tests.forges.contract import BRANCH, ServerContract
from tests.forges.fake_gitea import FakeGitea
from tests.forges.mischief import Answer, between
from tests.servers.gitea import GiteaServer
from tests.servers.kubernetes import until


class TestContract(ServerContract):
    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        with worlds.fake_gitea() as world:
            yield world


@pytest.mark.servers
class TestRealServer(ServerContract):
    @pytest.fixture
    def world(self, gitea: GiteaServer) -> worlds.GiteaWorld:
        return worlds.gitea(gitea.repository())


@pytest.fixture
def world() -> Iterator[worlds.FakeWorld]:
    with worlds.fake_gitea() as world:
        yield world


def fake(world: worlds.FakeWorld) -> FakeGitea:
    assert isinstance(world.fake, FakeGitea)
    return world.fake


def opened(world: worlds.FakeWorld, branch: str = BRANCH) -> PullRequest:
    return world.forge.create(NewPull("Upgrade", "Body", branch, "main", world.branch(branch)))


def test_a_long_history_is_read_once(world: worlds.FakeWorld) -> None:
    for at in range(20):
        world.branch(f"people/{at}")
        world.close(world.project.open(str(at), "", f"people/{at}", "main").number)
    opened(world)
    world.forge.find(BRANCH)
    before = len(world.server.asked("GET", "/pulls"))
    assert before >= 7
    world.close(world.project.open("Late", "", "people/3", "main").number)
    assert [pull.title for pull in world.forge.find("people/3")] == ["Late", "3"]
    # one page of what changed since
    assert len(world.server.asked("GET", "/pulls")) == before + 1


def test_where_nothing_changed_one_request_tells_all(world: worlds.FakeWorld) -> None:
    """Approvals and the like are in no list; they are read once for each change of a pull request."""
    made = [opened(world, f"gitops-upgrader/fleet/c{at}") for at in range(3)]
    looked = world.forge.recent("gitops-upgrader/", made[0].created_at)
    before = len(world.server.exchanges)

    assert world.forge.recent("gitops-upgrader/", made[0].created_at) == looked
    assert [one.request.path for one in world.server.exchanges[before:]] == ["/api/v1/repos/acme/fleet/pulls"]

    world.review(made[1].number, approve=True)
    assert [pull.approved for pull in world.forge.recent("gitops-upgrader/", made[0].created_at)] == [
        False,
        True,
        False,
    ]


def test_a_change_that_is_young_is_looked_at_again(world: worlds.FakeWorld) -> None:
    """Times of change are in seconds: another change may follow in the same one."""
    made = opened(world)
    world.project.pulls[made.number].updated_at = datetime.now(UTC) + timedelta(minutes=1)
    assert not world.forge.find(BRANCH)[0].approved
    world.project.pulls[made.number].reviews.append((world.person, "APPROVED"))

    assert world.forge.find(BRANCH)[0].approved


def test_what_was_told_lately_is_not_asked_for_unless_something_was_written(world: worlds.FakeWorld) -> None:
    opened(world)
    (found,) = world.forge.find(BRANCH)
    world.close(found.number)
    before = len(world.server.exchanges)

    assert world.forge.find(BRANCH, anew=False) == (found,)
    assert world.forge.find("gitops-upgrader/other", anew=False) == ()
    assert len(world.server.exchanges) == before

    world.forge.comment(found.number, "key", "Text")
    assert [pull.state for pull in world.forge.find(BRANCH, anew=False)] == [PullState.CLOSED]


@pytest.mark.servers
def test_one_that_was_deleted_is_gone(gitea: GiteaServer) -> None:
    world = worlds.gitea(gitea.repository())
    made = world.forge.create(NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH)))
    assert [pull.number for pull in world.forge.find(BRANCH)] == [made.number]
    world.repository.api("DELETE", f"/issues/{made.number}")

    assert world.forge.find(BRANCH) == ()


def test_who_ended_it_is_looked_up_once(world: worlds.FakeWorld) -> None:
    first = opened(world)
    world.close(first.number)
    second = opened(world)
    world.merge(second.number)
    found = world.forge.find(BRANCH)
    assert [(pull.merged_by, pull.closed_by) for pull in found] == [("ada", None), (None, "ada")]
    before = len(world.server.exchanges)
    assert world.forge.find(BRANCH) == found
    assert {one.request.path.rpartition("/")[2] for one in world.server.exchanges[before:]} == {"pulls"}


def test_gitea_is_waited_for_until_it_has_looked(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    fake(world).busy = 3
    assert world.forge.arm_auto_merge(made.number, MergeMethod.SQUASH) is None
    assert world.time.slept == [1.0, 1.0, 1.0]


def test_gitea_is_not_waited_for_for_ever(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    fake(world).busy = 100
    assert "try again later" in (world.forge.arm_auto_merge(made.number, MergeMethod.SQUASH) or "")
    assert len(world.time.slept) == 9


def test_a_method_that_the_repository_does_not_have(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    assert "rebase is not allowed" in (world.forge.arm_auto_merge(made.number, MergeMethod.REBASE) or "")


def test_what_is_not_open_is_not_merged(world: worlds.FakeWorld) -> None:
    first = opened(world)
    world.close(first.number)
    assert world.forge.arm_auto_merge(first.number, MergeMethod.MERGE) == "it is closed"
    second = opened(world)
    world.merge(second.number)
    assert world.forge.arm_auto_merge(second.number, MergeMethod.MERGE) == "it is merged"


def test_nothing_to_disarm(world: worlds.FakeWorld) -> None:
    world.forge.disarm_auto_merge(opened(world).number)
    with pytest.raises(errors.ForgeNotFound):
        world.forge.disarm_auto_merge(4711)


def test_labels_of_the_organisation_are_taken(world: worlds.FakeWorld) -> None:
    made = opened(world)
    fake(world).owner_labels = ["kubernetes"]
    assert world.forge.involve(made.number, People(labels=("kubernetes", "new"))) == ()
    assert world.forge.get(made.number).labels == {"kubernetes", "new"}
    assert "kubernetes" not in world.project.labels


def test_labels_that_are_refused_are_told(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(403), method="POST", path="/labels")
        (note,) = world.connect(mischief.url).involve(made.number, People(labels=("new",)))
    assert note.startswith("Gitea refused the label new: ")


def test_a_team_is_asked(world: worlds.FakeWorld) -> None:
    made = opened(world)
    notes = world.forge.involve(made.number, People(team_reviewers=("acme/platform", "acme/nobody")))
    assert notes == ("Gitea did not ask the team nobody for a review",)
    assert world.project.pulls[made.number].teams == ["platform"]


def test_another_conflict_is_one(world: worlds.FakeWorld) -> None:
    with between(world.url) as mischief:
        mischief.expect(Answer(409, b'{"message": "the head is out of date"}'), method="POST")
        with pytest.raises(errors.ForgeConflict, match="out of date"):
            world.connect(mischief.url).create(NewPull("T", "B", BRANCH, "main", world.branch(BRANCH)))


ADA, GRACE = User(login="ada"), User(login="grace")


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([], False),
        ([Review(id=1, user=ADA, state="APPROVED")], True),
        ([Review(id=1, user=ADA, state="APPROVED", dismissed=True)], False),
        ([Review(id=2, user=ADA, state="APPROVED"), Review(id=1, user=ADA, state="REQUEST_CHANGES")], True),
        ([Review(id=1, user=ADA, state="APPROVED"), Review(id=2, user=ADA, state="COMMENT")], True),
        ([Review(id=1, user=ADA, state="APPROVED"), Review(id=2, user=GRACE, state="REQUEST_CHANGES")], False),
        ([Review(id=1, user=None, state="REQUEST_REVIEW")], False),
    ],
)
def test_approved(reviews: list[Review], expected: bool) -> None:
    assert gitea_records.approved(reviews) is expected


def test_what_happened() -> None:
    kinds = ("close", "reopen", "pull_scheduled_merge", "pull_cancel_scheduled_merge", "pull_scheduled_merge", "label")
    events = [Event(type=kind, user=ADA) for kind in kinds]
    assert [gitea_records.scheduled(events[:at]) for at in range(7)] == [False, False, False, True, False, True, True]
    assert gitea_records.closer([*events, Event(type="close", user=GRACE), Event(type="close")]) == "grace"


def test_pages() -> None:
    forge = open_forge("gitea", Connection(Address("ssh", "codeberg.org", "acme/fleet.git")))
    assert forge.branch_url("gitops-upgrader/a/b") == "https://codeberg.org/acme/fleet/src/branch/gitops-upgrader/a/b"
    assert forge.file_url("abc", "a b.yaml", 3) == "https://codeberg.org/acme/fleet/src/commit/abc/a%20b.yaml#L3"


@pytest.mark.servers
def test_the_documented_scopes_are_enough(gitea: GiteaServer) -> None:
    """As docs/forges.md has it: a collaborator with Write, and a token with two scopes."""
    world = worlds.gitea(gitea.repository())
    scopes = ["write:repository", "write:issue"]
    answer = requests.post(
        f"{gitea.url}/api/v1/users/{gitea.person.login}/tokens",
        json={"name": world.repository.name, "scopes": scopes},
        auth=(gitea.person.login, gitea.person.password),
        timeout=30,
    )
    credential = Token(answer.json()["sha1"])
    address = worlds.address_of(gitea.url, world.repository.path)
    forge = open_forge("gitea", Connection(address, None, credential, worlds.RealTime().settings()))
    made = forge.create(NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH), draft=True))
    assert forge.involve(made.number, People(labels=("kubernetes",), assignees=("ada",), reviewers=("upgrader",))) == ()
    forge.set_draft(made.number, draft=False)
    forge.comment(made.number, "key", "Text")
    forge.set_verdict(made.head_commit, Verdict.SUCCESS, "It may be merged.")
    world.protect()
    assert forge.arm_auto_merge(made.number, MergeMethod.MERGE) is None
    forge.disarm_auto_merge(made.number)
    forge.update(made.number, title="Newer", body="Body", head_commit=made.head_commit)
    forge.close(made.number)
    (found,) = forge.find(BRANCH)
    assert (found.title, found.labels) == ("Newer", frozenset({"kubernetes"}))
    assert forge.recent("gitops-upgrader/", made.created_at) == (found,)


def test_a_long_life_is_read_to_its_end(world: worlds.FakeWorld) -> None:
    """Timelines, reviews and labels come in pages without links to the next one."""
    world.protect()
    made = opened(world)
    for _ in range(4):
        assert world.forge.arm_auto_merge(made.number, MergeMethod.MERGE) is None
        assert world.forge.get(made.number).auto_merge
        world.forge.disarm_auto_merge(made.number)
        world.review(made.number, approve=True)
        assert not world.forge.get(made.number).auto_merge
    world.review(made.number, approve=False)
    assert not world.forge.get(made.number).approved
    wanted = People(labels=("one", "two", "three", "four"))
    for _ in range(2):
        assert world.forge.involve(made.number, wanted) == ()
    assert world.forge.get(made.number).labels == {"one", "two", "three", "four"}
    assert list(world.project.labels).count("four") == 1
    world.close(made.number)
    assert world.forge.get(made.number).closed_by == world.person


def test_rules_are_told_to_administrators_alone(world: worlds.FakeWorld) -> None:
    world.take_only_up_to_date()
    assert world.forge.update_button("main") == "Update branch"
    with between(world.url) as mischief:
        mischief.expect(Answer(403), path="/branch_protections/ma%2A")
        assert world.connect(mischief.url).update_button("main") is None
    fake(world).administers = False
    assert world.forge.update_button("main") is None


def test_a_name_in_any_case_is_one_person(world: worlds.FakeWorld) -> None:
    made = opened(world)
    for name in ("Ada", "ada", "ADA"):
        assert world.forge.involve(made.number, People(assignees=(name,))) == ()
    assert world.project.pulls[made.number].assignees == ["ada"]


@pytest.mark.servers
def test_whatever_is_in_no_list_moves_the_time_of_change(gitea: GiteaServer) -> None:
    """What we keep of a pull request relies on that."""
    world = worlds.gitea(gitea.repository())
    world.protect()
    made = world.forge.create(NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH)))

    def look() -> tuple[bool, bool, bool]:
        (now,) = world.forge.find(BRANCH)
        return now.approved, now.auto_merge, now.head_commit == made.head_commit

    def comes_to(*expected: bool) -> None:
        """It may come a little later, as after a push; and then so much time passes that it is kept."""
        until(lambda: look() == expected, f"it is {expected}")
        settled = datetime.now(UTC) + timedelta(seconds=3)
        until(lambda: datetime.now(UTC) > settled, "nothing has happened for a while")
        assert look() == look() == expected

    comes_to(False, False, True)
    assert world.connect().arm_auto_merge(made.number, MergeMethod.MERGE) is None
    comes_to(False, True, True)
    world.connect().disarm_auto_merge(made.number)
    comes_to(False, False, True)
    world.review(made.number, approve=True)
    comes_to(True, False, True)
    world.branch(BRANCH)
    until(lambda: look()[2] is False, "the push is seen")
