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
