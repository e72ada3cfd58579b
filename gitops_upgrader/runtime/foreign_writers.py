"""Other controllers that write to the same objects: people are warned, as each would undo the other's work for ever.

What informers bring says who wrote what (`stores.writers`), so that the look takes neither a request nor a right, and
it does not matter what the other one is called, or in which cluster it runs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.events import Happening, Recorder
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.stores.writers import Writer, other_writers

logger = logging.getLogger(__name__)

REASON = "OtherController"
"""The reason of the Event, and of the metric of errors."""
_AGAIN = timedelta(hours=1)
"""After how long people are told again, while the other one goes on."""

_NOBODY: Mapping[str, str] = {}

_Place = tuple[str, str, str]
"""Who writes, and the namespace and kind of what is written: a fleet of thousands is one warning, not thousands."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    """The latest write of somebody else in one place, and how many objects were seen with one.

    Attributes:
        alive: whether the other one has written since we did, or while we watched; else it may be long gone.
    """

    writer: Writer
    stored: Stored
    alive: bool
    count: int = 1


class ForeignWriters:
    """Notices other controllers. Safe to share between threads.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._writes: dict[ObjectKey, Mapping[str, str]] = {}
        self._sightings: dict[_Place, _Sighting] = {}
        self._told: dict[_Place, datetime] = {}
        self._lock = threading.Lock()

    def look(self, stored: Stored) -> None:
        """Take in an object of ours with its `metadata.managedFields`."""
        writers = other_writers([stored])
        with self._lock:
            before = self._writes.get(stored.key)
            self._writes[stored.key] = {writer.name: writer.at for writer in writers} if writers else _NOBODY
            for writer in writers:
                alive = writer.since_ours or (before is not None and before.get(writer.name) != writer.at)
                if alive or (before is None and not writer.ours):
                    self._sight(writer, stored, alive=alive)

    def forget(self, key: ObjectKey) -> None:
        """An object is gone."""
        with self._lock:
            self._writes.pop(key, None)

    def tell(self, recorder: Recorder, metrics: Metrics) -> None:
        """Warn of what was seen since the last call, of each place at most once an hour."""
        with self._lock:
            sightings, self._sightings = self._sightings, {}
        now = self._clock()
        for place, seen in sightings.items():
            told = self._told.get(place)
            if told is None or now >= told + _AGAIN:
                self._told[place] = now
                _tell(seen, recorder, metrics)

    def _sight(self, writer: Writer, stored: Stored, *, alive: bool) -> None:
        place = (writer.name, writer.key.namespace, writer.key.kind)
        seen = self._sightings.get(place)
        if seen is not None:
            alive = alive or seen.alive
        self._sightings[place] = _Sighting(writer, stored, alive, seen.count + 1 if seen else 1)


def _tell(seen: _Sighting, recorder: Recorder, metrics: Metrics) -> None:
    more = f", and {seen.count - 1} more of its namespace" if seen.count > 1 else ""
    if not seen.alive:
        # Whoever came here from it has stopped it, one hopes. What it wrote stays in the notes until we write over it.
        logger.warning(
            "%s%s. If it still runs, end it: two controllers would undo each other's work.", seen.writer, more
        )
        return
    note = f"{seen.writer}{more}, as this controller does. End one of the two: each undoes the other's work."
    logger.warning("%s: %s", REASON, note)
    metrics.errors.labels(seen.writer.key.kind, REASON).inc()
    recorder.record(seen.stored, Happening(REASON, "Watch", note, warning=True))
