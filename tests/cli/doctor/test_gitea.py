"""`doctor` on a real Gitea: what is missing for a first run is found, and each remedy says how to mend it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from gitops_upgrader.cli.run import run
from tests.cli.commandline import CommandLine
from tests.cli.doctor.test_command import repository
from tests.servers.gitea import GiteaRepository, GiteaServer, GiteaUser, running

pytestmark = pytest.mark.servers

SCOPES = ("write:repository", "write:issue")


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server


def token(user: GiteaUser, server: GiteaServer, *scopes: str) -> str:
    """A token with these scopes and no more, as people make it in their settings."""
    answer = requests.post(
        f"{server.url}/api/v1/users/{user.login}/tokens",
        auth=(user.login, user.password),
        json={"name": os.urandom(4).hex(), "scopes": list(scopes)},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sha1"])


Doctor = Callable[..., dict[str, tuple[str, str, str]]]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Look at a repository with a Secret; every check's result, message and remedy, and no secret in any of them."""
    monkeypatch.chdir(tmp_path)
    line = CommandLine(capsys, tmp_path)

    def look(found: GiteaRepository, secret: str | None, **more: str) -> dict[str, tuple[str, str, str]]:
        fields = {"provider": "gitea", "secretRef": "{name: git}", **more}
        (tmp_path / "repository.yaml").write_text(repository(found.url, **fields))
        if secret is not None:
            (tmp_path / "secret.yaml").write_text(
                f"apiVersion: v1\nkind: Secret\nmetadata: {{name: git, namespace: fleet}}\nstringData: {secret}\n"
            )
        ran = line("doctor", "-m", ".", "-o", "json")
        bad = [one for one in ran.json["checks"] if one["result"] == "mend"]
        assert ran.status == (1 if bad else 0)
        assert all(one["remedy"] for one in bad)
        return {one["check"]: (one["result"], one["message"], one["remedy"] or "") for one in ran.json["checks"]}

    return look


def credentials(login: str, word: str) -> str:
    return f"{{username: {login}, password: {word}, token: {word}}}"


def test_all_is_well(gitea: GiteaServer, doctor: Doctor) -> None:
    found = doctor(gitea.repository(), credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES)))

    assert {check: result for check, (result, *_) in found.items()} == {
        "git": "ok",
        "custom-resources": "ok",
        "secret": "ok",
        "base-branch": "ok",
        "token": "ok",
        "branch-rules": "ok",
        "clock": "ok",
    }


@pytest.mark.parametrize("lacking", SCOPES)
def test_a_token_that_lacks_a_scope(lacking: str, gitea: GiteaServer, doctor: Doctor) -> None:
    """Its account may push, and Gitea says so whatever the token may do."""
    made = gitea.repository()
    others = [scope for scope in SCOPES if scope != lacking]
    reads = lacking.replace("write", "read")

    found = doctor(made, credentials("upgrader", token(gitea.upgrader, gitea, reads, *others)))

    assert found["token"][:2] == ("mend", f"The token was not given {lacking}.")
    assert made.api("GET", "/pulls?state=all") == []
    assert made.api("GET", "/issues?state=all") == []


def test_a_token_of_somebody_who_may_only_read(gitea: GiteaServer, doctor: Doctor) -> None:
    made = gitea.repository()
    made.api("PUT", f"/collaborators/{gitea.person.login}", {"permission": "read"})

    result, message, remedy = doctor(made, credentials("ada", token(gitea.person, gitea, *SCOPES)))["token"]

    assert (result, message) == ("mend", "The token may not push branches.")
    assert "right to write" in remedy


def test_a_token_that_is_wrong(gitea: GiteaServer, doctor: Doctor) -> None:
    found = doctor(gitea.repository(), credentials("upgrader", "0123456789abcdef0123456789abcdef01234567"))

    assert found["git-access"][0] == "mend"
    assert found["token"][0] == "mend"
    assert "0123456789abcdef" not in str(found)


def test_a_private_repository_that_the_account_cannot_see(gitea: GiteaServer, doctor: Doctor) -> None:
    made = gitea.repository()
    made.api("DELETE", f"/collaborators/{gitea.person.login}")
    made.api("PATCH", "", {"private": True})

    found = doctor(made, credentials("ada", token(gitea.person, gitea, *SCOPES)))

    assert found["git-access"][0] == "mend"
    assert found["token"][0] == "mend"
    assert "may see it" in found["token"][2]


def test_branches_of_ours_that_are_protected(gitea: GiteaServer, doctor: Doctor) -> None:
    made = gitea.repository()
    made.api("POST", "/branch_protections", {"rule_name": "gitops-upgrader/**", "enable_push": False})

    result, message, remedy = doctor(made, credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES)))[
        "branch-rules"
    ]

    assert result == "mend"
    assert "the rule gitops-upgrader/** lets nobody push to branches of this name" in message
    assert remedy == "Except gitops-upgrader/* from the rule, or let this account bypass it."


def test_a_protected_base_branch_is_in_nobodys_way(gitea: GiteaServer, doctor: Doctor) -> None:
    """Nothing is ever pushed there: that is what pull requests are for."""
    made = gitea.repository()
    made.api("POST", "/branch_protections", {"rule_name": "main", "enable_push": False, "required_approvals": 1})

    found = doctor(made, credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES)))

    assert {result for result, *_ in found.values()} == {"ok"}


def test_a_base_branch_that_is_missing(gitea: GiteaServer, doctor: Doctor) -> None:
    secret = credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES))

    result, message, remedy = doctor(gitea.repository(), secret, branch="production")["base-branch"]

    assert result == "mend"
    assert message.endswith("There is no branch 'production' to propose changes to.")
    assert "Create it, or name another" in remedy


@pytest.mark.parametrize(
    ("secret", "check", "said"),
    [
        (None, "repository", "no Secret"),
        ("{user: upgrader, pass: secret-word}", "secret", "Did you mean password by pass?"),
        ("{username: upgrader}", "secret", "Its key password is missing or empty."),
        ("{username: upgrader, password: ''}", "secret", "Its key password is missing or empty."),
        ("{token: secret-word}", "secret", "Its keys are token: nothing that lets Git push over HTTP."),
        ("{identity: secret-word, known_hosts: x}", "secret", "Store username and password"),
    ],
)
def test_a_secret_with_the_wrong_keys(
    secret: str | None, check: str, said: str, gitea: GiteaServer, doctor: Doctor
) -> None:
    made = gitea.repository()
    made.api("PATCH", "", {"private": True})

    found = doctor(made, secret)

    assert found[check][0] == "mend"
    assert said in f"{found[check][1]} {found[check][2]}"
    assert "secret-word" not in str(found)


def test_an_archived_repository(gitea: GiteaServer, doctor: Doctor) -> None:
    made = gitea.repository()
    made.api("PATCH", "", {"archived": True})

    found = doctor(made, credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES)))

    assert found["token"] == ("mend", "The repository is archived.", "Unarchive it, or name another one.")


def test_pull_requests_that_are_switched_off(gitea: GiteaServer, doctor: Doctor) -> None:
    made = gitea.repository()
    made.api("PATCH", "", {"has_pull_requests": False})

    found = doctor(made, credentials("upgrader", token(gitea.upgrader, gitea, *SCOPES)))

    assert found["pull-requests"][0] == "mend"


def test_without_custom_resources_the_environment_has_the_token(
    gitea: GiteaServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = gitea.repository()
    arguments = ["doctor", "--repo", made.url, "--provider", "gitea"]

    assert run(arguments) == 1
    assert "Set GITEA_TOKEN" in capsys.readouterr().out
    monkeypatch.setenv("GITEA_TOKEN", gitea.upgrader.token)
    assert run(arguments) == 0
    assert "Nothing to mend." in capsys.readouterr().out
