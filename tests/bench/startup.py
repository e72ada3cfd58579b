"""How long `gitops-upgrader --help` takes, beside Python with click alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.comparison import Comparison, alternate, timed

_TIMES: Final = 21
"""More than elsewhere, as each is over in no time."""


def run() -> Iterator[Comparison]:
    """Compare the start of the program with that of what it is made with."""
    ours, theirs = alternate(
        lambda: timed(lambda: _quietly([sys.executable, "-m", "gitops_upgrader", "--help"])),
        lambda: timed(lambda: _quietly([sys.executable, "-c", "import click"])),
        _TIMES,
    )
    yield Comparison("gitops-upgrader --help : python -c 'import click'", ours, theirs, bound=3.0)


def _quietly(order: Sequence[str]) -> None:
    subprocess.run(order, check=True, stdout=subprocess.DEVNULL)
