"""A whole run over a store of files, or over a look at a cluster: every kind in the order in which versions flow.

In a cluster the runtime calls the same reconcilers, key by key, as things change. Here everything that is derived is
derived anew, once; what must last is in Git and on the forge.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from gitops_upgrader.api import (
    ClusterClassClusterUpgrader,
    ClusterUpgraderSet,
    DebianRepositorySource,
    GitOpsRepository,
    MachineImage,
    MachineImageSyncer,
    Plan,
)
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.api.resource import Resource
from gitops_upgrader.errors import ObjectNotFound, ObjectPaused, UpgraderError, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.identity import upgrader_of
from gitops_upgrader.reconcilers import gitops_repository, machine_image, plan, source, syncer, upgrader
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.plan import Gap
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import access
from gitops_upgrader.reconcilers.scope import Result, Scope, key_of
from gitops_upgrader.reconcilers.upgrader_query import cluster_of
from gitops_upgrader.stores.directory import DirectoryStore
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.stores.readonly import ReadOnlyStore

_Kind = TypeVar("_Kind", bound=Resource)

_SOURCES_AT_ONCE = 8
"""How many repositories of packages are read at one time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one object that is no upgrader."""

    key: ObjectKey
    error: UpgraderError


@dataclass(frozen=True, slots=True)
class Orphan:
    """A branch of ours that no upgrader here accounts for: its upgrader was deleted, or lives somewhere else."""

    repository: str
    branch: str
    upgrader: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run: a proposal for each upgrader, sorted by name, and what went wrong before them."""

    proposals: tuple[Proposed, ...]
    failures: tuple[Failure, ...] = ()
    results: tuple[Result, ...] = field(default=())
    orphans: tuple[Orphan, ...] = ()


Told = Callable[[str], None]
"""Is told what is being done, for the progress that a person sees."""


def run(
    scope: Scope,
    workspaces: Workspaces,
    *,
    only: Collection[str] = (),
    dry_run: bool = False,
    told: Told = lambda _: None,
) -> Report:
    """Reconcile every object of a store that keeps what is derived in memory.

    Args:
        only: upgraders to act on, as `name` or `namespace/name`; all of them without any.

    Raises:
        ObjectNotFound: `only` names an upgrader that is not there.
        ObjectError: it names one with a mistake, which is this one.
    """
    scope = replace(scope, doubt=_doubt(scope), claimants=_claimants(scope))
    upgraders = _chosen(_all(scope, ClusterClassClusterUpgrader), only, _problems(scope))
    results = _sources(scope, told)
    told("choosing versions and images")
    synced = [syncer.reconcile(scope, found) for found in _all(scope, MachineImageSyncer)]
    results += synced
    results += [machine_image.reconcile(scope, found) for found in _all(scope, MachineImage)]
    gaps = _gaps(scope, synced)
    results += [plan.reconcile(scope, found, gaps) for found in _all(scope, Plan)]
    proposals = []
    for found in upgraders:
        told(f"proposing for {found.spec.cluster_name}")
        proposals.append(upgrader.reconcile(scope, found, workspaces, dry_run=dry_run))
    _note_repositories(scope, workspaces)
    failures = tuple(
        Failure(result.key, result.problem)
        for result in results
        if result.problem is not None and not isinstance(result.problem, ObjectPaused)  # a pause is no mistake
    )
    return Report(tuple(proposals), failures, tuple(results), _orphans(scope, workspaces))


def _note_repositories(scope: Scope, workspaces: Workspaces) -> None:
    """Write the status of each repository that was opened; what kept one closed, its upgraders have told."""
    for found in _all(scope, GitOpsRepository):
        try:
            workspace = workspaces.opened(access(scope, found, workspaces.line))
        except UpgraderError:
            continue
        if workspace is not None:
            gitops_repository.note(scope, found, workspace)


def _orphans(scope: Scope, workspaces: Workspaces) -> tuple[Orphan, ...]:
    """Branches whose upgrader is not in the store. They are told of, not closed: it may be kept in another folder."""
    known = {f"{key_of(found).namespace}/{found.metadata.name}" for found in _all(scope, ClusterClassClusterUpgrader)}
    found = set()
    for workspace in workspaces.all():
        for branch in workspace.refs:
            owner = upgrader_of(workspace.prefix, branch, workspaces.line.instance)
            if owner is not None and owner not in known:
                found.add(Orphan(workspace.url, branch, owner))
    return tuple(sorted(found, key=lambda orphan: (orphan.repository, orphan.branch)))


def _sources(scope: Scope, told: Told) -> list[Result]:
    """Read the sources side by side: they wait for the network."""
    sources = _all(scope, DebianRepositorySource)
    if not sources:
        return []
    told(f"reading {len(sources)} package repositories" if len(sources) > 1 else "reading a package repository")
    with ThreadPoolExecutor(max_workers=_SOURCES_AT_ONCE, thread_name_prefix="source") as pool:
        return list(pool.map(lambda found: source.reconcile(scope, found), sources))


def _gaps(scope: Scope, synced: Sequence[Result]) -> tuple[Gap, ...]:
    """The images that would be there, had their syncers been able to make them."""
    gaps = []
    for result in synced:
        why = result.problem
        if result.reason == ReadyReason.PAUSED.value:
            why = ObjectPaused("It is paused, so it makes no images.", where=Where(object=str(result.key)))
        stored = scope.store.get(result.key)
        if why is None or stored is None:
            continue
        syncer_ = read(stored, MachineImageSyncer)
        labels: dict[str, str] | None = None  # without its template nobody knows which plans select its images
        with contextlib.suppress(UpgraderError):
            labels = syncer.labels_of(scope, syncer_, syncer.template_of(scope, syncer_))
        gaps.append(Gap(key_of(syncer_).namespace, labels, why))
    return tuple(gaps)


_IMAGELESS = frozenset(kind.KIND for kind in (ClusterClassClusterUpgrader, ClusterUpgraderSet, GitOpsRepository, Plan))
"""Kinds of which a broken object hides neither an image nor a version: whoever names it gets an error."""


def _problems(scope: Scope) -> tuple[UpgraderError, ...]:
    """What is wrong with the objects that the store was made from."""
    return scope.store.problems if isinstance(scope.store, DirectoryStore | ReadOnlyStore) else ()


def _doubt(scope: Scope) -> str | None:
    """What of the objects could not be read, and may hold images or versions."""
    hiding = (
        problem for problem in _problems(scope) if (problem.where.object or "").partition(" ")[0] not in _IMAGELESS
    )
    return next((str(problem) for problem in hiding), None)


def _claimants(scope: Scope) -> Callable[[ObjectKey], Sequence[Stored]]:
    """What tells the upgraders of a Cluster; they are looked through once."""
    found: dict[ObjectKey, list[Stored]] = {}
    for stored in scope.store.list(GROUP, ClusterClassClusterUpgrader.KIND):
        found.setdefault(cluster_of(read(stored, ClusterClassClusterUpgrader)), []).append(stored)
    return lambda cluster: found.get(cluster, ())


def _all(scope: Scope, kind: type[_Kind]) -> list[_Kind]:
    return [read(stored, kind) for stored in scope.store.list(GROUP, kind.KIND)]


def _chosen(
    upgraders: Sequence[ClusterClassClusterUpgrader], only: Collection[str], problems: Sequence[UpgraderError]
) -> list[ClusterClassClusterUpgrader]:
    if not only:
        return list(upgraders)
    names = {name for found in upgraders for name in _names(found)}
    for name in only:
        if name not in names:
            raise _mistaken(name, problems) or _unknown(name, upgraders)
    return [found for found in upgraders if set(_names(found)) & set(only)]


def _mistaken(name: str, problems: Sequence[UpgraderError]) -> UpgraderError | None:
    """What is wrong with the upgrader of that name, where it is there and was left out for that."""
    for problem in problems:
        kind, _, its = (problem.where.object or "").partition(" ")
        if kind == ClusterClassClusterUpgrader.KIND and name in {its, its.partition("/")[2]}:
            return problem
    return None


def _unknown(name: str, upgraders: Sequence[ClusterClassClusterUpgrader]) -> ObjectNotFound:
    known = sorted(_names(found)[1] for found in upgraders)
    near = difflib.get_close_matches(name, known if "/" in name else [one.partition("/")[2] for one in known], n=1)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ObjectNotFound(
        f"There is no ClusterClassClusterUpgrader {name!r}.{f' Did you mean {near[0]}?' if near else ''}",
        remedy=f"Name one of {', '.join(known[:_SHOWN])}{more}." if known else "There are none.",
    )


_SHOWN: Final = 10
"""How many names are shown to choose from."""


def _names(found: ClusterClassClusterUpgrader) -> tuple[str, str]:
    return found.metadata.name, f"{key_of(found).namespace}/{found.metadata.name}"
