"""The README's picture shows what the program prints today."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tests.docs.blocks import ROOT
from tests.docs.picture import COMMANDS, FOLDER, PICTURE, drawn, lines, read, screen


def test_the_picture_shows_what_is_printed() -> None:
    """Its words, that is: how they are drawn is the business of the library that draws."""
    shown = screen()
    drawn_today = read(drawn(shown))

    assert drawn_today == lines(shown.plain), "the pictures of this release of rich cannot be read"
    assert read(PICTURE.read_text("utf-8")) == drawn_today, "run `make picture`"


def test_the_picture_shows_the_commands_and_a_sensible_diff() -> None:
    rows = read(PICTURE.read_text("utf-8"))

    assert [row for row in rows if row.startswith("$ ")] == [f"$ gitops-upgrader {command}" for command in COMMANDS]
    assert [row for row in rows if re.match(r"[-+] ", row) and "value" in row] == [
        "-        value: ubuntu-2404-kube-v1.34.1",
        "+        value: ubuntu-2404-kube-v1.35.3",
    ]
    assert max(map(len, rows)) <= 80
    assert any(FOLDER in row for row in rows)


def test_the_picture_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    root = ET.fromstring(PICTURE.read_text("utf-8"))

    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "style", "defs", "clipPath", "rect", "text", "g", "circle",
    }  # fmt: skip
    assert "url(http" not in PICTURE.read_text("utf-8")
    assert "@import" not in PICTURE.read_text("utf-8")


def test_the_readme_shows_it_in_words_too() -> None:
    found = re.search(r"!\[([^\]]+)\]\(docs/images/terminal\.svg\)", (ROOT / "README.md").read_text("utf-8"))
    assert found is not None
    assert len(found[1].split()) >= 8
