"""YAML as a tree that knows where each node stands, composed from libyaml's events within safe limits.

PyYAML's own composer is not used: it crashes the process on deep nesting, unfolds aliases into the nodes that they
name, and loses where a value begins after its tag and anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from gitops_upgrader.errors import AliasBomb, NestedTooDeep, UnreadableManifest

if TYPE_CHECKING:
    from gitops_upgrader.manifests.document import Document

MAX_DEPTH: Final = 100
"""The deepest nesting that is read; Kubernetes' own limit for custom resources is of this size."""

MAX_UNFOLDED: Final = 100_000
"""How many nodes (a long scalar counts for each 64 characters) a document's aliases may add to it."""

_STRING_TAG = "tag:yaml.org,2002:str"


class Scalar:
    """A scalar. `style` is empty (plain), `'`, `"`, `|` or `>`; `start` is before an anchor and a tag."""

    __slots__ = ("anchor", "document", "end", "start", "style", "tag", "value")

    def __init__(
        self, document: Document, start: int, end: int, value: str, style: str, tag: str | None, anchor: str | None
    ) -> None:
        self.document = document
        self.start = start
        self.end = end
        self.value = value
        self.style = style
        self.tag = tag
        self.anchor = anchor

    @property
    def is_text(self) -> bool:
        """Whether quotes or a tag make it a string, whatever it looks like."""
        return bool(self.style) or self.tag == _STRING_TAG


class Mapping:
    """A mapping with its entries in order, duplicates kept. `end` of a block mapping is where the next token starts."""

    __slots__ = ("anchor", "document", "end", "entries", "flow", "start", "tag")

    def __init__(self, document: Document, start: int, flow: bool, tag: str | None, anchor: str | None) -> None:
        self.document = document
        self.start = start
        self.end = start
        self.flow = flow
        self.tag = tag
        self.anchor = anchor
        self.entries: list[tuple[Node, Node]] = []


class Sequence:
    """A sequence. `end` of a block sequence is where the next token starts."""

    __slots__ = ("anchor", "document", "end", "flow", "items", "start", "tag")

    def __init__(self, document: Document, start: int, flow: bool, tag: str | None, anchor: str | None) -> None:
        self.document = document
        self.start = start
        self.end = start
        self.flow = flow
        self.tag = tag
        self.anchor = anchor
        self.items: list[Node] = []


class Alias:
    """A `*name`, and the node that it stands for."""

    __slots__ = ("document", "end", "name", "start", "target")

    def __init__(self, document: Document, start: int, end: int, name: str, target: Node) -> None:
        self.document = document
        self.start = start
        self.end = end
        self.name = name
        self.target = target


Node: TypeAlias = Scalar | Mapping | Sequence | Alias


def compose(document: Document) -> Node | None:
    """The root node of a document's text; None where there is no node at all.

    Raises:
        UnreadableManifest: it is no YAML, or more than one document.
        NestedTooDeep: it nests deeper than `MAX_DEPTH`.
        AliasBomb: its aliases unfold into too much, or an anchor holds itself.
    """
    composer = _Composer(document)
    try:
        roots = composer.run(yaml.parse(document.text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise _unreadable(document, problem, mark.index if mark else 0) from error
    except yaml.YAMLError as error:
        raise _unreadable(document, str(error).splitlines()[0], 0) from error
    if len(roots) > 1:
        raise _unreadable(document, "a line end that is neither \\n nor \\r\\n hides a document", roots[1].start)
    return roots[0] if roots else None


class _Composer:
    """Builds the tree: one method for each kind of event, and a stack of the collections that are open.

    Events are typed `Any`, because PyYAML's stubs allow events without marks, which no parser makes.
    """

    __slots__ = ("_anchors", "_base", "_children", "_complete", "_count", "_document", "_peak", "_stack")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._base = document.start
        self._children: list[Node] = []  # of the innermost open collection
        self._stack: list[tuple[Mapping | Sequence, list[Node], int, int]] = []  # siblings, count and peak before it
        self._anchors: dict[str, Node] = {}
        self._complete: dict[Node, tuple[int, int]] = {}  # weight and height of the anchored nodes that have ended
        self._count = 0  # nodes so far, aliases unfolded
        self._peak = 0  # the deepest nesting in the innermost open collection, aliases unfolded

    def run(self, events: Iterable[yaml.Event]) -> list[Node]:
        """The roots of all documents in a stream of events."""
        handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self._children

    def _scalar(self, event: Any) -> None:
        start, end = self._base + event.start_mark.index, self._base + event.end_mark.index
        node = Scalar(self._document, start, end, event.value, event.style or "", event.tag, event.anchor)
        before = self._count
        self._count += 1 + (len(node.value) >> 6)
        if event.anchor:
            self._anchors[event.anchor] = node
            self._complete[node] = (self._count - before, 0)
        self._children.append(node)

    def _mapping(self, event: Any) -> None:
        start = self._base + event.start_mark.index
        self._open(Mapping(self._document, start, event.flow_style, event.tag, event.anchor))

    def _sequence(self, event: Any) -> None:
        start = self._base + event.start_mark.index
        self._open(Sequence(self._document, start, event.flow_style, event.tag, event.anchor))

    def _open(self, node: Mapping | Sequence) -> None:
        self._children.append(node)
        self._stack.append((node, self._children, self._count, self._peak))
        self._children = []
        self._count += 1
        self._peak = len(self._stack)
        if self._peak > MAX_DEPTH:
            raise self._too_deep(node.start)
        if node.anchor:
            self._anchors[node.anchor] = node

    def _end(self, event: Any) -> None:
        node, siblings, before, peak = self._stack.pop()
        node.end = self._base + event.end_mark.index
        if isinstance(node, Mapping):
            node.entries = list(zip(self._children[::2], self._children[1::2], strict=True))
        else:
            node.items = self._children
        if node.anchor:
            self._complete[node] = (self._count - before, self._peak - len(self._stack))
        self._children = siblings
        self._peak = max(self._peak, peak)

    def _alias(self, event: Any) -> None:
        start, end = self._base + event.start_mark.index, self._base + event.end_mark.index
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _unreadable(
                self._document, f"nothing before it has the anchor &{event.anchor}", event.start_mark.index
            )
        if target not in self._complete:
            raise self._bomb(f"The anchor &{event.anchor} holds itself.", start)
        weight, height = self._complete[target]
        self._count += weight
        self._peak = max(self._peak, len(self._stack) + height)
        if self._peak > MAX_DEPTH:
            raise self._too_deep(start)
        if weight > 1 and self._count > MAX_UNFOLDED:
            raise self._bomb(f"The document's aliases unfold into more than {MAX_UNFOLDED:,} values.", start)
        self._children.append(Alias(self._document, start, end, event.anchor, target))

    def _too_deep(self, position: int) -> NestedTooDeep:
        return NestedTooDeep(
            f"The document nests deeper than {MAX_DEPTH} levels.",
            where=self._document.where(position),
            remedy="No Kubernetes object needs that; check how the file was made.",
        )

    def _bomb(self, problem: str, position: int) -> AliasBomb:
        return AliasBomb(problem, where=self._document.where(position), remedy="Write out the values that are needed.")


def _unreadable(document: Document, problem: str, position: int) -> UnreadableManifest:
    return UnreadableManifest(
        f"This is not YAML: {problem}.",
        where=document.where(document.start + position),
        remedy="Mend the file; `yamllint` shows the line.",
    )
