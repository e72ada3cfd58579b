from __future__ import annotations

from pathlib import Path

import pytest

from tests.forges import worlds
from tests.forges.contract import ForgeContract


class TestContract(ForgeContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> worlds.LocalWorld:
        return worlds.local(tmp_path / "pulls")
