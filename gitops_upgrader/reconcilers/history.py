"""Removing the MachineImages of a syncer that nothing wants any more, but for the newest `historyLimit` of them.

An image is wanted that the syncer's policy wants; that a plan has as its target; that lies ahead of, or at, the version
of an upgrader whose plan offers it; and that a repository names, on its base branch or on a branch of ours. Where one
of these cannot be told, none is removed. What goes is the object: the infrastructure's image stays where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gitops_upgrader.api import ClusterClassClusterUpgrader, GitOpsRepository, MachineImage, MachineImageSyncer, Plan
from gitops_upgrader.api.conditions import ConditionType, Status, find
from gitops_upgrader.api.machine_image import MachineImagePhase
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import ObjectNotReady, UpgraderError, Where
from gitops_upgrader.model import Image, ObjectKey, Target
from gitops_upgrader.plans.retention import beyond_history
from gitops_upgrader.reconcilers.planned import offered
from gitops_upgrader.reconcilers.references import follow, read
from gitops_upgrader.reconcilers.repository import CommandLine, repository_of
from gitops_upgrader.reconcilers.scope import Scope, key_of
from gitops_upgrader.versions import Version

_SETTLED = frozenset({MachineImagePhase.CREATED, MachineImagePhase.FAILED})
"""A build that runs is not interrupted."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What came of it.

    Attributes:
        removed: what was removed, in sentences.
        doubt: why nothing was, where something could have been.
        unread: the repositories that have to be looked at before anything can be.
    """

    removed: tuple[str, ...] = ()
    doubt: UpgraderError | None = None
    unread: frozenset[ObjectKey] = frozenset()


def prune(
    scope: Scope, syncer: MachineImageSyncer, images: Sequence[MachineImage], wanted: Collection[Version]
) -> Pruned:
    """Remove images beyond the syncer's `historyLimit`, where a controller keeps them.

    Args:
        images: those of the syncer.
        wanted: the versions that its policy wants. None at all looks like a mistake, and then nothing is removed.

    Raises:
        UpgraderError: an image cannot be removed.
    """
    limit = syncer.spec.history_limit
    if limit is None or scope.mentions is None or not wanted:
        return Pruned()
    old = [image for image in images if _is_over(syncer, image) and Version.parse(image.spec.version) not in wanted]
    if len(old) <= limit:
        return Pruned()
    try:
        needed = _needed(scope, syncer, old)
        free = [image for image in old if image.metadata.name not in needed]
        named, unread = _mentioned(scope, syncer, free) if len(free) > limit else (frozenset(), frozenset())
    except UpgraderError as doubt:
        return Pruned(doubt=doubt)
    if unread:
        return Pruned(unread=unread)
    unwanted = {_image(image): image for image in free if _target(image) not in named}
    return Pruned(tuple(_remove(scope, unwanted[image]) for image in beyond_history(unwanted, limit)))


def _is_over(syncer: MachineImageSyncer, image: MachineImage) -> bool:
    """Whether an image is one that the syncer has made, and that nobody is at work on."""
    owned = any(owner.controller and owner.uid == syncer.metadata.uid for owner in image.metadata.owner_references)
    return owned and image.metadata.deletion_timestamp is None and image.status.phase in _SETTLED


def _remove(scope: Scope, image: MachineImage) -> str:
    scope.store.delete(key_of(image))
    identity = f" The image itself, {image.status.id}, is not touched." if image.status.id else ""
    return f"{key_of(image)} of {image.spec.version} is wanted no more, and was removed.{identity}"


# --- plans and upgraders ----------------------------------------------------------------------------------------------


def _needed(scope: Scope, syncer: MachineImageSyncer, images: Sequence[MachineImage]) -> set[str]:
    """The names of the images that a plan has as its target, or an upgrader may use as a step. Raises ObjectError."""
    namespace = key_of(syncer).namespace
    offers: dict[str, list[MachineImage]] = {}
    found = set()
    for stored in scope.store.list(GROUP, Plan.KIND, namespace):
        plan = read(stored, Plan)
        offers[stored.key.name] = [
            image for image in images if plan.spec.machine_image_selector.matches(image.metadata.labels)
        ]
        if offers[stored.key.name]:
            _require_fresh(plan)
            found |= {image.metadata.name for image in offers[stored.key.name] if _is_target(plan, image)}
    for stored in scope.store.list(GROUP, ClusterClassClusterUpgrader.KIND, namespace):
        upgrader = read(stored, ClusterClassClusterUpgrader)
        plan_ref = follow(scope, upgrader, upgrader.spec.plan_ref, Plan.KIND, "spec.planRef")
        if (plan_ref.key.group, plan_ref.key.kind) != (GROUP, Plan.KIND):
            theirs = {(image.version, image.id) for image in offered(plan_ref).candidates}
            found |= {image.metadata.name for image in images if _version_and_id(image) in theirs}
        elif plan_ref.key.name not in offers:
            raise ObjectNotReady("It is not reconciled yet.", where=Where(object=str(plan_ref.key)))  # made just now
        else:
            found |= set(_ahead(upgrader, offers[plan_ref.key.name]))
    return found


def _is_target(plan: Plan, image: MachineImage) -> bool:
    reference, details = plan.status.machine_image_ref, plan.status.machine_image_details
    if reference is not None and reference.name == image.metadata.name:
        return True
    return details is not None and Target(Version.parse(details.version or ""), details.id) == _target(image)


def _ahead(upgrader: ClusterClassClusterUpgrader, images: Iterable[MachineImage]) -> Iterator[str]:
    """The names of the images that are not behind the cluster: it may have to pass them yet."""
    offer = tuple(images)
    if not offer:
        return
    _require_fresh(upgrader)
    if upgrader.status.current_version is None:
        raise ObjectNotReady("Its cluster's version is not known.", where=Where(object=str(key_of(upgrader))))
    current = Version.parse(upgrader.status.current_version)
    for image in offer:
        if not Version.parse(image.spec.version).newness < current.newness:
            yield image.metadata.name


def _require_fresh(resource: Plan | ClusterClassClusterUpgrader) -> None:
    """Raises ObjectNotReady where an object's status is not about its spec, or not from a good reconcile."""
    ready = find(resource.status.conditions, ConditionType.READY)
    if resource.status.observed_generation != resource.metadata.generation or ready is None:
        raise ObjectNotReady("It is not reconciled yet.", where=Where(object=str(key_of(resource))))
    if ready.status is not Status.TRUE:
        raise ObjectNotReady(f"It is not ready ({ready.reason}).", where=Where(object=str(key_of(resource))))


# --- repositories -----------------------------------------------------------------------------------------------------


def _mentioned(
    scope: Scope, syncer: MachineImageSyncer, images: Sequence[MachineImage]
) -> tuple[frozenset[Target], frozenset[ObjectKey]]:
    """What the repositories of the namespace name, and which of them nobody has looked at yet. Raises ObjectError."""
    if scope.mentions is None:
        raise AssertionError("whoever removes images can tell what repositories name")
    sought = frozenset(_target(image) for image in images)
    named: frozenset[Target] = frozenset()
    unread = set()
    for repository in _repositories(scope, key_of(syncer).namespace):
        answer = scope.mentions.ask(repository, sought, key_of(syncer))
        if answer is None:
            unread.add(repository)
        else:
            named |= answer
    return named, frozenset(unread)


def _repositories(scope: Scope, namespace: str) -> list[ObjectKey]:
    """The repositories of a namespace, and those elsewhere that its upgraders use."""
    found = {stored.key for stored in scope.store.list(GROUP, GitOpsRepository.KIND, namespace)}
    for stored in scope.store.list(GROUP, ClusterClassClusterUpgrader.KIND, namespace):
        repository = repository_of(scope, read(stored, ClusterClassClusterUpgrader), CommandLine())
        if repository is not None:
            found.add(key_of(repository))
    return sorted(found)


# --- images -----------------------------------------------------------------------------------------------------------


def _version_and_id(image: MachineImage) -> tuple[Version, str]:
    return Version.parse(image.spec.version), image.status.id or image.spec.id or ""


def _target(image: MachineImage) -> Target:
    version, identity = _version_and_id(image)
    return Target(version, identity or None)


def _image(image: MachineImage) -> Image:
    version, identity = _version_and_id(image)
    created = image.spec.built_at or image.metadata.creation_timestamp
    return Image(version, identity, image.metadata.name, created)
