"""YAML as a tree that knows where each node stands.

PyYAML's own nodes are not used: they unfold aliases into the nodes that they name, and lose where a value begins after
its tag and anchor. Of most documents only the way to a few values is looked at, so `compose` leaves an outline, and a
node is made from its part of it when somebody comes to it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    from gitops_upgrader.manifests.document import Document

ScalarOutline: TypeAlias = tuple[str, int, int, str | None, str | None, str | None]
"""A scalar's value, start, end, style, tag and anchor. A key that is a scalar without an anchor is its text alone.

Outlines count positions from the document's start, nodes from the source's.
"""

Outline: TypeAlias = "ScalarOutline | list[Any] | Alias"
"""A node that is not made yet. The list of a collection begins with `HEADER` and ends with its end."""

HEADER: Final = 5
"""How many items come before a collection's members: whether it is a mapping, its start, flow, tag and anchor."""

STRING_TAG: Final = "tag:yaml.org,2002:str"

_OUTLINES: Final = frozenset({list, tuple})
_NONE: Final[list[Any]] = []


def rules_out(outline: list[Any], key: str, text: str) -> bool:
    """Whether a collection, by its outline, is a mapping that has another text at a key: no other can be meant."""
    keys = outline[HEADER:-1:2]
    if not outline[0] or keys.count(key) != 1:
        return False
    found = outline[HEADER + 2 * keys.index(key) + 1]
    return type(found) is tuple and found[0] != text


class Scalar:
    """A scalar. `style` is empty (plain), `'`, `"`, `|` or `>`; `start` is before an anchor and a tag."""

    __slots__ = ("anchor", "document", "end", "start", "style", "tag", "value")

    def __init__(self, document: Document, outline: ScalarOutline) -> None:
        self.document = document
        self.value, start, end, style, self.tag, self.anchor = outline
        self.start: int = document.start + start
        self.end: int = document.start + end
        self.style = style or ""

    @property
    def is_text(self) -> bool:
        """Whether quotes or a tag make it a string, whatever it looks like."""
        return bool(self.style) or self.tag == STRING_TAG


class Made(Scalar):
    """A text that no file has: Kustomize puts it together. It stands where `by`, which says so, does."""

    __slots__ = ()

    def __init__(self, by: Node, text: str) -> None:
        self.document, self.start, self.end = by.document, by.start, by.end
        self.value, self.style, self.tag, self.anchor = text, "", STRING_TAG, None


class Collection:
    """A mapping or a sequence. The `end` of one in block style is where the next token starts.

    `members` are the values or items, each an outline until it is looked at. No node knows its parent: trees without
    loops are gone when nobody needs them any more, and not when the garbage collector comes by.
    """

    __slots__ = ("_outline", "anchor", "document", "end", "flow", "members", "start", "tag")

    flow: bool
    tag: str | None
    anchor: str | None

    def __init__(self, document: Document, outline: list[Any]) -> None:
        self.document = document
        self._outline = outline
        self.members: list[Any] = _NONE
        _, start, self.flow, self.tag, self.anchor = outline[:HEADER]
        self.start: int = document.start + start
        self.end: int = document.start + outline[-1]

    def unfolded(self) -> list[Any]:
        """The members, as outlines or nodes."""
        if self._outline:
            self.members, self._outline = self._outline[HEADER:-1], _NONE
        return self.members

    def index(self, node: Node) -> int:
        """Which of the members a node is, or is in. It must be in one."""
        base = self.document.start
        start, end = node.start - base, node.end - base
        index = bisect_right(self.unfolded(), start, key=lambda member: _extent(member, base)[0]) - 1
        if index < 0 or end > _extent(self.members[index], base)[1]:
            raise LookupError(node)
        return index

    def _made(self, index: int) -> Node:
        """One of the members as a node."""
        found = self.members[index]
        if type(found) in _OUTLINES:
            found = self.members[index] = make(self.document, found)
        node: Node = found
        return node

    def _all(self) -> list[Node]:
        return [self._made(index) for index in range(len(self.members))]


def _extent(member: Any, base: int) -> tuple[int, int]:
    """Where a member begins and ends in its document."""
    if type(member) is list:
        return member[1], member[-1]
    return member[1:3] if type(member) is tuple else (member.start - base, member.end - base)


class Mapping(Collection):
    """A mapping: `keys` and `values` in order, duplicates kept.

    A key is the text of its scalar; one that is no scalar is empty. Those that are more than a text stand in `complex`.
    """

    __slots__ = ("_complex", "_keys")

    def unfolded(self) -> list[Any]:
        """The values, as outlines or nodes."""
        if self._outline:
            self._unfold()
        return self.members

    def _unfold(self) -> list[str]:
        members = self._outline[HEADER:-1]
        self._outline = _NONE
        self.members = members[1::2]
        self._complex: list[Node] = []
        keys = members[::2]
        for index, key in enumerate(keys):
            if type(key) is not str:
                node = make(self.document, key)
                self._complex.append(node)
                keys[index] = node.value if isinstance(node, Scalar) else ""
        self._keys: list[str] = keys
        return keys

    @property
    def keys(self) -> list[str]:
        """The texts of the keys."""
        return self._unfold() if self._outline else self._keys

    @property
    def values(self) -> list[Node]:
        """The values, in the order of the keys."""
        self.unfolded()
        return self._all()

    @property
    def complex(self) -> list[Node]:
        """The keys that are no scalars, or have an anchor."""
        if self._outline:
            self._unfold()
        return self._complex

    def value(self, index: int) -> Node:
        """One of the values; the keys must have been looked at."""
        return self._made(index)

    def key_start(self, index: int) -> int:
        """Where the text of a key begins: right before its value."""
        value = self.value(index)
        since = self.value(index - 1).end if index else self.start
        found = self.document.source.text.rfind(self.keys[index], since, value.start)
        return value.start if found < 0 else found


class Sequence(Collection):
    """A sequence."""

    __slots__ = ()

    @property
    def items(self) -> list[Node]:
        """The values."""
        self.unfolded()
        return self._all()

    def item(self, index: int) -> Node:
        """One of them; `unfolded` must have been called."""
        return self._made(index)


class Alias:
    """A `*name`, and the node that it stands for; that is known when the whole document is composed."""

    __slots__ = ("document", "end", "name", "start", "target")

    target: Node

    def __init__(self, document: Document, start: int, end: int, name: str) -> None:
        self.document = document
        self.start = document.start + start
        self.end = document.start + end
        self.name = name


Parent: TypeAlias = Mapping | Sequence
Node: TypeAlias = Scalar | Mapping | Sequence | Alias


def make(document: Document, outline: Outline) -> Node:
    """A node from its outline."""
    if type(outline) is tuple:
        return Scalar(document, outline)
    if type(outline) is list:
        return (Mapping if outline[0] else Sequence)(document, outline)
    return cast("Alias", outline)
