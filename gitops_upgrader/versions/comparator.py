"""One comparison of a range, such as `>=1.33` or `~1.34.x`, and the versions that pass it.

The answers are those of github.com/Masterminds/semver v3.5.0, its surprises included; the tests ask that library. The
surprises: `^*` and `^x` are `0.0.0` alone, `<=*` ends below `0.1.0`, `~0.0.0` has no upper end, `!=1.2-rc.1` leaves out
the `rc.1` of every 1.2 patch release, and `>1.2` begins at `1.3.0-0`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.versions.intervals import BOTTOM, EVERYTHING, NOTHING, Intervals, after, line_start
from gitops_upgrader.versions.version import Identifier, Precedence, identifiers

Hole = tuple[int, int, tuple[Identifier, ...]]
"""One prerelease of every patch release of a line: major, minor, prerelease."""


class Operator(enum.Enum):
    """What a comparison asks. No operator means `EQUAL`."""

    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    TILDE = "~"
    CARET = "^"


OPERATORS: Final = {
    **{operator.value: operator for operator in Operator},
    "": Operator.EQUAL,
    "=>": Operator.GREATER_EQUAL,
    "=<": Operator.LESS_EQUAL,
    "~>": Operator.TILDE,
}
"""Every way to write an operator."""


class Precision(enum.IntEnum):
    """How many numbers a version in a range has before a wildcard, or its end."""

    ANY = 0
    MAJOR = 1
    MINOR = 2
    PATCH = 3


@dataclass(frozen=True, slots=True)
class Comparator:
    """An operator with its operand. Numbers beyond the precision are 0; `1.x-rc.1` keeps its prerelease."""

    operator: Operator
    precision: Precision
    major: int
    minor: int
    patch: int
    prerelease: str

    @property
    def key(self) -> Precedence:
        """Where the operand stands."""
        return self.major, self.minor, self.patch, identifiers(self.prerelease)

    def condition(self) -> Condition:
        """The versions that pass."""
        match self.operator:
            case Operator.NOT_EQUAL:
                return self._not_equal()
            case Operator.GREATER:
                passed = Intervals.between(self._line_end() if self._is_line else after(self.key))
            case Operator.GREATER_EQUAL:
                passed = Intervals.between(self.key)
            case Operator.LESS:
                passed = Intervals.between(BOTTOM, self.key)
            case Operator.LESS_EQUAL:
                passed = Intervals.between(
                    BOTTOM, after(self.key) if self.precision is Precision.PATCH else self._line_end()
                )
            case Operator.CARET:
                passed = Intervals.between(self.key, self._caret_end())
            case Operator.EQUAL if self.precision is Precision.PATCH:
                passed = Intervals.between(self.key, after(self.key))
            case _:
                passed = self._tilde()
        return Condition(passed, passed)

    @property
    def _is_line(self) -> bool:
        """Whether the operand is `1` or `1.2`: not a single version, and not everything."""
        return self.precision in (Precision.MAJOR, Precision.MINOR)

    def _line_end(self) -> Precedence:
        """The lowest version above the operand's line."""
        return (
            line_start(self.major + 1) if self.precision is Precision.MAJOR else line_start(self.major, self.minor + 1)
        )

    def _tilde(self) -> Intervals:
        """`~1` stays in the major, `~1.2` and `~1.2.3` in the minor, `~0.0.0` and `~*` do not stay."""
        if not self._is_line and (self.major, self.minor, self.patch) == (0, 0, 0):
            return Intervals.between(self.key)
        return Intervals.between(self.key, self._line_end())

    def _caret_end(self) -> Precedence:
        """The lowest version with another number where the operand's leftmost number is that is not 0."""
        if self.major > 0 or self.precision is Precision.MAJOR:
            return line_start(self.major + 1)
        if self.minor > 0 or self.precision is Precision.MINOR:
            return line_start(0, self.minor + 1)
        return 0, 0, self.patch + 1, line_start(0)[3]

    def _not_equal(self) -> Condition:
        """Everything but the operand; of a line with a prerelease, that prerelease of each patch alone."""
        if self.precision is Precision.MAJOR:
            passed = ~Intervals.between(line_start(self.major), self._line_end())
            return Condition(passed, passed)
        if self.precision is not Precision.MINOR:
            passed = ~Intervals.between(self.key, after(self.key))
            return Condition(passed, passed)
        if self.prerelease:
            return Condition(EVERYTHING, EVERYTHING, frozenset({(self.major, self.minor, self.key[3])}))
        line = Intervals.between(line_start(self.major, self.minor), self._line_end())
        return Condition(~line, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Condition:
    """What passes one or several comparisons: released versions, and prereleases without the holes."""

    releases: Intervals = EVERYTHING
    prereleases: Intervals = EVERYTHING
    holes: frozenset[Hole] = frozenset()

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.releases & other.releases, self.prereleases & other.prereleases, self.holes | other.holes)

    def without_prereleases(self) -> Condition:
        """The same released versions and no prerelease."""
        return Condition(self.releases, NOTHING)
