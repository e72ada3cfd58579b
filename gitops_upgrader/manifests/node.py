"""YAML as a tree that knows where each node stands, composed from libyaml's events within safe limits.

PyYAML's own composer is not used: it crashes the process on deep nesting, unfolds aliases into the nodes that they
name, and loses where a value begins after its tag and anchor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from gitops_upgrader.errors import AliasBomb, NestedTooDeep, UnreadableManifest

if TYPE_CHECKING:
    from gitops_upgrader.manifests.document import Document

MAX_DEPTH: Final = 100
"""The deepest nesting that is read; Kubernetes' own limit for custom resources is of this size."""

MAX_UNFOLDED: Final = 100_000
"""How many values a document's aliases may stand for together; a long text counts once for each 64 characters."""

_TEXT: Final = frozenset({str})
_STRING_TAG: Final = "tag:yaml.org,2002:str"


class Scalar:
    """A scalar. `style` is empty (plain), `'`, `"`, `|` or `>`; `start` is before an anchor and a tag."""

    __slots__ = ("anchor", "document", "end", "start", "style", "tag", "value")

    def __init__(
        self,
        document: Document,
        start: int,
        end: int,
        value: str,
        style: str | None,
        tag: str | None,
        anchor: str | None,
    ) -> None:
        self.document = document
        self.start = start
        self.end = end
        self.value = value
        self.style = style or ""
        self.tag = tag
        self.anchor = anchor

    @property
    def is_text(self) -> bool:
        """Whether quotes or a tag make it a string, whatever it looks like."""
        return bool(self.style) or self.tag == _STRING_TAG


class Mapping:
    """A mapping: `keys` and `values` in order, duplicates kept.

    A key is the text of its scalar; one that is no scalar is empty, and stands in `complex`. The `end` of a block
    mapping is where the next token starts.
    """

    __slots__ = ("anchor", "complex", "document", "end", "flow", "keys", "start", "tag", "values")

    def __init__(self, document: Document, start: int, flow: bool, tag: str | None, anchor: str | None) -> None:
        self.document = document
        self.start = start
        self.end = start
        self.flow = flow
        self.tag = tag
        self.anchor = anchor
        # Shared until they are known: lists by the thousand would keep the garbage collector busy.
        self.keys: list[str] = _NO_TEXTS
        self.values: list[Node] = _NO_NODES
        self.complex: list[Node] = _NO_NODES

    def key_start(self, index: int) -> int:
        """Where the text of a key begins: right before its value."""
        since = self.values[index - 1].end if index else self.start
        found = self.document.source.text.rfind(self.keys[index], since, self.values[index].start)
        return self.values[index].start if found < 0 else found


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
        self.items: list[Node] = _NO_NODES


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
_NO_TEXTS: Final[list[str]] = []
_NO_NODES: Final[list[Node]] = []


def compose(document: Document) -> Node | None:
    """The root node of a document's text; None where there is no node at all.

    Raises:
        UnreadableManifest: it is no YAML, or more than one document.
        NestedTooDeep: it nests deeper than `MAX_DEPTH`.
        AliasBomb: its aliases unfold into too much, or an anchor holds itself.
    """
    composer = _Composer(document)
    try:
        roots = composer.run(yaml.CSafeLoader(document.text))
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
    """Builds the tree from events. What aliases unfold into is measured when one is met: hardly any document has one.

    Events are typed `Any`, because PyYAML's stubs allow events without marks, which no parser makes.
    """

    __slots__ = ("_anchors", "_base", "_children", "_document", "_keyed", "_sizes", "_stack", "_unfolded")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._base = document.start
        self._children: list[Any] = []  # of the innermost open collection; in a mapping, keys (texts) and values
        self._keyed = False  # whether that is a mapping
        self._stack: list[tuple[Mapping | Sequence, list[Any], bool]] = []  # the open collections, with what is around
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[Node, tuple[int, int]] = {}  # weight and height of the nodes that aliases name
        self._unfolded = 0

    def run(self, loader: yaml.CSafeLoader) -> list[Node]:
        """The roots of all documents in a loader's stream of events."""
        next_event: Callable[[], Any] = loader.get_event
        document, base, scalar_event = self._document, self._base, yaml.ScalarEvent
        handlers = {
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_sequence,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end_sequence,
            yaml.AliasEvent: self._alias,
        }
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is not scalar_event:
                if kind in handlers:
                    handlers[kind](event)
                continue
            # Half of all events are scalars, and half of those are keys, so neither has a call of its own.
            children, anchor = self._children, event.anchor
            if self._keyed and not len(children) % 2 and not anchor:
                children.append(event.value)
                continue
            start, end = event.start_mark.index, event.end_mark.index
            node = Scalar(document, base + start, base + end, event.value, event.style, event.tag, anchor)
            children.append(node)
            if anchor:
                self._anchors[anchor] = node
        return self._children

    def _open_mapping(self, event: Any) -> None:
        start = self._base + event.start_mark.index
        self._open(Mapping(self._document, start, event.flow_style, event.tag, event.anchor))
        self._keyed = True

    def _open_sequence(self, event: Any) -> None:
        start = self._base + event.start_mark.index
        self._open(Sequence(self._document, start, event.flow_style, event.tag, event.anchor))
        self._keyed = False

    def _open(self, node: Mapping | Sequence) -> None:
        self._children.append(node)
        self._stack.append((node, self._children, self._keyed))
        self._children = []
        if node.anchor:
            self._anchors[node.anchor] = node
        if len(self._stack) > MAX_DEPTH:
            raise self._too_deep(node.start)

    def _end_mapping(self, event: Any) -> None:
        children: list[Any] = self._children
        node: Any = self._end(event)
        keys, node.values = children[::2], children[1::2]
        if not _TEXT.issuperset(map(type, keys)):
            node.complex = [key for key in keys if type(key) is not str]
            keys = [key if type(key) is str else key.value if type(key) is Scalar else "" for key in keys]
        node.keys = keys

    def _end_sequence(self, event: Any) -> None:
        children = self._children
        node: Any = self._end(event)
        node.items = children

    def _end(self, event: Any) -> Mapping | Sequence:
        node, self._children, self._keyed = self._stack.pop()
        node.end = self._base + event.end_mark.index
        return node

    def _alias(self, event: Any) -> None:
        position = event.start_mark.index
        start, end = self._base + position, self._base + event.end_mark.index
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _unreadable(self._document, f"nothing before it has the anchor &{event.anchor}", position)
        if any(frame[0] is target for frame in self._stack):
            raise self._bomb(f"The anchor &{event.anchor} holds itself.", start)
        weight, height = self._size(target)
        self._unfolded += weight
        if len(self._stack) + height > MAX_DEPTH:
            raise self._too_deep(start)
        if self._unfolded > MAX_UNFOLDED:
            raise self._bomb(f"The document's aliases unfold into more than {MAX_UNFOLDED:,} values.", start)
        self._children.append(Alias(self._document, start, end, event.anchor, target))

    def _size(self, node: Node) -> tuple[int, int]:
        """How many nodes one stands for (a long scalar counts for several), and how deep it nests, aliases unfolded."""
        if node not in self._sizes:
            if isinstance(node, Scalar):
                self._sizes[node] = 1 + len(node.value) // 64, 0
            elif isinstance(node, Alias):
                self._sizes[node] = self._size(node.target)
            else:
                self._sizes[node] = self._collection_size(node)
        return self._sizes[node]

    def _collection_size(self, node: Mapping | Sequence) -> tuple[int, int]:
        members = [*node.complex, *node.values] if isinstance(node, Mapping) else node.items
        sizes = [self._size(member) for member in members]
        keys = len(node.keys) if isinstance(node, Mapping) else 0
        return 1 + keys + sum(weight for weight, _ in sizes), 1 + max((height for _, height in sizes), default=0)

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
