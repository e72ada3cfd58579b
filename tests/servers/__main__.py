"""Build and fetch everything that tests with the marker `servers` need: `python -m tests.servers`."""

from __future__ import annotations

import sys

from tests.forges import octokit
from tests.servers import gitea, kustomize_build


def main() -> None:
    """Make what is missing, and say where it is. It takes some minutes on a machine that has none of it."""
    programs = (("gitea", gitea.PROGRAM.build), ("kustomize", kustomize_build.PROGRAM.build))
    for name, make in (*programs, *octokit.DESCRIPTIONS.items()):
        sys.stderr.write(f"{name}: ")
        sys.stderr.flush()
        sys.stderr.write(f"{make()}\n")


if __name__ == "__main__":
    main()
