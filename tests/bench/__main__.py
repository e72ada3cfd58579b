"""`make bench`: every benchmark. Most are a ratio of our time to theirs; `load` has numbers and their budgets.

    python -m tests.bench [--check] [--clusters N] [--max-open N] [NAME]...

With `--check` the exit status is 1 where a promise is missed.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.comparison import Measured

BENCHMARKS: Final = ("startup", "propose", "manifests", "load")
"""Modules beside this one; each has `run()`, which yields what it measured, one after the other."""


def main(arguments: Sequence[str]) -> int:
    """Run benchmarks and print what they measured."""
    options = _parsed(arguments)
    missed = 0
    for name in options.names or BENCHMARKS:
        for measured in _measured(name, options):
            verdict = "" if measured.kept else "   MISSED"
            print(f"{measured.name}\n  {measured.words}{verdict}", flush=True)
            missed += not measured.kept
    return 1 if missed and options.check else 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure speed.")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a promise is missed")
    parser.add_argument("--clusters", type=int, default=2_000, help="how many clusters `load` has (default: 2000)")
    parser.add_argument("--max-open", type=int, default=10, help="how many pull requests `load` opens (default: 10)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all without any")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    return options


def _measured(name: str, options: argparse.Namespace) -> Iterator[Measured]:
    module = importlib.import_module(f"tests.bench.{name}")
    if name == "load":
        yield from module.run(module.Load(clusters=options.clusters, max_open=options.max_open))
    else:
        yield from module.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
