"""What each forge tells of a credential's rights, from answers as its API describes them."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import ForgeAnswerUnreadable, ForgeAuthenticationFailed, ForgeNotFound
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import Token
from gitops_upgrader.forges.rights import Rights, rights
from gitops_upgrader.forges.settings import HttpSettings
from tests.forges.loopback import Reply, Request, serving
from tests.forges.worlds import address_of

BRANCH = "gitops-upgrader/doctor/branch"
REPOSITORIES = {
    "github": "/api/v3/repos/acme/fleet",
    "gitlab": "/api/v4/projects/acme%2Ffleet",
    "gitea": "/api/v1/repos/acme/fleet",
}
RULES = {
    "github": "/api/v3/repos/acme/fleet/rules/branches/gitops-upgrader%2Fdoctor%2Fbranch",
    "gitlab": "/api/v4/projects/acme%2Ffleet/protected_branches",
    "gitea": "/api/v1/repos/acme/fleet/branch_protections",
}
SCOPES = "/api/v4/personal_access_tokens/self"
DEVELOPER = {"permissions": {"project_access": None, "group_access": {"access_level": 30}}}
PUSHES = {"permissions": {"admin": False, "push": True, "pull": True}}


def ask(provider: str, answers: dict[str, Any], *, token: str | None = "t0ken", **headers: str) -> Rights | None:
    """Ask a server that has these answers, and 404 for all else."""

    def answer(request: Request) -> Reply:
        found = answers.get(request.path)
        if isinstance(found, int):
            return Reply(found, {"message": "no"})
        return Reply(404, {"message": "Not Found"}) if found is None else Reply(200, found, headers)

    with serving(answer) as server:
        credential = Token(token) if token else None
        settings = HttpSettings(sleep=lambda _: None)
        connection = Connection(address_of(server.url), credential=credential, settings=settings)
        return rights(provider, connection, BRANCH)


@pytest.mark.parametrize(
    ("provider", "repository", "may_push"),
    [
        ("github", PUSHES, True),
        ("github", {"permissions": {"push": False}}, False),
        ("github", {}, None),
        ("gitlab", DEVELOPER, True),
        ("gitlab", {"permissions": {"project_access": {"access_level": 20}, "group_access": None}}, False),
        ("gitlab", {"permissions": {"project_access": None, "group_access": None}}, None),
        ("gitlab", {}, None),
        ("gitea", PUSHES, True),
        ("gitea", {"permissions": {"push": False}}, False),
    ],
)
def test_the_right_to_push(provider: str, repository: dict[str, Any], may_push: bool | None) -> None:
    found = ask(provider, {REPOSITORIES[provider]: repository, RULES[provider]: [], SCOPES: {"scopes": ["api"]}})

    assert found == Rights(anonymous=False, may_push=may_push, is_archived=False, takes_pulls=True, rules=())


@pytest.mark.parametrize("provider", REPOSITORIES)
def test_an_archived_repository_and_nobodys_question(provider: str) -> None:
    found = ask(provider, {REPOSITORIES[provider]: {"archived": True}}, token=None)

    assert found is not None
    assert (found.anonymous, found.is_archived, found.rules) == (True, True, None)


@pytest.mark.parametrize(
    ("header", "private", "missing"),
    [
        ("repo, workflow", True, ()),
        ("public_repo", False, ()),
        ("public_repo", True, ("repo",)),
        ("read:org", False, ("repo",)),
        ("", True, ()),
    ],
)
def test_scopes_of_a_classic_token(header: str, *, private: bool, missing: tuple[str, ...]) -> None:
    """Fine-grained tokens and Apps have none, and no header that says so."""
    answers = {REPOSITORIES["github"]: PUSHES | {"private": private}}
    headers = {"X-OAuth-Scopes": header} if header else {}

    found = ask("github", answers, **headers)

    assert found is not None
    assert found.missing_scopes == missing


ORDERS = {
    "github": {
        "Contents: write": "/git/refs",
        "Pull requests: write": "/pulls",
        "Commit statuses: write": f"/statuses/{'0' * 40}",
    },
    "gitea": {"write:repository": "/pulls", "write:issue": "/issues/1/comments"},
}
REFUSALS = {
    "github": "Resource not accessible by personal access token",
    "gitea": "token does not have at least one of required scope(s), required=[{}], token scope=read:repository",
}


@pytest.mark.parametrize("provider", ORDERS)
@pytest.mark.parametrize("permitted", [True, False])
def test_a_token_that_tells_nothing_of_itself(provider: str, *, permitted: bool) -> None:
    """An order of nothing is refused by everybody; the words tell whether it is for a right that lacks."""
    asked = []

    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, PUSHES) if request.path == REPOSITORIES[provider] else Reply(200, [])
        asked.append((request.path.removeprefix(REPOSITORIES[provider]), request.body))
        right = next(name for name, path in ORDERS[provider].items() if request.path.endswith(path))
        words = "Invalid request." if permitted else REFUSALS[provider].format(right)
        return Reply(422 if permitted else 403, {"message": words})

    with serving(answer) as server:
        settings = HttpSettings(sleep=lambda _: None)
        found = rights(provider, Connection(address_of(server.url), credential=Token("t"), settings=settings), BRANCH)

    assert found is not None
    assert found.missing_scopes == (() if permitted else tuple(ORDERS[provider]))
    assert asked == [(path, {}) for path in ORDERS[provider].values()]


@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_a_refusal_for_another_reason_is_no_missing_right(status: int) -> None:
    refused = {f"{REPOSITORIES['github']}{path}": status for path in ORDERS["github"].values()}
    if status == 401:
        with pytest.raises(ForgeAuthenticationFailed):
            ask("github", {REPOSITORIES["github"]: PUSHES, RULES["github"]: [], **refused})
        return
    found = ask("github", {REPOSITORIES["github"]: PUSHES, RULES["github"]: [], **refused})
    assert found is not None
    assert found.missing_scopes == ()


@pytest.mark.parametrize(
    ("answer", "missing"), [({"scopes": ["read_api"]}, ("api",)), ({"scopes": ["api"]}, ()), (401, ())]
)
def test_scopes_of_a_gitlab_token(answer: Any, missing: tuple[str, ...]) -> None:
    found = ask("gitlab", {REPOSITORIES["gitlab"]: DEVELOPER, SCOPES: answer})

    assert found is not None
    assert found.missing_scopes == missing


@pytest.mark.parametrize(
    ("provider", "rules", "words"),
    [
        ("github", [{"type": "deletion"}], ()),
        (
            "github",
            [{"type": "non_fast_forward"}, {"type": "non_fast_forward"}],
            ("nobody may push over what is there, as a rebuild does",),
        ),
        ("github", [{"type": "required_signatures"}], ("commits have to be signed (spec.commit.signingKey)",)),
        ("gitlab", [{"name": "main", "allow_force_push": False}], ()),
        ("gitlab", [{"name": "gitops-*", "allow_force_push": True}], ()),
        (
            "gitlab",
            [{"name": "*", "allow_force_push": False}],
            ("the protected branch * lets nobody push over what is there, as a rebuild does",),
        ),
        ("gitea", [{"rule_name": "main", "enable_push": False}], ()),
        (
            "gitea",
            [{"rule_name": "gitops-upgrader/**", "enable_push": False}],
            ("the rule gitops-upgrader/** lets nobody push to branches of this name",),
        ),
        (
            "gitea",
            [{"rule_name": "*", "enable_push": True, "enable_force_push": False}],
            ("the rule * lets nobody push over what is there, as a rebuild does",),
        ),
        ("gitea", [{"rule_name": "*", "enable_push": True, "enable_force_push": True}], ()),
        ("gitea", 403, None),
        ("github", 404, None),
    ],
)
def test_rules_about_our_branches(provider: str, rules: Any, words: tuple[str, ...] | None) -> None:
    found = ask(provider, {REPOSITORIES[provider]: {}, RULES[provider]: rules})

    assert found is not None
    assert found.rules == words


@pytest.mark.parametrize("provider", REPOSITORIES)
def test_a_repository_that_takes_no_pull_requests(provider: str) -> None:
    closed = {"has_pull_requests": False, "merge_requests_access_level": "disabled"}

    found = ask(provider, {REPOSITORIES[provider]: closed})

    assert found is not None
    assert not found.takes_pulls


@pytest.mark.parametrize("provider", REPOSITORIES)
def test_no_such_repository_or_a_wrong_token(provider: str) -> None:
    with pytest.raises(ForgeNotFound):
        ask(provider, {})
    with pytest.raises(ForgeAuthenticationFailed):
        ask(provider, {REPOSITORIES[provider]: 401})


@pytest.mark.parametrize("provider", REPOSITORIES)
def test_rules_that_are_none(provider: str) -> None:
    with pytest.raises(ForgeAnswerUnreadable):
        ask(provider, {REPOSITORIES[provider]: {}, RULES[provider]: 7.5, SCOPES: {}})


@pytest.mark.parametrize("provider", ["local", "none"])
def test_what_is_no_server_has_no_rights_to_tell(provider: str) -> None:
    assert rights(provider, Connection(address_of("http://127.0.0.1:9")), BRANCH) is None
