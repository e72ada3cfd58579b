"""Versions that must not be used, as `Plan.spec.exclude` names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gitops_upgrader.errors import InvalidVersion
from gitops_upgrader.versions import Version, VersionRange


class Exclusion(Protocol):
    """A set of versions, which `str` shows as it was written. A `VersionRange` is one."""

    def __contains__(self, version: Version, /) -> bool:
        """Whether the version is excluded."""


@dataclass(frozen=True, slots=True)
class ExactVersion:
    """One version, build metadata included."""

    version: Version

    def __contains__(self, version: Version) -> bool:
        return version == self.version

    def __str__(self) -> str:
        return str(self.version)


def parse_exclusion(text: str) -> Exclusion:
    """Read one entry of `exclude`: a version with build metadata is that build alone, anything else a range.

    >>> Version.parse("v1.34.2+rke2r2") in parse_exclusion("v1.34.2+rke2r1")
    False
    >>> Version.parse("v1.34.2+rke2r2") in parse_exclusion("v1.34.2")
    True

    A range alone could not tell one build from another: it has no eyes for build metadata.

    Raises:
        InvalidRange: the text is neither.
    """
    try:
        version = Version.parse(text)
    except InvalidVersion:
        return VersionRange.parse(text)
    return ExactVersion(version) if version.build else VersionRange.parse(text)
