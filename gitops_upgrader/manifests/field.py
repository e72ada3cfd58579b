"""The fields of one Cluster: its version, its class, its variables; and why one of them must not be edited."""

from __future__ import annotations

from typing import Final, TypeGuard

from gitops_upgrader.errors import (
    ClusterWithoutTopology,
    DuplicateKey,
    ManifestError,
    ScopeNotFound,
    VariableNotFound,
    VersionNotFound,
)
from gitops_upgrader.manifests import editable, patched, pointer
from gitops_upgrader.manifests.cluster import Cluster, json_value
from gitops_upgrader.manifests.node import Alias, Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.patched import PatchedMapping, PatchedSequence
from gitops_upgrader.manifests.place import Insertion, Shape, Spot, where
from gitops_upgrader.manifests.query import ScopeKind, VariableWant

_ONCE: Final = "Write it into the Cluster once, with the value that it has now."
_SCOPE_LISTS: Final = {ScopeKind.MACHINE_DEPLOYMENT: "machineDeployments", ScopeKind.MACHINE_POOL: "machinePools"}


def without_topology(cluster: Cluster) -> ClusterWithoutTopology | DuplicateKey | None:
    """What is the matter with a Cluster that shows no topology; None for one that does."""
    if cluster.topology is not None:
        return None
    try:
        pointer.walk(cluster.node, ("spec", "topology"))
    except DuplicateKey as error:
        return error
    except ManifestError:
        pass  # an alias or a merge key, which has been followed: there is none behind it
    return ClusterWithoutTopology(
        f"Cluster {cluster.label} has no spec.topology, so it is not made from a ClusterClass.",
        where=cluster.document.where(cluster.node.start),
        remedy="Upgrade it by hand, or move it to a ClusterClass.",
    )


def version(cluster: Cluster) -> Spot:
    """The version of a Cluster.

    Raises:
        VersionNotFound, NotAVersion, SplitVersion, TemplatedValue, YttTemplate: what is there cannot be edited.
        AliasedValue, SharedAnchor, MergeKey, DuplicateKey, EncryptedManifest: nor must it be.
    """
    node = pointer.walk(cluster.node, ("spec", "topology", "version"))
    if node is None:
        _refuse_removed(cluster, cluster.topology, "version", VersionNotFound)
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
        raise _not_found(cluster, want, node, f"it is absent, and {want.path} alone would be no whole value", _ONCE)
    if not isinstance(node, Mapping if missing else Sequence) and not _is_null(node):
        raise _not_found(cluster, want, node, "there is no list of variables here", "Write it as a list; [] will do.")
    _refuse_removed(cluster, node, missing[0] if missing else f"[name={want.name}]", VariableNotFound)
    return _absent(cluster, Insertion(_origin(node), missing, want.name))


def _value_place(cluster: Cluster, want: VariableWant, item: Node) -> Spot:
    keys, *inside = pointer.parse(want.path)
    if inside:
        remedy = "Give the pointer of a field that is no text; what is inside one cannot be named."
        raise _not_found(cluster, want, item, f"{want.path} is no JSON pointer into its value", remedy)
    node, missing = _descend(item, ("value", *keys))
    if not missing:
        return editable.place(node, _shape(cluster, node))
    if not isinstance(node, Mapping) and not _is_null(node):
        remedy = f"Correct the upgrader's path, or write an object here that can take {want.path}."
        raise _not_found(cluster, want, node, f"{want.path} leads nowhere in its value", remedy)
    _refuse_removed(cluster, node, missing[0], VariableNotFound)
    return _absent(cluster, Insertion(_origin(node), missing))


def _is_null(node: Node) -> TypeGuard[Scalar]:
    """Whether only the key of a collection is there, or null beside it, which says the same to an API server.

    Raises:
        TemplatedValue, YttTemplate: something else fills it.
    """
    if not isinstance(node, Scalar):
        return False
    editable.refuse_template(node)
    if node.is_text or node.tag or node.anchor or json_value(node) is not None:
        return False
    return bool(node.value) or node.document.text[: node.start - node.document.start].rstrip(" ").endswith(":")


def _refuse_removed(cluster: Cluster, node: Node | None, key: str, reason: type[ManifestError]) -> None:
    """Refuse what a patch takes away: an edit below it would be in vain, and may stand there twice then."""
    by = patched.remover(node, key)
    if by is not None:
        raise reason(
            f"This patch takes {key} out of Cluster {cluster.label}.",
            where=by.document.where(by.start),
            remedy="Take the removal out of the patch.",
        )


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


def _origin(node: Mapping | Sequence | Scalar) -> Mapping | Sequence | Scalar:
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


def _not_found(cluster: Cluster, want: VariableWant, node: Node, why: str, remedy: str) -> VariableNotFound:
    scope = f" of {want.scope}" if want.scope else ""
    return VariableNotFound(
        f"The variable {want.name}{scope} of Cluster {cluster.label} cannot be set: {why}.",
        where=node.document.where(node.start),
        remedy=remedy,
    )
