"""The Cluster's own share of an upgrade, where targets or setter comments name a part of it.

Version and image change together or not at all. What is named wins over what the Cluster says, as who keeps a rendered
Cluster beside its source wants it; but where any value is written to the Cluster itself, its other values are as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from gitops_upgrader.errors import (
    NotAVersion,
    ReplacedByKustomize,
    ScopeNotFound,
    TemplatedValue,
    UnfollowedChange,
    VariableNotFound,
    VersionNotFound,
    YttTemplate,
)
from gitops_upgrader.manifests import effective, pointer
from gitops_upgrader.manifests.cluster import is_cluster
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.node import Scalar
from gitops_upgrader.manifests.place import Place, Shape, Slot
from gitops_upgrader.manifests.query import Query, Role

VERSIONS: Final = (Role.VERSION, Role.VERSION_NO_V)
"""The roles of places that hold a whole version and nothing else."""

_TELLING: Final = ("KUBERNETES_VERSION", "VERSION_NO_V", "MAJOR")
"""The placeholders one of which targets have that tell the version together."""

_FILLED_IN: Final = (
    TemplatedValue,
    YttTemplate,
    ReplacedByKustomize,
    NotAVersion,
    VersionNotFound,
    VariableNotFound,
    ScopeNotFound,
    UnfollowedChange,  # absent here, and in a base that is not in the repository
)
"""Why a value of the Cluster is none of its own: it is filled in from elsewhere, or absent."""


@dataclass(frozen=True, slots=True)
class Share:
    """What to look for in a Cluster itself.

    `roles` are those that nobody named a place for, and `beside` those with places elsewhere, in `named`: the Cluster
    may have values of theirs too.
    """

    roles: tuple[Role, ...]
    beside: tuple[Role, ...]
    named: tuple[Slot, ...]

    def places(self, instance: Instance, query: Query) -> tuple[Slot, ...]:
        """The places of a Cluster as it is deployed.

        Raises:
            ManifestError: as `effective.slots`; but what is filled in or absent is left to the places that are named.
        """
        found = effective.slots(instance, query, self.roles)
        if not self.beside:
            return found
        known = {_at(slot.place) for slot in self.named}
        more = (slot for role in self.beside for slot in _own(instance, query, role))
        return (*found, *(slot for slot in more if slot.place.present and _at(slot.place) not in known))


def of(query: Query, named: Iterable[Slot], told: str | None) -> Share:
    """The Cluster's share of an upgrade; `told` is the version that targets tell."""
    slots = tuple(named)
    asked = {Role.VERSION: True, Role.CLASS: query.topology_class, Role.VARIABLE: bool(query.variables)}
    if not slots:  # as of most Clusters, of which there may be thousands
        return Share(tuple([role for role, wanted in asked.items() if wanted]), (), ())
    places = {
        Role.VERSION: [slot for slot in slots if slot.role in VERSIONS or (told and _holds(query, slot, *_TELLING))],
        Role.CLASS: [slot for slot in slots if slot.role is Role.CLASS],
        Role.VARIABLE: [slot for slot in slots if slot.role is Role.IMAGE or _holds(query, slot, "IMAGE_ID")],
    }
    roles = tuple(role for role, held in places.items() if asked[role] and not held)
    beside = tuple(role for role, held in places.items() if asked[role] and held)
    if not roles and beside:
        inside = [slot for slot in slots if _is_inside(query, slot)]
        beside = tuple(role for role in beside if inside and not any(slot in inside for slot in places[role]))
    return Share(roles, beside, slots)


def _holds(query: Query, slot: Slot, *placeholders: str) -> bool:
    return slot.place.shape is Shape.TARGET and query.targets[slot.index].holds(*placeholders)


def _is_inside(query: Query, slot: Slot) -> bool:
    """Whether somebody named a place in the Cluster itself, or in a merge patch of it."""
    node = slot.place.at
    if not isinstance(node, Scalar) or node.document.holder is not None or not matches(slot.place.file, query.paths):
        return False
    around = (parent for parent, _ in pointer.path(node) if is_cluster(parent))
    return any(pointer.peek(parent, "metadata", "name") == query.name for parent in around)


def _own(instance: Instance, query: Query, role: Role) -> Iterator[Slot]:
    """The values of a role that are a Cluster's own."""
    parts = [(0, query)]
    if role is Role.VARIABLE:
        parts = [(index, replace(query, variables=(want,))) for index, want in enumerate(query.variables)]
    for index, part in parts:
        try:
            (slot,) = effective.slots(instance, part, [role])
        except _FILLED_IN:
            continue  # the places that are named fill it
        yield replace(slot, index=index)


def _at(place: Place) -> tuple[str, int, int]:
    return place.file, place.line, place.column
