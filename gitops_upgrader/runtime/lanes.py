"""Work that must not be done side by side: every key of a lane is worked on by whoever entered the lane first.

A lane is one Git repository. A hundred upgraders of it, woken at once, occupy one worker and not all of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gitops_upgrader.model import ObjectKey

L = TypeVar("L", bound=Hashable)
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a reconcile belongs.

    Attributes:
        name: equal for those that must not be done side by side.
        repository: the object whose credentials are used: what a forge limits, it limits for those.
    """

    name: str
    repository: ObjectKey


class Lanes(Generic[L, K]):
    """Who works in which lane, and who waits there. Safe to share between threads."""

    def __init__(self) -> None:
        self._waiting: dict[L, deque[K]] = {}
        self._lock = threading.Lock()

    def enter(self, lane: L, key: K) -> bool:
        """Whether the caller may work on the key now. If not, whoever is in the lane takes it over."""
        with self._lock:
            if lane in self._waiting:
                self._waiting[lane].append(key)
                return False
            self._waiting[lane] = deque()
            return True

    def next(self, lane: L) -> K | None:
        """The next key in a lane that the caller is in; None where nobody waits, and the caller has left it."""
        with self._lock:
            waiting = self._waiting[lane]
            if waiting:
                return waiting.popleft()
            del self._waiting[lane]
            return None
