"""Durations as Go reads and writes them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.api import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("10m", 600),
        ("1h30m", 5400),
        ("24h", 86400),
        ("1.5h", 5400),
        ("1.s", 1),
        (".5s", 0.5),
        ("100ms", 0.1),
        ("1us", 0.000001),
        ("1µs", 0.000001),
        ("1μs", 0.000001),
        ("1500ns", 0.000001),
        ("1s1s", 2),
        (600_000_000_000, 600),
        (0, 0),
    ],
)
def test_parse(text: str | int, seconds: float) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "10min", "1d", "-1s", "+", "1h-5m", "s1", "1e3s", "10m\n"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        durations.parse(text)


@pytest.mark.parametrize("value", [-1, -1_000_000])
def test_negative(value: int) -> None:
    with pytest.raises(ValueError, match="is negative"):
        durations.parse(value)


@pytest.mark.parametrize("value", ["3000000h", 2**70])
def test_longer_than_go_can_keep(value: str | int) -> None:
    with pytest.raises(ValueError, match="292 years"):
        durations.parse(value)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(hours=24), "24h"),
        (timedelta(hours=1, minutes=30), "1h30m"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(seconds=100), "1m40s"),
        (timedelta(milliseconds=1500), "1.5s"),
        (timedelta(microseconds=1), "0.000001s"),
        (timedelta(seconds=10), "10s"),
    ],
)
def test_render(duration: timedelta, text: str) -> None:
    assert durations.render(duration) == text


@given(st.timedeltas(min_value=timedelta(0), max_value=durations.LONGEST))
def test_what_is_written_reads_the_same(duration: timedelta) -> None:
    text = durations.render(duration)
    assert durations.parse(text) == duration
    assert re.search(durations.PATTERN, text)


@given(st.text(alphabet="0123456789.hmsnuµ ", max_size=8))
def test_the_crds_pattern_admits_what_is_parsed(text: str) -> None:
    try:
        durations.parse(text)
        parsed = True
    except ValueError as error:
        parsed = "292 years" in str(error)
    assert parsed == bool(re.fullmatch(durations.PATTERN.removeprefix("^").removesuffix("$"), text))
