"""The fenced blocks of a Markdown file, each with the comment above it that says how it is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_BLOCK: Final = re.compile(
    r"^(?:<!-- checked: (?P<check>[a-z-]+)(?: (?P<argument>[^ >]+))? -->\n)?"
    r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        place: file and line, for messages.
        check: how it is checked; None where nothing says so.
        text: what is in it, the last line end included.
        argument: what the comment says behind the check, such as a file's name.
    """

    place: str
    check: str | None
    language: str
    text: str
    argument: str | None = None

    @property
    def commands(self) -> list[str]:
        """The lines without their comments."""
        lines = (re.sub(r"(^|\s)# .*", "", line).strip() for line in self.text.splitlines())
        return [line for line in lines if line]


def blocks(name: str) -> Iterator[Block]:
    """Every block of a file, named from the root of the repository."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{name}:{line}", found["check"], found["language"], found["text"], found["argument"])
