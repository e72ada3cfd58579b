"""Colours that people can read, whatever is behind them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color

from gitops_upgrader import cli
from gitops_upgrader.cli import palette

COLOURS = {name: value for name, value in vars(palette).items() if name.isupper()}


def luminance(colour: Color) -> float:
    """Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour.get_truecolor()
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", COLOURS)
def test_a_colour_has_contrast_on_black_and_on_white(name: str) -> None:
    """WCAG 2.2 asks for 4.5 on one background; on both at once nothing has more than 4.58. Large text needs 3."""
    shade = luminance(Color.parse(COLOURS[name]))

    assert (shade + 0.05) / 0.05 > 3.8
    assert 1.05 / (shade + 0.05) > 3.8


@pytest.mark.parametrize("name", COLOURS)
def test_no_colour_is_one_that_a_theme_decides_on(name: str) -> None:
    number = Color.parse(COLOURS[name]).number
    assert number is not None
    assert number >= 16


def test_no_other_colours_are_used() -> None:
    named = re.compile(r"""style=f?["'][^"']*\b(red|green|yellow|blue|magenta|cyan|white|black)\b""")
    sources = sorted(Path(cli.__path__[0]).rglob("*.py"))

    assert len(sources) > 20
    assert [path.name for path in sources if named.search(path.read_text("utf-8"))] == []
