from __future__ import annotations

import pytest

from tests.forges import worlds
from tests.forges.contract import ServerContract
from tests.servers.gitea import GiteaServer


@pytest.mark.servers
class TestContract(ServerContract):
    @pytest.fixture
    def world(self, gitea: GiteaServer) -> worlds.GiteaWorld:
        return worlds.gitea(gitea.repository())
