"""YAML as a tree that knows where each node stands.

PyYAML's own nodes are not used: they unfold aliases into the nodes that they name, and lose where a value begins after
its tag and anchor. Of most documents only the way to a few values is looked at, so `compose` leaves an outline, and a
node is made from its part of it when somebody comes to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from gitops_upgrader.manifests.document import Document

ScalarOutline: TypeAlias = tuple[str, int, int, str | None, str | None, str | None]
"""A scalar's value, start, end, style, tag and anchor. A key that is a scalar without an anchor is its text alone."""

Outline: TypeAlias = "ScalarOutline | list[Any] | Alias"
"""A node that is not made yet. The list of a collection begins with `HEADER` and ends with its end."""

HEADER: Final = 5
"""How many items come before a collection's members: whether it is a mapping, its start, flow, tag and anchor."""

_STRING_TAG: Final = "tag:yaml.org,2002:str"


class Scalar:
    """A scalar. `style` is empty (plain), `'`, `"`, `|` or `>`; `start` is before an anchor and a tag."""

    __slots__ = ("anchor", "document", "end", "parent", "start", "style", "tag", "value")

    def __init__(self, document: Document, parent: Collection | None, outline: ScalarOutline) -> None:
        self.document = document
        self.parent = parent
        self.value, self.start, self.end, style, self.tag, self.anchor = outline
        self.style = style or ""

    @property
    def is_text(self) -> bool:
        """Whether quotes or a tag make it a string, whatever it looks like."""
        return bool(self.style) or self.tag == _STRING_TAG


class Collection:
    """A mapping or a sequence. The `end` of one in block style is where the next token starts.

    `parent` is the collection that it stands in, here and in the other nodes.
    """

    __slots__ = ("_outline", "anchor", "document", "end", "flow", "parent", "start", "tag")

    start: int
    flow: bool
    tag: str | None
    anchor: str | None

    def __init__(self, document: Document, parent: Collection | None, outline: list[Any]) -> None:
        self.document = document
        self.parent = parent
        self._outline: list[Any] | None = outline
        _, self.start, self.flow, self.tag, self.anchor = outline[:HEADER]
        self.end: int = outline[-1]

    def _unfold(self) -> list[Any]:
        """What the outline has of the members, which is needed once."""
        outline, self._outline = self._outline, None
        return outline[HEADER:-1] if outline is not None else []


class Mapping(Collection):
    """A mapping: `keys` and `values` in order, duplicates kept.

    A key is the text of its scalar; one that is no scalar is empty. Those that are more than a text stand in `complex`.
    """

    __slots__ = ("_complex", "_keys", "_values")

    @property
    def keys(self) -> list[str]:
        """The texts of the keys."""
        if self._outline is not None:
            self._make()
        return self._keys

    @property
    def values(self) -> list[Node]:
        """The values, in the order of the keys."""
        if self._outline is not None:
            self._make()
        return self._values

    @property
    def complex(self) -> list[Node]:
        """The keys that are no scalars, or have an anchor."""
        if self._outline is not None:
            self._make()
        return self._complex

    def _make(self) -> None:
        document, members = self.document, self._unfold()
        keys = members[::2]
        self._values: list[Node] = [make(document, self, member) for member in members[1::2]]
        self._complex: list[Node] = []
        for index, key in enumerate(keys):
            if type(key) is not str:
                node = make(document, self, key)
                self._complex.append(node)
                keys[index] = node.value if isinstance(node, Scalar) else ""
        self._keys: list[str] = keys

    def key_start(self, index: int) -> int:
        """Where the text of a key begins: right before its value."""
        since = self.values[index - 1].end if index else self.start
        found = self.document.source.text.rfind(self.keys[index], since, self.values[index].start)
        return self.values[index].start if found < 0 else found


class Sequence(Collection):
    """A sequence."""

    __slots__ = ("_items",)

    @property
    def items(self) -> list[Node]:
        """The values."""
        if self._outline is not None:
            self._items: list[Node] = [make(self.document, self, member) for member in self._unfold()]
        return self._items


class Alias:
    """A `*name`, and the node that it stands for; that is known when the whole document is composed."""

    __slots__ = ("document", "end", "name", "parent", "start", "target")

    target: Node

    def __init__(self, document: Document, start: int, end: int, name: str) -> None:
        self.document = document
        self.parent: Collection | None = None
        self.start = start
        self.end = end
        self.name = name


Node: TypeAlias = Scalar | Mapping | Sequence | Alias


def make(document: Document, parent: Collection | None, outline: Outline) -> Node:
    """A node from its outline."""
    if type(outline) is tuple:
        return Scalar(document, parent, outline)
    if type(outline) is list:
        return (Mapping if outline[0] else Sequence)(document, parent, outline)
    alias: Any = outline
    alias.parent = parent
    made: Alias = alias
    return made
