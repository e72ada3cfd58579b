"""Which repository, with whose credentials: the object's, Flux's, the command line's, and never somebody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
import pytest

from gitops_upgrader.errors import LocalRepositoryRefused
from tests.cli.leaks import leaked
from tests.gitserver import GitServer, git_http_server
from tests.httpserver import QuietHandler, http_server
from tests.reconcilers.directory import OURS, PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, repository, secret, upgrader

PASSWORD = "correct-horse-battery"


@dataclass
class Recorder:
    """A web server that answers 404 and keeps everything that it was sent."""

    url: str = ""
    heard: list[str] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run one until the block ends."""
    recorder = Recorder()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            recorder.heard.append(f"{self.path}\n{self.headers}\n{self.rfile.read(size).decode('latin-1')}")
            self.send_error(404)

        def do_POST(self) -> None:
            self.do_GET()

    with http_server(Handler) as port:
        recorder.url = f"http://127.0.0.1:{port}"
        yield recorder


@pytest.fixture
def served(fleet: Fleet) -> Iterator[GitServer]:
    """The fleet's repository over HTTP, for whoever knows the password."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    with git_http_server(fleet.people.path.parent, credentials=("bot", PASSWORD)) as running:
        yield running


def test_the_secret_of_the_object_opens_the_repository(fleet: Fleet, served: GitServer) -> None:
    url = f"{served.url}/fleet.git"
    fleet.write(
        "repository.yaml",
        repository(url, provider="none", secretRef="{name: git}"),
        secret("git", f"username: bot, password: {PASSWORD}"),
    )

    run = fleet.run(repo=None)

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert run.of("prod").repository == url


def test_a_wrong_password_is_said_without_the_password(fleet: Fleet, served: GitServer) -> None:
    fleet.write(
        "repository.yaml",
        repository(f"{served.url}/fleet.git", provider="none", secretRef="{name: git}"),
        secret("git", "username: bot, password: incorrect-horse"),
    )

    run = fleet.run(repo=None)

    assert run.told() == {"prod": "error, AuthenticationFailed"}
    assert "incorrect-horse" not in str(run.of("prod").error)
    assert run.of("prod").repository == f"{served.url}/fleet.git"


def test_the_objects_secret_does_not_go_where_the_command_line_points(fleet: Fleet, served: GitServer) -> None:
    fleet.write(
        "repository.yaml",
        repository(f"{served.url}/fleet.git", provider="none", secretRef="{name: git}"),
        secret("git", f"username: bot, password: {PASSWORD}, token: {PASSWORD}"),
    )
    with recording() as elsewhere:
        run = fleet.run(repo=f"{elsewhere.url}/fleet.git", provider="none")

    assert run.told()["prod"].startswith("error, ")
    assert elsewhere.heard
    sent = "\n".join(elsewhere.heard)
    assert "Authorization" not in sent
    assert leaked(sent, PASSWORD) == []
    assert not served.requests


def test_the_objects_secret_goes_along_on_its_own_host(fleet: Fleet, served: GitServer) -> None:
    fleet.write(
        "repository.yaml",
        repository(f"{served.url}/elsewhere.git", provider="none", secretRef="{name: git}"),
        secret("git", f"username: bot, password: {PASSWORD}"),
    )

    run = fleet.run(repo=f"{served.url}/fleet.git")

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


def test_credentials_in_a_typed_address_are_used_and_not_shown(fleet: Fleet, served: GitServer) -> None:
    typed = f"{served.url}/fleet.git".replace("http://", f"http://bot:{PASSWORD}@")

    run = fleet.run(repo=typed, provider="none")

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert run.of("prod").repository == f"{served.url}/fleet.git"


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"])
@pytest.mark.parametrize("planted", ["url", "apiURL"])
def test_a_planted_address_gets_no_token_of_the_environment(fleet: Fleet, planted: str, variable: str) -> None:
    """Whoever can write a custom resource must not get the token of whoever runs the program."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    provider = variable.partition("_")[0].lower()
    with recording() as thief:
        made = (
            repository(f"{thief.url}/a/b.git", provider=provider)
            if planted == "url"
            else repository(f"{thief.url}/a/b.git", provider=provider, apiURL=f"{thief.url}/api")
        )
        fleet.write("repository.yaml", made)
        run = fleet.run(repo=None, environ={variable: PASSWORD, "HOME": "/nowhere"})
        overridden = fleet.run(repo=str(fleet.people.path), environ={variable: PASSWORD})

    assert run.told()["prod"].startswith("error, ")
    assert thief.heard
    sent = "\n".join(thief.heard)
    assert leaked(sent, PASSWORD) == []
    assert overridden.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


def test_the_environments_token_goes_to_the_address_that_was_typed(fleet: Fleet) -> None:
    """The person who types an address means it: the token is for that host, for Git and for the API alike."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    with git_http_server(fleet.folder.parent, credentials=("x-access-token", PASSWORD)) as served:
        url = f"{served.url}/{fleet.folder.name}/fleet.git"
        run = fleet.run(repo=url, provider="gitea", environ={"GITEA_TOKEN": PASSWORD, "HOME": "/nowhere"})

    assert run.told()["prod"].startswith("error, Forge")  # Git opens; there is no API behind it
    sent = {(request.path.partition("/api/")[1], request.headers.get("authorization")) for request in served.requests}
    assert ("/api/", f"Bearer {PASSWORD}") in sent
    assert any(not api and header in served.authorised for api, header in sent)


def test_a_repository_of_another_namespace_has_to_admit_ours(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual()
    fleet.write("prod.yaml", upgrader("prod", repositoryRef="{name: shared, namespace: platform}"))
    fleet.write("repository.yaml", repository(str(fleet.people.path), name="shared", namespace="platform"))

    refused = fleet.run(repo=None)
    assert str(refused.of("prod").error) == (
        "ClusterClassClusterUpgrader fleet/prod: spec.repositoryRef: GitOpsRepository platform/shared does not admit "
        "namespace 'fleet'. Add the namespace to its spec.allowedNamespaces."
    )

    admitting = repository(str(fleet.people.path), name="shared", namespace="platform", allowedNamespaces="[fleet]")
    fleet.write("repository.yaml", admitting)
    assert fleet.run(repo=None).told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


def test_any_other_reference_stays_in_its_namespace(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN.replace("namespace: fleet", "namespace: other"))
    fleet.write("prod.yaml", upgrader("prod").replace("{name: newest}", "{name: newest, namespace: other}"))

    run = fleet.run()

    assert run.told() == {"prod": "error, CrossNamespaceReference"}


def test_no_repository_at_all(fleet: Fleet) -> None:
    fleet.usual("prod")

    error = fleet.run(repo=None).of("prod").error

    assert str(error) == (
        "ClusterClassClusterUpgrader fleet/prod: spec.repositoryRef: There is no GitOpsRepository fleet/default. "
        "Create it, or name the repository with --repo."
    )


FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: fleet}
spec: {url: 'URL', provider: generic, ref: {branch: BRANCH}, secretRef: {name: git}}
"""
BY_FLUX = f"""\
apiVersion: {OURS}
kind: GitOpsRepository
metadata: {{name: default, namespace: fleet}}
spec: {{provider: none, sourceRef: {{kind: GitRepository, name: fleet}}}}
"""


def test_flux_says_url_branch_and_secret(fleet: Fleet, served: GitServer) -> None:
    fleet.people.move("release", fleet.people.tip())
    flux = FLUX.replace("URL", f"{served.url}/fleet.git").replace("BRANCH", "release")
    fleet.write("repository.yaml", BY_FLUX, flux, secret("git", f"username: bot, password: {PASSWORD}"))

    run = fleet.run(repo=None)

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert fleet.run(repo=None, branch="main").told() == {"prod": "leave, Current v1.33.5 -> v1.34.2"}


@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        ((BY_FLUX,), "ObjectNotFound"),
        ((BY_FLUX, FLUX.replace("url: 'URL', ", "")), "InvalidObject"),
        ((BY_FLUX, FLUX), "ObjectNotFound"),
        (
            (
                BY_FLUX,
                FLUX.replace("URL", "https://git.example/fleet.git"),
                secret("git", "x: y").replace("stringData: {x: y}", "data: {x: '%%%'}"),
            ),
            "InvalidObject",
        ),
    ],
    ids=["no GitRepository", "no url", "no Secret", "a Secret that is not base64"],
)
def test_a_chain_that_leads_nowhere(fleet: Fleet, documents: tuple[str, ...], reason: str) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    fleet.write("repository.yaml", *documents)

    assert fleet.run(repo=None).told() == {"prod": f"error, {reason}"}


def test_a_controller_takes_no_folder_of_its_machine(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    fleet.write("repository.yaml", repository(f"file://{fleet.people.path}"))

    error = fleet.run(repo=None, environ={}).of("prod").error

    assert isinstance(error, LocalRepositoryRefused)
    assert fleet.run(repo=None).told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


def checkout_of(fleet: Fleet, folder: Path) -> pygit2.Repository:
    """A person's clone, with something half done in it."""
    clone = pygit2.clone_repository(str(fleet.people.path), str(folder))
    (folder / "half-done.txt").write_text("not yet\n")
    (folder / "clusters" / "prod.yaml").write_text("broken, on purpose\n")
    clone.index.add("half-done.txt")
    clone.index.write()
    return clone


def state_of(folder: Path) -> Mapping[str, bytes]:
    """Every file of a clone that a person would miss: the work tree, the index, HEAD and the branches."""
    kept = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            relative = path.relative_to(folder).as_posix()
            if not relative.startswith((".git/objects", ".git/gitops-upgrader")):
                kept[relative] = path.read_bytes()
    return kept


def test_a_checkout_with_a_remote_stands_for_the_remote(fleet: Fleet, tmp_path: Path) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    clone = tmp_path / "clone"
    checkout_of(fleet, clone)
    before = state_of(clone)

    run = fleet.run(repo=str(clone))

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert run.of("prod").repository == str(fleet.people.path)
    assert "gitops-upgrader/fleet/prod" in fleet.people.branches()
    assert state_of(clone) == before


def test_what_deploys_another_repository_is_told_by_the_address(
    fleet: Fleet, served: GitServer, tmp_path: Path
) -> None:
    patch = "{target: {kind: Cluster}, patch: '[{op: replace, path: /spec/topology/version, value: v1.32.0}]'}"
    source = f"{{repoURL: 'https://127.0.0.1/us/%s.git', path: ., kustomize: {{patches: [{patch}]}}}}"
    application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {source: %s}\n"
    fleet.people.commit({"apps/apps.yaml": application % source % "apps"})
    fleet.write(
        "repository.yaml",
        repository(f"{served.url}/fleet.git", provider="none", secretRef="{name: git}"),
        secret("git", f"username: bot, password: {PASSWORD}"),
    )
    assert fleet.run(repo=None, dry_run=True).told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}

    clone = tmp_path / "clone"
    checkout_of(fleet, clone).remotes.set_url("origin", "git@example.com:us/fleet.git")
    told = fleet.run(repo=str(clone), provider="local", dry_run=True).told()
    assert told == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}


def test_a_checkout_without_a_remote_is_the_repository(fleet: Fleet, tmp_path: Path) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    clone = tmp_path / "clone"
    checkout_of(fleet, clone).remotes.delete("origin")
    before = state_of(clone)

    run = fleet.run(repo=str(clone / "clusters"))

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert run.of("prod").repository == str(clone)
    added = {name for name in state_of(clone) if name not in before}
    assert {name for name in added if not name.startswith((".git/refs/heads/gitops-upgrader", ".git/logs"))} == set()
    assert {name: text for name, text in state_of(clone).items() if name in before} == before


def test_somebody_pushes_between_look_and_push_and_the_run_looks_again(fleet: Fleet, served: GitServer) -> None:
    """The base moves on while the branch is pushed for the first time by another run of ours."""
    raced: list[bool] = []

    def race(seen: object) -> None:
        if getattr(seen, "is_push", False) and not raced:
            raced.append(True)
            fleet.people.commit({"x": "theirs"}, branch="gitops-upgrader/fleet/prod", parents=(fleet.people.tip(),))

    served.before = race
    typed = f"{served.url}/fleet.git".replace("http://", f"http://bot:{PASSWORD}@")

    run = fleet.run(repo=typed, provider="none")

    assert raced
    assert run.told() == {"prod": "hold, BranchModified v1.33.5 -> v1.34.2"}
    assert fleet.people.read("gitops-upgrader/fleet/prod", "x") == "theirs"
