"""The fields of one Cluster: its version, its class, its variables; and why one of them must not be edited."""

from __future__ import annotations

from typing import Final

from gitops_upgrader.errors import (
    ScopeNotFound,
    VariableNotFound,
    VersionNotFound,
)
from gitops_upgrader.manifests import editable, pointer
from gitops_upgrader.manifests.cluster import Cluster
from gitops_upgrader.manifests.node import Alias, Mapping, Node, Sequence
from gitops_upgrader.manifests.patch import PatchedMapping, PatchedSequence
from gitops_upgrader.manifests.place import Insertion, Shape, Spot, where
from gitops_upgrader.manifests.query import ScopeKind, VariableWant

_SCOPE_LISTS: Final = {ScopeKind.MACHINE_DEPLOYMENT: "machineDeployments", ScopeKind.MACHINE_POOL: "machinePools"}


def version(cluster: Cluster) -> Spot:
    """The version of a Cluster.

    Raises:
        VersionNotFound, NotAVersion, SplitVersion, TemplatedValue, YttTemplate: what is there cannot be edited.
        AliasedValue, SharedAnchor, MergeKey, DuplicateKey, EncryptedManifest: nor must it be.
    """
    node = pointer.walk(cluster.node, ("spec", "topology", "version"))
    if node is None:
        raise VersionNotFound(
            f"Cluster {cluster.label} has no spec.topology.version.",
            where=cluster.document.where(cluster.node.start),
            remedy="Set spec.topology.version.",
        )
    return editable.version_place(node, _shape(cluster, node))


def topology_class(cluster: Cluster) -> Spot:
    """The name of a Cluster's class, in v1beta1's field or v1beta2's.

    Raises:
        VersionNotFound: the Cluster names no class.
        TemplatedValue and others: as `version`.
    """
    topology = pointer.walk(cluster.node, ("spec", "topology"))
    nodes = (pointer.walk(topology, keys) for keys in cluster.class_fields)
    node = next((node for node in nodes if node is not None), None)
    if node is None:
        raise VersionNotFound(
            f"Cluster {cluster.label} names no class.",
            where=cluster.document.where(cluster.node.start),
            remedy="Set spec.topology.classRef.name (v1beta2) or spec.topology.class (v1beta1).",
        )
    return editable.place(node, _shape(cluster, node))


def variable(cluster: Cluster, want: VariableWant) -> Spot:
    """The place of one variable, or where it is to be inserted.

    Raises:
        ScopeNotFound: the Cluster has no such MachineDeployment, MachinePool or control plane.
        VariableNotFound: it is absent, and cannot be inserted.
        TemplatedValue and others: as `version`.
    """
    parent, keys = _container(cluster, want)
    node, missing = _descend(parent, keys)
    if not missing and isinstance(node, Sequence):
        item = pointer.child(node, f"[name={want.name}]")
        if item is not None:
            return _value_place(cluster, want, item)
    if want.path:
        raise _not_found(cluster, want, f"it is absent, and {want.path} alone would be no whole value")
    if not isinstance(node, Mapping if missing else Sequence):
        raise _not_found(cluster, want, "the list of variables is empty or no list")
    return _absent(cluster, Insertion(_origin(node), missing, want.name))


def _value_place(cluster: Cluster, want: VariableWant, item: Node) -> Spot:
    (keys,) = pointer.parse(want.path)
    node, missing = _descend(item, ("value", *keys))
    if not missing:
        return editable.place(node, _shape(cluster, node))
    if not isinstance(node, Mapping):
        raise _not_found(cluster, want, f"{want.path} leads nowhere in its value")
    return _absent(cluster, Insertion(_origin(node), missing))


def _absent(cluster: Cluster, insertion: Insertion) -> Spot:
    """The place of a value that is to be inserted; raises as `place` for the collection that takes it."""
    parent = insertion.parent
    editable.refuse_around(parent)
    file, document, line, column = where(parent.document, parent.start)
    steps = [pointer.of(parent), *map(pointer.escape, insertion.keys)]
    if insertion.item is not None:
        steps += [str(len(parent.items) if isinstance(parent, Sequence) else 0), "value"]
    shape = _shape(cluster, parent)
    return Spot(file, document, line, column, "/".join(steps), shape, None, None, present=False, at=insertion)


def _shape(cluster: Cluster, node: Node) -> Shape:
    """Whether a value is the Cluster's own, or a patch's."""
    if node.document is cluster.document:
        return Shape.LITERAL
    return Shape.JSON_PATCH if isinstance(node.document.root, Sequence) else Shape.MERGE_PATCH


def _origin(node: Mapping | Sequence) -> Mapping | Sequence:
    """The collection in the file, for one that patches changed."""
    return node.origin if isinstance(node, (PatchedMapping, PatchedSequence)) else node


def _container(cluster: Cluster, want: VariableWant) -> tuple[Node, tuple[str, ...]]:
    """Where to start, and the keys from there to the list of variables."""
    if want.scope is None:
        return cluster.node, ("spec", "topology", "variables")
    if want.scope.kind is ScopeKind.CONTROL_PLANE:
        return cluster.node, ("spec", "topology", "controlPlane", "variables", "overrides")
    way = ("spec", "topology", "workers", _SCOPE_LISTS[want.scope.kind], f"[name={want.scope.name}]")
    found = pointer.walk(cluster.node, way)
    if found is None:
        raise ScopeNotFound(
            f"Cluster {cluster.label} has no {want.scope}.",
            where=cluster.document.where(cluster.node.start),
            remedy="Correct the scope's name, or take the variable out of the upgrader.",
        )
    return found, ("variables", "overrides")


def _descend(node: Node, keys: tuple[str, ...]) -> tuple[Node, tuple[str, ...]]:
    """As far along the keys as the tree goes, and the keys that are left."""
    for index, key in enumerate(keys):
        found = pointer.child(node, key)
        if found is None:
            return node, keys[index:]
        node = found
    if isinstance(node, Alias):
        raise pointer.aliased(node)
    return node, ()


def _not_found(cluster: Cluster, want: VariableWant, why: str) -> VariableNotFound:
    scope = f" of {want.scope}" if want.scope else ""
    return VariableNotFound(
        f"The variable {want.name}{scope} of Cluster {cluster.label} cannot be set: {why}.",
        where=cluster.document.where(cluster.node.start),
        remedy="Write it into the Cluster once, with the value that it has now.",
    )
