"""Which of the published versions get a machine image."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from gitops_upgrader.versions import Version, VersionRange


class Policy(enum.StrEnum):
    """Which of the versions in a range are wanted."""

    LATEST = "Latest"
    LATEST_PER_MINOR = "LatestPerMinor"
    ALL = "All"


def wanted_versions(published: Iterable[Version], within: VersionRange, policy: Policy) -> tuple[Version, ...]:
    """The versions that get an image, ascending.

    The flavour belongs to the minor: `v1.34.2+rke2r1` and `v1.34.2+k3s1` are two lines of their own.

    >>> texts = ["v1.33.4", "v1.33.5", "v1.34.1", "v1.34.2"]
    >>> found = wanted_versions(map(Version.parse, texts), VersionRange.parse("1.33 - 1.34"), Policy.LATEST_PER_MINOR)
    >>> [str(version) for version in found]
    ['v1.33.5', 'v1.34.2']
    """
    inside = sorted((version for version in set(published) if version in within), key=lambda version: version.newness)
    match policy:
        case Policy.ALL:
            return tuple(inside)
        case Policy.LATEST:
            return tuple(inside[-1:])
        case Policy.LATEST_PER_MINOR:
            newest = {(version.line, version.flavour): version for version in inside}
            return tuple(sorted(newest.values(), key=lambda version: version.newness))
