"""The id of a machine image as a build tells it: text from outside, which ends up in manifests and in terminals."""

from __future__ import annotations

LONGEST = 1024
"""Characters of an id; real ones have at most a few hundred."""


def is_image_id(text: str) -> bool:
    """Whether a text can be an id: one printable line, neither empty nor longer than any infrastructure's.

    >>> is_image_id("ami-0abc"), is_image_id(""), is_image_id("two\\nlines")
    (True, False, False)
    """
    return 0 < len(text) <= LONGEST and text.isprintable()


def last_line(text: str) -> str:
    """The last line of a text that is not blank, without the blanks around it; empty where there is none."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")
