"""YAML and JSON files as documents: JSON values, each of which knows its line.

Nesting is counted on the event stream before anything is composed, because libyaml's composer recurses in C and
crashes the process where nesting is deep.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gitops_upgrader.errors import UnreadableFile, UpgraderError, Where
from gitops_upgrader.stores.construction import Construction, Lines, Loader

MAX_BYTES = 10 * 1024 * 1024
"""The largest file that is read."""
MAX_NESTING = 100
"""The deepest nesting that is read."""
_PathParts = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file, or one item of a `List` in it.

    `line` is where it begins, counted from 1. `broken` holds what is wrong with its YAML itself.
    """

    file: str
    content: Any
    line: int
    _node: yaml.Node = field(repr=False, compare=False)
    _lines: Lines = field(repr=False, compare=False)
    broken: tuple[UpgraderError, ...] = ()

    def where(self, path: _PathParts = (), *, key: bool = False) -> Where:
        """The place of a field.

        Args:
            path: names and indices; where the field is missing, the place is that of the innermost one that is there.
            key: whether the place of the field's name is wanted, and not that of its value.
        """
        line, column = self._lines.position(_find(self._node, path, key=key))
        return Where(file=self.file, line=line, column=column)

    def items(self) -> tuple[Document, ...]:
        """The documents in a `List`; the document itself where it is none. Items that are merged in have its place."""
        if not _is_list(self.content):
            return (self,)
        items = self.content["items"]
        listed = _value(self._node, "items")
        nodes = listed.value if isinstance(listed, yaml.SequenceNode) else [self._node] * len(items)
        return tuple(
            Document(self.file, content, self._lines.position(node)[0], node, self._lines, self.broken)
            for content, node in zip(items, nodes, strict=True)
        )


def _is_list(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("kind"), str)
        and content["kind"].endswith("List")
        and isinstance(content.get("items"), list)
    )


def read(path: Path, shown: str) -> tuple[tuple[Document, ...], tuple[UpgraderError, ...]]:
    """The documents of a file, up to the first one that is not YAML, and what is wrong with the file.

    Args:
        path: the file.
        shown: its name for people.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return (), (UnreadableFile(f"The file cannot be read: {error.strerror}.", where=Where(file=shown)),)
    if len(data) > MAX_BYTES:
        message = "The file is larger than 10 MiB."
        return (), (UnreadableFile(message, where=Where(file=shown), remedy="Leave it out, or split it."),)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (), (UnreadableFile("The file is not UTF-8.", where=Where(file=shown, line=line)),)
    return parse(text, shown)


def parse(text: str, shown: str) -> tuple[tuple[Document, ...], tuple[UpgraderError, ...]]:
    """The documents of a text, as `read` has them."""
    text = _with_yaml_escapes(text)
    lines = Lines(text)
    documents: list[Document] = []
    try:
        _refuse_deep_nesting(text, shown, lines)
        for node in yaml.compose_all(text, Loader=Loader):
            documents.append(_document(node, shown, lines))  # noqa: PERF401 (what came before an error is kept)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = lines.at(mark.index) if mark else (None, None)
        where = Where(file=shown, line=line, column=column)
        return tuple(documents), (UnreadableFile(f"This is not YAML: {_reason(error)}.", where=where),)
    except yaml.reader.ReaderError as error:
        where = Where(file=shown, line=text.count("\n", 0, error.position) + 1)
        return tuple(documents), (UnreadableFile(f"This is not YAML: {error.reason}.", where=where),)
    except UnreadableFile as error:
        return tuple(documents), (error,)
    return tuple(documents), ()


_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)


def _with_yaml_escapes(text: str) -> str:
    """JSON with its pairs of surrogates (RFC 8259, section 7) as one escape, because YAML knows no pairs.

    Columns behind such a pair are then off by two; lines are not.
    """
    if r"\ud" not in text.lower() or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text  # no JSON, so a backslash may mean something else; or nested too deep, which is said later
    return _ESCAPE.sub(_as_yaml_escape, text)


def _as_yaml_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    high, low = int(match[1], 16) - 0xD800, int(match[2], 16) - 0xDC00
    return f"\\U{0x10000 + (high << 10) + low:08X}"


def _reason(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part) or "it cannot be parsed"


def _refuse_deep_nesting(text: str, shown: str, lines: Lines) -> None:
    """Look no further than the first syntax error: the composer stops there too, and reports it."""
    depth = 0
    with contextlib.suppress(yaml.YAMLError):
        for event in yaml.parse(text, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_NESTING:
                line, column = lines.position(event)
                where = Where(file=shown, line=line, column=column)
                raise UnreadableFile(f"The nesting is deeper than {MAX_NESTING} levels.", where=where)


def _document(node: yaml.Node, shown: str, lines: Lines) -> Document:
    construction = Construction(shown, lines)
    content = construction.value(node)
    line, _ = lines.position(node)
    return Document(shown, content, line, node, lines, tuple(construction.problems))


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _find(node: yaml.Node, path: _PathParts, *, key: bool) -> yaml.Node:
    """The node of the innermost part of a path that is there; of the last part its name, where `key` asks for that."""
    found = node
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == part), None)
            if pair is None:
                return found
            found, node = pair
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node = node.value[part]
        else:
            return found
    return found if key else node
