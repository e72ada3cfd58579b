"""An example as its test sees it: a copy whose addresses lead to this machine, and its fleet as a Git repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.need import need

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
NAMES: Final = sorted(path.parent.name for path in EXAMPLES.glob("*/upgrades"))
"""Every example with custom resources and a fleet of its own."""

PLACEHOLDERS: Final = (
    "https://github.com/YOUR-ORGANISATION/fleet.git",
    "https://github.com/YOUR-ORGANISATION/monorepo.git",
    "https://git.example.com/platform/fleet.git",
)
"""The addresses that the examples give their repositories."""


@dataclass(frozen=True, slots=True)
class Example:
    """A copy of an example.

    Attributes:
        folder: the copy; custom resources in its `upgrades`.
        repository: a bare repository that holds what is in its `fleet`.
    """

    name: str
    folder: Path
    repository: Path

    @classmethod
    def copy(cls, name: str, target: Path, replaced: Mapping[str, str] | None = None) -> Example:
        """Copy an example, with some of the text of its custom resources replaced; each must be there."""
        folder = target / name
        shutil.copytree(EXAMPLES / name, folder)
        for old, new in (replaced or {}).items():
            files = [path for path in folder.glob("upgrades/*.yaml") if old in path.read_text("utf-8")]
            assert files, f"{name} does not hold {old!r}"
            for path in files:
                path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        return cls(name, folder, repository(folder / "fleet", target / f"{name}.git"))

    @property
    def upgrades(self) -> str:
        """The folder of custom resources, for a command line."""
        return str(self.folder / "upgrades")

    def pulls(self) -> list[Path]:
        """The pull requests that were opened."""
        return sorted((self.repository / "gitops-upgrader" / "pulls").glob("*.md"))

    def branches(self) -> dict[str, str]:
        """Every branch, and the commit at its tip."""
        listed = git(self.repository, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in listed.splitlines())


def repository(folder: Path, bare: Path) -> Path:
    """Make a repository of a folder, and push it into a bare one with the branch `main`."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "-m", "Describe it")
    git(folder, "clone", "--quiet", "--bare", str(folder), str(bare))
    return bare


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it says."""
    done = subprocess.run([need("git"), "-C", folder, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
