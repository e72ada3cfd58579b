"""Whether the name of an image tells of another Kubernetes version than the one it is meant for."""

from __future__ import annotations

import re
from typing import Final

from gitops_upgrader.versions import Version

_KUBERNETES: Final = re.compile(r"(?<![0-9.])v?(1\.[1-9][0-9]\.[0-9]{1,3})(?![0-9]|\.[0-9])")
"""A Kubernetes version inside a longer text. Minors below 10 are left out: most such numbers are somebody else's."""


def other_version(image: str, version: Version) -> str | None:
    """The Kubernetes version that an image's id names, where it names one and none of those named is `version`.

    Build numbers, dates and an id without any version say nothing:

    >>> other_version("capi-ubuntu-2204-kube-v1.33.5-2026-03-01", Version.parse("v1.34.2"))
    '1.33.5'
    >>> other_version("ami-0f3c1b2a", Version.parse("v1.34.2"))
    >>> other_version("cilium-1.16.1-kube-v1.34.2", Version.parse("v1.34.2"))
    """
    named = _KUBERNETES.findall(image)
    wanted = f"{version.major}.{version.minor}.{version.patch}"
    return None if not named or wanted in named else str(named[0])
