"""All informers of the process, the cache they fill, and whom what they see wakes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitops_upgrader.api.names import GROUP, MACHINE_IMAGE_NAME_LABEL, REQUESTED_AT_ANNOTATION
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import cluster_class, live_cluster, rollout
from gitops_upgrader.runtime.cache import Cache
from gitops_upgrader.runtime.foreign_writers import ForeignWriters
from gitops_upgrader.runtime.informers import Informer, Wanted
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.trimming import trimmed
from gitops_upgrader.runtime.wakes import RECONCILED, TEMPLATE, references, wakes
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery
from gitops_upgrader.stores.protocol import Stored

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

logger = logging.getLogger(__name__)

WATCHED = (
    *(Wanted(GROUP, kind) for kind in (*RECONCILED, TEMPLATE)),
    Wanted("", "Secret", outline=True),
    Wanted("", "ConfigMap", outline=True),
    Wanted("batch", "Job", selector=MACHINE_IMAGE_NAME_LABEL),
    Wanted(rollout.GROUP, rollout.KIND, needed=False, part=live_cluster.part),
    Wanted(rollout.GROUP, cluster_class.KIND, needed=False, part=cluster_class.part),
)
"""What is watched from the start. Other kinds that an object refers to are watched from then on."""


class Watching:
    """What this process knows of the cluster.

    Args:
        namespaces: those that are watched; none for all that there are.
        wake: is told which objects to reconcile.
        ask: is told of objects for which somebody asks for a run now.
        foreign_writers: is told of each object of ours with its `managedFields`, which are not kept.
    """

    def __init__(
        self,
        client: ApiClient,
        connection: Connection,
        discovery: Discovery,
        cache: Cache,
        metrics: Metrics,
        *,
        namespaces: Sequence[str],
        wake: Callable[[Iterable[ObjectKey]], None],
        ask: Callable[[ObjectKey], None],
        foreign_writers: ForeignWriters | None = None,
    ) -> None:
        self._client = client
        self._connection = connection
        self._discovery = discovery
        self._cache = cache
        self._metrics = metrics
        self._namespaces = tuple(sorted(set(namespaces)))
        self._wake = wake
        self._ask = ask
        self._foreign_writers = foreign_writers
        self._informers: dict[Wanted, Informer] = {}
        self._foreign: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self.bug: BaseException | None = None

    def start(self, watched: Iterable[Wanted] = WATCHED) -> None:
        """Begin to watch."""
        for wanted in watched:
            self._foreign.add((wanted.group, wanted.kind))
            self._begin(wanted)

    @property
    def unsynced(self) -> tuple[str, ...]:
        """The kinds that are needed and not in the cache yet, each with what keeps it from there if that is known."""
        with self._lock:
            waiting = [informer for informer in self._informers.values() if not informer.synced]
        return tuple(
            f"{informer.wanted.kind}{f' ({informer.error})' if informer.error else ''}"
            for informer in waiting
            if (informer.wanted.group, informer.wanted.kind) in _NEEDED
        )

    def stop(self) -> None:
        """Watch no more."""
        with self._lock:
            self._stopped = True
            informers = list(self._informers.values())
        for informer in informers:
            informer.stop()

    def observe(self, stored: Stored) -> None:
        """Take in a look at an object."""
        if not self._cache.watches(stored.key):
            return
        before, newer = self._cache.put(stored)
        if newer:
            self._changed(stored.key, before, stored)

    def wrote(self, stored: Stored) -> None:
        """Take in the API's answer to a write of ours: the next reconcile shall not begin with an older look."""
        self.observe(replace(stored, content=trimmed(stored.content)))

    def gone(self, stored: Stored) -> None:
        """Take in that an object was deleted."""
        if self._foreign_writers is not None:
            self._foreign_writers.forget(stored.key)
        before = self._cache.remove(stored)
        self._changed(stored.key, before or stored, None)

    def is_lost(self, stored: Stored) -> bool:
        """Whether an object that a write was refused for is gone, or another one is in its place.

        That is taken in at once: until a watch tells of it, each reconcile would begin with an object that is not
        there, and might start a build for it. Raises what the API raises.
        """
        found = self._cache.afresh(stored.key)
        if found is not None and found.content["metadata"].get("uid") == stored.content["metadata"].get("uid"):
            return False
        self.gone(stored)
        if found is not None:
            self.wrote(found)
        return True

    # --- inside

    def _changed(self, key: ObjectKey, before: Stored | None, after: Stored | None) -> None:
        """Wake whom a change concerns."""
        if after is not None and after.key.group == GROUP:
            for group, kind in references(after):
                self._watch_foreign(group, kind)
            if before is not None and _asks_now(before, after):
                self._ask(after.key)
        # While a kind is listed for the first time, everything is new, and asks for itself.
        known = self._cache.known if self._cache.is_ready(key) else _nobody
        self._wake(wakes(before, after, known))

    def _watch_foreign(self, group: str, kind: str) -> None:
        with self._lock:
            if (group, kind) in self._foreign or self._stopped:
                return
            self._foreign.add((group, kind))
        logger.info("watching %s of %s, as an object refers to one", kind, group)
        self._begin(Wanted(group, kind, needed=False))

    def _begin(self, wanted: Wanted) -> None:
        places: tuple[str | None, ...] = self._namespaces or (None,)
        for namespace in places:
            one = replace(wanted, namespace=namespace)
            informer = Informer(
                self._client,
                self._connection,
                self._discovery,
                one,
                seen=self.observe,
                gone=self.gone,
                fatal=self._fail,
                interrupted=self._interrupted,
                arrived=self._foreign_writers.look if self._foreign_writers and wanted.group == GROUP else None,
            )
            with self._lock:
                if self._stopped:
                    return
                self._informers[one] = informer
        self._cache.watch(
            wanted.group,
            wanted.kind,
            outline=wanted.outline,
            partial=bool(wanted.selector),
            ready=lambda: self._synced(wanted),
        )
        with self._lock:
            begun = [informer for informer in self._informers.values() if _of(informer, wanted)]
        for informer in begun:
            informer.start()

    def _synced(self, wanted: Wanted) -> bool:
        """Whether the cache may answer for a kind: before its first list it would deny objects that there are."""
        with self._lock:
            return all(informer.synced for informer in self._informers.values() if _of(informer, wanted))

    def _interrupted(self, kind: str) -> None:
        self._metrics.interruptions.labels(kind).inc()

    def _fail(self, bug: BaseException) -> None:
        self.bug = bug


_NEEDED = frozenset((wanted.group, wanted.kind) for wanted in WATCHED if wanted.needed)


def _nobody(_group: str, _kind: str) -> tuple[Stored, ...]:
    return ()


def _of(informer: Informer, wanted: Wanted) -> bool:
    return (informer.wanted.group, informer.wanted.kind) == (wanted.group, wanted.kind)


def _asks_now(before: Stored, after: Stored) -> bool:
    """Whether somebody has annotated an object to have it looked at now, as people do with Flux's objects."""
    old, new = (
        (look.content["metadata"].get("annotations") or {}).get(REQUESTED_AT_ANNOTATION) for look in (before, after)
    )
    return new is not None and new != old
