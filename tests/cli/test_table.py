"""Tables: side by side where there is room, below each other where there is none, one line a row for programs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from gitops_upgrader.cli.table import print_table

HEADER = ("CLUSTER", "VERSION", "PLACE")
ROWS = (("fleet/dev", "v1.34.2", "clusters/dev.yaml:10"), ("fleet/production-eu", "?", "-"))


def printed(width: int, *, terminal: bool, rows: tuple[tuple[str, ...], ...] = ROWS) -> list[str]:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=terminal, color_system=None, soft_wrap=True, highlight=False
    )
    print_table(console, HEADER, [tuple(map(Text, row)) for row in rows])
    return [line.rstrip() for line in stream.getvalue().splitlines()]


WIDE = [
    "CLUSTER              VERSION  PLACE",
    "fleet/dev            v1.34.2  clusters/dev.yaml:10",
    "fleet/production-eu  ?        -",
]


@pytest.mark.parametrize("width", [50, 80, 200])
def test_where_there_is_room(width: int) -> None:
    assert printed(width, terminal=True) == WIDE


def test_what_does_not_fit_stands_below() -> None:
    assert printed(49, terminal=True) == [
        "CLUSTER              VERSION",
        "fleet/dev            v1.34.2",
        "  place: clusters/dev.yaml:10",
        "fleet/production-eu  ?",
    ]


def test_on_a_very_narrow_terminal_words_stay_whole() -> None:
    assert printed(20, terminal=True) == [
        "CLUSTER",
        "fleet/dev",
        "  version: v1.34.2",
        "  place:",
        "  clusters/dev.yaml:",
        "  10",
        "fleet/production-eu",
        "  version: ?",
    ]


@pytest.mark.parametrize("width", [20, 80])
def test_for_programs_a_row_is_a_line(width: int) -> None:
    assert printed(width, terminal=False) == WIDE


def test_wide_characters_take_two_columns() -> None:
    rows = (("東京", "v1", "a"), ("bonn", "v1", "b"))
    assert [line.index("v1") for line in printed(80, terminal=True, rows=rows)[1:]] == [7, 9]


def test_no_rows() -> None:
    assert printed(80, terminal=True, rows=()) == ["CLUSTER  VERSION  PLACE"]
