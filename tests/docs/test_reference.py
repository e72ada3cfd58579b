"""The reference pages are what the code says, and say something about everything."""

from __future__ import annotations

import pytest

from tests.docs.blocks import ROOT
from tests.docs.reference import PAGES

FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), f"docs/reference/{name} has drifted: run `make reference`."


@pytest.mark.parametrize("name", PAGES)
def test_nothing_goes_without_a_meaning(name: str) -> None:
    """The meaning is the last column, or the one before a default or a yes or no."""
    column = {"cli.md": 1, "errors.md": 1, "metrics.md": 3, "custom-resources.md": 3}.get(name, 1)
    for line in PAGES[name]().splitlines():
        cells = [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]
        if line.startswith("| `") and len(cells) > column:
            assert cells[column], line


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)
