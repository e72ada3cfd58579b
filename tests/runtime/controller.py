"""A controller without threads: the test is its work queue, over a store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.attempts import Patience
from gitops_upgrader.reconcilers.kept import KeptWorkspaces
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reconcilers.scope import Live, Scope
from gitops_upgrader.runtime.dispatch import Dispatcher, Outcome
from gitops_upgrader.runtime.events import Recorder
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.selection import parse_selector
from gitops_upgrader.runtime.wakes import IMAGE, PLAN, REPOSITORY, SYNCER, UPGRADER
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores.directory import DirectoryStore
from tests.reconcilers.directory import Fleet


@dataclass
class Controller:
    """A process that acts on what its selector selects."""

    fleet: Fleet
    store: DirectoryStore
    selector: str = ""
    cache: Path | None = None
    exchanges: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        selector = parse_selector(self.selector)
        clock = self.fleet.clock
        self.workspaces = KeptWorkspaces(
            CommandLine(), clock, cache=self.cache, patience=Patience(tries=1), exchanged=self.exchanges.append
        )
        self.dispatcher = Dispatcher(
            store=lambda: self.store,
            scope=Scope(
                self.store,
                clock,
                HttpFetch(),
                runs_jobs=True,
                live=Live(),
                handed_on=selector.keys,
                mentions=Mentions(),
            ),
            workspaces=self.workspaces,
            recorder=Recorder(lambda: self.store, clock, "tests"),
            metrics=Metrics(),
            known=self.store.list,
            selector=selector,
            chance=lambda: 0.0,
        )

    def run(self, kind: str, name: str) -> Outcome:
        return self.dispatcher.reconcile(ObjectKey(GROUP, kind, "fleet", name))

    def flow(self) -> None:
        """Reconcile everything, in the order in which versions flow."""
        for kind in (SYNCER, IMAGE, PLAN, REPOSITORY, UPGRADER):
            for found in self.store.list(GROUP, kind):
                self.dispatcher.reconcile(found.key)

    def look_at_repositories(self) -> set[ObjectKey]:
        """Reconcile the repositories alone, as happens when nothing else does; returns whom that wakes."""
        found = (self.dispatcher.reconcile(one.key) for one in self.store.list(GROUP, REPOSITORY))
        return {key for outcome in found for key in outcome.wake}
