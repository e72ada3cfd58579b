"""Globs: which files and folders people mean with the paths that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_WILDCARD: Final = re.compile(r"((?<![^/])(?:\*\*/)+|\*+|\?|\[[!^]?[^\]]+\])")


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path is, or is in, what one of the globs means; without globs every path is.

    `*`, `?` and sets such as `[a-c]` stop at slashes, `**` does not. A range that is none holds nothing.

    >>> matches("clusters/prod/cluster.yaml", ["clusters/*"])
    True
    """
    return not patterns or any(_compiled(pattern).match(path) for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression that takes polynomial time.

    `**` is `**/*`, so a glob has parts with any number of folders between them, and a part has texts with a star
    between them. What follows the first place where a text fits may follow all others: none of them is tried again.
    """
    glob = pattern.removeprefix("./").strip("/")
    if glob in {"", "."}:
        return re.compile("")
    closed = glob.rfind("]") + 1
    parts: list[list[list[str]]] = [[[]]]
    for index, text in enumerate(_WILDCARD.split(glob[:closed] + glob[closed:].replace("[", "[[]"))):
        if not index % 2:
            parts[-1][-1].append(re.escape(text))
        elif text[0] != "*":
            parts[-1][-1].append("[^/]" if text == "?" else _set(text))
        else:
            parts += [[[]]] if text != "*" else []
            parts[-1] += [[]] if text[-1] == "*" else []
    parts[-1][-1].append(r"(?:/|\Z)")
    first, *more = ("(?:" + ")(?>[^/]*?".join(map("".join, texts)) + ")" for texts in parts)
    return re.compile(first + "".join(f"(?>(?:[^/]*+/)*?{part})" for part in more))


def _set(part: str) -> str:
    """A set as a regular expression; a `-` that ends a range may begin none, as in `fnmatch`."""
    negated = part[1] in "!^"
    letters = part[1 + negated : -1]
    made, index = "", 0
    while index < len(letters):
        low = high = letters[index]
        if letters[index + 1 : index + 2] == "-" and index + 2 < len(letters):
            high = letters[index + 2]
            index += 2
        index += 1
        if low <= high:
            made += f"{re.escape(low)}-{re.escape(high)}"
    if not made:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{made}]"
