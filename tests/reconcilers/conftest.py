"""A fleet for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reconcilers.directory import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """An empty repository and an empty folder."""
    return Fleet(tmp_path)
