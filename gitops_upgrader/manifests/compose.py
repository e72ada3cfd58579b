"""From libyaml's events to a tree of nodes, within safe limits.

PyYAML's own composer is not used: it crashes the process on deep nesting. Depth is counted on the stream of events, and
what aliases unfold into is measured before anybody follows one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import yaml

from gitops_upgrader.errors import AliasBomb, ManifestTooLarge, NestedTooDeep, UnreadableManifest
from gitops_upgrader.manifests import surrogates
from gitops_upgrader.manifests.node import HEADER, Alias, Mapping, Node, Outline, Parent, Scalar, make

if TYPE_CHECKING:
    from gitops_upgrader.manifests.document import Document

MAX_DEPTH: Final = 100
"""The deepest nesting that is read; Kubernetes' own limit for custom resources is of this size. What stands in a text
counts from the outside."""

MAX_EVENTS: Final = 750_000
"""How many keys, values, and ends of collections a document may have: a list of 5,000 Clusters has fewer.
A value takes up to 200 bytes of memory, and who reads it here has no say over what others commit."""

MAX_ALIASED: Final = 200_000
"""How many a document with aliases may have: what they stand for is found in the tree of all of it."""

MAX_UNFOLDED: Final = 100_000
"""How many values a document's aliases may stand for together; a long text counts once for each 64 characters."""

_LARGE: Final = 100_000
"""From how many characters on a text is looked through before anything of it is kept."""


def compose(document: Document) -> Node | None:
    """The root node of a document's text; None where there is no node at all.

    Raises:
        UnreadableManifest: it is no YAML, or more than one document.
        NestedTooDeep: it nests deeper than `MAX_DEPTH`.
        ManifestTooLarge: it has more than `MAX_EVENTS`, or has aliases and more than `MAX_ALIASED`.
        AliasBomb: its aliases unfold into too much, or an anchor holds itself.
    """
    text = document.text
    if text.startswith("\ufeff"):
        # libyaml would pass over it without counting it, so that all places were one off.
        raise _unreadable(document, "a byte order mark stands where none belongs", 0)
    roots, aliased = _parsed(document, text)
    nodes = [make(document, root) for root in roots]
    if len(nodes) > 1:
        position = nodes[1].start - document.start
        raise _unreadable(document, "a line end that is neither \\n nor \\r\\n hides a document", position)
    if aliased:
        _Unfolding(document).visit(nodes[0])
    return nodes[0] if nodes else None


def _parsed(document: Document, text: str) -> tuple[list[Outline], bool]:
    """As `_outlines`, with libyaml's errors as ours."""
    try:
        if len(text) > _LARGE:
            _refuse_excess(document, yaml.CSafeLoader(text))
        return _outlines(document, yaml.CSafeLoader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = mark.index if mark else 0
        if error.problem == surrogates.PROBLEM:
            replaced = surrogates.replaced(text)
            if replaced is not None:
                return _parsed(document, replaced)
            raise _no_character(document, position) from error
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise _unreadable(document, problem, position) from error
    except yaml.YAMLError as error:
        raise _unreadable(document, str(error).splitlines()[0], 0) from error


def _refuse_excess(document: Document, parser: yaml.CSafeLoader) -> None:
    """Refuse a text that is too deep or too large, without keeping anything of it: that takes hundreds of megabytes."""
    aliased, depth, deepest = False, 0, MAX_DEPTH - document.depth
    starts = yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = yaml.MappingEndEvent, yaml.SequenceEndEvent
    next_event: Callable[[], Any] = parser.get_event
    count = 0
    for count, event in enumerate(islice(iter(next_event, None), MAX_EVENTS), 1):
        kind = type(event)
        if kind in starts:
            depth += 1
            if depth > deepest:
                raise _too_deep(document, document.start + event.start_mark.index)
        elif kind in ends:
            depth -= 1
        elif kind is yaml.AliasEvent:
            aliased = True
            if count > MAX_ALIASED:
                break
    if aliased and count > MAX_ALIASED:
        raise _too_large(document, f"with aliases here has more than {MAX_ALIASED:,}")
    if next_event() is not None:
        raise _too_large(document, f"here has more than {MAX_EVENTS:,}")


def _outlines(document: Document, parser: yaml.CSafeLoader) -> tuple[list[Outline], bool]:
    """The outlines of the roots of all documents in a parser's stream, and whether there is any alias.

    Events are typed `Any`, because PyYAML's stubs allow events without marks, which no parser makes. Most of the time
    that a repository takes is spent in this loop.
    """
    aliased, keyed = False, False
    scalar, mapping, mapping_end = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.MappingEndEvent
    sequence, sequence_end = yaml.SequenceStartEvent, yaml.SequenceEndEvent
    next_event: Callable[[], Any] = parser.get_event
    deepest = MAX_DEPTH - document.depth
    members: list[Any] = [False, 0, False, None, None]  # the roots, as if they stood in a sequence
    stack: list[list[Any]] = []
    for event in iter(next_event, None):
        kind = type(event)
        if kind is scalar:
            if keyed and len(members) % 2 and event.anchor is None:
                members.append(event.value)  # of half of the scalars, the keys, the text is enough
            else:
                start, end = event.start_mark.index, event.end_mark.index
                members.append((event.value, start, end, event.style, event.tag, event.anchor))
        elif kind is mapping_end or kind is sequence_end:
            members.append(event.end_mark.index)
            members = stack.pop()
            keyed = members[0]
        elif kind is mapping or kind is sequence:
            keyed = kind is mapping
            made = [keyed, event.start_mark.index, event.flow_style, event.tag, event.anchor]
            members.append(made)
            stack.append(members)
            members = made
            if len(stack) > deepest:
                raise _too_deep(document, document.start + made[1])
        elif kind is yaml.AliasEvent:
            members.append(Alias(document, event.start_mark.index, event.end_mark.index, event.anchor))
            aliased = True
    return members[HEADER:], aliased


class _Unfolding:
    """Finds what the aliases of a document stand for, and measures what they unfold into."""

    __slots__ = ("_anchors", "_document", "_open", "_sizes", "_unfolded")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []  # the collections around the node that is visited
        self._sizes: dict[Node, tuple[int, int]] = {}  # weight and height of the nodes that aliases name
        self._unfolded = 0

    def visit(self, node: Node) -> None:
        """Visit a node and all below it, in the order of the text."""
        if isinstance(node, Alias):
            self._bind(node)
            return
        if node.anchor:
            self._anchors[node.anchor] = node
        if isinstance(node, Scalar):
            return
        self._open.append(node)
        for member in sorted(_members(node), key=lambda member: member.start):
            self.visit(member)
        self._open.pop()

    def _bind(self, alias: Alias) -> None:
        target = self._anchors.get(alias.name)
        if target is None:
            problem = f"nothing before it has the anchor &{alias.name}"
            raise _unreadable(self._document, problem, alias.start - self._document.start)
        if any(part is target for part in self._open):
            raise self._bomb(f"The anchor &{alias.name} holds itself.", alias)
        weight, height = self._size(target)
        self._unfolded += weight
        if self._document.depth + len(self._open) + height > MAX_DEPTH:
            raise _too_deep(self._document, alias.start)
        if self._unfolded > MAX_UNFOLDED:
            raise self._bomb(f"The document's aliases unfold into more than {MAX_UNFOLDED:,} values.", alias)
        alias.target = target
        self._document.aliased.setdefault(target, alias)

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

    def _collection_size(self, node: Parent) -> tuple[int, int]:
        sizes = [self._size(member) for member in _members(node)]
        keys = len(node.keys) if isinstance(node, Mapping) else 0
        return 1 + keys + sum(weight for weight, _ in sizes), 1 + max((height for _, height in sizes), default=0)

    def _bomb(self, problem: str, alias: Alias) -> AliasBomb:
        where = self._document.where(alias.start)
        return AliasBomb(problem, where=where, remedy="Write out the values that are needed.")


def _members(node: Parent) -> list[Node]:
    """The nodes right below one, keys that are more than a text included."""
    return [*node.complex, *node.values] if isinstance(node, Mapping) else node.items


def _too_large(document: Document, problem: str) -> ManifestTooLarge:
    return ManifestTooLarge(
        f"A document {problem} keys and values.",
        where=document.where(document.start),
        remedy="Move the Cluster to a file of its own.",
    )


def _too_deep(document: Document, position: int) -> NestedTooDeep:
    return NestedTooDeep(
        f"The document nests deeper than {MAX_DEPTH} levels"
        + (", those of the texts that it stands in included." if document.depth else "."),
        where=document.where(position),
        remedy="No Kubernetes object needs that; check how the file was made.",
    )


def _no_character(document: Document, position: int) -> UnreadableManifest:
    start = document.text.rfind("\\", 0, position)
    digits = 4 if document.text[start + 1] == "u" else 8
    return UnreadableManifest(
        f"The escape {document.text[start : start + 2 + digits]} stands for no character in YAML.",
        where=document.where(document.start + start),
        remedy="Write the character itself.",
    )


def _unreadable(document: Document, problem: str, position: int) -> UnreadableManifest:
    return UnreadableManifest(
        f"This is not YAML: {problem}.",
        where=document.where(document.start + position),
        remedy="Mend the file; `yamllint` shows the line.",
    )
