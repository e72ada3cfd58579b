"""`python -m gitops_upgrader`, and the script `gitops-upgrader`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    from gitops_upgrader.cli.run import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
