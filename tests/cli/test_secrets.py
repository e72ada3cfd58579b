"""Planted secrets: each in its place, and in no output whatsoever, whatever goes wrong.

Outputs are what is printed in every form, what is logged, every file of a pull request, and every object in Git.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pygit2
import pytest

from tests.cli.commandline import CommandLine, Ran
from tests.cli.leaks import forms, leaked, leaks
from tests.gitserver import GitServer, git_http_server
from tests.httpserver import QuietHandler, http_server
from tests.reconcilers.directory import Fleet, repository, secret

PASSWORD = "Planted-git-password-7Qx"
TOKEN = "planted_api_token_Jk29z"
BEARER = "planted.bearer.token.W8m"
PASSPHRASE = "planted passphrase of 11 keys"
TYPED = "planted:typed/password@3"
ORIGIN = "plantedOriginPassword5"
ENVIRONMENT = {f"{name}_TOKEN": f"planted_{name.lower()}_environment_token" for name in ("GITHUB", "GITLAB", "GITEA")}
STORED = "planted-credential-store-1"
SECRETS = (PASSWORD, TOKEN, BEARER, PASSPHRASE, TYPED, ORIGIN, STORED, *ENVIRONMENT.values())
FORMS = (("-o", "text"), ("-o", "json"), ("-o", "diff"), ("--explain",), ("--dry-run", "-o", "json"), ("-vv",))


@pytest.fixture(autouse=True)
def _planted_environment(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, token in ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    home = fleet.folder / "home"
    home.mkdir()
    (home / ".git-credentials").write_text(f"http://bot:{STORED}@127.0.0.1\n")
    (home / ".netrc").write_text(f"machine 127.0.0.1 login bot password {STORED}\n")
    monkeypatch.setenv("HOME", str(home))


class Outputs:
    """Everything that anybody could read afterwards."""

    def __init__(self, fleet: Fleet, logged: pytest.LogCaptureFixture) -> None:
        self._fleet = fleet
        self._logged = logged
        self._said: list[tuple[str, str]] = []

    def add(self, name: str, ran: Ran) -> Ran:
        """Keep what a command printed."""
        self._said += [(f"{name}: stdout", ran.out), (f"{name}: stderr", ran.err)]
        return ran

    def everything(self) -> Iterator[tuple[str, str]]:
        """Each output by name."""
        yield from self._said
        yield "log", self._logged.text
        for path in sorted((self._fleet.people.path / "gitops-upgrader").rglob("*.md")):
            yield path.name, path.read_text("utf-8")
        found = self._fleet.people.repository
        for oid in found.odb:
            yield f"object {oid}", found.odb.read(oid)[1].decode("latin-1")
        for name in found.references:
            yield name, name


@pytest.fixture
def outputs(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> Outputs:
    caplog.set_level(logging.DEBUG)
    return Outputs(fleet, caplog)


@contextmanager
def parrot(status: int) -> Iterator[tuple[str, list[str]]]:
    """A forge that repeats the credentials that it gets in what it answers, plain and in base64; and what it heard."""
    everything: list[str] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            everything.append(str(self.headers))
            heard = str(self.headers.get("Authorization") or self.headers.get("Private-Token") or "")
            token = heard.rpartition(" ")[2]
            words = f"{heard} is no good: {token} {base64.b64encode(token.encode()).decode()}"
            body = json.dumps(
                {"message": words, "errors": [words], "error": words, "documentation_url": words}
            ).encode()
            self.send_response(status, f"No {token}")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

    with http_server(Handler) as port:
        yield f"http://127.0.0.1:{port}", everything


@pytest.fixture
def served(fleet: Fleet) -> Iterator[GitServer]:
    with git_http_server(fleet.folder.parent, credentials=("bot", PASSWORD)) as running:
        yield running


def url_of(served: GitServer, fleet: Fleet) -> str:
    return f"{served.url}/{fleet.folder.name}/fleet.git"


def plant(fleet: Fleet, url: str, **spec: str) -> None:
    """A GitOpsRepository with every Secret that it can name."""
    spec = {"provider": "none", "secretRef": "{name: git}", "apiSecretRef": "{name: api}"} | spec
    fleet.write(
        "repository.yaml",
        repository(url, **spec),
        secret("git", f"username: bot, password: '{PASSWORD}'"),
        secret("api", f"token: '{TOKEN}'"),
        secret("bearer", f"bearerToken: '{BEARER}'"),
        secret("unused", f"passphrase: '{PASSPHRASE}', password: '{PASSPHRASE}'"),
    )


def run_all(gitops_upgrader: CommandLine, outputs: Outputs, *more: str) -> list[Ran]:
    """`propose` in every form, `plan` and `validate`."""
    rans = [
        outputs.add(f"propose {form}", gitops_upgrader("propose", "-m", "upgrades", *more, *form)) for form in FORMS
    ]
    outputs.add("plan", gitops_upgrader("plan", "-m", "upgrades", *more))
    outputs.add("validate", gitops_upgrader("validate", "upgrades"))
    return rans


def test_nothing_leaks_when_all_goes_well(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs
) -> None:
    plant(fleet, url_of(served, fleet))

    rans = run_all(gitops_upgrader, outputs)

    assert {ran.status for ran in rans} == {0}
    assert "gitops-upgrader/fleet/prod" in fleet.people.branches()
    assert leaks(outputs.everything(), *SECRETS) == []


@pytest.mark.parametrize("secret_name", ["git", "bearer"])
def test_nothing_leaks_when_credentials_are_refused(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs, secret_name: str
) -> None:
    served.credentials = ("bot", "another-one")
    plant(fleet, url_of(served, fleet), secretRef=f"{{name: {secret_name}}}")

    rans = run_all(gitops_upgrader, outputs)

    assert {ran.status for ran in rans} == {1}
    assert leaks(outputs.everything(), *SECRETS) == []


def test_nothing_leaks_when_a_hook_tells_everything(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs
) -> None:
    """The remote's own words are shown to people, but for what is ours to keep."""
    hook = fleet.people.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    told = [PASSWORD, base64.b64encode(f"bot:{PASSWORD}".encode()).decode()]
    hook.write_text("#!/bin/sh\n" + "".join(f"echo 'I know {word}' >&2\n" for word in told) + "exit 1\n")
    hook.chmod(0o755)
    plant(fleet, url_of(served, fleet))

    rans = run_all(gitops_upgrader, outputs)

    assert "I know" in rans[0].err
    assert leaks(outputs.everything(), *SECRETS) == []


@pytest.mark.parametrize("provider", ["github", "gitlab", "gitea"])
@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_nothing_leaks_when_the_forge_repeats_what_it_hears(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs, provider: str, status: int
) -> None:
    with parrot(status) as (api, heard):
        plant(fleet, url_of(served, fleet), provider=provider, apiURL=f"{api}/api/v4")
        ran = outputs.add("propose", gitops_upgrader("propose", "-m", "upgrades", "-o", "json", "-vv"))

    assert ran.status == 1
    assert f" GET {api}/" in ran.err
    assert TOKEN in "\n".join(heard)
    assert "Forge" in ran.json["errors"][0]["reason"]
    assert leaks(outputs.everything(), *SECRETS) == []


def test_nothing_leaks_from_a_typed_address(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs
) -> None:
    served.credentials = ("bot", TYPED)
    typed = url_of(served, fleet).replace("http://", f"http://bot:{quote(TYPED, safe='')}@")

    rans = run_all(gitops_upgrader, outputs, "--repo", typed, "--provider", "none")
    assert {ran.status for ran in rans} == {0}
    for broken in (typed + "?x", typed + " y", typed.replace("http:", "hxxp:"), typed.replace("fleet.git", "gone.git")):
        rans += run_all(gitops_upgrader, outputs, "--repo", broken, "--provider", "none")
    outputs.add("no provider", gitops_upgrader("propose", "-m", "upgrades", "--repo", typed))

    assert {ran.status for ran in rans[len(FORMS) :]} == {1}
    assert leaks(outputs.everything(), *SECRETS) == []


def test_nothing_leaks_from_the_address_of_a_checkouts_remote(
    fleet: Fleet, served: GitServer, gitops_upgrader: CommandLine, outputs: Outputs, tmp_path: Path
) -> None:
    served.credentials = ("bot", ORIGIN)
    clone = pygit2.clone_repository(str(fleet.people.path), str(tmp_path / "clone"))
    clone.remotes.set_url("origin", url_of(served, fleet).replace("http://", f"http://bot:{ORIGIN}@"))

    rans = run_all(gitops_upgrader, outputs, "--repo", "clone", "--provider", "none")
    rans += run_all(gitops_upgrader, outputs, "--repo", "clone")

    assert {ran.status for ran in rans[: len(FORMS)]} == {0}
    assert leaks(outputs.everything(), *SECRETS) == []


def test_nothing_leaks_from_a_broken_secret(fleet: Fleet, gitops_upgrader: CommandLine, outputs: Outputs) -> None:
    plant(fleet, "https://git.example/fleet.git")
    text = (fleet.manifests / "repository.yaml").read_text()
    whole = base64.b64encode(PASSWORD.encode()).decode()
    for damage in (
        text.replace("stringData: {username", "data: {username"),
        text.replace(f"password: '{PASSWORD}'", f"password: ['{PASSWORD}']"),
        text.replace(f"'{PASSWORD}'", f"'{PASSWORD}"),
        text.replace(f"stringData: {{username: bot, password: '{PASSWORD}'}}", f"data: {{password: '{whole}%'}}"),
    ):
        assert damage != text
        (fleet.manifests / "repository.yaml").write_text(damage)
        run_all(gitops_upgrader, outputs)

    assert leaks(outputs.everything(), *SECRETS) == []


@pytest.mark.parametrize("around", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("before", ["", "b", "bo", "bot"])
def test_the_search_finds_what_it_should(before: str, around: str) -> None:
    """A search that finds nothing proves something only if it would find something."""
    for planted in SECRETS:
        hidden = base64.b64encode(f"{before}{planted}{around}".encode()).decode()
        assert leaked(f"Authorization: Basic {hidden}\n", planted) == [planted]
        assert leaked(f"{before}{planted}{around}", planted) == [planted]
        assert leaked("\n".join(hidden), planted) == [planted]
    assert leaked("nothing here", *SECRETS) == []
    assert len(forms(PASSWORD)) >= 4
