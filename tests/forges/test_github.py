from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.forges import worlds
from tests.forges.contract import ServerContract


class TestContract(ServerContract):
    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        with worlds.github() as world:
            yield world


@pytest.mark.servers
class TestDescriptions(ServerContract):
    """The contract again, with every request and answer held against GitHub's own descriptions."""

    @pytest.fixture
    def world(self) -> Iterator[worlds.FakeWorld]:
        from tests.forges import octokit

        with worlds.github() as world:
            yield world
        assert octokit.check(world.server.exchanges) == len(world.server.exchanges)
