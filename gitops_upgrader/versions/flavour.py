"""What the prerelease and the build metadata of a Kubernetes version say: a stage, and the mark of who built it.

Seen in the field, the mark in parentheses: `v1.34.2+rke2r1` (rke2), `v1.34.2-rc1+rke2r1` (rke2, of a release
candidate), `v1.34.2+k3s1` (k3s), `v1.35.0---vmware.2-vkr.4` and `v1.26.5+vmware.2-fips.1-tkg.1` (vmware, the second
one for FIPS), `v1.27.3-gke.100` (gke), `v1.27.3-eks-a5565ad` (eks), `v1.30.0-alpha.1.23+0123456789abcd` (none: the
metadata names a commit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

Run: TypeAlias = tuple[int, int, str]
"""A run of digits, or of anything else, as a sort key."""

_STAGES: Final = frozenset({"alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "nightly", "ci"})
_VARIANTS: Final = frozenset({"fips"})
# A commit says which sources, not whose build, and has no order. Digits alone are a date or a number.
_COMMIT: Final = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{7,40}")
# `rke2r1` is revision 1 of rke2: the `r` belongs to the number where a digit precedes it.
_REVISION: Final = re.compile(r"(?<=[0-9])r[0-9]+$|[0-9]+$")


@lru_cache(maxsize=4096)
def natural(text: str) -> tuple[Run, ...]:
    """A sort key that counts digits as numbers, numbers before words: `r2` before `r10`, nothing before anything.

    >>> natural("rke2r2") < natural("rke2r10")
    True
    """
    runs: list[str] = re.findall(r"[0-9]+|[^0-9.]+", text)
    return tuple((0, int(run), "") if run.isdigit() else (1, 0, run) for run in runs)


@dataclass(frozen=True, slots=True)
class Suffix:
    """Prerelease and build metadata, sorted by meaning.

    `stage` is what comes before a release (`rc.1`); `mark` is the vendor's, without what leads in to it
    (`vmware.2-vkr.4`). Either may be empty.
    """

    stage: str
    mark: str

    @classmethod
    def of(cls, prerelease: str, build: str) -> Suffix:
        """Tell stage from mark: a prerelease whose first word is no usual stage, nor a number, is a vendor's mark."""
        return _told(prerelease, build)

    @property
    def flavour(self) -> str:
        """The mark's first word, without its revision, and the variants that must not be lost on the way (FIPS)."""
        if not self.mark:
            return ""
        vendor, *others = _words(self.mark)
        return "-".join(dict.fromkeys([vendor, *(word for word in others if word in _VARIANTS)])).strip("-")


@lru_cache(maxsize=4096)
def _told(prerelease: str, build: str) -> Suffix:
    """Stage and mark; few texts are asked for again and again, whenever versions are compared."""
    build = "" if _COMMIT.fullmatch(build) else build
    first = _words(prerelease)[0] if prerelease else ""
    if not first or first in _STAGES:
        return Suffix(prerelease, build)
    return Suffix("", f"{prerelease.lstrip('-')}+{build}" if build else prerelease.lstrip("-"))


def _words(text: str) -> list[str]:
    """The words of a suffix in lower case, each without the number at its end; an empty one for a mere number."""
    return [_REVISION.sub("", word.lower()) for word in re.split(r"[-.+]", text.lstrip("-"))]
