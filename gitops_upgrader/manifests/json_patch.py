"""JSON6902 patches (RFC 6902), as Kustomize applies them to trees of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.errors import InvalidPatch, ManifestTooLarge, NestedTooDeep
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import json_value
from gitops_upgrader.manifests.compose import MAX_DEPTH
from gitops_upgrader.manifests.node import Alias, Mapping, Node, Sequence
from gitops_upgrader.manifests.patched import PatchedMapping, PatchedSequence, members

_MAX_COPIED: Final = 10_000
"""How many values an operation may copy: a few that each copy the copies as well make any number."""

_INDEX: Final = re.compile(r"[+-]?[0-9]{1,9}")
"""An index as Go's `strconv.Atoi` reads it; those below 0 count from the end."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a JSON6902 patch (RFC 6902)."""

    node: Mapping
    op: str
    path: str
    source: str
    value: Node | None


def read(patch: Sequence) -> Iterator[Operation]:
    """The operations of a patch.

    Raises:
        InvalidPatch: an item is no operation.
    """
    for item in patch.items:
        op, path = pointer.peek(item, "op"), pointer.peek(item, "path")
        if not isinstance(item, Mapping) or not op:
            raise _invalid(item, "This is no JSON6902 operation: it has no op.")
        yield Operation(item, op, path, pointer.peek(item, "from"), pointer.child(item, "value"))


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
    return PatchedMapping(node, {**members(node), key: new}, {key: operation.node})


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
