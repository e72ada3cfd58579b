"""The documents of a YAML file: where each begins and ends, without parsing any that does not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gitops_upgrader.errors import Where
from gitops_upgrader.manifests.compose import compose
from gitops_upgrader.manifests.node import Node, Parent, Scalar
from gitops_upgrader.manifests.source import Embedded, Opaque, Source

# YAML 1.2.2, 9.1.2: at the start of a line these are markers everywhere, inside quotes and block scalars too.
_MARKER: Final = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# A line that is more than white space, a comment or a directive.
_CONTENT: Final = re.compile(r"^(?!%)[^\S\n]*[^\s#]", re.MULTILINE)
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Document:
    """One document of a `Source`, from `start` to `end` in characters, its marker and directives included.

    `index` counts from 0. `holder` is the block scalar that the text stands in, for embedded documents. `paths`
    remembers the ways to nodes that were asked for (`pointer.path`), `siblings` what keeps the file's documents.
    `private`: no layer of Kustomize has nodes of it, so that its tree may be forgotten when its Cluster is edited.
    """

    __slots__ = ("_composed", "_root", "end", "holder", "index", "paths", "private", "siblings", "source", "start")

    def __init__(self, source: Source, index: int, start: int, end: int, holder: Scalar | None = None) -> None:
        self.source = source
        self.index = index
        self.start = start
        self.end = end
        self.holder = holder
        self.paths: dict[Node, tuple[tuple[Parent, str | int], ...]] = {}
        self.siblings: object = None
        self.private = False
        self._root: Node | None = None
        self._composed = False

    @property
    def file(self) -> str:
        """The path of the file."""
        return self.source.file

    @property
    def text(self) -> str:
        """The document's own text."""
        return self.source.text[self.start : self.end]

    @property
    def root(self) -> Node | None:
        """The root node, composed when it is asked for first; None in a document of comments alone.

        Raises:
            UnreadableManifest, NestedTooDeep, AliasBomb: as `compose`.
        """
        if not self._composed:
            self._root = compose(self)
            self._composed = True
        return self._root

    def forget(self) -> None:
        """Let go of the tree, so that it takes no memory; it is composed anew when it is asked for again.

        Only for who knows that nobody holds one of its nodes: those would not be in the new tree.
        """
        self._root, self._composed = None, False
        self.paths.clear()

    def where(self, position: int) -> Where:
        """The file, line and column of a position in the source's text."""
        line, column = self.source.place(position)
        return Where(file=self.file, line=line, column=column)


def split(source: Source) -> list[Document]:
    """The documents of a text, in order.

    What stands before the first marker belongs to the first document when it is comments or directives only; what
    stands after the last `...` belongs to none then.
    """
    return [Document(source, index, start, end) for index, (start, end) in enumerate(_spans(source.text))]


def count(text: str) -> int:
    """How many documents a text has."""
    return sum(1 for _ in _spans(text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    if "---" not in text and "..." not in text:
        if _CONTENT.search(text):
            yield 0, len(text)
        return
    start, explicit = 0, False
    for match in _MARKER.finditer(text):
        position = match.start()
        filled = explicit or _CONTENT.search(text, start, position)
        if match.group() == "---":
            if filled:
                yield start, position
                start = position
            explicit = True
        else:
            line_end = text.find("\n", position)
            after = len(text) if line_end < 0 else line_end + 1
            if filled:
                yield start, after
            start, explicit = after, False
    if explicit or _CONTENT.search(text, start):
        yield start, len(text)


def embedded(scalar: Scalar) -> list[Document] | None:
    """The documents inside a literal block scalar; None where the node is another one, or not what it looks like.

    The lines are taken from the file, because the scalar's value has lost its line ends and indentation.
    """
    if scalar.style != "|":
        return None
    source = scalar.document.source
    header = source.text.find("\n", scalar.start, scalar.end)
    position, lines = header + 1, []
    for line in _LINE.findall(source.text, position, scalar.end) if header >= 0 else ():
        lines.append((position, line))
        position += len(line)
    indent = _indentation([line for _, line in lines], scalar.value)
    inner = [(position + cut, line[cut:]) for position, line in lines for cut in (_cut(line, indent),)]
    if "".join(line for _, line in inner).replace("\r\n", "\n").rstrip("\n") != scalar.value.rstrip("\n"):
        return None
    documents = split(Embedded(source, inner, indent))
    for document in documents:
        document.holder = scalar
    return documents


def opaque(scalar: Scalar) -> list[Document]:
    """The documents inside any other scalar, to be read only."""
    documents = split(Opaque(scalar.document.source, scalar.start, scalar.value))
    for document in documents:
        document.holder = scalar
    return documents


def _indentation(lines: list[str], value: str) -> int:
    """How many spaces the block scalar takes off each line, by its first line that is not blank."""
    outer = next((line for line in lines if line.strip()), "")
    inner = next((line for line in value.split("\n") if line.strip()), "")
    return max(0, _spaces(outer) - _spaces(inner))


def _cut(line: str, indent: int) -> int:
    return min(indent, _spaces(line))


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
