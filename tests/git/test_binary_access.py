"""Who is let in, and who gets to see the credentials: the `git` program against a server that asks for them."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from gitops_upgrader.errors import (
    AuthenticationFailed,
    GitError,
    NetworkError,
    PushRefused,
    RedirectRefused,
    TlsRefused,
)
from gitops_upgrader.git import GitAuth, Location, RefUpdate, Repository
from tests.git.conftest import Fleet
from tests.git.transport import PASSWORD, arguments_of_processes, edit, opened, proposed
from tests.gitserver import GitServer, Seen, git_http_server
from tests.need import need

# --- credentials ------------------------------------------------------------------------------------------------------


@pytest.fixture
def locked(fleet: Fleet) -> Iterator[GitServer]:
    """The fleet behind a password."""
    with git_http_server(fleet.path.parent, credentials=("robot", PASSWORD)) as running:
        yield running


def test_basic_authentication_is_given_at_once(fleet: Fleet, locked: GitServer) -> None:
    with opened(f"{locked.url}/fleet.git", GitAuth(username="robot", password=PASSWORD)) as repository:
        oid = proposed(repository, "ours")
    assert fleet.tip("ours") == oid
    assert all("authorization" in seen.headers for seen in locked.requests)


def test_a_bearer_token_is_given(fleet: Fleet, server: GitServer, url: str) -> None:
    server.bearer = "token-of-the-test"
    with opened(url, GitAuth(bearer_token="token-of-the-test")) as repository:
        assert repository.refs().default_branch == "main"


def test_credentials_in_the_address_are_used_and_never_shown(locked: GitServer) -> None:
    location = Location.parse(locked.url.replace("://", "://robot:s3cr3t%2Fpass%20word@") + "/fleet.git")
    assert "s3cr3t" not in f"{location!r} {location} {location.url} {location.normalised}"
    with Repository.open(location) as repository:
        assert repository.refs().default_branch == "main"


@pytest.mark.parametrize("auth", [None, GitAuth(username="robot", password="wrong-one")])
def test_wrong_credentials_and_none_are_named(locked: GitServer, auth: GitAuth | None) -> None:
    with opened(f"{locked.url}/fleet.git", auth) as repository:
        for action in (repository.refs, lambda: repository.fetch(["main"])):
            with pytest.raises(AuthenticationFailed, match="does not accept the credentials") as caught:
                action()
            assert not caught.value.transient


def test_credentials_are_in_no_argument(
    fleet: Fleet, locked: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on the machine can read arguments: a `git` in front of git writes all of them down."""
    need("git")
    log = tmp_path / "arguments"
    real = need("git")
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nGIT_EXEC_PATH= exec {real} "$@"\n', "utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    auth = GitAuth(username="robot", password=PASSWORD)
    seen: list[bytes] = []
    locked.before = lambda _: seen.append(arguments_of_processes())
    with opened(f"{locked.url}/fleet.git", auth) as repository:
        proposed(repository)
    everything = log.read_bytes() + b"".join(seen)
    assert b"ls-remote" in everything or b"fetch" in everything
    for secret in auth.secrets:
        assert secret.encode() not in everything


def test_no_error_shows_a_credential(fleet: Fleet, locked: GitServer) -> None:
    auth = GitAuth(username="robot", password=PASSWORD)
    fleet.hook("pre-receive", f"echo 'you said {PASSWORD} and {auth.secrets[-1]}' >&2; exit 1")
    with opened(f"{locked.url}/fleet.git", auth) as repository, pytest.raises(PushRefused) as caught:
        proposed(repository)
    for secret in auth.secrets:
        assert secret not in f"{caught.value} {caught.value!r} {auth!r}"
    assert "***" in str(caught.value)


def test_the_files_with_credentials_go_with_the_repository(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with opened(url, GitAuth(ca=b"-----BEGIN CERTIFICATE-----\n")) as repository:
        repository.refs()
        made = set(tmp_path.iterdir()) - before
        assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
        repository.close()
    assert set(tmp_path.iterdir()) == before


# --- redirects --------------------------------------------------------------------------------------------------------


def test_a_redirect_to_another_origin_gets_no_credentials(fleet: Fleet, locked: GitServer) -> None:
    with git_http_server(fleet.path.parent) as thief:
        locked.redirect = lambda seen: f"{thief.url}{seen.path}?{seen.query}"
        with opened(f"{locked.url}/fleet.git", GitAuth(username="robot", password=PASSWORD)) as repository:
            for action in (repository.refs, lambda: repository.fetch(["main"])):
                with pytest.raises(RedirectRefused, match=f"redirects to another one, {thief.url}/fleet.git,"):
                    action()
    assert thief.requests == []


def test_a_redirect_of_the_push_alone_gets_nothing(fleet: Fleet, server: GitServer, url: str) -> None:
    with git_http_server(fleet.path.parent) as thief, opened(url, GitAuth(username="robot", password=PASSWORD)) as ours:
        oid = edit(ours, ours.fetch(["main"])["main"])
        server.redirect = lambda seen: f"{thief.url}{seen.path}?{seen.query}" if "receive" in seen.query else None
        with pytest.raises(RedirectRefused):
            ours.push([RefUpdate("ours", oid, None)])
        assert thief.requests == []
    assert fleet.tip("ours") is None


def test_a_renamed_repository_on_the_same_origin_is_followed(fleet: Fleet, locked: GitServer) -> None:
    def renamed(seen: Seen) -> str | None:
        return f"/fleet.git{seen.path.removeprefix('/old-name')}?{seen.query}" if "/old-name/" in seen.path else None

    locked.redirect = renamed
    with opened(f"{locked.url}/old-name", GitAuth(username="robot", password=PASSWORD)) as repository:
        oid = proposed(repository, "ours")
    assert fleet.tip("ours") == oid


@pytest.mark.parametrize("target", ["/fleet.git/info/refs?service=git-upload-pack", "ssh://git@evil.example/x", "::"])
def test_circles_and_nonsense_are_refused(locked: GitServer, target: str) -> None:
    locked.redirect = lambda _: target
    with opened(f"{locked.url}/fleet.git") as repository, pytest.raises(RedirectRefused):
        repository.refs()


# --- TLS and proxies --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(fleet: Fleet, authority: trustme.CA) -> Iterator[GitServer]:
    """The fleet over HTTPS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with git_http_server(fleet.path.parent, tls=context) as running:
        yield running


def test_a_private_authority_is_trusted_for_its_repository_only(
    fleet: Fleet, secure: GitServer, authority: trustme.CA
) -> None:
    url = f"{secure.url}/fleet.git"
    with opened(url, GitAuth(ca=authority.cert_pem.bytes())) as repository:
        oid = proposed(repository, "ours")
    assert fleet.tip("ours") == oid
    other = trustme.CA()
    for auth in (None, GitAuth(ca=other.cert_pem.bytes()), GitAuth(ca=b"-----BEGIN CERTIFICATE-----\njunk\n")):
        with opened(url, auth) as repository, pytest.raises(TlsRefused, match=r"under `ca\.crt`") as caught:
            repository.refs()
        assert not caught.value.transient


def test_a_client_certificate_is_shown(fleet: Fleet, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the handshake tells, and not a later read
    context.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("robot@example.org")
    key, certificate = ours.private_key_pem.bytes(), ours.cert_chain_pems[0].bytes()
    with git_http_server(fleet.path.parent, tls=context) as server:
        url = f"{server.url}/fleet.git"
        shown = GitAuth(ca=authority.cert_pem.bytes(), client_certificate=certificate, client_key=key)
        with opened(url, shown) as repository:
            assert repository.refs().default_branch == "main"
        with (
            opened(url, GitAuth(ca=authority.cert_pem.bytes())) as repository,
            pytest.raises((TlsRefused, NetworkError)),
        ):
            repository.refs()


def test_the_proxy_of_the_repository_is_asked(fleet: Fleet) -> None:
    """A plain HTTP proxy gets whole URLs; the server here answers them all, whatever host they name."""
    with git_http_server(fleet.path.parent) as proxy:
        auth = GitAuth(proxy=proxy.url, proxy_username="proxy-user", proxy_password="proxy-s3cr3t")
        with opened("http://fleet.invalid/fleet.git", auth) as repository:
            assert repository.refs().default_branch == "main"
        assert all("proxy-authorization" in seen.headers for seen in proxy.requests)
        proxy.status = lambda _: 407
        with opened("http://fleet.invalid/fleet.git", auth) as repository, pytest.raises(GitError) as caught:
            repository.refs()
        assert caught.value.reason == "ProxyRefused"
        assert "s3cr3t" not in str(caught.value)
