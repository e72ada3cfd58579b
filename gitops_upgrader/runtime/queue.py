"""A work queue of keys, as controllers need it (after client-go's `util/workqueue`).

A key is in it once, however often it is added; it is never with two workers; one that is added while it is worked on
comes again afterwards, so that no event is lost. Failures come back later and later.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from gitops_upgrader.runtime.backoff import Backoff, Bucket

K = TypeVar("K", bound=Hashable)

_STALE = 100
"""Timers that were overtaken are dropped together: of a key that is woken often, each one would stay for hours."""


class WorkQueue(Generic[K]):
    """Keys that wait for a worker. Safe to share between threads.

    Args:
        backoff: how long a key waits that failed.
        clock: seconds that only go forward.
        bucket: how many keys that failed come back in a time.
    """

    def __init__(
        self,
        backoff: Backoff[K] | None = None,
        clock: Callable[[], float] = time.monotonic,
        bucket: Bucket | None = None,
    ) -> None:
        self._backoff = backoff or Backoff()
        self._bucket = bucket or Bucket()
        self._clock = clock
        self._ready: deque[K] = deque()
        self._dirty: set[K] = set()
        self._working: set[K] = set()
        self._due: dict[K, float] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    def add(self, key: K) -> None:
        """Have a key worked on soon."""
        with self._changed:
            self._due.pop(key, None)
            self._add(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Have a key worked on after some time, or sooner if it is asked for sooner."""
        if seconds <= 0:
            self.add(key)
            return
        with self._changed:
            due = self._clock() + seconds
            if self._stopped or self._due.get(key, due + 1) <= due:
                return
            self._due[key] = due
            heapq.heappush(self._timers, (due, next(self._order), key))
            if len(self._timers) > 2 * len(self._due) + _STALE:
                self._timers = [(due, next(self._order), key) for key, due in self._due.items()]
                heapq.heapify(self._timers)
            self._changed.notify()

    def failed(self, key: K) -> float:
        """Have a key that failed worked on again later. Returns in how many seconds."""
        with self._changed:
            delay = max(self._backoff.failed(key), self._bucket.reserve(self._clock()))
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """A key has succeeded: its next failure is its first again."""
        with self._changed:
            self._backoff.forget(key)

    def failures(self, key: K) -> int:
        """How often a key has failed in a row."""
        with self._changed:
            return self._backoff.failures(key)

    def get(self, timeout: float | None = None) -> K | None:
        """Take a key to work on; give it back with `done`. None after `stop`, or when `timeout` seconds have passed."""
        end = None if timeout is None else self._clock() + timeout
        with self._changed:
            while True:
                if self._stopped:
                    return None
                self._fire()
                if self._ready:
                    key = self._ready.popleft()
                    self._dirty.discard(key)
                    self._working.add(key)
                    return key
                wait = self._until(end)
                if wait is not None and wait <= 0:
                    return None
                self._changed.wait(wait)

    def done(self, key: K) -> None:
        """Give a key back. Where it was added in the meantime, it is next in line again."""
        with self._changed:
            self._working.discard(key)
            if key in self._dirty:
                self._ready.append(key)
                self._changed.notify()
            elif not self._working:
                self._changed.notify_all()

    def stop(self) -> None:
        """Hand out nothing any more; whoever waits in `get` returns."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def drained(self, timeout: float) -> bool:
        """Wait until no worker has a key; False where that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._working, timeout)

    def __len__(self) -> int:
        """How many keys are ready for a worker."""
        with self._changed:
            return len(self._ready)

    # --- with the lock held

    def _add(self, key: K) -> None:
        if self._stopped or key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._working:
            self._ready.append(key)
            self._changed.notify()

    def _fire(self) -> None:
        """Move every key whose time has come."""
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            due, _, key = heapq.heappop(self._timers)
            # A timer that was overtaken by an earlier one, or by a plain `add`, has nothing left to do.
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)

    def _until(self, end: float | None) -> float | None:
        """Seconds until the next timer or the end of the wait; None for neither."""
        moments = [moment for moment in (end, self._timers[0][0] if self._timers else None) if moment is not None]
        return min(moments) - self._clock() if moments else None
