"""The documents of a YAML file: where each begins and ends, without parsing any that does not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from gitops_upgrader.errors import ManifestTooLarge, Where
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.compose import compose
from gitops_upgrader.manifests.node import Alias, Node, Parent, Scalar
from gitops_upgrader.manifests.source import Embedded, Opaque, Source

MAX_DOCUMENTS: Final = 100_000
"""How many documents are read of one file; the largest that is read has no room for so many objects."""

MAX_TEXT: Final = 1024 * 1024
"""The longest text in a text that is read as YAML, in characters; Kubernetes takes no object that is larger."""

_TEXT_DEPTH: Final = 10
"""How many levels of nesting a text in a text counts for, as all of it is read once more for each."""

# YAML 1.2.2, 9.1.2: at the start of a line these are markers everywhere, inside quotes and block scalars too.
_MARKER: Final = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# A line that is more than white space, a comment or a directive.
_CONTENT: Final = re.compile(r"^(?!%)[^\S\n]*[^\s#]", re.MULTILINE)
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Document:
    """One document of a `Source`, from `start` to `end` in characters, its marker and directives included.

    `index` counts from 0. `holder` is the scalar that the text stands in, for embedded documents, and `depth` how deep
    that nests. `paths` remembers the ways to nodes that were asked for (`pointer.path`), and `siblings` what keeps the
    file's documents. `aliased` are the nodes of the tree that aliases stand for, each with the first of those.
    `private`: no layer of Kustomize has nodes of it, so that its tree may be forgotten when its Cluster is edited.
    """

    __slots__ = (
        "_composed",
        "_root",
        "aliased",
        "depth",
        "end",
        "holder",
        "index",
        "paths",
        "private",
        "siblings",
        "source",
        "start",
    )

    def __init__(self, source: Source, index: int, start: int, end: int) -> None:
        self.source = source
        self.index = index
        self.start = start
        self.end = end
        self.holder: Scalar | None = None
        self.depth = 0
        self.paths: dict[Node, tuple[tuple[Parent, str | int], ...]] = {}
        self.aliased: dict[Node, Alias] = {}
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
        self.aliased.clear()

    def where(self, position: int) -> Where:
        """The file, line and column of a position in the source's text."""
        line, column = self.source.place(position)
        return Where(file=self.file, line=line, column=column)


def split(source: Source) -> list[Document]:
    """The documents of a text, in order.

    What stands before the first marker belongs to the first document when it is comments or directives only; what
    stands after the last `...` belongs to none then.

    Raises:
        ManifestTooLarge: it has more than `MAX_DOCUMENTS`.
    """
    spans = list(islice(_spans(source.text), MAX_DOCUMENTS + 1))
    if len(spans) > MAX_DOCUMENTS:
        raise _too_large(source, spans[-1][0], f"The file has more than {MAX_DOCUMENTS:,} documents.")
    return [Document(source, index, start, end) for index, (start, end) in enumerate(spans)]


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

    Raises:
        ManifestTooLarge: it is longer than `MAX_TEXT`.
    """
    if scalar.style != "|":
        return None
    source = scalar.document.source
    start = source.text.find("\n", scalar.start, scalar.end) + 1
    if scalar.end - start > MAX_TEXT:
        raise _too_large(source, scalar.start, f"A text here has more than {MAX_TEXT:,} characters.")
    lines = _LINE.findall(source.text, start, scalar.end) if start else []
    inner = Embedded(source, start, lines, _indentation(lines, scalar.value))
    if inner.text.replace("\r\n", "\n").rstrip("\n") != scalar.value.rstrip("\n"):
        return None
    return _held(scalar, inner)


def opaque(scalar: Scalar) -> list[Document]:
    """The documents inside any other scalar, to be read only.

    Raises:
        ManifestTooLarge: it is longer than `MAX_TEXT`.
    """
    source = scalar.document.source
    if len(scalar.value) > MAX_TEXT:
        raise _too_large(source, scalar.start, f"A text here has more than {MAX_TEXT:,} characters.")
    return _held(scalar, Opaque(source, scalar.start, scalar.value))


def _held(scalar: Scalar, source: Source) -> list[Document]:
    """The documents of the text of a scalar, which knows how deep it stands."""
    documents = split(source)
    depth = scalar.document.depth + len(pointer.path(scalar)) + _TEXT_DEPTH
    for document in documents:
        document.holder, document.depth = scalar, depth
    return documents


def _too_large(source: Source, position: int, problem: str) -> ManifestTooLarge:
    line, column = source.place(position)
    return ManifestTooLarge(
        problem,
        where=Where(file=source.file, line=line, column=column),
        remedy="Move the Cluster to a file of its own.",
    )


def _indentation(lines: list[str], value: str) -> int:
    """How many spaces the block scalar takes off each line, by its first line that is not blank."""
    outer = next((line for line in lines if line.strip()), "")
    inner = next((line for line in value.split("\n") if line.strip()), "")
    return max(0, _spaces(outer) - _spaces(inner))


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
