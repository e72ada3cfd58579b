"""Markdown, as the reference pages need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

HEADER = "<!-- Written from the code by `make reference`: edits here are lost. -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, with whatever would end a cell escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines) + "\n"


def cell(text: str) -> str:
    """A text as it may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """A text as code."""
    return f"`{text}`"


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: what it says in paragraphs, without the sections for programmers."""
    text = (docstring or "").strip()
    return re.split(r"\n\s*(?:Args|Attributes|Raises|Returns):\n", text)[0].strip()


def escaped(text: str) -> str:
    """Plain text in which nothing is taken for markup."""
    return re.sub(r"([*_<])", r"\\\1", text)
