"""How long to wait before something is tried again: exponentially longer, with jitter, up to a limit."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Backoff(Generic[K]):
    """Counts failures of each key. Not for use by several threads without a lock.

    Attributes:
        base: seconds after the first failure; each further one doubles it.
        limit: the most seconds.
        jitter: the share of the delay that is left to chance, so that what failed together does not come back together.
        chance: a number from 0 up to 1.
    """

    base: float = 1.0
    limit: float = 600.0
    jitter: float = 0.25
    chance: Callable[[], float] = random.random
    _failures: dict[K, int] = field(default_factory=dict)

    def failed(self, key: K) -> float:
        """Count a failure and return how many seconds to wait."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = self.limit if count > 60 else min(self.limit, self.base * 2.0**count)
        return delay * (1 - self.jitter + self.jitter * self.chance())

    def failures(self, key: K) -> int:
        """How often a key has failed in a row."""
        return self._failures.get(key, 0)

    def forget(self, key: K) -> None:
        """Start anew: the key has succeeded, or is gone."""
        self._failures.pop(key, None)
