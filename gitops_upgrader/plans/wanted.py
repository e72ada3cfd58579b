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
    inside = _ascending(version for version in set(published) if version in within)
    if policy is Policy.ALL:
        return inside
    if policy is Policy.LATEST:
        return inside[-1:]
    newest = {(version.line, version.flavour): version for version in inside}
    return _ascending(newest.values())


def _ascending(versions: Iterable[Version]) -> tuple[Version, ...]:
    """The newest last; versions that are equally new (two commits) in an order that does not depend on the run."""
    return tuple(sorted(versions, key=lambda version: (version.newness, version)))
