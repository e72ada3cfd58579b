"""Kustomize's patches applied to trees of nodes, so that every value still knows the file that it comes from.

What is overridden disappears from the tree, and what a patch sets is the patch's own node: so the effective place of
a field is simply where its node stands. Collections that a patch changes are copied; the copy knows its `origin`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Any, Final

from gitops_upgrader.errors import InvalidPatch, ManifestTooLarge, NestedTooDeep
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import json_value
from gitops_upgrader.manifests.compose import MAX_DEPTH
from gitops_upgrader.manifests.node import Alias, Collection, Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.selector import Selector

_MAX_COPIED: Final = 10_000
"""How many values an operation may copy: a few that each copy the copies as well make any number."""

_INDEX: Final = re.compile(r"[+-]?[0-9]{1,9}")
"""An index as Go's `strconv.Atoi` reads it; those below 0 count from the end."""


class PatchedMapping(Mapping):
    """A mapping that a patch changed. `origin` is the mapping in the file; `removed` is what took keys out of it."""

    __slots__ = ("origin", "removed")

    removed: dict[str, Node]

    def __init__(
        self, origin: Mapping, entries: MappingType[str, Node | None], removed: MappingType[str, Node] | None = None
    ) -> None:
        super().__init__(origin.document, _outline(origin))
        made = {key: value for key, value in entries.items() if value is not None}
        before = origin.removed if isinstance(origin, PatchedMapping) else {}
        self._outline = []
        self._keys = list(made)
        self._complex = []
        self.members = list(made.values())
        self.origin: Mapping = origin.origin if isinstance(origin, PatchedMapping) else origin
        self.removed = {key: by for key, by in {**before, **(removed or {})}.items() if key not in made}


class PatchedSequence(Sequence):
    """A sequence that a patch changed. `origin` is the sequence in the file; `removed` is what took which item out."""

    __slots__ = ("origin", "removed")

    removed: tuple[tuple[Node, Node], ...]

    def __init__(self, origin: Sequence, items: list[Node], removed: tuple[tuple[Node, Node], ...] = ()) -> None:
        super().__init__(origin.document, _outline(origin))
        self._outline = []
        self.members = items
        self.origin: Sequence = origin.origin if isinstance(origin, PatchedSequence) else origin
        self.removed = (*origin.removed, *removed) if isinstance(origin, PatchedSequence) else removed


def _outline(origin: Collection) -> list[Any]:
    """The collection's own part of its outline, without members."""
    start, end = origin.start - origin.document.start, origin.end - origin.document.start
    return [isinstance(origin, Mapping), start, origin.flow, origin.tag, origin.anchor, end]


class PatchKind(enum.Enum):
    """The two languages of patches that Kustomize knows."""

    MERGE = "strategic merge patch"
    JSON6902 = "JSON6902 patch"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a JSON6902 patch (RFC 6902)."""

    node: Mapping
    op: str
    path: str
    source: str
    value: Node | None


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: an object to merge, or operations. `target` None: a merge patch names its object itself.

    `renames`: a name in it is the object's new name; else Kustomize keeps the old one.
    """

    kind: PatchKind
    node: Mapping | Sequence
    target: Selector | None
    renames: bool = False

    def operations(self) -> Iterator[Operation]:
        """The operations of a JSON6902 patch.

        Raises:
            InvalidPatch: an item is no operation.
        """
        for item in self.node.items if isinstance(self.node, Sequence) else ():
            op, path = pointer.peek(item, "op"), pointer.peek(item, "path")
            if not isinstance(item, Mapping) or not op:
                raise _invalid(item, "This is no JSON6902 operation: it has no op.")
            yield Operation(item, op, path, pointer.peek(item, "from"), pointer.child(item, "value"))


def merge(base: Node, patch: Node) -> Node | None:
    """A strategic merge, as Kustomize makes it for custom resources: mappings merge, all else is replaced.

    A null removes; so does `$patch: delete`, and `$patch: replace` takes the patch's mapping as it is. None: the
    whole object is removed. See https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#patchstrategicmerge.
    """
    directive = pointer.peek(patch, "$patch")
    if directive == "delete":
        return None
    target, change = pointer.follow(base), pointer.follow(patch)
    if not isinstance(change, Mapping) or not isinstance(target, Mapping) or directive == "replace":
        return patch
    entries = _entries(target)
    removed: dict[str, Node] = {}
    for key, value in zip(change.keys, change.values, strict=True):
        if key != "$patch":
            entries[key] = _merged(entries.get(key), value)
            removed[key] = value
    return PatchedMapping(target, entries, removed)


def _entries(node: Mapping) -> dict[str, Node | None]:
    return dict(zip(node.keys, node.values, strict=True))


def _merged(base: Node | None, value: Node) -> Node | None:
    if isinstance(value, Scalar) and json_value(value) is None and _is_null(value):
        return None
    return value if base is None else merge(base, value)


def _is_null(value: Scalar) -> bool:
    """A null that is written; `version: #@ expression` is none, and must be seen."""
    return value.value != "" or "#@" not in value.document.source.text[value.end : value.end + 3]


def put(tree: Mapping, keys: tuple[str, ...], value: Node | None) -> Mapping:
    """The tree with a value (None: without one) at some keys; nothing is put where the way to it is not there."""
    key, rest = keys[0], keys[1:]
    new = value
    if rest:
        below = pointer.look(tree, key)
        if not isinstance(below, Mapping):
            return tree
        new = put(below, rest, value)
    return PatchedMapping(tree, {**_entries(tree), key: new})


def origin(node: Node) -> Node:
    """The collection in the file, for one that patches changed; any other node is its own."""
    return node.origin if isinstance(node, (PatchedMapping, PatchedSequence)) else node


def apply(tree: Node, operation: Operation) -> Node:
    """One JSON6902 operation, as the library that Kustomize applies it with (gopkg.in/evanphx/json-patch.v4).

    It takes more than RFC 6902: `replace` of a key that is not there, and indices below 0.

    Raises:
        InvalidPatch: it does not apply, so that Kustomize would refuse it too.
    """
    parts = _parts(operation, operation.path)
    value = operation.value
    if operation.op in {"move", "copy"}:
        source = _parts(operation, operation.source)
        value = _get(tree, source, operation)
        _refuse_large(value, operation)
        if operation.op == "move":
            tree = _change(tree, source, None, operation)
    if operation.op == "test":
        if json_value(find(tree, parts)) != json_value(value):
            raise _invalid(operation.node, f"The patch tests {operation.path} for another value than it has.")
        return tree
    if operation.op not in {"add", "replace", "remove", "move", "copy"}:
        raise _invalid(operation.node, f"{operation.op} is no JSON6902 operation.")
    if operation.op == "remove":
        return _change(tree, parts, None, operation)
    if value is None:
        raise _invalid(operation.node, f"The operation {operation.op} has no value.")
    return _change(tree, parts, value, operation)


def tested(tree: Node, operation: Operation) -> Node | None:
    """What a `test` looks at; None for another operation, and where nothing is there."""
    return find(tree, _parts(operation, operation.path)) if operation.op == "test" else None


def indices(tree: Node, operation: Operation) -> Iterator[tuple[Sequence, list[str], list[str]]]:
    """The lists that an operation goes into, each with its way as far as the index, and the way from there."""
    for path in (operation.path, operation.source):
        parts = _parts(operation, path)
        node: Node | None = tree
        for position, key in enumerate(parts, 1):
            if isinstance(node, Sequence):
                yield node, parts[:position], parts[position:]
            node = find(node, [key]) if node is not None else None


def remover(node: Node | None, key: str) -> Node | None:
    """What took a key, or an item `[name=x]`, out of a collection; None where no patch did."""
    if isinstance(node, PatchedMapping):
        return node.removed.get(key)
    removed = node.removed if isinstance(node, PatchedSequence) else ()
    return next((by for item, by in removed if f"[name={pointer.peek(item, 'name')}]" == key), None)


def find(node: Node, parts: list[str]) -> Node | None:
    """What a path of an operation leads to; None where nothing is there."""
    for key in parts:
        if isinstance(node, Sequence):
            index = _index(key, len(node.items))
            found = node.items[index] if index is not None else None
        else:
            found = pointer.child(node, key)
        if found is None:
            return None
        node = found
    return node


def _parts(operation: Operation, path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise _invalid(operation.node, f"{path} does not start with a slash.")
    parts = [pointer.unescape(part) for part in path.split("/")[1:]]
    if len(parts) > MAX_DEPTH:
        raise NestedTooDeep(
            f"The path of an operation has more than {MAX_DEPTH} levels.",
            where=operation.node.document.where(operation.node.start),
            remedy="No Kubernetes object needs that; check how the patch was made.",
        )
    return parts


def _refuse_large(value: Node, operation: Operation) -> None:
    pending, count = [value], 0
    while pending:
        count += 1
        if count > _MAX_COPIED:
            raise ManifestTooLarge(
                f"An operation copies more than {_MAX_COPIED:,} values.",
                where=operation.node.document.where(operation.node.start),
                remedy="Write what is meant into the Cluster or into a patch of its own.",
            )
        pending += [below for _, below in pointer.children(pending.pop())]


def _get(tree: Node, parts: list[str], operation: Operation) -> Node:
    node = find(tree, parts)
    if node is None:
        raise _invalid(operation.node, f"The patch needs {pointer.join(parts)}, which is not there.")
    return node


def _change(node: Node, parts: list[str], value: Node | None, operation: Operation) -> Node:
    """The tree with a value set (None: removed) at a path; each collection on the way is copied."""
    if not parts:
        if value is None:
            raise _invalid(operation.node, "The patch removes the whole object.")
        return value
    key, rest = parts[0], parts[1:]
    if isinstance(node, Alias):
        raise pointer.aliased(node)
    if isinstance(node, Sequence):
        return _changed(node, key, rest, value, operation)
    if not isinstance(node, Mapping):
        raise _invalid(operation.node, f"{operation.path} leads through a single value.")
    old = pointer.child(node, key)
    if old is None and (rest or value is None):
        raise _invalid(operation.node, f"The patch needs {operation.path}, which is not there.")
    new = _change(old, rest, value, operation) if rest and old is not None else value
    return PatchedMapping(node, {**_entries(node), key: new}, {key: operation.node})


def _changed(node: Sequence, key: str, rest: list[str], value: Node | None, operation: Operation) -> PatchedSequence:
    items = list(node.items)
    adds = not rest and value is not None and operation.op != "replace"
    index = len(items) if adds and key == "-" else _index(key, len(items) + adds)
    if index is None:
        raise _invalid(operation.node, f"The patch needs {operation.path}, which is not there.")
    if adds and value is not None:
        return PatchedSequence(node, [*items[:index], value, *items[index:]])
    before = items[index]
    after = _change(before, rest, value, operation) if rest else value
    same = after is not None and pointer.peek(after, "name") == pointer.peek(before, "name")
    items[index : index + 1] = [after] if after is not None else []
    return PatchedSequence(node, items, () if same else ((before, operation.node),))


def _index(key: str, size: int) -> int | None:
    """The index of one of so many items; None where there is none such."""
    index = int(key) if _INDEX.fullmatch(key) else size
    index += size if index < 0 else 0
    return index if 0 <= index < size else None


def _invalid(node: Node, problem: str) -> InvalidPatch:
    return InvalidPatch(
        problem,
        where=node.document.where(node.start),
        remedy="Mend the patch; `kustomize build` of its folder shows the same.",
    )
