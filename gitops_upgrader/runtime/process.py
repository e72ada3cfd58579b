"""The whole process: its parts put together, started in order, and ended in order."""

from __future__ import annotations

import logging
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gitops_upgrader.api.selectors import LabelSelector
from gitops_upgrader.errors import LeadershipLost
from gitops_upgrader.reconcilers.kept import KeptWorkspaces
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reconcilers.scope import Live, Scope
from gitops_upgrader.runtime.cache import Cache
from gitops_upgrader.runtime.diskcache import keep_bounded
from gitops_upgrader.runtime.dispatch import Dispatcher
from gitops_upgrader.runtime.election import Election, Terms
from gitops_upgrader.runtime.events import Recorder
from gitops_upgrader.runtime.foreign_writers import ForeignWriters
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.secrecy import NotingReader, Secrecy
from gitops_upgrader.runtime.wakes import RECONCILED
from gitops_upgrader.runtime.watching import Watching
from gitops_upgrader.runtime.web import WebServer
from gitops_upgrader.runtime.workers import Workers
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.kubernetes import KubernetesStore
from gitops_upgrader.stores.protocol import Store, Stored
from gitops_upgrader.stores.reader import ApiReader

logger = logging.getLogger(__name__)

_TICK = 0.5
"""Seconds between two looks at whether this process still leads, and at how long the queues are."""
_LEASE_TIMEOUT = 5.0
"""Seconds that one request about the Lease may take; several have to fit before it is lost."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person says about the process.

    Attributes:
        kubeconfig, context: where the cluster is; None for the one that this Pod runs in, else as kubectl has it.
        namespaces: those that are watched; none for all that there are.
        selector: which objects this process is for; empty for all of them.
        workers: how many objects of one kind are reconciled at one time.
        instance: tells management clusters apart that share a repository.
        lease_namespace, lease_name: the Lease for the election.
        elect: whether there is an election; without one, only one process may run.
        terms: how long leader and candidates wait for each other.
        cache: a folder for what was fetched from repositories; None for one that goes with the process.
        cache_bytes: how large that folder may get.
        live: what holds for live Clusters.
        shutdown_timeout: how long what is being worked on may take at the end.
        listen: where health and metrics are served; None for nowhere.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    selector: LabelSelector = field(default_factory=LabelSelector)
    workers: int = 4
    instance: str | None = None
    lease_namespace: str = "gitops-upgrader"
    lease_name: str = "gitops-upgrader"
    elect: bool = True
    terms: Terms = field(default_factory=Terms)
    cache: Path | None = None
    cache_bytes: int = 10 * 1024**3
    live: Live = field(default_factory=Live)
    shutdown_timeout: timedelta = timedelta(seconds=30)
    listen: tuple[str, int] | None = ("", 8080)


class Process:
    """One controller.

    Args:
        clock: the time, in UTC.
        identity: what tells this process from others, in the Lease and in Events.
    """

    def __init__(
        self,
        settings: Settings,
        secrecy: Secrecy,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        identity: str | None = None,
    ) -> None:
        from gitops_upgrader.sources.httpfetch import HttpFetch

        self.settings = settings
        self.metrics = Metrics()
        self.identity = identity or f"{socket.gethostname()}_{secrets.token_hex(4)}"
        self._client = open_client(settings.kubeconfig, settings.context)
        connection = Connection(self._client)
        discovery = Discovery(connection)
        api = NotingReader(ApiReader(connection, discovery, settings.namespaces), secrecy)
        cache = Cache(api, settings.namespaces)
        self._folder = None if settings.cache else Path(tempfile.mkdtemp(prefix="gitops-upgrader-cache-"))
        self._cache_folder = settings.cache or self._folder
        self._workspaces = KeptWorkspaces(
            CommandLine(instance=settings.instance),
            clock,
            cache=self._cache_folder,
            answered=self.metrics.forge_answered,
            exchanged=lambda what: self.metrics.git.labels(what).inc(),
        )

        def store() -> Store:
            return KubernetesStore(connection, discovery=discovery, reader=cache, wrote=self._wrote)

        scope = Scope(
            store=store(),
            clock=clock,
            fetch=HttpFetch(),
            runs_jobs=True,
            live=settings.live,
            handed_on=settings.selector.keys,
            mentions=Mentions(),
        )
        self._recorder = Recorder(store, clock, self.identity)
        self._foreign_writers = ForeignWriters(clock)
        dispatcher = Dispatcher(
            store=store,
            scope=scope,
            workspaces=self._workspaces,
            recorder=self._recorder,
            metrics=self.metrics,
            known=cache.known,
            selector=settings.selector,
            is_lost=self._is_lost,
        )
        self.workers = Workers(dispatcher, self.metrics, RECONCILED, settings.workers)
        self.watching = Watching(
            self._client,
            connection,
            discovery,
            cache,
            self.metrics,
            namespaces=settings.namespaces,
            wake=self.workers.wake,
            ask=dispatcher.ask,
            foreign_writers=self._foreign_writers,
        )
        lease_connection = Connection(self._client, timeout=_LEASE_TIMEOUT)
        self._election = Election(
            KubernetesStore(lease_connection, discovery=Discovery(lease_connection)),
            settings.lease_namespace,
            settings.lease_name,
            self.identity,
            clock,
            terms=settings.terms,
        )
        self.port: int | None = None
        self._lost = False
        self._ready = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        Raises:
            LeadershipLost: another process may lead by now; this one must end at once.
            AddressInUse: health and metrics cannot be served.
        """
        with ExitStack() as ending:
            ending.callback(self._tidy)
            ending.enter_context(self._serving())
            self.watching.start()
            if not self._wait_until_synced(stop):
                return
            self._ready.set()
            logger.info("ready")
            if self.settings.elect:
                if not self._election.acquire(stop):
                    return
                ending.enter_context(self._renewing())
            self._lead(stop)

    # --- the parts of a life

    def _wait_until_synced(self, stop: threading.Event) -> bool:
        told: tuple[str, ...] = ()
        while not stop.wait(_TICK / 5):
            self._raise_bugs()
            waiting = self.watching.unsynced
            if not waiting:
                return True
            if waiting != told and any("(" in kind for kind in waiting):
                logger.warning("waiting for %s", ", ".join(waiting))
                told = waiting
        return False

    def _lead(self, stop: threading.Event) -> None:
        self.metrics.leads.set(1)
        threading.Thread(target=self._bound_cache, args=(stop,), name="cache", daemon=True).start()
        self.workers.start()
        while not stop.wait(_TICK):
            self._raise_bugs()
            self.workers.measure()
            self._foreign_writers.tell(self._recorder, self.metrics)
            if self.settings.elect and not self._election.leads:
                self._lost = True
                raise LeadershipLost(
                    "The Lease could not be renewed in time, so another process may lead by now. This one ends.",
                    remedy="It is started anew by itself; look at the API server if this happens often.",
                )
        logger.info("finishing")
        if not self.workers.stop(self.settings.shutdown_timeout.total_seconds()):
            logger.warning("some reconciles were abandoned; the next leader takes them up")

    def _bound_cache(self, stop: threading.Event) -> None:
        if self._cache_folder is not None:
            keep_bounded(self._cache_folder, self.settings.cache_bytes, self._workspaces.folders, stop)

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Keep the Lease until the end of the block, which comes after the last reconcile; then give it back."""
        done = threading.Event()
        thread = threading.Thread(target=self._election.keep, args=(done,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        except LeadershipLost:
            done.set()
            raise
        else:
            done.set()
            thread.join(_LEASE_TIMEOUT)
            self._election.release()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        if self.settings.listen is None:
            yield
            return
        server = WebServer(
            self.settings.listen, unhealthy=self._unhealthy, unready=self._unready, metrics=self.metrics.render
        )
        with server:
            self.port = server.port
            logger.info("health and metrics are at %s:%d", self.settings.listen[0], server.port)
            yield

    def _unhealthy(self) -> str | None:
        bug = self.watching.bug
        return f"A watch has met a bug: {type(bug).__name__}." if bug is not None else None

    def _unready(self) -> str | None:
        if self._ready.is_set():
            return None
        return f"Not everything is read yet: {', '.join(self.watching.unsynced) or 'starting'}."

    def _raise_bugs(self) -> None:
        """End the process for a bug that a watch met: without its events it would be blind. It starts anew clean."""
        if self.watching.bug is not None:
            raise self.watching.bug

    def _wrote(self, stored: Stored) -> None:
        """A write of ours is seen at once: the next reconcile shall not begin with an older look."""
        self.watching.wrote(stored)

    def _is_lost(self, stored: Stored) -> bool:
        """A write says that an object is not there: the next reconcile shall not begin with it either."""
        return self.watching.is_lost(stored)

    def _tidy(self) -> None:
        self.metrics.leads.set(0)
        if self._lost:
            return  # every moment is one in which two may lead
        self.watching.stop()
        self._workspaces.close()
        self._client.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
