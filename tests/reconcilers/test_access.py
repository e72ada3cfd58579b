"""Every way into a repository and its forge, each from a folder of custom resources to a pull request."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import trustme
import yaml

from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.loopback import Reply, Request
from tests.forges.test_auth import PEM, FakeApps
from tests.forges.worlds import Time
from tests.gitserver import git_http_server
from tests.httpserver import QuietHandler, http_server
from tests.reconcilers.directory import Fleet
from tests.reconcilers.forge import PATH, Fake, forge_of, repository, secret
from tests.sshserver import ssh_server

PROPOSED = {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
TOKEN = "token-of-the-upgrader"
INSTALLATION_TOKEN = "ghs_installation_token"
GIT_PASSWORD = "password-for-git-alone"
USER = {"username": "bot", "password": GIT_PASSWORD}
KINDS: dict[str, tuple[type[Fake], str]] = {
    "github": (FakeGitHub, "/api/v3"),
    "gitlab": (FakeGitLab, "/api/v4"),
    "gitea": (FakeGitea, "/api/v1"),
}


@pytest.fixture(autouse=True)
def _prod(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")


@pytest.mark.parametrize("provider", KINDS)
def test_a_deploy_key_for_git_and_a_token_for_the_forge(provider: str, fleet: Fleet) -> None:
    kind, _ = KINDS[provider]
    (fleet.folder / "ssh").mkdir()
    with forge_of(fleet, kind) as forge, ssh_server(fleet.folder / "ssh") as sshd:
        path = fleet.folder / PATH
        if isinstance(forge.fake, FakeGitLab):  # whose groups nest, so that the whole path counts
            forge.fake.project.owner = "%2F".join(path.parent.parts[1:])
        fleet.write(
            "repository.yaml",
            repository(
                sshd.url(path),
                forge.server.url,
                provider=provider,
                secretRef={"name": "deploy-key"},
                apiSecretRef={"name": "token"},
            ),
            secret("deploy-key", {"identity": sshd.identity, "known_hosts": sshd.known_hosts}),
            secret("token", {"token": TOKEN}),
        )

        assert fleet.run(repo=None).told() == PROPOSED

        assert forge.pulls == 1
        assert forge.authorizations() == {f"Bearer {TOKEN}"}
        assert fleet.run(repo=None).told() == {"prod": "leave, Current v1.33.5 -> v1.34.2"}


def test_ssh_without_known_hosts_or_with_another_host_key_is_refused(fleet: Fleet) -> None:
    (fleet.folder / "ssh").mkdir()
    with forge_of(fleet, FakeGitHub) as forge, ssh_server(fleet.folder / "ssh") as sshd:
        other = sshd.known_hosts.replace(sshd.host_key.split()[1].encode(), b"AAAAC3NzaC1lZDI1NTE5AAAAI" + b"A" * 43)
        told = []
        for key in ({}, {"known_hosts": other}):
            fleet.write(
                "repository.yaml",
                repository(
                    sshd.url(fleet.folder / PATH),
                    forge.server.url,
                    provider="github",
                    secretRef={"name": "deploy-key"},
                    apiSecretRef={"name": "token"},
                ),
                secret("deploy-key", {"identity": sshd.identity, **key}),
                secret("token", {"token": TOKEN}),
            )
            told.append(fleet.run(repo=None).told()["prod"])

        assert told == ["error, InvalidCredentials", "error, HostKeyChanged"]
        assert forge.pulls == 0


@pytest.mark.parametrize("provider", KINDS)
def test_a_secret_for_git_and_another_for_the_forge_never_meet(provider: str, fleet: Fleet) -> None:
    kind, suffix = KINDS[provider]
    with forge_of(fleet, kind) as forge, git_http_server(fleet.folder, credentials=("bot", GIT_PASSWORD)) as git:
        fleet.write(
            "repository.yaml",
            repository(
                f"{git.url}/{PATH}",
                forge.server.url + suffix,
                provider=provider,
                secretRef={"name": "git"},
                apiSecretRef={"name": "api"},
            ),
            secret("git", USER),
            secret("api", {"token": TOKEN}),
        )

        assert fleet.run(repo=None).told() == PROPOSED

        assert forge.authorizations() == {f"Bearer {TOKEN}"}
        shown = {seen.headers["authorization"] for seen in git.requests if "authorization" in seen.headers}
        assert shown == git.authorised


def test_one_token_is_for_git_and_the_forge(fleet: Fleet) -> None:
    with forge_of(fleet, FakeGitHub) as forge, git_http_server(fleet.folder, credentials=("git", TOKEN)) as git:
        fleet.write(
            "repository.yaml",
            repository(f"{git.url}/{PATH}", forge.server.url, provider="github", secretRef={"name": "both"}),
            secret("both", {"username": "git", "password": TOKEN}),
        )

        assert fleet.run(repo=None).told() == PROPOSED
        assert forge.authorizations() == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("which", "lookups"),
    [
        ({"githubAppInstallationID": "7"}, 0),
        ({"githubAppInstallationOwner": "acme"}, 2),
    ],
    ids=["installation", "owner"],
)
def test_a_github_app_opens_git_and_the_forge(which: dict[str, str], lookups: int, fleet: Fleet) -> None:
    apps = FakeApps(Time(now=time.time()))
    with (
        forge_of(fleet, FakeGitHub) as forge,
        git_http_server(fleet.folder, credentials=("x-access-token", INSTALLATION_TOKEN)) as git,
    ):
        forge.fake.token = INSTALLATION_TOKEN

        def app(request: Request) -> Reply | None:
            if request.path.endswith("/access_tokens"):
                return Reply(201, {**apps(request).body, "token": INSTALLATION_TOKEN})
            return apps(request) if request.path.endswith("/installation") else None

        forge.around = app
        fleet.write(
            "repository.yaml",
            repository(f"{git.url}/{PATH}", f"{forge.server.url}/api/v3", provider="github", secretRef={"name": "app"}),
            secret("app", {"githubAppID": "123", "githubAppPrivateKey": PEM, **which}),
        )

        run = fleet.run(repo=None)

    assert run.told() == PROPOSED
    assert forge.pulls == 1
    assert len(forge.server.asked("GET", "/installation")) == lookups


def contexts(authority: trustme.CA, *, mutual: bool) -> Iterator[ssl.SSLContext]:
    """Two servers' TLS, with certificates of an authority that nobody else knows."""
    for _ in range(2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        if mutual:
            authority.configure_trust(context)
            context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the handshake tells, and not a later read
            context.verify_mode = ssl.CERT_REQUIRED
        yield context


@pytest.mark.parametrize("mutual", [False, True], ids=["authority", "client certificate"])
def test_an_authority_of_ones_own_and_a_client_certificate(fleet: Fleet, *, mutual: bool) -> None:
    authority = trustme.CA()
    for_git, for_api = contexts(authority, mutual=mutual)
    ours = authority.issue_cert("robot@example.org")
    data: dict[str, str | bytes] = {"username": "git", "password": TOKEN, "ca.crt": authority.cert_pem.bytes()}
    certificate = {"tls.crt": ours.cert_chain_pems[0].bytes(), "tls.key": ours.private_key_pem.bytes()}
    with (
        forge_of(fleet, FakeGitHub, tls=for_api) as forge,
        git_http_server(fleet.folder, credentials=("git", TOKEN), tls=for_git) as git,
    ):
        document = repository(f"{git.url}/{PATH}", forge.server.url, provider="github", secretRef={"name": "git"})
        fleet.write("repository.yaml", document, secret("git", data | (certificate if mutual else {})))

        assert fleet.run(repo=None).told() == PROPOSED
        assert forge.pulls == 1

        without = {key: value for key, value in data.items() if key != "ca.crt"}
        fleet.write("repository.yaml", document, secret("git", without))
        expected = {"error, NetworkError", "error, TlsRefused"} if mutual else {"error, TlsRefused"}
        assert set(fleet.run(repo=None).told().values()) <= expected


@dataclass
class Proxy:
    """A proxy for plain HTTP: the hosts that it knows, by the server that stands for each, and what came by."""

    routes: dict[str, str]
    url: str = ""
    seen: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def proxying(routes: dict[str, str]) -> Iterator[Proxy]:
    """Run one until the end of the block."""
    proxy = Proxy(routes)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            proxy.seen.append((str(parts.hostname), self.headers.get("Proxy-Authorization")))
            upstream = urlsplit(proxy.routes[str(parts.hostname)])
            connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=30)
            left_out = {"proxy-authorization", "proxy-connection", "connection"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection.request(self.command, parts._replace(scheme="", netloc="").geturl(), body, headers)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_GET

    with http_server(Handler) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


def test_flux_names_address_branch_secret_and_proxy(fleet: Fleet) -> None:
    """Its `provider` is authentication and not the forge, which is ours to say."""
    fleet.people.move("release", fleet.people.tip())
    flux = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "fleet", "namespace": "fleet"},
        "spec": {
            "url": f"http://git.fleet.invalid/{PATH}",
            "provider": "generic",
            "ref": {"branch": "release"},
            "secretRef": {"name": "git"},
            "proxySecretRef": {"name": "proxy"},
        },
    }
    document = yaml.safe_load(repository("", "http://api.fleet.invalid/api/v1", provider="gitea"))
    del document["spec"]["url"]
    document["spec"]["sourceRef"] = {"kind": "GitRepository", "name": "fleet"}
    with (
        forge_of(fleet, FakeGitea) as forge,
        git_http_server(fleet.folder, credentials=("git", TOKEN)) as git,
        proxying({"git.fleet.invalid": git.url, "api.fleet.invalid": forge.server.url}) as proxy,
    ):
        fleet.write(
            "repository.yaml",
            yaml.safe_dump(document),
            yaml.safe_dump(flux),
            secret("git", {"username": "git", "password": TOKEN}),
            secret("proxy", {"address": proxy.url, "username": "robot", "password": "proxy-s3cr3t"}),
        )

        run = fleet.run(repo=None)

        assert run.told() == PROPOSED
        pull = run.of("prod").pull
        assert pull is not None
        assert (pull.base, forge.pulls) == ("release", 1)
        assert {host for host, _ in proxy.seen} == {"git.fleet.invalid", "api.fleet.invalid"}
        assert all(shown == "Basic cm9ib3Q6cHJveHktczNjcjN0" for _, shown in proxy.seen)
