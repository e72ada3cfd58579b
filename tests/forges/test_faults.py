"""What goes wrong between a forge and us, on every forge that is a server."""

from __future__ import annotations

import base64
import contextlib
import logging
from collections.abc import Callable, Iterator

import pytest

from gitops_upgrader import errors
from gitops_upgrader.forges.protocol import MergeMethod, NewPull, People, Verdict
from tests.forges import worlds
from tests.forges.mischief import Answer, Mischief, Reset, Silence, between
from tests.forges.project import START

BRANCH = "gitops-upgrader/fleet/prod"
FaultyWorld = worlds.FakeWorld | worlds.GiteaWorld


FAKES = {"github": worlds.github, "gitlab": worlds.gitlab, "fake-gitea": worlds.fake_gitea}


@pytest.fixture(params=[*FAKES, pytest.param("gitea", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest) -> Iterator[FaultyWorld]:
    if request.param == "gitea":
        yield worlds.gitea(request.getfixturevalue("gitea").repository())
    else:
        with FAKES[request.param]() as fake:
            yield fake


@pytest.fixture
def mischief(world: FaultyWorld) -> Iterator[Mischief]:
    with between(world.url) as mischief:
        world.forge = world.connect(mischief.url)
        yield mischief


def new(world: FaultyWorld) -> NewPull:
    return NewPull("Upgrade", "Body", BRANCH, "main", world.branch(BRANCH))


@pytest.mark.parametrize(
    ("status", "expected", "transient"),
    [
        (400, errors.ForgeRefused, False),
        (401, errors.ForgeAuthenticationFailed, False),
        (403, errors.ForgeForbidden, False),
        (404, errors.ForgeNotFound, False),
        (409, errors.ForgeConflict, True),
        (410, errors.ForgeNotFound, False),
        (422, errors.ForgeConflict, True),
        (423, errors.ForgeForbidden, False),
        (429, errors.ForgeRateLimited, True),
        (500, errors.ForgeUnreachable, True),
        (502, errors.ForgeUnreachable, True),
        (503, errors.ForgeUnreachable, True),
        (504, errors.ForgeUnreachable, True),
        (599, errors.ForgeUnreachable, True),
    ],
)
def test_every_status_has_its_reason(
    world: FaultyWorld, mischief: Mischief, status: int, expected: type[errors.ForgeError], transient: bool
) -> None:
    mischief.expect(Answer(status), times=20)
    with pytest.raises(errors.ForgeError) as caught:
        world.forge.find(BRANCH)
    assert type(caught.value) is expected
    assert caught.value.transient is transient
    assert "mischief" in caught.value.message
    assert str(status) in caught.value.message
    assert caught.value.where.object


@pytest.mark.parametrize("fault", [Answer(500), Answer(502), Answer(503), Answer(408), Reset(), Reset(after=True)])
def test_what_passes_is_tried_again(world: FaultyWorld, mischief: Mischief, fault: Answer | Reset) -> None:
    made = world.forge.create(new(world))
    before = len(world.time.slept)
    mischief.expect(fault, times=3, method="GET")
    assert world.forge.get(made.number).number == made.number
    assert world.time.slept[before:] == [0.75, 1.5, 3.0]


def test_trying_again_has_an_end(world: FaultyWorld, mischief: Mischief) -> None:
    mischief.expect(Answer(503), times=100)
    with pytest.raises(errors.ForgeUnreachable):
        world.forge.find(BRANCH)
    assert len(world.time.slept) == 4


@pytest.mark.parametrize("method", ["create", "comment", "verdict"])
@pytest.mark.parametrize("fault", [Reset(), Reset(after=True), Answer(502)])
def test_nothing_is_done_twice(world: FaultyWorld, mischief: Mischief, method: str, fault: Answer | Reset) -> None:
    wanted = new(world)
    if method == "create":
        mischief.expect(fault, method="POST")
        made = world.forge.create(wanted)
        assert [pull.number for pull in world.forge.find(BRANCH)] == [made.number]
        return
    made = world.forge.create(wanted)
    mischief.expect(fault, method="POST")
    if method == "comment":
        world.forge.comment(made.number, "branch-modified", "Somebody works here.")
        assert len(world.comments(made.number)) == 1
    else:
        world.forge.set_verdict(made.head_commit, Verdict.SUCCESS, "It may be merged.")
        assert world.verdicts(made.head_commit)[-1] == ("success", "It may be merged.")


def test_a_short_limit_is_waited_for(world: FaultyWorld, mischief: Mischief) -> None:
    mischief.expect(Answer(429, headers={"Retry-After": "7"}))
    assert world.forge.find(BRANCH) == ()
    assert world.time.slept == [7.5]


def test_a_long_limit_ends_the_run_and_is_obeyed(world: FaultyWorld, mischief: Mischief) -> None:
    mischief.expect(Answer(429, headers={"Retry-After": "3600"}))
    with pytest.raises(errors.ForgeRateLimited) as caught:
        world.forge.find(BRANCH)
    assert caught.value.retry_after == 3600
    asked = len(mischief.seen)
    world.time.now += 3000
    with pytest.raises(errors.ForgeRateLimited) as caught:
        world.forge.find(BRANCH)
    assert caught.value.retry_after == pytest.approx(600)
    assert len(mischief.seen) == asked
    world.time.now += 601
    assert world.forge.find(BRANCH) == ()


def test_silence_ends(world: FaultyWorld, mischief: Mischief) -> None:
    forge = world.connect(mischief.url, timeout=0.2, retries=0)
    mischief.expect(Silence())
    with pytest.raises(errors.ForgeUnreachable, match=r"took longer than 0\.2 s"):
        forge.find(BRANCH)


@pytest.mark.parametrize(
    "body", [b"<html>Sign in</html>", b"{", b"[]", b"{}", b"null", b"1", b'"ok"', b'[{"number": 1}]', b"[null]"]
)
def test_another_program_in_its_place_is_told(world: FaultyWorld, mischief: Mischief, body: bytes) -> None:
    mischief.expect(Answer(200, body), times=20)
    with pytest.raises(errors.ForgeAnswerUnreadable) as caught:
        world.forge.get(1)
    assert caught.value.remedy
    assert not caught.value.transient


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"1", b'"ok"', b"[1]", b"[null]", b'[{"a": 1}]', b'{"a": {}}'])
def test_strange_answers_are_never_bugs(world: FaultyWorld, mischief: Mischief, body: bytes) -> None:
    commit = "0" * 40
    people = People(("bug",), ("ada",), ("ada",), ("x/y",))
    forge = world.forge
    operations: tuple[Callable[[], object], ...] = (
        lambda: forge.find(BRANCH),
        lambda: forge.recent("gitops-upgrader/", START),
        lambda: forge.create(NewPull("T", "B", BRANCH, "main", commit)),
        lambda: forge.update(1, title="T", body="B", head_commit=commit),
        lambda: forge.comment(1, "key", "Text"),
        lambda: forge.close(1),
        lambda: forge.involve(1, people),
        lambda: forge.set_draft(1, draft=True),
        lambda: forge.update_button("main"),
        lambda: forge.arm_auto_merge(1, MergeMethod.MERGE),
        lambda: forge.disarm_auto_merge(1),
        lambda: forge.set_verdict(commit, Verdict.SUCCESS, "Yes."),
    )
    for operation in operations:
        mischief.expect(Answer(200, body), times=40)
        with contextlib.suppress(errors.ForgeAnswerUnreadable):
            operation()
        mischief.plan.clear()


def test_said_to_exist_and_not_found_is_a_conflict(world: FaultyWorld, mischief: Mischief) -> None:
    refusal = b'{"message": ["A pull request already exists for acme:x."], "errors": []}'
    mischief.expect(Answer(409, refusal), method="POST")
    with pytest.raises(errors.ForgeConflict, match="already exists"):
        world.forge.create(new(world))


def test_a_label_that_may_not_be_taken_off(world: FaultyWorld, mischief: Mischief) -> None:
    made = world.forge.create(new(world))
    world.forge.involve(made.number, People(labels=("bug",)))
    for method in ("DELETE", "PUT"):
        mischief.expect(Answer(403, b'{"message": "No rights."}'), method=method)

    refused = world.forge.drop_label(made.number, "bug")

    assert refused is not None
    assert "No rights" in refused
    assert not refused.endswith(".")
    assert world.forge.get(made.number).labels == {"bug"}


def test_no_credential_crosses_to_another_host(world: FaultyWorld, mischief: Mischief) -> None:
    with between(world.url) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            mischief.expect(Answer(status, b"", {"Location": elsewhere.url + "/api/v3/repos/acme/fleet/pulls"}))
            with pytest.raises(errors.ForgeRedirected, match="gets no credentials"):
                world.forge.find(BRANCH)
        assert elsewhere.seen == []
    assert all(authorization == f"Bearer {world.token}" for _, _, authorization in mischief.seen)


def test_no_secret_is_ever_told(world: FaultyWorld, mischief: Mischief, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = world.token
    packed = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    echoes = f"Bearer {secret}, Basic {packed}, {base64.b64encode(secret.encode()).decode()}"
    for status in (400, 401, 403, 404, 409, 422, 429, 500):
        mischief.expect(Answer(status, b'{"message": "you sent %s"}' % echoes.encode()), times=5)
        with pytest.raises(errors.ForgeError) as caught:
            world.forge.find(BRANCH)
        mischief.plan.clear()
        world.time.now += 100_000
        told = chain(caught.value) + caplog.text + repr(vars(caught.value)) + repr(world.forge)
        assert "you sent" in told
        for form in (secret, packed, base64.b64encode(secret.encode()).decode().rstrip("=")):
            assert form not in told, status


@pytest.mark.parametrize("before", range(370, 410, 3))
def test_no_part_of_a_secret_is_told_where_a_message_is_cut(
    world: FaultyWorld, mischief: Mischief, before: int
) -> None:
    mischief.expect(Answer(400, b'{"message": "%s %s"}' % (b"x" * before, world.token.encode())))
    with pytest.raises(errors.ForgeRefused) as caught:
        world.forge.find(BRANCH)
    assert world.token[:4] not in str(caught.value)


def chain(error: BaseException | None) -> str:
    """Everything that a traceback of an error would show of it and of what caused it."""
    text = ""
    while error is not None:
        text += f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__
    return text
