"""What Kustomize's `replacements` write: the nodes that a `fieldPath` means in an object.

The rules are those of Kustomize's api/filters/replacement, and of `PathMatcher` and `SmarterPathSplitter` in its kyaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.selector import Ids, Selector

NAME: Final = "metadata.name"
"""The field that is written where a replacement names none."""

_PART: Final = re.compile(r"(\[[^\]]*\]|(?:\\.|[^.\\])+)(?:\.|\Z)")
_ITEM: Final = re.compile(r"\[([^=]*)=(.*)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """The field that a replacement reads, and the object that has it: None where that is not said."""

    field: str
    select: Selector | None

    def __str__(self) -> str:
        words = [word for word in (self.select.kind, self.select.name) if word] if self.select else []
        return f"{self.field} of {' '.join(words) or 'its source'}"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A field that a `replacements` entry writes in the objects that `select` picks and `reject` does not.

    `nodes` are what stood there in a Cluster when it was written: their values are lost. None: it was absent. Of a
    Cluster that it reads, they are what it read.
    """

    field: str
    select: Selector
    node: Node
    source: Source
    reject: tuple[Selector, ...] = ()
    nodes: tuple[Node, ...] = ()

    @property
    def parts(self) -> list[str]:
        """The field's path in parts: keys, indices, `[key=pattern]` and `*`."""
        return split(self.field)

    def picks(self, tree: Node, ids: Ids) -> bool:
        """Whether it writes to an object.

        Raises:
            InvalidPatch: a selector is none.
        """
        return self.select.picks(tree, ids) and not any(item.picks(tree, ids) for item in self.reject)

    def read_from(self, tree: Node, ids: Ids) -> Replacement | None:
        """The same with the nodes that it reads in an object; None where it reads another one.

        Raises:
            InvalidPatch: a selector is none.
        """
        if self.source.select is None or not self.source.select.picks(tree, ids):
            return None
        return replace(self, nodes=tuple(find(tree, split(self.source.field))))

    def written(self, tree: Node) -> Replacement:
        """The same with the nodes that it overwrites in an object."""
        return replace(self, nodes=tuple(find(tree, self.parts)))


def read(node: Node | None) -> Iterator[Replacement]:
    """The fields that one entry of `replacements` writes."""
    origin = pointer.look(node, "source")
    source = Source(pointer.peek(origin, "fieldPath") or NAME, None if origin is None else Selector.read(origin))
    for target in pointer.entries(pointer.look(node, "targets")):
        select = pointer.look(target, "select")
        if select is None:
            continue
        rejected = tuple(half for item in pointer.entries(pointer.look(target, "reject")) for half in _halves(item))
        paths = pointer.entries(pointer.look(target, "fieldPaths"))
        for path in paths:
            if isinstance(path, Scalar):
                yield Replacement(path.value, Selector.read(select), path, source, rejected)
        if not paths:
            yield Replacement(NAME, Selector.read(select), select, source, rejected)


def _halves(node: Node) -> Iterator[Selector]:
    """What one `reject` leaves out: Kustomize looks at its id and at its label selectors apart, and each suffices."""
    found = Selector.read(node)
    identity = replace(found, labels="", annotations="")
    labels = Selector(node, labels=found.labels, annotations=found.annotations)
    yield from (half for half in (identity, labels) if half != Selector(node))


def split(field: str) -> list[str]:
    """A field path in parts.

    >>> split(r"spec.topology.variables.[name=a.b].value.[x.y].c\\.d")
    ['spec', 'topology', 'variables', '[name=a.b]', 'value', 'x.y', 'c.d']
    """
    parts = _PART.findall(field.removeprefix("."))
    return [part if _ITEM.fullmatch(part) else part.strip("[]").replace("\\.", ".") for part in parts]


def find(node: Node | None, parts: list[str]) -> list[Node]:
    """The nodes that a path in parts means."""
    node = pointer.follow(node)
    if node is None or not parts:
        return [] if node is None else [node]
    if isinstance(node, Mapping):
        return find(pointer.look(node, parts[0]), parts[1:])
    found = node.items if isinstance(node, Sequence) else []
    return [hit for index, item in enumerate(found) if _meant(parts[0], index, item) for hit in find(item, parts[1:])]


def _meant(part: str, index: int, item: Node) -> bool:
    """Whether a part of a path means an item of a list."""
    wanted = _ITEM.fullmatch(part)
    if wanted is None:
        return part in {"*", str(index)}
    name = pointer.peek(item, wanted[1]) if wanted[1] else pointer.peek(item)
    return matches(part, name)


def matches(part: str, name: str) -> bool:
    """Whether a part of a path means the item of a list that has a name: `[name=pattern]` finds the pattern in it."""
    wanted = _ITEM.fullmatch(part)
    if wanted is None:
        return part == "*" or part.isdecimal()
    try:
        return re.search(wanted[2], name) is not None
    except re.error:
        return wanted[2] == name
