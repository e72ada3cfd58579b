"""Cluster objects in documents: which there are, and what they say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.manifests import pointer, scalar
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.node import HEADER, STRING_TAG, Alias, Mapping, Node, Outline, Scalar, Sequence
from gitops_upgrader.manifests.query import Scope, ScopeKind
from gitops_upgrader.model import Json

GROUP: Final = "cluster.x-k8s.io"
VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?")
"""A whole version, with or without `v`."""
_CLASS_FIELDS: Final = (("classRef", "name"), ("class",))
_BEFORE_CLASS_REF: Final = frozenset({"v1alpha4", "v1beta1"})
_SCOPE_LISTS: Final = {ScopeKind.MACHINE_DEPLOYMENT: "machineDeployments", ScopeKind.MACHINE_POOL: "machinePools"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Cluster object: its node in a document, or the same after Kustomize's patches."""

    document: Document
    node: Mapping
    name: str
    namespace: str

    @property
    def line(self) -> int:
        """The line in the file at which the object begins."""
        return self.document.source.place(self.node.start)[0]

    @property
    def topology(self) -> Node | None:
        """What the Cluster says to its ClusterClass; None where it is not made from one."""
        return pointer.look(self.node, "spec", "topology")

    @property
    def class_fields(self) -> tuple[tuple[str, ...], ...]:
        """Where in the topology the ClusterClass is named: the field of the object's own API version first.

        The API server drops the other one. See CAPI's api/core/v1beta1 and v1beta2/cluster_types.go, `Topology`.
        """
        version = pointer.peek(self.node, "apiVersion").rpartition("/")[2]
        return _CLASS_FIELDS[::-1] if version in _BEFORE_CLASS_REF else _CLASS_FIELDS

    @property
    def class_node(self) -> Scalar | None:
        """Where the ClusterClass is named: `classRef.name` from v1beta2 on, `class` before."""
        topology = self.topology
        nodes = [node for keys in _CLASS_FIELDS if isinstance(node := pointer.look(topology, *keys), Scalar)]
        named = [node for node in nodes if node.value]
        if len(named) > 1 and self.class_fields != _CLASS_FIELDS:
            return named[1]
        return named[0] if named else None

    @property
    def class_name(self) -> str | None:
        """The ClusterClass's name."""
        node = self.class_node
        return node.value if node else None

    @property
    def class_namespace(self) -> str:
        """The ClusterClass's namespace, from the field beside its name; empty where it is the Cluster's."""
        topology = self.topology
        reference = pointer.look(topology, "classRef")
        if reference is None or self.class_node is not pointer.look(reference, "name"):
            return pointer.peek(topology, "classNamespace")
        return pointer.peek(reference, "namespace")

    @property
    def labels(self) -> dict[str, str]:
        """The object's labels."""
        return {
            str(key): value.value
            for key, value in pointer.children(pointer.look(self.node, "metadata", "labels"))
            if isinstance(value, Scalar)
        }

    @property
    def variables(self) -> dict[str, Json]:
        """The values of the variables at the top of the topology, by name."""
        return _values(pointer.look(self.topology, "variables"))

    @property
    def overrides(self) -> dict[Scope, dict[str, Json]]:
        """The values of the variables that each part of the topology overrides, by name; parts without are left out."""
        topology = self.topology
        parts = [(ScopeKind.CONTROL_PLANE, pointer.look(topology, "controlPlane"))]
        workers = pointer.look(topology, "workers")
        for kind, key in _SCOPE_LISTS.items():
            found = pointer.look(workers, key)
            parts += [(kind, item) for item in found.items] if isinstance(found, Sequence) else []
        made: dict[Scope, dict[str, Json]] = {}
        for kind, part in parts:
            values = _values(pointer.look(part, "variables", "overrides"))
            if values:
                made[Scope(kind, "" if kind is ScopeKind.CONTROL_PLANE else pointer.peek(part, "name"))] = values
        return made

    def has(self, name: str, namespace: str | None) -> bool:
        """Whether it has this name, and this namespace where both sides state one."""
        return self.name == name and (not namespace or not self.namespace or self.namespace == namespace)

    @property
    def label(self) -> str:
        """The Cluster as messages name it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def _values(variables: Node | None) -> dict[str, Json]:
    """A list of variables as their values by name."""
    if not isinstance(variables, Sequence):
        return {}
    return dict(
        _outlined_entry(member) or _entry(variables.item(index)) for index, member in enumerate(variables.unfolded())
    )


def _entry(variable: Node) -> tuple[str, Json]:
    """The name and the value of a variable."""
    return pointer.peek(variable, "name"), json_value(pointer.look(variable, "value"))


def _outlined_entry(variable: Outline | Node) -> tuple[str, Json] | None:
    """The same from an outline, of which no node is made; None where an alias or a merge key has a say."""
    if type(variable) is not list or not variable[0]:
        return None
    keys, values = variable[HEADER:-1:2], variable[HEADER + 1 : -1 : 2]
    if keys.count("name") != 1 or keys.count("value") != 1:
        return None
    name, value = values[keys.index("name")], values[keys.index("value")]
    if type(name) is not tuple or isinstance(value, Alias):
        return None
    return name[0], _member_value(value)


def objects(document: Document) -> Iterator[Mapping]:
    """The Kubernetes objects of a document: its root, or the items of a list."""
    root = document.root
    if not isinstance(root, Mapping):
        return
    items = pointer.look(root, "items") if pointer.peek(root, "kind").endswith("List") else None
    if isinstance(items, Sequence):
        yield from (item for item in items.items if isinstance(item, Mapping))
    else:
        yield root


def clusters(document: Document) -> Iterator[Cluster]:
    """The Clusters of a document. In a `ClusterList` items need not say what they are.

    Raises:
        UnreadableManifest, NestedTooDeep, AliasBomb: as `Document.root`.
    """
    for node in objects(document):
        listed = node is not document.root and not pointer.peek(node, "kind")
        if is_cluster(document.root, "ClusterList") if listed else is_cluster(node):
            metadata = pointer.look(node, "metadata")
            name = pointer.peek(metadata, "name") or expression(node)
            yield Cluster(document, node, name, pointer.peek(metadata, "namespace"))


def anything(document: Document) -> Iterator[Cluster]:
    """All objects of a document as `Cluster`, whatever they are: for who looks at what layers make of them.

    Raises:
        UnreadableManifest, NestedTooDeep, AliasBomb: as `Document.root`.
    """
    for node in objects(document):
        metadata = pointer.look(node, "metadata")
        yield Cluster(document, node, pointer.peek(metadata, "name"), pointer.peek(metadata, "namespace"))


def is_cluster(node: Node | None, kind: str = "Cluster") -> bool:
    """Whether an object is Cluster API's Cluster, in any version of the API."""
    return pointer.peek(node, "kind") == kind and pointer.peek(node, "apiVersion").startswith(f"{GROUP}/")


def expression(node: Node) -> str:
    """The template expression in the place of an object's name, where it happens to be YAML: `{{ .Release.Name }}`."""
    name = pointer.look(node, "metadata", "name")
    if name is None or isinstance(name, Scalar):
        return ""
    return name.document.source.text[name.start : name.end].split("\n")[0].strip()[:80]


def is_expression(name: str) -> bool:
    """Whether a name is one that something else makes of it: none may have such characters."""
    return "{" in name or "$" in name


def json_value(node: Node | None) -> Json:
    """A node as a JSON value, aliases followed."""
    node = pointer.follow(node)
    if isinstance(node, Scalar):
        return scalar.read(node)
    if isinstance(node, Mapping):
        return {key: _member_value(value) for key, value in zip(node.keys, node.unfolded(), strict=True)}
    return [_member_value(item) for item in node.unfolded()] if isinstance(node, Sequence) else None


def _member_value(member: Outline | Node) -> Json:
    """The same for what stands in a collection, which need not become a node for that."""
    if isinstance(member, tuple):
        text, _, _, style, tag, _ = member
        return text if style or tag == STRING_TAG else scalar.read_plain(text)
    if not isinstance(member, list):
        return json_value(member)
    members = member[HEADER:-1]
    if not member[0]:
        return [_member_value(item) for item in members]
    return {_key(key): _member_value(value) for key, value in zip(members[::2], members[1::2], strict=True)}


def _key(key: Outline | str) -> str:
    """A key's text, as `Mapping.keys` has it."""
    return key if isinstance(key, str) else key[0] if isinstance(key, tuple) else ""
