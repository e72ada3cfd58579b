"""The text of a file, and of text inside it: from places in characters to places in bytes, lines and columns."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple, Protocol

from gitops_upgrader.errors import ManifestTooLarge, NotUtf8, Where

MAX_BYTES: Final = 10 * 1024 * 1024
"""The largest file that is read as a manifest, in bytes."""

_STRIDE: Final = 16 * 1024
"""Characters between two milestones of a file. Few files have more than one."""

BOM: Final = b"\xef\xbb\xbf"
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""How files begin that some programs of Windows write."""


class Source(Protocol):
    """Text that YAML is read from. Positions in `text` count characters from 0."""

    @property
    def file(self) -> str:
        """The path of the file that holds the text, from the root."""

    @property
    def data(self) -> bytes:
        """The bytes of the whole file."""

    @property
    def text(self) -> str:
        """The text, without a byte order mark."""

    @property
    def indent(self) -> int:
        """How many spaces the file has before each line of the text."""

    def byte(self, position: int) -> int:
        """The offset in the file's bytes."""

    def place(self, position: int) -> tuple[int, int]:
        """The line and the column (in characters) in the file, both from 1."""


class File:
    """A whole file.

    Raises:
        ManifestTooLarge: it has more than `MAX_BYTES`.
        NotUtf8: it is not UTF-8 (YAML would allow UTF-16; Git, Flux and people's tools do not expect it).
    """

    __slots__ = ("_ascii", "_milestones", "_shift", "data", "file", "indent", "text")

    def __init__(self, file: str, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise ManifestTooLarge(
                f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are read.",
                where=Where(file=file),
                remedy="Move the Cluster to a file of its own.",
            )
        self.file = file
        self.data = data
        self.indent = 0
        self._shift = len(BOM) if data.startswith(BOM) else 0
        try:
            self.text = data[self._shift :].decode()
        except UnicodeDecodeError as error:
            byte = f"Byte {data[error.start + self._shift]:#04x} is not UTF-8."
            raise NotUtf8(
                "The file is UTF-16, by its first bytes." if data.startswith(UTF_16) else byte,
                where=Where(file=file, line=data.count(b"\n", 0, error.start + self._shift) + 1),
                remedy="Save the file as UTF-8.",
            ) from error
        self._ascii = len(self.text) + self._shift == len(data)
        self._milestones: list[_Milestone] = []

    def byte(self, position: int) -> int:
        """The offset in the file's bytes, byte order mark included."""
        if self._ascii:
            return self._shift + position
        near = self._near(position)
        return near.byte + len(self.text[near.position : position].encode())

    def place(self, position: int) -> tuple[int, int]:
        """Line and column from 1. Lines end with `\\n` alone, as in editors and `git`, not as in libyaml."""
        if len(self.text) <= _STRIDE:
            return self.text.count("\n", 0, position) + 1, position - self.text.rfind("\n", 0, position)
        near = self._near(position)
        line = near.line + self.text.count("\n", near.position, position)
        return line, position - self.text.rfind("\n", 0, position)

    def _near(self, position: int) -> _Milestone:
        """The last milestone before a position: to count from the beginning takes long where places are many."""
        if not self._milestones:
            self._milestones = list(_milestones(self.text, self._shift))
        index = bisect_right(self._milestones, position, key=itemgetter(1)) - 1
        return self._milestones[index]


class _Milestone(NamedTuple):
    """The start of a line: its number, its position in the text, its offset in the bytes."""

    line: int
    position: int
    byte: int


def _milestones(text: str, shift: int) -> Iterator[_Milestone]:
    """The beginning of a text, and the first line after each stride."""
    line, start, byte = 1, 0, shift
    while True:
        yield _Milestone(line, start, byte)
        end = text.find("\n", start + _STRIDE) + 1
        if not end:
            return
        line += text.count("\n", start, end)
        byte += len(text[start:end].encode())
        start = end


class Embedded:
    """YAML inside a literal block scalar: the lines of the outer text without their indentation."""

    __slots__ = ("_inner", "_outer", "_parent", "file", "indent", "text")

    def __init__(self, parent: Source, start: int, lines: Iterable[str], indent: int) -> None:
        """`start` is where the lines begin in the parent's text; they have their line ends, and what is cut off."""
        self._parent = parent
        self.file = parent.file
        self.indent = parent.indent + indent
        self._outer, self._inner = array("l"), array("l")  # where each line begins
        pieces, position = [], 0
        for line in lines:
            cut = min(indent, len(line) - len(line.lstrip(" ")))
            self._outer.append(start + cut)
            self._inner.append(position)
            pieces.append(line[cut:])
            start += len(line)
            position += len(line) - cut
        self.text = "".join(pieces)

    @property
    def data(self) -> bytes:
        """The bytes of the whole file."""
        return self._parent.data

    def _position(self, position: int) -> int:
        line = bisect_right(self._inner, position) - 1
        return self._outer[line] + position - self._inner[line]

    def byte(self, position: int) -> int:
        """The offset in the file's bytes."""
        return self._parent.byte(self._position(position))

    def place(self, position: int) -> tuple[int, int]:
        """Line and column in the file, both from 1."""
        return self._parent.place(self._position(position))


class Opaque:
    """YAML inside a quoted or folded text: it can be read, but its lines are not lines of the file.

    All of its positions are where the text begins.
    """

    __slots__ = ("_parent", "_start", "file", "indent", "text")

    def __init__(self, parent: Source, start: int, text: str) -> None:
        self._parent = parent
        self._start = start
        self.file = parent.file
        self.indent = parent.indent
        self.text = text

    @property
    def data(self) -> bytes:
        """The bytes of the whole file."""
        return self._parent.data

    def byte(self, position: int) -> int:
        """The offset in the file's bytes at which the text begins."""
        return self._parent.byte(self._start)

    def place(self, position: int) -> tuple[int, int]:
        """The line and column at which the text begins."""
        return self._parent.place(self._start)
