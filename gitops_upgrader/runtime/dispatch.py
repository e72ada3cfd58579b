"""One reconcile of one object: which reconciler it is, what it is told, and when to look again."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from gitops_upgrader.api import (
    ClusterClassClusterUpgrader,
    DebianRepositorySource,
    GitOpsRepository,
    MachineImage,
    MachineImageSyncer,
    Plan,
)
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.api.resource import Resource
from gitops_upgrader.api.selectors import LabelSelector
from gitops_upgrader.errors import ForgeRateLimited, ObjectNotFound, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import gitops_repository, machine_image, plan, source, syncer, upgrader
from gitops_upgrader.reconcilers.kept import KeptWorkspaces
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import location_of, repository_of, way_of
from gitops_upgrader.reconcilers.rollout import Stage
from gitops_upgrader.reconcilers.scope import Result, Scope, key_of
from gitops_upgrader.runtime.events import Happening, Recorder
from gitops_upgrader.runtime.happenings import of_result, of_upgrader
from gitops_upgrader.runtime.lanes import Lane
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.surveys import Surveys
from gitops_upgrader.runtime.wakes import UPGRADER, Known, claimants, upgraders_of
from gitops_upgrader.stores.protocol import Store, Stored

logger = logging.getLogger(__name__)

_Kind = TypeVar("_Kind", bound=Resource)

RESYNC = timedelta(hours=10)
"""After how long an object is looked at again that nothing has woken; controller-runtime's default."""
_FOLLOW = timedelta(minutes=5)
"""The same while a rollout is awaited: its Cluster may be where no informer looks."""
_AGING = timedelta(minutes=10)
"""The same for a plan with a minimal age of images: time alone changes its answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reconcile ended.

    Attributes:
        result: one word for metrics: succeeded, waiting, failed, gone.
        again: when to look at the object again; None for never, unless something wakes it.
        problem: what went wrong.
        wake: other objects to look at now.
    """

    result: str
    again: timedelta | None = None
    problem: UpgraderError | None = None
    wake: frozenset[ObjectKey] = frozenset()

    @property
    def retry_after(self) -> float | None:
        """Seconds that a forge asks to wait."""
        return self.problem.retry_after if isinstance(self.problem, ForgeRateLimited) else None


@dataclass(slots=True)
class Dispatcher:
    """Carries out reconciles. Safe to share between threads; one repository must be used by one at a time.

    Attributes:
        store: makes a store for one reconcile.
        scope: what reconcilers are told, but for the store.
        known: the objects that informers have seen.
        selector: which objects this process is for.
        is_lost: looks whether an object is gone, or another one is in its place, and takes that in.
        chance: a number from 0 up to 1.
    """

    store: Callable[[], Store]
    scope: Scope
    workspaces: KeptWorkspaces
    recorder: Recorder
    metrics: Metrics
    known: Known
    selector: LabelSelector = field(default_factory=LabelSelector)
    is_lost: Callable[[Stored], bool] = lambda _: False
    chance: Callable[[], float] = random.random
    _surveys: Surveys = field(default_factory=Surveys)
    _asked: set[ObjectKey] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, key: ObjectKey) -> None:
        """Have the next reconcile of an object look at its repository afresh: somebody asks for that."""
        with self._lock:
            self._asked.add(key)

    def lane(self, key: ObjectKey) -> Lane | None:
        """The repository that a reconcile of an object will use; None where it uses none, or that cannot be told."""
        scope = self._scope()
        try:
            stored = scope.store.get(key)
            if stored is None:
                return None
            if key.kind == GitOpsRepository.KIND:
                repository: GitOpsRepository | None = read(stored, GitOpsRepository)
            elif key.kind == UPGRADER:
                repository = repository_of(scope, read(stored, ClusterClassClusterUpgrader), self.workspaces.line)
            else:
                return None
            if repository is None:
                return None
            name = location_of(scope, repository, self.workspaces.line).normalised
            way = way_of(scope, repository)
        except UpgraderError:
            return None  # the reconcile itself will say so
        # Who names a forge or a proxy of their own, and may keep us waiting there, is not waited for by others.
        return Lane(f"{name} {way}" if way else name, key_of(repository))

    def reconcile(self, key: ObjectKey) -> Outcome:
        """Reconcile one object. Raises UpgraderError where the store does not answer."""
        scope = self._scope()
        stored = scope.store.get(key)
        if stored is None:
            self._gone(key)
            return Outcome("gone")
        if not self.selector.matches(stored.labels):
            return self._of_another_shard(scope, stored)
        if key.kind != UPGRADER and stored.content["metadata"].get("deletionTimestamp"):
            return Outcome("gone")
        try:
            return self._reconciler(key.kind)(scope, stored)
        except ObjectNotFound:
            # Nothing else leaves a reconciler so: there is no object to write a status to, and no watch has told yet.
            if not self.is_lost(stored):
                raise
            self._gone(key)
            return Outcome("gone")

    def _of_another_shard(self, scope: Scope, stored: Stored) -> Outcome:
        """Leave an object alone. A repository that upgraders here use is looked at nevertheless, for their sake."""
        if stored.key.kind != GitOpsRepository.KIND or stored.content["metadata"].get("deletionTimestamp"):
            return Outcome("gone")
        found = read(stored, GitOpsRepository)
        if self._used_here(stored.key):
            looked = gitops_repository.look(scope, found, self.workspaces)
            if isinstance(looked, UpgraderError):
                return Outcome("failed", None, looked)
            return Outcome("succeeded", self._about(found.spec.interval), wake=self._news(scope, found, looked))
        return Outcome("gone", self._about(found.spec.interval))

    def _used_here(self, repository: ObjectKey) -> bool:
        if self.scope.mentions is not None and self.scope.mentions.is_asked(repository):
            return True
        wanted = upgraders_of(repository, self.known)
        return any(one.key in wanted and self.selector.matches(one.labels) for one in self.known(GROUP, UPGRADER))

    # --- one method per kind

    def _reconciler(self, kind: str) -> Callable[[Scope, Stored], Outcome]:
        return {
            DebianRepositorySource.KIND: self._source,
            MachineImageSyncer.KIND: self._syncer,
            MachineImage.KIND: self._image,
            Plan.KIND: self._plan,
            GitOpsRepository.KIND: self._repository,
            ClusterClassClusterUpgrader.KIND: self._upgrader,
        }[kind]

    def _source(self, scope: Scope, stored: Stored) -> Outcome:
        found = read(stored, DebianRepositorySource)
        return self._ended(stored, source.reconcile(scope, found), found.spec.interval)

    def _syncer(self, scope: Scope, stored: Stored) -> Outcome:
        found = read(stored, MachineImageSyncer)
        result = syncer.reconcile(scope, found)
        return replace(self._ended(stored, result, found.spec.interval), wake=result.wake)

    def _image(self, scope: Scope, stored: Stored) -> Outcome:
        return self._ended(stored, machine_image.reconcile(scope, read(stored, MachineImage)), RESYNC)

    def _plan(self, scope: Scope, stored: Stored) -> Outcome:
        found = read(stored, Plan)
        return self._ended(stored, plan.reconcile(scope, found), _AGING if found.spec.minimum_image_age else RESYNC)

    def _repository(self, scope: Scope, stored: Stored) -> Outcome:
        found = read(stored, GitOpsRepository)
        self._look_afresh(scope, stored.key, found)
        looked = gitops_repository.reconcile(scope, found, self.workspaces)
        outcome = self._ended(stored, looked.result, found.spec.interval)
        if looked.seen is None:
            return outcome
        return replace(outcome, wake=self._news(scope, found, looked.seen))

    def _news(self, scope: Scope, found: GitOpsRepository, seen: gitops_repository.Seen) -> frozenset[ObjectKey]:
        """Take in a look at a repository; returns whom it concerns."""
        key, workspace = key_of(found), seen.workspace
        url = location_of(scope, found, self.workspaces.line).normalised
        self.workspaces.close_unused(url, scope.clock() - 3 * found.spec.interval - timedelta(hours=1))
        self.metrics.repository_seen(key, workspace.url, seen.pulls)
        news = self._surveys.compare(key, workspace, seen.pulls, self.workspaces.line.instance)
        woken = frozenset(upgraders_of(key, self.known)) if news.everybody else news.upgraders
        if scope.mentions is None:
            return woken
        try:
            return woken | scope.mentions.look(key, workspace)
        except UpgraderError as error:
            logger.warning("no machine image is removed, as what %s names cannot be told: %s", key, error)
            return woken

    def _upgrader(self, scope: Scope, stored: Stored) -> Outcome:
        found = read(stored, ClusterClassClusterUpgrader)
        try:
            repository = repository_of(scope, found, self.workspaces.line)
        except UpgraderError:
            repository = None  # the reconciler says so in its status
        if repository is not None:
            self._look_afresh(scope, stored.key, repository)
        proposed = upgrader.reconcile(scope, found, self.workspaces)
        now = scope.store.get(stored.key)
        if now is None:
            self._gone(stored.key)
            return Outcome("gone")
        after = read(now, ClusterClassClusterUpgrader)
        self._tell(now, of_upgrader(found.status, after.status, proposed))
        status = after.status
        self.metrics.cluster_seen(
            stored.key.namespace,
            stored.key.name,
            proposed.cluster,
            status.current_version or "",
            status.target_version or "",
            status.phase.value if status.phase else "",
        )
        if proposed.error is not None:
            return Outcome("failed", None, proposed.error)
        return Outcome("succeeded", self._next_look(scope, proposed))

    # --- what several of them need

    def _scope(self) -> Scope:
        return replace(self.scope, store=self.store(), claimants=partial(claimants, self.known))

    def _look_afresh(self, scope: Scope, key: ObjectKey, repository: GitOpsRepository) -> None:
        with self._lock:
            if key not in self._asked:
                return
            self._asked.discard(key)
        try:
            self.workspaces.expire(location_of(scope, repository, self.workspaces.line).normalised)
        except UpgraderError:
            return  # the reconciler says so in its status

    def _ended(self, stored: Stored, result: Result, interval: timedelta) -> Outcome:
        self._tell(stored, of_result(result))
        if result.problem is not None:
            return Outcome("failed", None, result.problem)
        return Outcome("succeeded", result.again if result.again is not None else self._about(interval))

    def _next_look(self, scope: Scope, proposed: Proposed) -> timedelta:
        """When time itself may change the answer, else the usual while."""
        until = proposed.gate.until if proposed.gate else None
        if until is not None:
            return max(until - scope.clock(), timedelta()) + timedelta(seconds=1)
        if proposed.rollout is not None and proposed.rollout.stage not in {Stage.ROLLED_OUT, Stage.ABSENT}:
            return self._about(_FOLLOW)
        return self._about(RESYNC)

    def _about(self, interval: timedelta) -> timedelta:
        """An interval, up to a tenth shorter by chance, so that what began together does not come back together."""
        return interval * (1 - self.chance() / 10)

    def _tell(self, regarding: Stored, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            level = logging.WARNING if happening.warning else logging.INFO
            news = self.recorder.record(regarding, happening)
            logger.log(level if news else logging.DEBUG, "%s: %s", happening.reason, happening.note)

    def _gone(self, key: ObjectKey) -> None:
        if key.kind == UPGRADER:
            self.metrics.cluster_gone(key.namespace, key.name)
        if key.kind == GitOpsRepository.KIND:
            self._surveys.forget(key)
            self.metrics.repository_gone(key)
            if self.scope.mentions is not None:
                self.scope.mentions.forget(key)
        with self._lock:
            self._asked.discard(key)
