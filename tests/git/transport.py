"""What tests of a transport begin with: a repository that is opened, and a commit that is pushed to it."""

from __future__ import annotations

import sys
from pathlib import Path

from gitops_upgrader.git import GitAuth, Location, RefUpdate, Repository
from tests.git.conftest import ROBOT, WHEN

PASSWORD = "s3cr3t/pass word"
EDIT = {"clusters/dev.yaml": b"version: v1.34.2\n"}


def opened(place: str | Path, auth: GitAuth | None = None, *, timeout: float = 120.0) -> Repository:
    """Open what is at an address, or in a folder."""
    location = Location.local(place) if isinstance(place, Path) else Location.parse(place)
    return Repository.open(location, auth, timeout=timeout)


def edit(repository: Repository, base: str, text: bytes = EDIT["clusters/dev.yaml"]) -> str:
    return repository.commit(base, {"clusters/dev.yaml": text}, "Upgrade dev", ROBOT, ROBOT, WHEN)


def proposed(repository: Repository, branch: str = "gitops-upgrader/fleet/dev") -> str:
    """Push one new branch, as a run does."""
    oid = edit(repository, repository.fetch(["main"])["main"])
    repository.push([RefUpdate(branch, oid, None)])
    return oid


def arguments_of_processes() -> bytes:
    """The arguments of everything that runs on this machine, as anybody can read them."""
    if not sys.platform.startswith("linux"):
        return b""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes())
        except OSError:
            continue
    return b"\n".join(found)
