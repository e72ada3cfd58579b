"""The rule of the environment's tokens: each goes to the server that it belongs to, and nowhere else."""

from __future__ import annotations

import pytest

from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.environment import environment_token, token_hint

GITHUB = Address("https", "github.com", "acme/fleet")
GHE = Address("https", "ghe.example", "acme/fleet")
GITLAB = Address("https", "gitlab.example", "g/p")
GITEA = Address("http", "127.0.0.1", "acme/fleet", 3000)
EVIL = Address("https", "evil.example", "acme/fleet")
ALL = {"GITHUB_TOKEN": "H", "GITLAB_TOKEN": "L", "GITEA_TOKEN": "T"}


@pytest.mark.parametrize(
    ("provider", "address", "environ", "typed", "api", "expected"),
    [
        ("github", GITHUB, {}, False, None, "H"),
        ("github", Address("ssh", "github.com", "a/b"), {}, False, None, "H"),
        ("github", GITHUB, {}, False, "https://api.github.com", "H"),
        ("github", GHE, {"GITHUB_SERVER_URL": "https://ghe.example"}, False, None, "H"),
        ("github", GITHUB, {"GITHUB_SERVER_URL": "https://ghe.example"}, False, None, "H"),
        ("github", GHE, {}, True, None, "H"),
        ("gitlab", GITLAB, {"GITLAB_HOST": "gitlab.example"}, False, None, "L"),
        ("gitlab", GITLAB, {"GITLAB_HOST": "https://gitlab.example/"}, False, None, "L"),
        ("gitlab", GITLAB, {}, True, None, "L"),
        ("gitea", GITEA, {"GITEA_URL": "http://127.0.0.1:3000"}, False, None, "T"),
        ("gitea", GITEA, {}, True, None, "T"),
        ("gitea", GITEA, {}, True, "http://127.0.0.1:3000/api/v1", "T"),
    ],
)
def test_a_token_for_its_host(
    provider: str, address: Address, environ: dict[str, str], typed: bool, api: str | None, expected: str
) -> None:
    token = environment_token(provider, address, ALL | environ, repo_from_command_line=typed, given_api_url=api)
    assert token == expected


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize(
    ("provider", "address", "environ"),
    [
        ("github", GITHUB, {}),
        ("github", GHE, {"GITHUB_SERVER_URL": "https://ghe.example"}),
        ("gitlab", GITLAB, {"GITLAB_HOST": "gitlab.example"}),
        ("gitea", GITEA, {"GITEA_URL": "http://127.0.0.1:3000"}),
        ("gitea", GITEA, {}),
    ],
)
@pytest.mark.parametrize(
    "planted",
    [
        "https://evil.example",
        "http://api.github.com",
        "https://api.github.com.evil.example",
        "http://127.0.0.1:3001",
    ],
)
def test_a_planted_api_gets_nothing(
    provider: str, address: Address, environ: dict[str, str], typed: bool, planted: str
) -> None:
    token = environment_token(provider, address, ALL | environ, repo_from_command_line=typed, given_api_url=planted)
    assert token is None


@pytest.mark.parametrize(
    ("provider", "address", "environ", "typed"),
    [
        ("github", EVIL, {}, False),
        ("github", GHE, {"GITHUB_SERVER_URL": "https://github.com"}, True),
        ("gitlab", GITLAB, {}, False),
        ("gitlab", EVIL, {"GITLAB_HOST": "gitlab.example"}, True),
        ("gitlab", Address("http", "gitlab.example", "g/p"), {"GITLAB_HOST": "gitlab.example"}, False),
        ("gitea", GITEA, {}, False),
        ("gitea", GITEA, {"GITEA_URL": "http://127.0.0.1:3001"}, True),
        ("local", Address("file", "", "/srv/fleet.git"), {}, True),
        ("none", EVIL, {}, True),
    ],
)
def test_no_token_for_another_host(provider: str, address: Address, environ: dict[str, str], typed: bool) -> None:
    assert environment_token(provider, address, ALL | environ, repo_from_command_line=typed) is None


@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_empty_token_is_none(value: str) -> None:
    assert environment_token("github", GITHUB, {"GITHUB_TOKEN": value}, repo_from_command_line=True) is None
    assert environment_token("github", GITHUB, {}, repo_from_command_line=True) is None


def test_what_to_do_is_told() -> None:
    assert "GITLAB_HOST=https://gitlab.example" in token_hint("gitlab", GITLAB)
