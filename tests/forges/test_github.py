from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest

from gitops_upgrader import errors
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection, reach
from gitops_upgrader.forges.credentials import Token
from gitops_upgrader.forges.github_client import Wire
from gitops_upgrader.forges.protocol import MergeMethod, NewPull, People
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.model import PullRequest
from tests.forges import octokit, worlds
from tests.forges.contract import BRANCH, ServerContract
from tests.forges.fake_github import FakeGitHub
from tests.forges.loopback import Reply, Request, serving
from tests.forges.mischief import Answer, between
from tests.forges.project import START


class TestContract(ServerContract):
    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        with worlds.github() as world:
            yield world


@pytest.mark.servers
class TestDescriptions(ServerContract):
    """The contract again, with every request and answer held against GitHub's own descriptions."""

    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        with worlds.github() as world:
            yield world
        assert octokit.check(world.server.exchanges) == len(world.server.exchanges)


@pytest.fixture
def world() -> Iterator[worlds.FakeWorld]:
    with worlds.github() as world:
        yield world


def fake(world: worlds.FakeWorld) -> FakeGitHub:
    assert isinstance(world.fake, FakeGitHub)
    return world.fake


def opened(world: worlds.FakeWorld, *, draft: bool = False) -> PullRequest:
    return world.forge.create(NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH), draft))


def test_an_unchanged_list_costs_nothing(world: worlds.FakeWorld) -> None:
    opened(world)
    first = world.forge.find(BRANCH)
    before = len(world.server.exchanges)
    assert world.forge.find(BRANCH) == first
    asked = world.server.exchanges[before:]
    assert [one.reply.status for one in asked if one.request.path != "/api/graphql"] == [304]
    assert len(asked) == 2


def test_what_is_closed_is_looked_up_once(world: worlds.FakeWorld) -> None:
    made = opened(world)
    world.close(made.number)
    assert [pull.closed_by for pull in world.forge.find(BRANCH)] == ["ada"]
    before = len(world.server.asked("POST", "/graphql"))
    assert [pull.closed_by for pull in world.forge.find(BRANCH)] == ["ada"]
    assert len(world.server.asked("POST", "/graphql")) == before
    world.reopen(made.number)
    world.close(made.number)
    assert [pull.closed_by for pull in world.forge.find(BRANCH)] == ["ada"]
    assert len(world.server.asked("POST", "/graphql")) == before + 1


def test_details_of_many_are_one_question(world: worlds.FakeWorld) -> None:
    for at in range(60):
        world.branch(f"gitops-upgrader/a/{at}")
        world.project.open(str(at), "", f"gitops-upgrader/a/{at}", "main")
    assert len(world.forge.recent("gitops-upgrader/", START)) == 60
    assert len(world.server.asked("POST", "/graphql")) == 2


def test_a_merge_queue_is_seen_and_left_alone(world: worlds.FakeWorld) -> None:
    made = opened(world)
    world.project.pulls[made.number].queued = True
    assert world.forge.get(made.number).queued
    world.forge.disarm_auto_merge(made.number)
    assert world.forge.get(made.number).queued


def test_an_old_server_has_no_queues(world: worlds.FakeWorld) -> None:
    fake(world).knows_queues = False
    made = opened(world)
    for _ in range(2):
        assert not world.forge.get(made.number).queued
    queries = [one.request.body["query"] for one in world.server.asked("POST", "/graphql")]
    assert ["isInMergeQueue" in query for query in queries] == [True, False, False]


def test_a_changed_head_is_not_merged_by_itself(world: worlds.FakeWorld) -> None:
    world.protect()
    made = opened(world)
    with between(world.url) as mischief:
        forge = world.connect(mischief.url)
        stale = json.dumps({"data": None, "errors": [{"type": "UNPROCESSABLE", "message": "Head sha didn't match."}]})
        mischief.expect(Answer(200, stale.encode()), method="POST", path="/graphql")
        assert forge.arm_auto_merge(made.number, MergeMethod.REBASE) == "GitHub says: Head sha didn't match"
    assert world.forge.arm_auto_merge(made.number, MergeMethod.REBASE) is None
    assert world.project.pulls[made.number].auto_merge == "REBASE"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "NOT_FOUND", "message": "Could not resolve."}, errors.ForgeNotFound),
        ({"type": "FORBIDDEN", "message": "Resource not accessible by integration"}, errors.ForgeForbidden),
        ({"type": "INSUFFICIENT_SCOPES", "message": "Your token has not been granted"}, errors.ForgeForbidden),
        ({"type": "UNPROCESSABLE", "message": "No."}, errors.ForgeConflict),
        ({"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, errors.ForgeRateLimited),
        ({"type": "UNPROCESSABLE", "message": "was submitted too quickly"}, errors.ForgeRateLimited),
        ({"type": "SERVICE_UNAVAILABLE", "message": "No."}, errors.ForgeUnreachable),
        ({"message": "Something went wrong while executing your query."}, errors.ForgeUnreachable),
        ({"type": "SOMETHING_NEW", "message": "No."}, errors.ForgeRefused),
        ({"message": "x", "extensions": {"code": "undefinedField"}}, errors.ForgeTooOld),
        ("strange", errors.ForgeUnreachable),
    ],
)
def test_what_graphql_says(world: worlds.FakeWorld, error: object, expected: type[errors.ForgeError]) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        forge = world.connect(mischief.url)
        answer = Answer(200, json.dumps({"data": None, "errors": [error]}).encode())
        mischief.expect(answer, times=2, method="POST", path="/graphql")
        with pytest.raises(errors.ForgeError) as caught:
            forge.get(made.number)
        assert type(caught.value) is expected
        assert caught.value.message.startswith("GitHub says: ")


def test_nobody_may_ask_graphql(world: worlds.FakeWorld) -> None:
    made = opened(world)

    def public(request: Request) -> Reply:
        if request.header("Authorization") or request.path == "/api/graphql":
            return Reply(401, {"message": "This endpoint requires you to be authenticated."})
        token = {"Authorization": f"Bearer {world.token}"}
        return world.fake(dataclasses.replace(request, headers=token))

    with serving(public) as server:
        connection = Connection(worlds.address_of(server.url), settings=worlds.Time().settings())
        assert [pull.number for pull in open_forge("github", connection).find(BRANCH)] == [made.number]


def test_a_renamed_owner_is_asked_after(world: worlds.FakeWorld) -> None:
    """The filter `head=OWNER:BRANCH` finds nothing under the old name, though everything else is redirected."""
    made = opened(world)

    def answer(request: Request) -> Reply:
        if "/repos/old/" in request.path:
            query = "&".join(f"{name}={value}" for name, value in request.query.items())
            return Reply(
                301, None, {"Location": request.path.replace("/old/", "/acme/") + (f"?{query}" if query else "")}
            )
        return world.fake(request)

    with serving(answer) as server:
        address = worlds.address_of(server.url, "old/fleet")
        connection = Connection(address, None, Token(world.token), worlds.Time().settings())
        forge = open_forge("github", connection)
        for _ in range(2):
            assert [pull.number for pull in forge.find(BRANCH)] == [made.number]


def test_a_plan_without_drafts_says_what_to_do(world: worlds.FakeWorld) -> None:
    world.project.drafts = False
    with pytest.raises(errors.ForgeRefused, match=r"set pullRequest\.draft to false"):
        opened(world, draft=True)


def test_one_from_a_branch_without_news_is_a_conflict(world: worlds.FakeWorld) -> None:
    with between(world.url) as mischief:
        refusal = {"message": "Validation Failed", "errors": [{"message": "No commits between main and x"}]}
        mischief.expect(Answer(422, json.dumps(refusal).encode()), method="POST")
        with pytest.raises(errors.ForgeConflict, match="No commits between main and x"):
            world.connect(mischief.url).create(NewPull("T", "B", BRANCH, "main", world.branch(BRANCH)))


def test_a_label_that_somebody_makes_in_between(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(404), method="GET", path="/labels/bug")
        assert world.connect(mischief.url).involve(made.number, People(labels=("bug",))) == ()
    assert world.forge.get(made.number).labels == {"bug"}


def test_labels_that_may_not_be_made_are_told(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(403), method="POST", path="/labels")
        mischief.expect(Answer(422), method="POST", path="/labels")
        notes = world.connect(mischief.url).involve(made.number, People(labels=("new", "newer")))
    assert [note.partition(":")[0] for note in notes] == [
        "GitHub refused the label new",
        "GitHub refused the label newer",
    ]


def test_a_whole_team_is_asked(world: worlds.FakeWorld) -> None:
    made = opened(world)
    assert world.forge.involve(made.number, People(team_reviewers=("acme/platform",))) == ()
    assert world.project.pulls[made.number].teams == ["platform"]


def test_the_author_reviews_nothing(world: worlds.FakeWorld) -> None:
    made = opened(world)
    wanted = People(reviewers=("upgrader", "ada"), team_reviewers=("platform",))
    (note,) = world.forge.involve(made.number, wanted)
    assert "pull request author" in note
    assert world.reviewers(made.number) == {"ada"}
    assert world.project.pulls[made.number].teams == ["platform"]


def test_pages(world: worlds.FakeWorld) -> None:
    forge = open_forge("github", Connection(Address("ssh", "github.com", "acme/fleet.git")))
    assert forge.branch_url("gitops-upgrader/a/b") == "https://github.com/acme/fleet/tree/gitops-upgrader/a/b"
    assert forge.file_url("abc", "a b.yaml", 3) == "https://github.com/acme/fleet/blob/abc/a%20b.yaml#L3"
    assert (
        forge.file_url("abc", "ü/\udcff#?.yaml", 3) == "https://github.com/acme/fleet/blob/abc/%C3%BC/%FF%23%3F.yaml#L3"
    )


def test_addresses_of_the_server_are_asked_for_where_it_is_reached(world: worlds.FakeWorld) -> None:
    server = reach("github", "GitHub", Connection(worlds.address_of(world.url), None, Token(world.token)))
    wire = Wire(server.session)
    for url in ("/repos/acme/fleet", "https://github.internal.example/api/v3/repos/acme/fleet?a=1"):
        _, answer = wire.requestJsonAndCheck("GET", url)
        assert answer["full_name"] == "acme/fleet"
    assert world.server.exchanges[-1].request.query == {"a": "1"}


@pytest.mark.servers
@pytest.mark.parametrize("rulesets", [True, False])
def test_how_a_base_is_asked_after_fits_the_descriptions(world: worlds.FakeWorld, rulesets: bool) -> None:
    fake(world).has_rulesets = rulesets
    takes_only_up_to_date(world)
    assert world.forge.update_button("main") == "Update branch"
    assert world.forge.update_button("gone") is None
    assert octokit.check(world.server.exchanges) == len(world.server.exchanges)


def takes_only_up_to_date(world: worlds.FakeWorld) -> None:
    world.protect()
    world.take_only_up_to_date()


@pytest.mark.parametrize("rulesets", [True, False])
@pytest.mark.parametrize("knows", [True, False])
def test_a_base_that_takes_only_what_is_up_to_date(world: worlds.FakeWorld, rulesets: bool, knows: bool) -> None:
    """By a ruleset, or by a protection of its own; an old server has no rulesets."""
    fake(world).has_rulesets, fake(world).knows_rules = rulesets, knows
    takes_only_up_to_date(world)

    assert (world.forge.update_button("main") is not None) is (knows or not rulesets)
    assert world.forge.update_button("gone") is None


@pytest.mark.parametrize("kind", ["FORBIDDEN", "NOT_FOUND", "INSUFFICIENT_SCOPES"])
def test_a_protection_that_is_not_shown_is_not_guessed(world: worlds.FakeWorld, kind: str) -> None:
    takes_only_up_to_date(world)
    fake(world).has_rulesets = False
    with between(world.url) as mischief:
        refusal = {"data": {"repository": None}, "errors": [{"type": kind, "message": "Not for you."}]}
        mischief.expect(Answer(200, json.dumps(refusal).encode()), method="POST", path="/graphql")
        assert world.connect(mischief.url).update_button("main") is None


def test_a_failed_look_at_the_rules_is_an_error_and_no_answer(world: worlds.FakeWorld) -> None:
    takes_only_up_to_date(world)
    with between(world.url) as mischief:
        mischief.expect(Answer(503), times=20)
        with pytest.raises(errors.ForgeUnreachable):
            world.connect(mischief.url).update_button("main")


def test_many_rules_are_read_page_by_page(world: worlds.FakeWorld) -> None:
    takes_only_up_to_date(world)
    with between(world.url) as mischief:
        parameters = {"strict_required_status_checks_policy": True, "required_status_checks": [{"context": "x"}]}
        strict = {"type": "required_status_checks", "parameters": parameters}
        for rules in ([{"type": "deletion"}] * 100, [strict]):
            mischief.expect(Answer(200, json.dumps(rules).encode()), path="/rules/branches/main")
        assert world.connect(mischief.url).update_button("main") == "Update branch"
    assert [path.partition("?")[2] for _, path, _ in mischief.seen] == ["per_page=100&page=1", "per_page=100&page=2"]


def test_nobody_is_told_of_rulesets_alone(world: worlds.FakeWorld) -> None:
    takes_only_up_to_date(world)

    def public(request: Request) -> Reply:
        assert request.path != "/api/graphql"
        return world.fake(dataclasses.replace(request, headers={"Authorization": f"Bearer {world.token}"}))

    with serving(public) as server:
        forge = open_forge("github", Connection(worlds.address_of(server.url), settings=worlds.Time().settings()))
        assert forge.update_button("main") == "Update branch"
        fake(world).has_rulesets = False
        assert forge.update_button("main") is None


def test_drafts_that_a_plan_has_not_say_so_later_too(world: worlds.FakeWorld) -> None:
    made = opened(world)
    world.project.drafts = False
    with pytest.raises(errors.ForgeRefused, match=r"set pullRequest\.draft to false"):
        world.forge.set_draft(made.number, draft=True)


def test_another_conflict_over_a_draft_may_pass(world: worlds.FakeWorld) -> None:
    made = opened(world)
    with between(world.url) as mischief:
        refusal = {"data": None, "errors": [{"type": "UNPROCESSABLE", "message": "Not now."}]}
        mischief.expect(Answer(200, json.dumps(refusal).encode()), method="POST", path="/graphql")
        with pytest.raises(errors.ForgeConflict, match="Not now"):
            world.connect(mischief.url).set_draft(made.number, draft=True)
