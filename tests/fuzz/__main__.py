"""Fuzz the manifest editor: `python -m tests.fuzz --seconds 300`. What it finds is printed, smallest example first."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.fuzz.manifests import broken, manifests
from tests.fuzz.properties import edits_are_exact, nothing_crashes

TARGETS: dict[str, Callable[[Any], None]] = {"exact": edits_are_exact, "crash": nothing_crashes}
_STRATEGIES: dict[str, SearchStrategy[Any]] = {"exact": manifests, "crash": broken()}
_ROUND = 500  # examples between two looks at the clock


def fuzz(name: str, number: int, examples: int) -> None:
    """Try one property on some examples; a failure shrinks and is raised."""
    run = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    target, decorate = TARGETS[name], given(_STRATEGIES[name])

    def check(example: Any) -> None:
        target(example)

    test: Callable[[], None] = run(seed(number)(decorate(check)))
    test()


def main(arguments: Sequence[str]) -> int:
    """Fuzz for some time, with a new seed each round; the seed of a failure is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the manifest editor.")
    parser.add_argument("--seconds", type=float, default=300, help="how long to go on")
    parser.add_argument("--seed", type=int, help="the seed of the first round, as an earlier run printed it")
    options = parser.parse_args(arguments)
    number = random.randrange(2**32) if options.seed is None else options.seed
    end, rounds = time.monotonic() + options.seconds, 0
    while True:
        for name in TARGETS:
            sys.stdout.write(f"seed {number + rounds}: {name}\n")
            sys.stdout.flush()
            fuzz(name, number + rounds, _ROUND)
        rounds += 1
        if time.monotonic() >= end:
            break
    sys.stdout.write(f"{rounds * _ROUND * len(TARGETS):,} manifests, nothing found.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
