"""`make bench`: every benchmark, as a ratio of our time to theirs.

    python -m tests.bench [--check] [NAME]...

With `--check` the exit status is 1 where a promised ratio is missed.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

BENCHMARKS: Final = ("startup", "propose", "manifests")
"""Modules beside this one; each has `run()`, which yields `Comparison`s."""


def main(arguments: Sequence[str]) -> int:
    """Run benchmarks and print what they measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure speed as ratios.")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a promised ratio is missed")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all without any")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    missed = 0
    for name in options.names or BENCHMARKS:
        for measured in importlib.import_module(f"tests.bench.{name}").run():
            promise = "" if measured.bound is None else f"   at most {measured.bound:g}"
            verdict = "" if measured.kept else "   MISSED"
            print(measured.name)
            print(
                f"  {measured.ours:8.3f} s : {measured.theirs:8.3f} s = {measured.ratio:.2f}{promise}{verdict}",
                flush=True,
            )
            missed += not measured.kept
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
