"""What each fault of a server, of the way to it or of the machine is called: the `git` program over HTTP."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gitops_upgrader.errors import (
    AccessDenied,
    GitError,
    GitMissing,
    GitTimeout,
    NetworkError,
    RemoteUnavailable,
    RepositoryNotFound,
)
from gitops_upgrader.git import RefUpdate
from tests.git.conftest import Fleet
from tests.git.transport import arguments_of_processes, edit, opened
from tests.gitserver import GitServer, Seen
from tests.servers.kubernetes import until


@pytest.mark.parametrize(
    ("status", "error", "transient"),
    [
        (403, AccessDenied, False),
        (404, RepositoryNotFound, False),
        (410, RepositoryNotFound, False),
        (429, RemoteUnavailable, True),
        (500, RemoteUnavailable, True),
        (502, RemoteUnavailable, True),
        (503, RemoteUnavailable, True),
        (504, RemoteUnavailable, True),
    ],
)
def test_each_status_has_its_reason(
    server: GitServer, url: str, status: int, error: type[GitError], transient: bool
) -> None:
    server.status = lambda _: status
    with opened(url) as repository, pytest.raises(error) as caught:
        repository.fetch(["main"])
    assert type(caught.value) is error
    assert caught.value.transient is transient
    assert "fleet.git" in str(caught.value)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_on_the_objects_is_transient(
    fleet: Fleet, server: GitServer, url: str, status: int
) -> None:
    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        server.status = lambda seen: status if seen.is_push else None
        with pytest.raises(NetworkError) as caught:
            repository.push([RefUpdate("ours", oid, None)])
        assert caught.value.transient
        server.status = lambda _: None
        repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("ours") == oid


@pytest.mark.parametrize("kept", [0, 1, 60, 300])
def test_a_connection_that_breaks_half_way_is_transient(server: GitServer, url: str, kept: int) -> None:
    server.cut_after = kept
    with opened(url) as repository:
        with pytest.raises(NetworkError) as caught:
            repository.fetch(["main"])
        assert caught.value.transient
        server.cut_after = None
        assert "main" in repository.fetch(["main"])


def test_a_push_whose_answer_is_lost_can_be_repeated(fleet: Fleet, server: GitServer, url: str) -> None:
    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        server.before = lambda seen: setattr(server, "cut_after", 3 if seen.is_push else None)
        with pytest.raises(NetworkError):
            repository.push([RefUpdate("ours", oid, None)])
        assert fleet.tip("ours") == oid
        server.before = lambda _: setattr(server, "cut_after", None)
        repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("ours") == oid


def test_nobody_listening_is_transient() -> None:
    with opened("http://127.0.0.1:9/fleet.git") as repository, pytest.raises(NetworkError) as caught:
        repository.refs()
    assert type(caught.value) is NetworkError


def test_a_host_without_an_address_is_transient() -> None:
    with opened("http://fleet.invalid/fleet.git") as repository, pytest.raises(NetworkError):
        repository.refs()


def test_a_server_that_does_not_answer_is_left_after_the_timeout(server: GitServer, url: str) -> None:
    release = threading.Event()

    def wait(_: Seen) -> None:
        release.wait(120)

    server.before = wait
    try:
        with opened(url, timeout=0.3) as repository, pytest.raises(GitTimeout) as caught:
            repository.refs()
    finally:
        release.set()
    assert caught.value.transient
    # Git's helpers are killed with it, but not its own to wait for: on a busy machine they end a moment later.
    until(lambda: url.encode() not in arguments_of_processes(), "no process of git is left")


def test_an_unknown_repository_is_not_found(server: GitServer) -> None:
    with (
        opened(f"{server.url}/nowhere.git") as repository,
        pytest.raises(RepositoryNotFound, match="Check the address"),
    ):
        repository.refs()


def test_a_page_that_is_no_repository_is_not_found_or_unsupported(server: GitServer, fleet: Fleet) -> None:
    (fleet.path.parent / "page").mkdir()
    with opened(f"{server.url}/page") as repository, pytest.raises(GitError) as caught:
        repository.refs()
    assert not caught.value.transient


def test_a_machine_without_git_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="not installed"):
        opened(url)
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.20.1\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/nowhere")
    with pytest.raises(GitMissing, match="too old"):
        opened(url)
