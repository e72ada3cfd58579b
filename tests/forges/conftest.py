"""A real Gitea, started once for all tests that ask for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.gitea import GiteaServer, running

pytest.register_assert_rewrite("tests.forges.contract")


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A running Gitea with two people on it."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server
    assert Path(os.devnull).is_char_device(), "the server has overwritten the machine's null device"
