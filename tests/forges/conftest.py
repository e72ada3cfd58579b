"""A real Gitea, started once for all tests that ask for it, and a server that answers as a test says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.forges.loopback import Reply, Request, serving
from tests.forges.session import Replies
from tests.servers.gitea import GiteaServer, running

pytest.register_assert_rewrite("tests.forges.contract")


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A running Gitea with two people on it."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server
    assert Path(os.devnull).is_char_device(), "the server has overwritten the machine's null device"


@pytest.fixture
def replies() -> Iterator[Replies]:
    """A server that answers as a test says for each path."""
    routes: dict[str, Callable[[Request], Reply]] = {}
    with serving(lambda request: routes[request.path](request)) as server:
        yield server, routes
