"""The name that somebody may have meant."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable
from typing import Final

_COMPARED: Final = 200
"""How many names are compared letter by letter, which takes 60 microseconds for each."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a given one, if any is; of thousands, those that begin and end alike count.

    >>> nearest("clusters/prd.yaml", ["clusters/dev.yaml", "clusters/prod.yaml"])
    'clusters/prod.yaml'
    """
    backwards = given[::-1]

    def alike(name: str) -> int:
        return _common(given, name) + _common(backwards, name[::-1])

    names = sorted(known)
    if len(names) > _COMPARED:
        names = heapq.nlargest(_COMPARED, names, alike)
    return next(iter(difflib.get_close_matches(given, names, n=1)), None)


def _common(one: str, other: str) -> int:
    """How many letters two names have in common at their beginning."""
    return next(
        (count for count, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
