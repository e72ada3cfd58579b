"""How long to wait before something is tried again.

Each key waits exponentially longer, with jitter, up to a limit; all of them together come back at no more than a rate,
so that what failed at once (the API server was away, say) does not come back as a stampede. Both are as in client-go
(`util/workqueue`, DefaultTypedControllerRateLimiter).
"""

from __future__ import annotations

import math
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


@dataclass(slots=True)
class Bucket:
    """Lets so many through at once, and then so many a second. Not for use by several threads without a lock.

    Attributes:
        rate: how many a second.
        burst: how many at once.
    """

    rate: float = 10.0
    burst: int = 100
    _free_at: float = -math.inf

    def reserve(self, now: float) -> float:
        """Take the next place, and return in how many seconds it is.

        Args:
            now: seconds that only go forward.
        """
        self._free_at = max(self._free_at, now - self.burst / self.rate) + 1 / self.rate
        return max(0.0, self._free_at - now)
