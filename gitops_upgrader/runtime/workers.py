"""Worker threads: a queue and a pool for each kind, and one worker at a time in each repository."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from gitops_upgrader.errors import LeaseLost, ObjectConflict, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.backoff import Backoff
from gitops_upgrader.runtime.dispatch import Outcome
from gitops_upgrader.runtime.lanes import Lane, Lanes
from gitops_upgrader.runtime.logs import reconciling
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.queue import WorkQueue

logger = logging.getLogger(__name__)

_AT_ONCE = 3
"""How often a push that somebody else's has overtaken, or a write, is tried again at once before it has to wait."""


class Dispatching(Protocol):
    """What workers need of a dispatcher."""

    def lane(self, key: ObjectKey) -> Lane | None:
        """The lane that a reconcile of an object belongs to; None where it uses no repository."""

    def reconcile(self, key: ObjectKey) -> Outcome:
        """Reconcile one object. Raises UpgraderError where that is not possible at all."""


class Workers:
    """Takes keys and has them reconciled.

    Args:
        kinds: what there are reconcilers for.
        each: how many workers each kind has.
    """

    def __init__(
        self,
        dispatcher: Dispatching,
        metrics: Metrics,
        kinds: Iterable[str],
        each: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._each = each
        self._clock = clock
        self._queues: dict[str, WorkQueue[ObjectKey]] = {kind: WorkQueue(Backoff(), clock) for kind in kinds}
        self._lanes: Lanes[str, tuple[ObjectKey, Lane]] = Lanes()
        self._closed_until: dict[ObjectKey, float] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def wake(self, keys: Iterable[ObjectKey]) -> None:
        """Have objects reconciled soon; those of other kinds are none of ours."""
        for key in keys:
            queue = self._queues.get(key.kind)
            if queue is not None:
                queue.add(key)

    def start(self) -> None:
        """Begin to work."""
        for kind, queue in self._queues.items():
            for number in range(self._each):
                name = f"{kind}-{number}"
                thread = threading.Thread(target=self._work, args=(queue,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self, timeout: float) -> bool:
        """Finish what is being worked on, and begin nothing more; False where that takes longer than `timeout` s."""
        self._stopping.set()
        for queue in self._queues.values():
            queue.stop()
        end = self._clock() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - self._clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def measure(self) -> None:
        """Show how long the queues are."""
        for kind, queue in self._queues.items():
            self._metrics.depth.labels(kind).set(len(queue))

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be worked on now, and nothing is."""
        return all(len(queue) == 0 and queue.drained(0) for queue in self._queues.values())

    # --- a worker

    def _work(self, queue: WorkQueue[ObjectKey]) -> None:
        while (key := queue.get()) is not None:
            lane = self._dispatcher_lane(key)
            if lane is None:
                self._one(key, None)
            elif self._lanes.enter(lane.name, (key, lane)):
                self._drive(key, lane)

    def _drive(self, key: ObjectKey, lane: Lane) -> None:
        """Work on everything of one repository that came while it was ours."""
        following: tuple[ObjectKey, Lane] | None = (key, lane)
        while following is not None:
            key, lane = following
            if self._stopping.is_set():
                self._queues[key.kind].done(key)
            else:
                self._one(key, lane)
            following = self._lanes.next(lane.name)

    def _dispatcher_lane(self, key: ObjectKey) -> Lane | None:
        try:
            return self._dispatcher.lane(key)
        except Exception:  # noqa: BLE001  (a bug, which the reconcile itself will meet and show)
            return None

    def _one(self, key: ObjectKey, lane: Lane | None) -> None:
        queue = self._queues[key.kind]
        begun = self._clock()
        try:
            closed = self._closed_until.get(lane.repository, 0.0) - begun if lane is not None else 0.0
            if closed > 0:
                queue.add_after(key, closed)
                return
            with reconciling(key):
                self._settle(key, lane, self._reconcile(key))
        finally:
            self._metrics.durations.labels(key.kind).observe(self._clock() - begun)
            queue.done(key)

    def _reconcile(self, key: ObjectKey) -> Outcome:
        try:
            return self._dispatcher.reconcile(key)
        except UpgraderError as error:
            logger.warning("%s: %s", error.reason, error)
            return Outcome("failed", None, error)
        except Exception:
            # A bug must not stop the others, nor be hidden: it has its traceback, a metric, and is tried again.
            logger.exception("a bug in the reconcile of %s; please report it", key)
            return Outcome("bug")

    def _settle(self, key: ObjectKey, lane: Lane | None, outcome: Outcome) -> None:
        """Note how it ended, and when the key comes again."""
        queue = self._queues[key.kind]
        self._metrics.reconciles.labels(key.kind, outcome.result).inc()
        if outcome.problem is not None:
            self._metrics.errors.labels(key.kind, outcome.problem.reason).inc()
        if outcome.retry_after is not None:
            if lane is not None:
                self._closed_until[lane.repository] = self._clock() + outcome.retry_after
            queue.add_after(key, outcome.retry_after)
        elif isinstance(outcome.problem, LeaseLost | ObjectConflict) and queue.failures(key) < _AT_ONCE:
            queue.failed(key)
            queue.add(key)
        elif outcome.problem is not None or outcome.result == "bug":
            queue.failed(key)
        else:
            queue.forget(key)
            if outcome.again is not None:
                queue.add_after(key, outcome.again.total_seconds())
        self.wake(outcome.wake)
