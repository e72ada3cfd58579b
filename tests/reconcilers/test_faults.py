"""What goes wrong between the program, Git and the forge, as the report tells it: by a reason, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops_upgrader.reconcilers.propose import Proposed
from tests.forges.fake_github import FakeGitHub
from tests.forges.loopback import Reply, Request
from tests.gitserver import GitServer, Seen, git_http_server
from tests.reconcilers.directory import Fleet, Run, cluster
from tests.reconcilers.forge import PATH, OnForge, forge_of, repository, secret

TOKEN = "token-of-the-upgrader"
BRANCH = "gitops-upgrader/fleet/prod"
LATER = {"Retry-After": "3600"}
"""More patience than one run has, so that nothing is waited for here."""


@pytest.fixture
def served(fleet: Fleet) -> Iterator[tuple[OnForge, GitServer]]:
    """The fleet on a GitHub, with Git over HTTP."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    with forge_of(fleet, FakeGitHub) as forge, git_http_server(fleet.folder, credentials=("git", TOKEN)) as git:
        fleet.write(
            "repository.yaml",
            repository(f"{git.url}/{PATH}", forge.server.url, provider="github", secretRef={"name": "git"}),
            secret("git", {"username": "git", "password": TOKEN}),
        )
        yield forge, git


def run(fleet: Fleet) -> Run:
    return fleet.run(repo=None)


def failed(found: Proposed) -> tuple[str, bool]:
    """The reason of an error, and whether the next run may do better."""
    assert found.error is not None
    assert found.error.remedy or found.error.transient
    return found.error.reason, found.error.transient


@pytest.mark.parametrize(
    ("method", "status", "reason", "transient"),
    [
        ("GET", 401, "ForgeAuthenticationFailed", False),
        ("GET", 403, "ForgeForbidden", False),
        ("GET", 404, "ForgeNotFound", False),
        ("POST", 409, "ForgeConflict", True),
        ("POST", 422, "ForgeConflict", True),
        ("GET", 429, "ForgeRateLimited", True),
        ("POST", 429, "ForgeRateLimited", True),
        ("GET", 503, "ForgeUnreachable", True),
        ("POST", 502, "ForgeUnreachable", True),
    ],
)
def test_what_a_forge_refuses_has_its_reason_and_the_next_run_goes_on(
    method: str, status: int, reason: str, transient: bool, fleet: Fleet, served: tuple[OnForge, GitServer]
) -> None:
    forge, _ = served

    def refuse(request: Request) -> Reply | None:
        meant = request.method == method and "/repos/" in request.path and not request.path.endswith("/statuses")
        return Reply(status, {"message": "No."}, LATER if transient else {}) if meant else None

    forge.around = refuse
    told = run(fleet)

    assert failed(told.of("prod")) == (reason, transient)
    assert forge.pulls == 0
    forge.around = lambda _: None
    assert run(fleet).told()["prod"] in {
        "create, Proposed v1.33.5 -> v1.34.2",
        "create, Resumed v1.33.5 -> v1.34.2",
    }
    assert forge.pulls == 1
    assert run(fleet).told() == {"prod": "leave, Current v1.33.5 -> v1.34.2"}


def test_a_secondary_rate_limit_is_a_rate_limit(fleet: Fleet, served: tuple[OnForge, GitServer]) -> None:
    forge, _ = served
    words = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    forge.around = lambda request: Reply(403, words, LATER)

    assert failed(run(fleet).of("prod")) == ("ForgeRateLimited", True)


def test_a_hook_that_refuses_the_push_is_told_in_its_own_words(fleet: Fleet, served: tuple[OnForge, GitServer]) -> None:
    forge, _ = served
    hook = fleet.people.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'Commits need a ticket.' >&2\nexit 1\n")
    hook.chmod(0o755)

    found = run(fleet).of("prod")

    assert failed(found)[0] == "PushRefused"
    assert "Commits need a ticket." in str(found.error)
    assert (forge.pulls, BRANCH in fleet.people.branches()) == (0, False)
    hook.unlink()
    assert run(fleet).told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


@pytest.mark.parametrize(
    ("moves", "afterwards"),
    [
        ("on", "leave, Current v1.33.5 -> v1.34.2"),
        ("into a conflict", "update, Rebased v1.33.5 -> v1.34.2"),
        ("by a forced push", "leave, Current v1.33.5 -> v1.34.2"),
        ("past the target", "close, Obsolete v1.35.0 -> v1.34.2"),
    ],
)
def test_a_base_that_moves_during_the_run_is_caught_up_with(
    moves: str, afterwards: str, fleet: Fleet, served: tuple[OnForge, GitServer]
) -> None:
    """Between our look and our push: by the next run, or by this one where the forge does not take what was built."""
    forge, git = served
    people, moved = fleet.people, list[str]()
    file = "clusters/prod.yaml"

    def move(seen: Seen) -> None:
        if not seen.is_push or moved:
            return
        match moves:
            case "on":
                moved.append(people.commit({"README.md": "More.\n"}))
            case "into a conflict":
                text = people.read("main", file).replace("version: v1.33.5", "version: v1.33.5 # pinned")
                moved.append(people.commit({file: text}))
            case "by a forced push":
                moved.append(people.commit({"README.md": "Anew.\n"}, parents=(), over=people.tip()))
            case _:
                moved.append(people.commit({file: cluster("prod", "v1.35.0")}))

    git.before = move
    first = run(fleet)

    assert moved
    assert first.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}, first.of("prod").error
    second = run(fleet).told()["prod"]
    assert second.split(" ")[:2] == afterwards.split(" ")[:2]
    assert people.tip() == moved[0]
    assert forge.pulls == 1


def test_a_connection_that_breaks_in_the_middle_of_a_push_is_told_and_taken_up(
    fleet: Fleet, served: tuple[OnForge, GitServer]
) -> None:
    """The server has the objects; the answer is lost. Nothing is opened twice."""
    forge, git = served

    def cut(seen: Seen) -> None:
        git.cut_after = 10 if seen.is_push and not forge.pulls else None

    git.before = cut
    run(fleet)
    git.before = lambda _: None
    git.cut_after = None

    assert run(fleet).told()["prod"].startswith(("create, ", "leave, Current"))
    assert forge.pulls == 1
    own = set(fleet.people.history(BRANCH)) - set(fleet.people.history("main"))
    assert len(own) == 1
