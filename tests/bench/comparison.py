"""Ours beside theirs, on the same machine and in the same minutes, so that only the ratio counts."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

TIMES: Final = 5
"""How often each side runs; the median counts."""

_MEMORY: Final = Path("/dev/shm")
_SPACE: Final = 2 * 1024**3
"""Bytes that must be free in memory, so that the disk has no say."""


class Measured(Protocol):
    """What benchmarks yield, as it is printed."""

    @property
    def name(self) -> str:
        """What was measured."""

    @property
    def words(self) -> str:
        """What came of it, and what was promised, in one line."""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one benchmark measured.

    Attributes:
        name: what was done, by whom.
        ours: seconds that it takes us.
        theirs: seconds that it takes the other side.
        bound: the largest ratio, ours to theirs, that is promised; None where nothing is.
    """

    name: str
    ours: float
    theirs: float
    bound: float | None = None

    @property
    def ratio(self) -> float:
        """How many times longer it takes us; below one we are faster."""
        return self.ours / self.theirs

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.bound is None or self.ratio <= self.bound

    @property
    def words(self) -> str:
        """Both times and their ratio."""
        promise = "" if self.bound is None else f"   at most {self.bound:g}"
        return f"{self.ours:8.3f} s : {self.theirs:8.3f} s = {self.ratio:.2f}{promise}"


def alternate(ours: Callable[[], float], theirs: Callable[[], float], times: int = TIMES) -> tuple[float, float]:
    """The medians of both sides, which take turns: what slows the machine down slows both.

    Each side returns its own seconds, so that what it does before and after does not count. One turn of each goes
    before the first that counts, to fill caches.
    """
    sides: Sequence[tuple[Callable[[], float], list[float]]] = ((ours, []), (theirs, []))
    for turn in range(times + 1):
        for side, seconds in sides:
            took = side()
            if turn:
                seconds.append(took)
    return statistics.median(sides[0][1]), statistics.median(sides[1][1])


def timed(work: Callable[[], object]) -> float:
    """How many seconds something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder, in memory where there is enough of it."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _SPACE
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_MEMORY if roomy else None) as folder:
        yield Path(folder)
