"""`python -m gitops_upgrader`, and the script `gitops-upgrader`."""

from __future__ import annotations

import gc
import os
import sys
from typing import Final

_GARBAGE: Final = 100_000
"""Objects that are made before the interpreter looks for cycles among the young ones, which it does each 700 by itself.

What a run makes lives to its end, be it modules or the files of a repository, so that it would look in vain.
"""


def main() -> None:
    """Run the command line and leave with its exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us, as in `>&-`: nobody wants to see it
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    try:
        from gitops_upgrader.cli.run import run

        gc.set_threshold(_GARBAGE)
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # before there is a command that could say so: modules take a moment to load
        sys.stderr.write("\ninterrupted\n")
        status = 130
    gc.freeze()  # the process ends, and nothing needs to be looked for any more
    sys.exit(status)


if __name__ == "__main__":
    main()
