"""The demonstration's Git repository: a bare one that stands for the forge, and a clone that a person works in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitops_upgrader.errors import GitFailed
from gitops_upgrader.git.process import find_git, run

BRANCH = "main"

_TIMEOUT = 60.0
"""Seconds that one git command may take."""

_PERSON = {"NAME": "Ann Example", "EMAIL": "ann@example.com"}


@dataclass(frozen=True, slots=True)
class Remote:
    """A bare repository and a clone of it.

    Attributes:
        bare: where pull requests are.
        clone: a person's checkout, with `bare` as its origin.
    """

    bare: Path
    clone: Path

    @classmethod
    def create(cls, bare: Path, clone: Path) -> Remote:
        """Make an empty repository, and clone it.

        Raises:
            GitMissing: there is no usable `git` program.
            GitFailed: git said no, as where the disk is full.
        """
        made = cls(bare, clone)
        _git(bare.parent, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(bare))
        _git(bare.parent, "clone", "--quiet", str(bare), str(clone))
        _git(clone, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")  # git < 2.31 cannot learn it from an empty remote
        return made

    def commit(self, message: str) -> None:
        """Commit everything in the clone, and push it. Raises GitFailed."""
        _git(self.clone, "add", "--all")
        _git(self.clone, "commit", "--quiet", "--message", message)
        _git(self.clone, "push", "--quiet", "origin", f"HEAD:{BRANCH}")

    def merge(self, branch: str) -> tuple[str, ...]:
        """Merge a branch as a person does, and push the result. Returns the commands. Raises GitFailed."""
        orders = (
            ("pull", "--quiet", "--ff-only", "origin", BRANCH),
            ("fetch", "--quiet", "origin"),
            ("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}"),
            ("push", "--quiet", "origin", BRANCH),
        )
        for order in orders:
            _git(self.clone, *order)
        return tuple(_shown(order) for order in orders[1:])


def _shown(order: Sequence[str]) -> str:
    return " ".join(("git", *(word for word in order if word not in {"--quiet", "--no-edit"})))


def _git(folder: Path, *order: str) -> None:
    """Run git with a person's name, and without the configuration of the machine."""
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {
        "LC_ALL": "C",
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _PERSON.items()},
    }
    git = find_git(os.environ.get("PATH"))
    done = run([git, "-C", str(folder), *order], environment=environment, timeout=_TIMEOUT)
    if done.status != 0:
        said = done.err.strip().splitlines()
        raise GitFailed(
            f"`git {order[0]}` failed in {folder}: {said[-1] if said else f'status {done.status}'}.",
            remedy="Check that this user may write there, and that the disk is not full.",
        )
