"""What a test needs from the machine: found, or a skip that says why; never a skip in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

_machine = dict(os.environ)
MACHINE: Mapping[str, str] = MappingProxyType(_machine)
"""The environment as it was before the tests blanked it: for building servers and oracles, and for nothing else."""


def cache() -> Path:
    """Where what is built once per machine is kept, keyed by version. Not to be kept itself: see `told`."""
    home = MACHINE.get("HOME") or Path.home()
    return Path(MACHINE.get("XDG_CACHE_HOME") or Path(home, ".cache")) / "gitops-upgrader"


def told(machine: Mapping[str, str]) -> None:
    """Take over what another process has kept: a worker of pytest-xdist begins in an environment that is blank already.

    By then modules of tests may have been imported.
    """
    _machine.clear()
    _machine.update(machine)


_ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def need(thing: str | Path) -> Path:
    """Return the path of a program, or of a file that must exist.

    Args:
        thing: a program's name (`sshd`), the name of a part of Git (`git http-backend`), or a path.

    Where it is missing the test is skipped with the reason, and fails when the environment sets `CI`: there everything
    must have been installed, and a skip would hide that it was not.
    """
    path = _find(thing)
    if path is not None:
        return path
    return missing(f"{thing} is not installed on this machine")


def missing(reason: str) -> Path:
    """Skip the test because of `reason`; fail instead in CI. Never returns."""
    if MACHINE.get("CI"):
        pytest.fail(f"{reason}, and CI must not skip", pytrace=False)
    pytest.skip(reason)


def _find(thing: str | Path) -> Path | None:
    if isinstance(thing, Path):
        return thing if thing.exists() else None
    if thing.startswith("git "):
        return _part_of_git(thing.removeprefix("git "))
    folders = os.pathsep.join((MACHINE.get("PATH", os.defpath), *_ADMINISTRATION))
    found = shutil.which(thing, path=folders)
    return Path(found) if found else None


def _part_of_git(name: str) -> Path | None:
    git = _find("git")
    if git is None:
        return None
    folder = subprocess.run([git, "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    part = Path(folder) / f"git-{name}"
    return part if part.exists() else None
