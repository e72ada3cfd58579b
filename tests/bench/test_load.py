"""That the benchmark under load works, on a small fleet; how long anything takes is nobody's business here."""

from __future__ import annotations

import pytest

from tests.bench.load import Load, run

pytestmark = pytest.mark.servers


def test_a_small_fleet_goes_the_whole_way() -> None:
    """Each phase judges by itself whether what it measured is what should have been done."""
    measured = list(run(Load(clusters=24, images=8, canaries=2, max_open=4, interval=3, idle=9)))

    counted = [one for one in measured if one.most is not None and one.unit != "s"]
    assert [one.unit for one in counted].count("writes") == 3
    assert [f"{one.name}: {one.words}" for one in counted if not one.kept] == []
