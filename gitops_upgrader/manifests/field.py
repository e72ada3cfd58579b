"""The fields of one Cluster: its version, its class, its variables; and why one of them must not be edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gitops_upgrader.errors import (
    EncryptedManifest,
    InvalidVersion,
    NotAVersion,
    ScopeNotFound,
    SharedAnchor,
    SplitVersion,
    TemplatedValue,
    TypeChange,
    UnwritableValue,
    VariableNotFound,
    VersionNotFound,
    Where,
    YttTemplate,
)
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import VERSION, Cluster, json_value
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.node import Alias, Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.patch import PatchedMapping, PatchedSequence
from gitops_upgrader.manifests.place import Insertion, Note, Shape, Spot, where
from gitops_upgrader.manifests.query import ScopeKind, VariableWant
from gitops_upgrader.manifests.source import Opaque
from gitops_upgrader.versions import Version

_TEMPLATE: Final = re.compile(r"\{\{|\$\{|\$\(|\$[A-Za-z_]|<%|\(\(|\{%")
_YTT: Final = re.compile(r"#@")
_IN_COMMENT: Final = re.compile(r"v?\d+\.\d+\.\d+")
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
    return version_place(node, _shape(cluster, node))


def version_place(node: Node, shape: Shape) -> Spot:
    """The place of a node that should be a whole version; raises as `version` does."""
    made = place(node, shape)
    text = made.text or ""
    if not VERSION.fullmatch(text):
        if not text:
            raise VersionNotFound("There is no version here.", where=made.where, remedy="Write it as v1.34.2.")
        raise NotAVersion(f"{text[:80]!r} is not a whole version.", where=made.where, remedy="Write it as v1.34.2.")
    refuse_invalid(text, made.where)
    return made


def refuse_invalid(text: str, at: Where) -> None:
    """Refuse a whole version that Cluster API would not take either, such as one with a leading zero.

    Raises:
        NotAVersion: with its place, which who parses the text later no longer knows.
    """
    try:
        Version.parse(text)
    except InvalidVersion as error:
        raise NotAVersion(error.message, where=at, remedy=error.remedy) from error


def topology_class(cluster: Cluster) -> Spot:
    """The name of a Cluster's class, in v1beta1's field or v1beta2's.

    Raises:
        VersionNotFound: the Cluster names no class.
        TemplatedValue and others: as `version`.
    """
    topology = pointer.walk(cluster.node, ("spec", "topology"))
    node = pointer.walk(topology, ("classRef", "name")) or pointer.walk(topology, ("class",))
    if node is None:
        raise VersionNotFound(
            f"Cluster {cluster.label} names no class.",
            where=cluster.document.where(cluster.node.start),
            remedy="Set spec.topology.classRef.name (v1beta2) or spec.topology.class (v1beta1).",
        )
    return place(node, _shape(cluster, node))


def place(node: Node, shape: Shape) -> Spot:
    """The place of a scalar that may be edited.

    Raises:
        AliasedValue, SharedAnchor, EncryptedManifest, TemplatedValue, YttTemplate, SplitVersion, TypeChange: it must
            not be.
    """
    if isinstance(node, Alias):
        raise pointer.aliased(node)
    _refuse_template(node)
    if isinstance(node.document.source, Opaque):
        raise UnwritableValue(
            "The value stands in YAML inside a quoted or folded text.",
            where=node.document.where(node.start),
            remedy="Write that text as a literal block (|).",
        )
    _refuse_shared(node)
    if not isinstance(node, Scalar):
        raise _collection(node)
    file, document, line, column = where(node.document, node.start)
    return Spot(file, document, line, column, pointer.of(node), shape, json_value(node), node.value.strip(), at=node)


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
        return place(node, _shape(cluster, node))
    if not isinstance(node, Mapping):
        raise _not_found(cluster, want, f"{want.path} leads nowhere in its value")
    return _absent(cluster, Insertion(_origin(node), missing))


def _absent(cluster: Cluster, insertion: Insertion) -> Spot:
    """The place of a value that is to be inserted; raises as `place` for the collection that takes it."""
    parent = insertion.parent
    _refuse_shared(parent)
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


def _refuse_template(node: Node) -> None:
    text = node.document.source.text
    raw = text[node.start : node.end]
    if isinstance(node, Scalar) and not node.value and _YTT.search(rest := _rest_of_line(text, node.end)):
        raise YttTemplate(
            f"A ytt expression stands here: {rest.strip()[:80]}.",
            where=node.document.where(node.start),
            remedy="Point targets at the data value that it reads.",
        )
    if _TEMPLATE.search(raw) and (isinstance(node, Scalar) or raw.startswith("{{")):
        raise TemplatedValue(
            f"A template expression stands here: {raw.strip()[:80]}.",
            where=node.document.where(node.start),
            remedy="Point targets at the place that it is filled from.",
        )


def _rest_of_line(text: str, position: int) -> str:
    end = text.find("\n", position)
    return text[position : end if end >= 0 else len(text)]


def _refuse_shared(node: Node) -> None:
    """Refuse what an alias repeats elsewhere, and encrypted documents, at each level of text inside text."""
    text = node.document.text
    for part in (*(parent for parent, _ in pointer.path(node)), node) if "&" in text else ():
        anchor = None if isinstance(part, Alias) else part.anchor
        users = [alias for alias in _aliases(part.document.root) if alias.target is part] if anchor else []
        if users:
            raise SharedAnchor(
                f"The anchor &{anchor} is used at {users[0].document.where(users[0].start)}, which would change too.",
                where=part.document.where(part.start),
                remedy="Write the value out in both places.",
            )
    if "sops" in text and _is_encrypted(node.document):
        raise EncryptedManifest(
            "The document is encrypted with SOPS, whose checksum any edit would break.",
            where=node.document.where(node.start),
            remedy="Keep version and image in a document that is not encrypted.",
        )
    if node.document.holder is not None:
        _refuse_shared(node.document.holder)


def _is_encrypted(document: Document) -> bool:
    """Whether SOPS left its mark (https://getsops.io/docs/): the `sops` mapping with the checksum."""
    found = pointer.look(document.root, "sops")
    return pointer.look(found, "mac") is not None or pointer.look(found, "lastmodified") is not None


def _collection(node: Mapping | Sequence) -> SplitVersion | TypeChange:
    if {key for key, _ in pointer.children(node)} >= {"major", "minor", "patch"}:
        return SplitVersion(
            "The version is kept as major, minor and patch apart.",
            where=node.document.where(node.start),
            remedy="Point three targets at the numbers, with the values $(MAJOR), $(MINOR) and $(PATCH).",
        )
    return TypeChange(
        f"There is {'an object' if isinstance(node, Mapping) else 'a list'} here, not a single value.",
        where=node.document.where(node.start),
        remedy="Give the JSON pointer (path) of the field in it that is meant.",
    )


def _aliases(node: Node | None) -> Iterator[Alias]:
    if isinstance(node, Alias):
        yield node
    for part in node.complex if isinstance(node, Mapping) else ():
        yield from _aliases(part)
    for _, value in pointer.children(node):
        yield from _aliases(value)


def notes(place: Spot) -> Iterator[Note]:
    """What the reviewer should know: a comment beside the value that names a version stays as it is."""
    if isinstance(place.at, Insertion):
        return
    comment = _rest_of_line(place.at.document.source.text, place.at.end).strip()
    if comment.startswith("#") and "$gitops-upgrader" not in comment and _IN_COMMENT.search(comment):
        yield Note(f"The comment beside it is left as it is: {comment[:120]}", place.file, place.line)
