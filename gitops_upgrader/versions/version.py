"""One Kubernetes version, as semantic versioning 2.0.0 (https://semver.org) has it, with or without a leading `v`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering
from typing import Final, Literal, TypeAlias

import semver

from gitops_upgrader.errors import InvalidVersion
from gitops_upgrader.versions.flavour import Suffix, natural

MAX_LENGTH: Final = 256
"""The most characters a version may have: Masterminds/semver's `MaxVersionLen`, so that both sides refuse the same."""

MAX_NUMBER: Final = 2**64 - 1
"""The largest number in a version: Cluster API and Masterminds/semver hold them in 64 bits."""

Identifier: TypeAlias = tuple[int, int, str]
"""One dot-separated part of a prerelease as a sort key: numbers, then words, then the mark of a release."""

Precedence: TypeAlias = tuple[int, int, int, tuple[Identifier, ...]]
"""Where a version stands by semver's rules: major, minor, patch, prerelease. Build metadata does not count."""

RELEASED: Final[tuple[Identifier, ...]] = ((2, 0, ""),)
"""The last part of a released version's `Precedence`: above all of its prereleases."""

_REMEDY: Final = "Write it as vMAJOR.MINOR.PATCH, for example v1.34.2 or v1.34.2+rke2r1."
_SHOWN: Final = 80  # characters of a wrong text that an error repeats


def identifiers(prerelease: str) -> tuple[Identifier, ...]:
    """A prerelease as a sort key, by rule 11.4 of semver.org; `RELEASED` where there is none.

    A number over 64 bits sorts as a word, as it does in Masterminds/semver; a `Version` never holds one.
    """
    if not prerelease:
        return RELEASED
    return tuple(
        (0, int(part), "") if part.isdigit() and int(part) <= MAX_NUMBER else (1, 0, part)
        for part in prerelease.split(".")
    )


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version. Make one with `Version.parse`, which checks it.

    Two versions are equal when all their parts are, build metadata included, with or without a leading `v`:

    >>> Version.parse("v1.34.2") == Version.parse("1.34.2")
    True
    >>> Version.parse("v1.34.2+rke2r1") == Version.parse("v1.34.2+rke2r2")
    False

    They are ordered by semver precedence; where that is a draw, by build metadata, no metadata first, numbers in it
    counted as numbers. So `sorted` never leaves two different versions in a random order:

    >>> texts = ["v1.34.2", "v1.34.10+k3s10", "v1.34.10+k3s9", "v1.34.10-rc.1"]
    >>> [str(version) for version in sorted(map(Version.parse, texts))]
    ['v1.34.2', 'v1.34.10-rc.1', 'v1.34.10+k3s9', 'v1.34.10+k3s10']

    To compare as semver does and no further, use `precedence`; to pick the newest image, use `newness`.
    """

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    build: str = ""
    prefix: Literal["", "v"] = field(default="v", compare=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version with all three numbers.

        >>> Version.parse("v1.35.0---vmware.2-vkr.4")
        Version('v1.35.0---vmware.2-vkr.4')

        Raises:
            InvalidVersion: the text is not `[v]MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]`, has more than `MAX_LENGTH`
                characters, or a number in it does not fit 64 bits. Cluster API refuses `v1.32` as well.
        """
        return _parsed(text)

    @property
    def without_v(self) -> str:
        """The version without its leading `v`: `1.34.2+rke2r1`."""
        prerelease = f"-{self.prerelease}" if self.prerelease else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{build}"

    @property
    def with_v(self) -> str:
        """The version with a leading `v`, which is what Cluster API makes of either: `v1.34.2+rke2r1`."""
        return f"v{self.without_v}"

    @property
    def slug(self) -> str:
        """The version as it was given, `+` written as `-`, for names and label values: `v1.34.2-rke2r1`."""
        return str(self).replace("+", "-")

    @property
    def line(self) -> tuple[int, int]:
        """The major and minor number: the release line that the version belongs to."""
        return self.major, self.minor

    @property
    def precedence(self) -> Precedence:
        """The sort key of semver.org, rule 11. Versions that differ in build metadata alone have the same."""
        return self.major, self.minor, self.patch, identifiers(self.prerelease)

    @property
    def flavour(self) -> str:
        """Who built it, for what: `""` for plain Kubernetes, else a word such as `rke2`, `k3s`, `vmware`.

        Revisions of one vendor's build are one flavour, and so are prereleases and what they lead to:

        >>> {Version.parse(text).flavour for text in ("v1.34.2+rke2r1", "v1.34.3-rc1+rke2r2")}
        {'rke2'}
        >>> {Version.parse(text).flavour for text in ("v1.35.0---vmware.2-vkr.4", "v1.34.1---vmware.1")}
        {'vmware'}
        >>> Version.parse("v1.34.0-rc.1").flavour
        ''
        """
        return Suffix.of(self.prerelease, self.build).flavour

    @property
    def is_prerelease(self) -> bool:
        """Whether it comes before a release (alpha, beta, rc). A vendor's mark such as `---vmware.1` does not."""
        return bool(Suffix.of(self.prerelease, self.build).stage)

    @property
    def newness(self) -> tuple[object, ...]:
        """The sort key to pick the newest.

        Within a flavour it refines `precedence`: numbers count as numbers wherever they stand in a vendor's mark, a
        mark after `+` ranks as the same mark after `---` (VMware's way to write `+` where it is not legal), and more is
        newer. Metadata that names a commit does not count.

        >>> old, new = Version.parse("v1.35.0---vmware.2-vkr.4"), Version.parse("v1.35.0---vmware.10-vkr.1")
        >>> old.newness < new.newness
        True

        Between flavours of the same three numbers it is an order without a meaning, plain Kubernetes last.
        """
        suffix = Suffix.of(self.prerelease, self.build)
        stage = natural(suffix.stage) if suffix.stage else RELEASED
        flavour = suffix.flavour
        plain = not flavour
        return (
            self.major,
            self.minor,
            self.patch,
            stage,
            plain,
            flavour,
            natural(suffix.mark),
            suffix.stage,
            suffix.mark,
        )

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        mine = (self.precedence, natural(self.build), self.build)
        return mine < (other.precedence, natural(other.build), other.build)

    def __str__(self) -> str:
        """The text that was parsed, to the letter."""
        return f"{self.prefix}{self.without_v}"

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Version:
    """Read a version; a fleet names the same few again and again."""
    problem = _problem(text)
    if problem:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        raise InvalidVersion(f"{shown!r} is no version: {problem}.", remedy=_REMEDY)
    parsed = semver.Version.parse(text.removeprefix("v"))
    return Version(
        parsed.major,
        parsed.minor,
        parsed.patch,
        parsed.prerelease or "",
        parsed.build or "",
        "v" if text.startswith("v") else "",
    )


def _problem(text: str) -> str | None:
    """What is wrong with a text that should be a version, in words; None when nothing is."""
    if not text:
        return "it is empty"
    if len(text) > MAX_LENGTH:
        return f"it has {len(text)} characters, and the most is {MAX_LENGTH}"
    if re.search(r"\s", text):
        return "it contains white space"
    bare = text.removeprefix("v")
    if not semver.Version.is_valid(bare):
        return _syntax_problem(bare)
    core, _, rest = bare.partition("+")[0].partition("-")
    numbers = [part for part in (*core.split("."), *rest.split(".")) if part.isdigit()]
    if any(int(number) > MAX_NUMBER for number in numbers):
        return "a number in it does not fit 64 bits"
    return None


def _syntax_problem(bare: str) -> str:
    """What keeps a text without its `v` from being a semantic version, in words."""
    core = re.split("[-+]", bare, maxsplit=1)[0]
    numbers = core.split(".")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return "major, minor and patch must be numbers, and what follows them starts with - or +"
    if len(numbers) != 3:
        return f"it has {len(numbers)} of the three numbers" if len(numbers) < 3 else "it has more than three numbers"
    if any(len(number) > 1 and number.startswith("0") for number in numbers):
        return "a number in it starts with 0"
    return "what follows the numbers must be letters, digits and hyphens, parted by dots, no number starting with 0"
