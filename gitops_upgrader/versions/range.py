"""Ranges of versions in the syntax of github.com/Masterminds/semver v3, which Helm and Flux share.

Comparisons next to each other, parted by a comma or by white space, must all pass; alternatives are parted by `||`.
`1.2 - 1.4` means `>=1.2 <=1.4`. A wildcard (`x`, `X`, `*`) or a missing number stands for any. A prerelease is in a
range only where one of the comparisons next to each other names a prerelease: `>=1.34.0-0` has those of 1.34.0 too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, TypeAlias

from gitops_upgrader.errors import InvalidRange, InvalidVersion
from gitops_upgrader.versions.comparator import OPERATORS, Comparator, Condition, Hole, Precision
from gitops_upgrader.versions.intervals import NOTHING, Intervals
from gitops_upgrader.versions.version import MAX_LENGTH, MAX_NUMBER, Version

MAX_BYTES: Final = 512
"""The longest range in bytes of UTF-8: Masterminds/semver's `MaxConstraintLen`."""

MAX_ALTERNATIVES: Final = 32
"""The most alternatives of a range: Masterminds/semver's `MaxConstraintGroups`."""

_REMEDY: Final = "Write for example `1.34.x`, `>=1.33.0 <1.36.0` or `~1.33 || ~1.34`."

# White space is what Go's regular expressions take for it (RE2's \s): no vertical tab, nothing beyond ASCII.
_BLANKS: Final = "\t\n\f\r "
_SPACE: Final = f"[{_BLANKS}]"
# A digit's place admits `|` and wildcards in any number: that is checked afterwards, as numbers behind a wildcard are
# free (`*.1|2` means `*`).
_VERSION: Final = (
    r"v?([0-9|xX*]+)(?:\.([0-9|xX*]+))?(?:\.([0-9|xX*]+))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_HYPHEN: Final = re.compile(rf"{_SPACE}*+(?P<low>{_VERSION}){_SPACE}+-{_SPACE}+(?P<high>{_VERSION}){_SPACE}*+")
_COMPARATOR: Final = re.compile(rf"(=>|=<|>=|<=|!=|~>|=|>|<|~|\^|){_SPACE}*+({_VERSION})")
_AND: Final = re.compile(rf"{_SPACE}*+,{_SPACE}*+|{_SPACE}++")
_NO_NUMBER: Final = frozenset({"", "x", "X", "*"})

Piece: TypeAlias = tuple[frozenset[Hole], Intervals]
"""Prereleases: those in the intervals, without the holes."""


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A set of versions. Make one with `VersionRange.parse`.

    >>> Version.parse("v1.34.2") in VersionRange.parse(">=1.33, <1.35")
    True
    >>> Version.parse("v1.34.0-rc.1") in VersionRange.parse("1.34.x")
    False
    >>> Version.parse("v1.34.0-rc.1") in VersionRange.parse("1.34.x-0")
    True

    A range is kept as the set that it describes, so that ranges of the same versions are equal, however written:

    >>> VersionRange.parse("^1.2") == VersionRange.parse(">=1.2.0 <2") == VersionRange.parse("1.2.x || 1.3 - 1")
    True

    (Ranges with `!=1.2-rc.1`, a comparison with a line's prerelease, are equal when they name the same ones.)
    """

    releases: Intervals
    prereleases: frozenset[Piece]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Read a range.

        Raises:
            InvalidRange: the text is empty or not of this syntax, or has more than `MAX_BYTES` bytes or
                `MAX_ALTERNATIVES` alternatives.
        """
        conditions = [_condition(text, alternative) for alternative in _alternatives(text)]
        releases = NOTHING
        pieces: dict[frozenset[Hole], Intervals] = {}
        for condition in conditions:
            releases |= condition.releases.released()
            pieces[condition.holes] = pieces.get(condition.holes, NOTHING) | condition.prereleases.prereleased()
        return cls(releases, frozenset((holes, versions) for holes, versions in pieces.items() if versions), text)

    def __contains__(self, version: Version) -> bool:
        """Whether the version is in the range. Build metadata does not matter."""
        key = version.precedence
        if not version.prerelease:
            return key in self.releases
        hole = (version.major, version.minor, key[3])
        return any(key in versions and hole not in holes for holes, versions in self.prereleases)

    def __str__(self) -> str:
        """The text that was parsed."""
        return self.text

    def __repr__(self) -> str:
        return f"VersionRange({self.text!r})"


def latest(versions: VersionRange, texts: Iterable[str]) -> Version | None:
    """The newest of the texts that is in the range; None where none is. A text that is no version is passed over.

    >>> latest(VersionRange.parse("1.0.x"), ["1.0.0", "1.0.0.1", "1.0.0p", "1.0.1", "1.2.0"])
    Version('1.0.1')
    """
    found: list[Version] = []
    for text in texts:
        try:
            version = Version.parse(text)
        except InvalidVersion:
            continue
        if version in versions:
            found.append(version)
    return max(found, key=lambda version: (version.newness, version), default=None)


def _invalid(text: str, problem: str) -> InvalidRange:
    shown = text if len(text) <= MAX_BYTES else f"{text[:80]}..."
    return InvalidRange(f"{shown!r} is no range of versions: {problem}.", remedy=_REMEDY)


def _alternatives(text: str) -> list[str]:
    """The alternatives of a range, `a - b` rewritten as a pair of comparisons."""
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise _invalid(text, f"it has more than {MAX_BYTES} bytes")
    rewritten = text
    for match in _HYPHEN.finditer(text):
        # The first place that reads the same is replaced, which in a chain (`1 - 1 - 1`) need not be the match's own.
        rewritten = rewritten.replace(match[0], f">= {match['low']}, <= {match['high']} ", 1)
    alternatives = rewritten.split("||")
    if len(alternatives) > MAX_ALTERNATIVES:
        raise _invalid(text, f"it has {len(alternatives)} alternatives, and the most is {MAX_ALTERNATIVES}")
    return alternatives


def _condition(text: str, alternative: str) -> Condition:
    """What passes every comparison of one alternative."""
    comparators = list(_comparators(text, alternative))
    condition = Condition()
    for comparator in comparators:
        condition &= comparator.condition()
    if any(comparator.prerelease for comparator in comparators):
        return condition
    return condition.without_prereleases()


def _comparators(text: str, alternative: str) -> Iterable[Comparator]:
    """The comparisons of one alternative, from left to right. `text` is the whole range, for errors."""
    comparisons = alternative.strip(_BLANKS)
    if not comparisons:
        raise _invalid(text, "an alternative of `||` is empty" if "||" in text else "it is empty")
    place = 0
    while True:
        match = _COMPARATOR.match(comparisons, place)
        if not match:
            rest = comparisons[place:]
            raise _invalid(text, f"{rest!r} does not begin with a comparison" if rest else "it ends in a comma")
        yield _comparator(text, match)
        place = match.end()
        if place == len(comparisons):
            return
        separator = _AND.match(comparisons, place)
        if not separator:
            raise _invalid(text, f"{comparisons[place:]!r} cannot follow {match[0]!r}")
        place = separator.end()


def _comparator(text: str, match: re.Match[str]) -> Comparator:
    """One comparison from its match of `_COMPARATOR`."""
    operator, operand, *places, prerelease = match.groups("")
    known = list(takewhile(lambda place: place not in _NO_NUMBER, places))
    if not all(number.isdigit() for number in known):
        raise _invalid(text, f"{match[0]!r} mixes a number with something else")
    if any(int(number) > MAX_NUMBER for number in known):
        raise _invalid(text, f"a number of {match[0]!r} does not fit 64 bits")
    if any(len(part) > 1 and part.isdigit() and part.startswith("0") for part in prerelease.split(".")):
        raise _invalid(text, f"a number in the prerelease of {match[0]!r} starts with 0")
    if _length(operand, known, prerelease) > MAX_LENGTH:
        raise _invalid(text, f"a version in it has more than {MAX_LENGTH} characters")
    major, minor, patch = [int(number) for number in known] + [0] * (3 - len(known))
    return Comparator(OPERATORS[operator], Precision(len(known)), major, minor, patch, prerelease)


def _length(operand: str, known: list[str], prerelease: str) -> int:
    """How long the operand is, wildcards taken as 0 and what follows the prerelease dropped where there are any."""
    if len(known) == Precision.PATCH:
        return len(operand)
    return len(".".join(known + ["0"] * (3 - len(known)))) + (len(prerelease) + 1 if prerelease else 0)
