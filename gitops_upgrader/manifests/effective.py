"""The places of a Cluster as it is deployed, and whether an edit there would do what is meant, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from gitops_upgrader.errors import (
    InvalidPatch,
    PatchIndexMismatch,
    ReplacedByKustomize,
    SharedPlace,
    UnfollowedChange,
)
from gitops_upgrader.manifests import field, json_patch, patched, pointer, replacement, selector, suspect
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.json_patch import Operation
from gitops_upgrader.manifests.node import Node, Scalar, Sequence
from gitops_upgrader.manifests.patch import Patch
from gitops_upgrader.manifests.place import Insertion, Place, Shape, Slot, Spot
from gitops_upgrader.manifests.query import Query, Role, ScopeKind, VariableWant
from gitops_upgrader.manifests.replacement import Replacement

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
        UnfollowedChange: it may, or what it would do cannot be told.
        ManifestError: a place must not be edited; see `field`.
    """
    _refuse_unfollowed(instance)
    _refuse_stray(instance)
    cluster = instance.effective
    if (problem := field.without_topology(cluster)) is not None:
        raise problem
    found: list[Slot] = []
    for role in roles:
        _refuse_created(instance, role, query)
        if role is Role.VERSION:
            found.append(Slot(role, field.version(cluster)))
        elif role is Role.CLASS:
            found.append(Slot(role, field.topology_class(cluster)))
        else:
            places = (field.variable(cluster, want) for want in query.variables)
            found += [Slot(role, place, index) for index, place in enumerate(places)]
    if instance.absent is not None:
        found = [replace(slot, place=replace(slot.place, shape=Shape.MERGE_PATCH)) for slot in found]
    for slot in found:
        _refuse_overwritten(instance, slot.place)
        _refuse_beyond(instance, slot.place)
        for operation, before in instance.operations:
            _refuse_tested(slot.place, operation, before)
            _refuse_mismatch(slot.place, operation, before)
        _refuse_copied(instance, slot.place, found)
    return tuple(found)


def _refuse_unfollowed(instance: Instance) -> None:
    for obstacle in instance.obstacles:
        raise UnfollowedChange(
            f"Cluster {instance.effective.label} goes through {obstacle.what}; what that may change is not followed.",
            where=obstacle.node.document.where(obstacle.node.start),
            remedy=_settled(instance, obstacle.doubtful) if obstacle.doubtful else obstacle.remedy,
        )
    if instance.absent is not None and pointer.walk(instance.tree, ("spec", "topology", "version")) is None:
        raise _beyond(instance, instance.absent, "no version")


def _settled(instance: Instance, doubtful: Patch) -> str:
    """What to do about a patch that may count or not: the targets to paste where it does, and where it does not."""
    at = doubtful.node.document.where(doubtful.node.start)
    told = f"Point targets at the value that counts: that of the patch ({at.file}:{at.line}) or the Cluster's own"
    values = [operation.value for operation in doubtful.operations() if operation.path == "/spec/topology/version"]
    values += [pointer.look(tree, "spec", "topology", "version") for tree in (doubtful.node, instance.tree)]
    found = [suspect.at(value).snippet for value in values if isinstance(value, Scalar)]
    return f"{told}, with {'; or with '.join(found)}." if found else f"{told}."


def _refuse_stray(instance: Instance) -> None:
    """A patch that Kustomize cannot apply, and that was most likely meant for this Cluster."""
    for node in instance.strays:
        api, _, namespace, name = selector.named(node)
        ids = [(space, known) for space, known in instance.ids if known == name]
        if not ids:
            continue
        kept, space = pointer.peek(instance.tree, "apiVersion"), ids[-1][0]
        lines = [f"apiVersion: {kept}"] if api != kept else []
        if namespace != (space or "default"):
            lines.append(f"namespace: {space}" if space else "no namespace")
        raise InvalidPatch(
            f"This patch names Cluster {namespace}/{name} of {api}, which is not there, so that Kustomize fails; "
            f"what it could be for is Cluster {space or 'default'}/{name} of {kept}.",
            where=node.document.where(node.start),
            remedy=f"Write {' and '.join(lines)} into the patch, or take it out.",
        )


def _refuse_beyond(instance: Instance, place: Spot) -> None:
    """What a patch does not have may be in the base, whose list of variables an insertion would take away."""
    inserted = isinstance(place.at, Insertion) and not isinstance(place.at.parent, Sequence)
    if instance.absent is not None and inserted:
        raise _beyond(instance, instance.absent, "not all of the variables")


def _beyond(instance: Instance, absent: Node, lacking: str) -> UnfollowedChange:
    return UnfollowedChange(
        f"Cluster {instance.effective.label} is made from a base that is not in the repository ({_text(absent)}), "
        f"and its patches here have {lacking}.",
        where=absent.document.where(absent.start),
        remedy="Write what is to change into a patch here once, or upgrade it where the base is.",
    )


def _text(node: Node) -> str:
    text = node.value if isinstance(node, Scalar) else node.document.source.text[node.start : node.end]
    return text.split("\n")[0].strip()[:80]


def _refuse_created(instance: Instance, role: Role, query: Query) -> None:
    """What a replacement makes that is not there yet is not there to be edited."""
    for item in instance.replacements:
        makes = not item.nodes and not replacement.find(instance.tree, item.parts)
        if makes and any(_leads_to(item.parts, path) for path in _paths(role, query)):
            raise _replaced(instance, item)


def _refuse_overwritten(instance: Instance, place: Spot) -> None:
    """What stood there when a replacement wrote to it is lost; a patch above may have set it anew."""
    for item in instance.replacements:
        if any(holds(written, _node(place)) for written in item.nodes):
            raise _replaced(instance, item)


def _replaced(instance: Instance, item: Replacement) -> ReplacedByKustomize:
    return ReplacedByKustomize(
        f"A Kustomize replacement writes {item.field} of Cluster {instance.effective.label}.",
        where=item.node.document.where(item.node.start),
        remedy=f"Point targets at the field that the replacement reads, {item.source}.",
    )


def _paths(role: Role, query: Query) -> list[tuple[str, ...]]:
    """Where the values of a role may stand in a Cluster; `[name]` is the item of a list."""
    if role is Role.VARIABLE:
        return [_variable(want) for want in query.variables]
    return [tuple(path.split(".")) for path in _FIELDS[role]]


def _variable(want: VariableWant) -> tuple[str, ...]:
    topology = ("spec", "topology")
    if want.scope is None:
        return (*topology, "variables", f"[{want.name}]")
    if want.scope.kind is ScopeKind.CONTROL_PLANE:
        return (*topology, "controlPlane", "variables", "overrides", f"[{want.name}]")
    workers = (*topology, "workers", f"{want.scope.kind.value}s", f"[{want.scope.name}]")
    return (*workers, "variables", "overrides", f"[{want.name}]")


def _leads_to(parts: list[str], path: tuple[str, ...]) -> bool:
    """Whether a field that is written is a value, is above it, or in it."""
    return all(
        replacement.matches(part, step[1:-1]) if step.startswith("[") else part == step
        for part, step in zip(parts, path, strict=False)
    )


def _refuse_tested(place: Spot, operation: Operation, before: Node) -> None:
    """A test of what the edit changes; one of another field, such as the name beside an index, stays true."""
    tested = json_patch.tested(before, operation)
    if tested is not None and holds(tested, _node(place)):
        raise InvalidPatch(
            f"A patch tests {operation.path} for the value that it has now, and would fail after the edit.",
            where=operation.node.document.where(operation.node.start),
            remedy="Take the test out of the patch.",
        )


def _refuse_mismatch(place: Spot, operation: Operation, before: Node) -> None:
    """An absent variable beside a patch by index into its list: that index was most likely meant for it."""
    for found, way, inside in json_patch.indices(before, operation):
        if not isinstance(place.at, Insertion) or patched.origin(found) is not place.at.parent:
            continue
        item, index = pointer.join(way), way[-1]
        if index.startswith("-") and index != "-":
            problem = f"{item} counts from the end of a list, to which the edit would add the variable that is meant."
        elif inside and operation.op in {"add", "replace"}:
            name = pointer.peek(json_patch.find(before, way), "name")
            problem = f"This patch sets {item}, the variable {name or '(none)'}; the variable that is meant is absent."
        else:
            continue
        raise PatchIndexMismatch(
            problem,
            where=operation.node.document.where(operation.node.start),
            remedy="Correct the index, or write the variable into the Cluster once.",
        )


def _refuse_copied(instance: Instance, place: Spot, found: Iterable[Slot]) -> None:
    """A value that a patch copies stands in several fields of the topology, and all of them would change."""
    copies = [operation for operation, _ in instance.operations if operation.op == "copy"]
    topology = instance.effective.topology
    if not copies or topology is None:
        return
    meant = 1 if isinstance(place.at, Insertion) else sum(_node(slot.place) is place.at for slot in found)
    if sum(1 for _ in _standing(topology, _node(place))) > meant:
        raise InvalidPatch(
            f"A patch copies {copies[-1].source} to {copies[-1].path}, so an edit would change more than is meant.",
            where=copies[-1].node.document.where(copies[-1].node.start),
            remedy="Write the value out in place of the copy.",
        )


def _node(place: Spot) -> Node:
    """What an edit of a place changes."""
    return place.at.parent if isinstance(place.at, Insertion) else place.at


def refuse_shared(
    instance: Instance, found: Iterable[Slot], above: Callable[[Place, bool], Iterable[Instance]]
) -> None:
    """Refuse places that other Clusters are deployed from as well, or that replacements copy to others.

    `above` tells which may be: all that are deployed with a place (true), or those that may hold it.

    Raises:
        SharedPlace: with the names of those Clusters.
        InvalidPatch: a patch of theirs tests the value, which another patch changes then.
    """
    for slot in found:
        node = _node(slot.place)
        copied = [item.node for item in instance.read if any(holds(one, node) for one in item.nodes)]
        others = [other for other in above(slot.place, bool(copied)) if other.ids[-1] != instance.ids[-1]]
        sharing = sorted({other.effective.label for other in others if _shares(other, node, copied)})
        if sharing:
            raise SharedPlace(
                f"An edit here would also change {_listed(sharing)}.",
                where=slot.place.where,
                remedy=f"Give Cluster {instance.effective.label} a patch of its own in its overlay; or, if all of them "
                "are to change, point targets here.",
            )
        for operation, before in (one for other in others for one in other.operations):
            _refuse_tested(slot.place, operation, before)


def _shares(other: Instance, node: Node, copied: list[Node]) -> bool:
    return holds(other.tree, node) or any(item.node in copied for item in other.replacements)


def holds(tree: Node, node: Node) -> bool:
    """Whether a node of some file is part of a tree, such as that of a Cluster as it is deployed."""
    return any(True for _ in _standing(tree, node))


def _standing(tree: Node, node: Node) -> Iterator[Node]:
    """Where a node of some file stands in a tree: once for each place."""
    pending = [tree]
    while pending:
        current = pending.pop()
        if patched.origin(current) is node:
            yield current
        pending += [value for _, value in pointer.children(current)]


def _listed(labels: list[str]) -> str:
    shown = ", ".join(f"Cluster {label}" for label in labels[:10])
    return f"{shown} and {len(labels) - 10} more" if len(labels) > 10 else shown
