"""What the demonstration happens on: a fleet's repository, and custom resources whose addresses lead here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gitops_upgrader.cli.demo import examples
from gitops_upgrader.cli.demo.remote import Remote

RELEASES: Final[Mapping[str, tuple[str, ...]]] = {
    "v1.34": ("v1.34.0", "v1.34.1", "v1.34.2", "v1.34.3", "v1.34.4"),
    "v1.35": ("v1.35.0", "v1.35.1", "v1.35.2", "v1.35.3"),
    "v1.36": ("v1.36.0", "v1.36.1"),
}
"""What the package repository publishes at first."""

NEXT_RELEASE: Final = ("v1.35", "v1.35.4")
"""What is released while pull requests are open, and its minor."""

MERGED_FIRST: Final = "fleet/dev"
"""The cluster whose pull request is merged between the two runs."""

_PACKAGES: Final = "https://pkgs.k8s.io"
_REPOSITORY: Final = "https://github.com/YOUR-ORGANISATION/fleet.git"
_INTERVAL: Final = "hopInterval: 24h"


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder of the demonstration, and what is in it.

    Attributes:
        upgrades: the custom resources.
        remote: the fleet's repository.
    """

    folder: Path
    upgrades: Path
    remote: Remote

    @classmethod
    def build(cls, folder: Path, packages: str) -> Stage:
        """Make all of it in an empty folder.

        Args:
            packages: the URL of the package repository.

        Raises:
            GitError: git is missing, or says no.
        """
        remote = Remote.create(folder / "fleet.git", folder / "fleet")
        examples.copy(examples.FLEET, remote.clone)
        remote.commit("Describe the fleet")
        replaced = {_PACKAGES: packages, _REPOSITORY: str(remote.bare), _INTERVAL: "hopInterval: 0s"}
        upgrades = folder / "upgrades"
        examples.copy(examples.QUICK_START, upgrades, replaced)
        return cls(folder, upgrades, remote)
