"""Whether a value in an object counts in what is deployed, or a layer puts another one in its place.

Clusters are followed through all layers when they are looked for. Values elsewhere (in a HelmRelease, a ConfigMap, a
Flux Kustomization) are named by people, or guessed at; what layers make of the objects that hold them is told here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, TypeAlias

from gitops_upgrader.errors import ManifestError, Where
from gitops_upgrader.manifests import pointer, template_patch
from gitops_upgrader.manifests.cluster import objects
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.json_patch import Operation
from gitops_upgrader.manifests.kustomization import Kustomization
from gitops_upgrader.manifests.layers import Layers
from gitops_upgrader.manifests.node import Made, Mapping, Node, Scalar
from gitops_upgrader.manifests.node import Sequence as NodeSequence
from gitops_upgrader.manifests.overlay import Overlays
from gitops_upgrader.manifests.patch import merge

_HELM: Final = "helm"
"""The field of an Application's source in which values of a chart are."""

_Key: TypeAlias = tuple[str | int, ...]
"""Where a node begins, at each level of text inside text: the same one however often its document is composed."""

_Way: TypeAlias = list[tuple[str, str]]
"""The keys that lead to a value, each with the name of the item where it is an index."""


@dataclass(frozen=True, slots=True)
class Override:
    """A deployment in which a value does not count, for what is `at` a place.

    `value` is what stands there, where that is a single value. `source`: what a Kustomize replacement reads it from.
    `unread`: it is a template that may set the value or not.
    """

    what: str
    at: Where
    value: Scalar | None = None
    source: str = ""
    unread: bool = False

    @property
    def place(self) -> str:
        """File and line of what stands there."""
        return f"{self.at.file}:{self.at.line}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a value: whether it `counts` in any deployment that is known, and in which it does not."""

    counts: bool = True
    overrides: tuple[Override, ...] = ()


class Overrides:
    """What becomes of values in the objects that layers deploy."""

    def __init__(self, layers: Layers, overlays: Overlays) -> None:
        self._layers = layers
        self._overlays = overlays.of_everything()
        self._held: dict[tuple[str, frozenset[str] | None], _Held] = {}

    def of(self, node: Scalar, paths: Sequence[str] = ()) -> Fate:
        """What becomes of a value; where some of its deployments are below the paths, in these.

        Layers that cannot be read, or do not apply, are passed over: what they would deploy is not known.
        """
        chain = list(_chain(node))
        patched = _patched_template(chain)
        if patched is not None:
            return Fate(counts=False, overrides=(patched,))
        try:
            roots = self._layers.roots(node.document.file)
        except ManifestError:
            return Fate()
        for only in (frozenset({node.document.file}), None) if roots else ():
            found = [(root, one) for root in roots for one in self._concerned(root, only, chain)]
            meant = [one for root, one in found if matches(root.file, paths)] or [one for _, one in found]
            if meant:
                overrides = [made for one in meant if (made := _override(one, chain)) is not None]
                distinct = {(item.place, item.what): item for item in overrides}
                return Fate(len(overrides) < len(meant), tuple(distinct.values()))
        return Fate()

    def _concerned(self, root: Kustomization, only: frozenset[str] | None, chain: list[Scalar]) -> list[Instance]:
        """The objects of a layer that a value is in, or in a patch of."""
        key = (root.key, only)
        if key not in self._held:
            try:
                self._held[key] = _Held(self._overlays.render(root, only))
            except ManifestError:
                self._held[key] = _Held(())
        return self._held[key].having(chain)


class _Held:
    """Which of a layer's objects a value is in; of each file it is found once."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._instances = instances
        self._values: dict[str, dict[_Key, list[list[int]]]] = {}
        self._parts: dict[str, dict[int, tuple[Node, list[int]]]] = {}
        for position, instance in enumerate(instances):
            for part, _ in _parts(instance):
                parts = self._parts.setdefault(part.document.file, {})
                parts.setdefault(id(part), (part, []))[1].append(position)  # a patch is for many objects

    def having(self, chain: list[Scalar]) -> list[Instance]:
        """The objects that a value, or the text that it stands in, is in, or in a patch of."""
        file = chain[0].document.file
        if file not in self._values:
            values = self._values[file] = {}
            for part, positions in self._parts.pop(file, {}).values():
                for key in _keys(part):
                    values.setdefault(key, []).append(positions)
        known = self._values[file]
        found = {position for one in chain for some in known.get(identity(one), ()) for position in some}
        return [self._instances[position] for position in sorted(found)]


def _chain(node: Scalar) -> Iterator[Scalar]:
    """A value, the text that it stands in, and so on."""
    holder: Scalar | None = node
    while holder is not None:
        yield holder
        holder = holder.document.holder


def identity(node: Node) -> _Key:
    """What tells a node from others, however often its document is composed."""
    holder = node.document.holder
    return (node.document.file, node.start) if holder is None else (*identity(holder), node.document.index, node.start)


def _keys(tree: Node | None) -> set[_Key]:
    """The single values of a tree."""
    found: set[_Key] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            found.add(identity(node))
        pending += [value for _, value in pointer.children(node)]
    return found


def _parts(instance: Instance) -> Iterator[tuple[Node, Operation | None]]:
    """What an object is made of: itself, and what patches say."""
    yield instance.cluster.node, None
    yield from ((node, None) for node in instance.merged)
    yield from ((operation.value, operation) for operation, _ in instance.operations if operation.value is not None)


def _override(instance: Instance, chain: list[Scalar]) -> Override | None:
    """What counts in place of a value in one object; None where the value itself does."""
    what = f"{pointer.peek(instance.tree, 'kind')} {instance.effective.name}"
    keys = set(map(identity, chain))
    for item in instance.replacements:
        if any(not keys.isdisjoint(_keys(written)) for written in item.nodes):
            return Override(what, _where(item.node), source=str(item.source))
    if not keys.isdisjoint(_keys(instance.tree)):
        return None
    way = next(way for part, operation in _parts(instance) if (way := _way(part, operation, chain)) is not None)
    value = _walk(instance.tree, way)
    if isinstance(value, Scalar) and not isinstance(value, Made):
        return Override(what, _where(value), value)
    return Override(what, _where(value or _remover(instance, way)))


def _where(node: Node) -> Where:
    return node.document.where(node.start)


def _patched_template(chain: list[Scalar]) -> Override | None:
    """What an ApplicationSet's `templatePatch` puts in place of a value of its template, or may put there."""
    outer = chain[-1]
    for node in objects(outer.document):
        text = template_patch.of(node)
        template = pointer.look(node, "spec", "template")
        if text is None or template is None or not any(identity(one) in _keys(template) for one in chain):
            continue
        what = f"ApplicationSet {pointer.peek(node, 'metadata', 'name')}"
        patch = template_patch.read(text)
        if patch is None:
            at = template_patch.sets_values(text) if _HELM in map(itemgetter(1), pointer.path(outer)) else None
            return Override(what, at, unread=True) if at else None
        merged = merge(template, patch)
        if any(identity(one) in _keys(merged) for one in chain):
            return None
        way = _way(template, None, chain) or []
        value = _walk(merged, way) if merged is not None else None
        return Override(what, _where(value or text), value if isinstance(value, Scalar) else None)
    return None


def _way(part: Node, operation: Operation | None, chain: list[Scalar]) -> _Way | None:
    """The keys from an object to the value that stands in one of its parts; None where it is in another one."""
    for member in chain:
        if member.document.file == part.document.file and identity(member) in _keys(part):
            begun = [(key, "") for key in _split(operation.path)] if operation else []
            inside = [step for step in pointer.path(member) if step[0].start >= part.start]
            return begun + [(str(key), _label(parent, key)) for parent, key in inside]
    return None


def _label(parent: Node, key: str | int) -> str:
    item = parent.items[key] if isinstance(parent, NodeSequence) and isinstance(key, int) else None
    return pointer.peek(item, "name")


def _walk(tree: Node, way: _Way) -> Node | None:
    """What stands at the end of a way; an item with a name is found by it, as lists are replaced as a whole."""
    node: Node | None = tree
    for key, label in way:
        if isinstance(node, NodeSequence):
            items = pointer.entries(node)
            named = [item for item in items if label and pointer.peek(item, "name") == label]
            at = next((item for index, item in enumerate(items) if str(index) == key), None)
            node = named[0] if named else None if label else at
        else:
            node = pointer.look(node, key)
    return node


def _remover(instance: Instance, way: _Way) -> Node:
    """The patch that does away with a value: the last one that has a say on its way."""
    keys = [key for key, _ in way]
    operations = (operation.node for operation, _ in reversed(instance.operations) if _removes(operation, keys))
    merges = (_end(patch, keys) for patch in reversed(instance.merged))
    return next(node for node in (*operations, *merges, instance.cluster.node) if node is not None)


def _removes(operation: Operation, keys: list[str]) -> bool:
    """Whether an operation changes a value, or something that it is in."""
    paths = {"test": [], "move": [operation.source, operation.path]}.get(operation.op, [operation.path])
    return any(parts == keys[: len(parts)] for parts in map(_split, paths))


def _split(path: str) -> list[str]:
    return [pointer.unescape(part) for part in path.split("/")[1:]]


def _end(patch: Node, keys: list[str]) -> Node | None:
    """What a merge patch puts in place of a value, or of something that it is in; None where it leaves it alone."""
    node: Node | None = patch
    for key in keys:
        if isinstance(node, Mapping) and pointer.peek(node, "$patch") not in {"delete", "replace"}:
            node = pointer.look(node, key)
    return node
