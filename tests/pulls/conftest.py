"""A real Gitea, started once for the scenarios that are played on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.gitea import GiteaServer, running


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A running Gitea with two people on it."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server
