"""The places of a Cluster as it is deployed, and whether an edit there would do what is meant, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from gitops_upgrader.errors import (
    ClusterWithoutTopology,
    InvalidPatch,
    PatchIndexMismatch,
    ReplacedByKustomize,
    SharedPlace,
)
from gitops_upgrader.manifests import field, pointer
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.node import Node
from gitops_upgrader.manifests.patch import PatchedMapping, PatchedSequence
from gitops_upgrader.manifests.place import Insertion, Place, Slot
from gitops_upgrader.manifests.query import Query, Role

_INDEXED: Final = re.compile(r"/spec/topology/(?:.*/)?(?:variables|overrides)/(\d+)(?:/|\Z)")
_FIELDS: Final = {
    Role.VERSION: ("spec.topology.version",),
    Role.CLASS: ("spec.topology.class", "spec.topology.classRef"),
    Role.VARIABLE: ("spec.topology.variables", "spec.topology.controlPlane.variables", "spec.topology.workers"),
}


def slots(instance: Instance, query: Query, roles: Iterable[Role]) -> tuple[Slot, ...]:
    """The places of some roles of a Cluster as it is deployed.

    Raises:
        ClusterWithoutTopology: it is not made from a ClusterClass.
        ReplacedByKustomize, InvalidPatch, PatchIndexMismatch: Kustomize would undo or refuse the edit.
        ManifestError: a place must not be edited; see `field`.
    """
    cluster = instance.effective
    if cluster.topology is None:
        raise ClusterWithoutTopology(
            f"Cluster {cluster.label} has no spec.topology, so it is not made from a ClusterClass.",
            where=cluster.document.where(cluster.node.start),
            remedy="Upgrade it by hand, or move it to a ClusterClass.",
        )
    found: list[Slot] = []
    for role in roles:
        _refuse_replaced(instance, role)
        if role is Role.VERSION:
            found.append(Slot(role, field.version(cluster)))
        elif role is Role.CLASS:
            found.append(Slot(role, field.topology_class(cluster)))
        else:
            places = (field.variable(cluster, want) for want in query.variables)
            found += [Slot(role, place, index) for index, place in enumerate(places)]
    for slot in found:
        _refuse_mismatch(instance, slot.place)
    return tuple(found)


def _refuse_replaced(instance: Instance, role: Role) -> None:
    for replacement in instance.replacements:
        if replacement.field.startswith(_FIELDS[role]):
            raise ReplacedByKustomize(
                f"A Kustomize replacement writes {replacement.field} of Cluster {instance.effective.label}.",
                where=replacement.node.document.where(replacement.node.start),
                remedy="Point targets at the field that the replacement reads.",
            )
    for operation in instance.operations:
        dotted = ".".join(operation.path.split("/")[1:])
        if operation.op == "test" and dotted.startswith(_FIELDS[role]):
            raise InvalidPatch(
                f"A patch tests {operation.path} for the value that it has now, and would fail after the edit.",
                where=operation.node.document.where(operation.node.start),
                remedy="Take the test out of the patch.",
            )


def _refuse_mismatch(instance: Instance, place: Place) -> None:
    """An absent variable beside a patch by index: that index was most likely meant for it."""
    if place.present:
        return
    for operation in instance.operations:
        found = _INDEXED.match(operation.path)
        if found and operation.op in {"add", "replace"}:
            item = operation.path[: found.end(1)]
            name = pointer.peek(pointer.walk(instance.tree, pointer.parse(item)[0]), "name")
            raise PatchIndexMismatch(
                f"This patch sets {item}, the variable {name or '(none)'}; the variable that is meant is absent.",
                where=operation.node.document.where(operation.node.start),
                remedy="Correct the index, or write the variable into the Cluster once.",
            )


def refuse_shared(instance: Instance, found: Iterable[Slot], above: Callable[[Place], Iterable[Instance]]) -> None:
    """Refuse places that other Clusters are deployed from as well; `above` tells which may be.

    Raises:
        SharedPlace: with the names of those Clusters.
    """
    for slot in found:
        node = slot.place.at.parent if isinstance(slot.place.at, Insertion) else slot.place.at
        others = sorted(
            {
                other.effective.label
                for other in above(slot.place)
                if other.ids[-1] != instance.ids[-1] and holds(other, node)
            }
        )
        if others:
            raise SharedPlace(
                f"An edit here would also change {_listed(others)}.",
                where=slot.place.where,
                remedy=f"Give Cluster {instance.effective.label} a patch of its own in its overlay; or, if all of them "
                "are to change, point targets here.",
            )


def holds(instance: Instance, node: Node) -> bool:
    """Whether a node of some file is part of the Cluster as it is deployed."""
    pending: list[Node] = [instance.tree]
    while pending:
        current = pending.pop()
        if current is node or (isinstance(current, (PatchedMapping, PatchedSequence)) and current.origin is node):
            return True
        pending += [value for _, value in pointer.children(current)]
    return False


def _listed(labels: list[str]) -> str:
    shown = ", ".join(f"Cluster {label}" for label in labels[:10])
    return f"{shown} and {len(labels) - 10} more" if len(labels) > 10 else shown
