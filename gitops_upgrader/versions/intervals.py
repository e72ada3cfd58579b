"""Sets of versions as unions of half-open intervals, over the sort keys that `Version.precedence` gives.

Every key has a next one (`after`), so that each bound can be written in one way: the first version inside and the first
version outside. That makes equal sets equal objects.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.versions.version import MAX_NUMBER, RELEASED, Identifier, Precedence

FIRST: Final[tuple[Identifier, ...]] = ((0, 0, ""),)
"""The lowest prerelease that there is, `-0`."""

BOTTOM: Final[Precedence] = (0, 0, 0, FIRST)
"""The lowest version that there is, `0.0.0-0`."""

TOP: Final[Precedence] = (MAX_NUMBER + 1, 0, 0, ())
"""A key above every version."""


def after(key: Precedence) -> Precedence:
    """The key that follows: `1.2.4-0` follows `1.2.3`, and `1.2.3-rc.1.0` follows `1.2.3-rc.1`."""
    major, minor, patch, stage = key
    return (major, minor, patch + 1, FIRST) if stage == RELEASED else (major, minor, patch, stage + FIRST)


def line_start(major: int, minor: int = 0) -> Precedence:
    """The lowest version of a release line, `1.34.0-0` for 1 and 34."""
    return major, minor, 0, FIRST


@dataclass(frozen=True, slots=True)
class Intervals:
    """A set of versions: sorted intervals `[first inside, first outside)` that neither overlap nor touch."""

    spans: tuple[tuple[Precedence, Precedence], ...] = ()

    @classmethod
    def between(cls, start: Precedence, end: Precedence = TOP) -> Intervals:
        """All versions from `start`, up to but without `end`."""
        return cls.union([(start, min(end, TOP))])

    @classmethod
    def union(cls, spans: Iterable[tuple[Precedence, Precedence]]) -> Intervals:
        """All versions in any of the spans, which may come in any order, overlap, touch and be empty."""
        merged: list[tuple[Precedence, Precedence]] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], end)
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    def released(self) -> Intervals:
        """The same released versions, bounds moved to released versions."""
        return Intervals.union((_to_release(start), _to_release(end)) for start, end in self.spans)

    def prereleased(self) -> Intervals:
        """The same prereleases, bounds moved to prereleases."""
        return Intervals.union((_to_prerelease(start), _to_prerelease(end)) for start, end in self.spans)

    def __contains__(self, key: Precedence) -> bool:
        index = bisect_right(self.spans, key, key=lambda span: span[0]) - 1
        return index >= 0 and key < self.spans[index][1]

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals.union(self.spans + other.spans)

    def __and__(self, other: Intervals) -> Intervals:
        return Intervals.union((max(a, b), min(c, d)) for a, c in self.spans for b, d in other.spans)

    def __invert__(self) -> Intervals:
        starts = [BOTTOM, *(end for _, end in self.spans)]
        ends = [*(start for start, _ in self.spans), TOP]
        return Intervals.union(zip(starts, ends, strict=True))

    def __bool__(self) -> bool:
        return bool(self.spans)


NOTHING: Final = Intervals()
"""The empty set."""

EVERYTHING: Final = Intervals.between(BOTTOM)
"""The set of all versions."""


def _to_release(bound: Precedence) -> Precedence:
    """The lowest released version at or above the bound."""
    return bound if bound >= TOP else (*bound[:3], RELEASED)


def _to_prerelease(bound: Precedence) -> Precedence:
    """The lowest prerelease at or above the bound."""
    return after(bound) if bound[3] == RELEASED else bound
