"""Collections that patches changed.

What is overridden disappears from the tree, and what a patch sets is the patch's own node: so the effective place of
a field is simply where its node stands. Collections that a patch changes are copied; the copy knows its `origin`.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Collection, Mapping, Node, Sequence


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


def members(node: Mapping) -> dict[str, Node | None]:
    """The values of a mapping by key."""
    return dict(zip(node.keys, node.values, strict=True))


def put(tree: Mapping, keys: tuple[str, ...], value: Node | None) -> Mapping:
    """The tree with a value (None: without one) at some keys; nothing is put where the way to it is not there."""
    key, rest = keys[0], keys[1:]
    new = value
    if rest:
        below = pointer.look(tree, key)
        if not isinstance(below, Mapping):
            return tree
        new = put(below, rest, value)
    return PatchedMapping(tree, {**members(tree), key: new})


def origin(node: Node) -> Node:
    """The collection in the file, for one that patches changed; any other node is its own."""
    return node.origin if isinstance(node, (PatchedMapping, PatchedSequence)) else node


def remover(node: Node | None, key: str) -> Node | None:
    """What took a key, or an item `[name=x]`, out of a collection; None where no patch did."""
    if isinstance(node, PatchedMapping):
        return node.removed.get(key)
    removed = node.removed if isinstance(node, PatchedSequence) else ()
    return next((by for item, by in removed if f"[name={pointer.peek(item, 'name')}]" == key), None)
