"""Text from outside in Markdown: shown as it is, and never markup, a comment, a mention or a line of its own.

Pull requests are GitHub Flavored Markdown on every forge (https://github.github.com/gfm/), and our own hidden comments
are found by their text: so a name or an id may neither format, nor notify, nor look like one of those comments.
"""

from __future__ import annotations

import re

_JOINER = "\N{WORD JOINER}"
"""Shows nothing, and keeps what stands around it from being read as one."""

_COMMENT = re.compile(r"<(?=!--)|--(?=>)")
_HALF = re.compile("[\ud800-\udfff]")
_MENTION = re.compile(r"@|#(?=[0-9])")
_MARKUP = re.compile(r"[\\`*_\[\]<~]|^[>#+-]")


def code(text: str) -> str:
    """A code span that no text can leave, also inside a table: no line breaks, no pipes, enough backticks."""
    flat = _flat(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def prose(text: str) -> str:
    """A sentence that means nothing but its words."""
    return _MENTION.sub(_joined, _MARKUP.sub(r"\\\g<0>", _flat(text)))


def _flat(text: str) -> str:
    """One line, without the halves of characters that stand for bytes in Git's names which are no UTF-8."""
    return _COMMENT.sub(_joined, " ".join(_HALF.sub("\N{REPLACEMENT CHARACTER}", text).split()))


def _joined(match: re.Match[str]) -> str:
    return match[0] + _JOINER
