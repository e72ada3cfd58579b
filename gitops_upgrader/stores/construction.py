"""JSON values from composed YAML, as kubectl would send them (sigs.k8s.io/yaml): no dates, keys as strings."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from typing import Any, Final

import yaml

from gitops_upgrader.errors import DuplicateField, UnreadableFile, UpgraderError, Where

MAX_ALIASED = 100_000
"""How many values a document's aliases may stand for, so that a small file cannot fill the memory."""

_TAG: Final = "tag:yaml.org,2002:"


class Loader(yaml.CSafeLoader):
    """libyaml's parser with the plain scalars of sigs.k8s.io/yaml: no dates, no base 60, `=` is a text."""


Loader.yaml_implicit_resolvers = {}

for _kind, _pattern, _first in (
    ("bool", r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    ("int", r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


class Lines:
    """Line ends of a text. Only `\\n` ends a line, as in every editor; libyaml would count U+2028 and others too."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, node: yaml.Node | yaml.Event) -> tuple[int, int]:
        """Line and column of a node's or event's beginning, counted from 1."""
        return self.at(node.start_mark.index if node.start_mark is not None else 0)

    def at(self, index: int) -> tuple[int, int]:
        """Line and column of the character at an index."""
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


class Construction:
    """Makes a JSON value of a document's nodes, and keeps what is wrong on the way."""

    def __init__(self, shown: str, lines: Lines) -> None:
        self.problems: list[UpgraderError] = []
        self._shown = shown
        self._lines = lines
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._aliased = 0

    def value(self, node: yaml.Node) -> Any:
        """The JSON value of a node.

        Raises:
            UnreadableFile: an alias that holds itself, or aliases that stand for too much.
        """
        if isinstance(node, yaml.ScalarNode):
            self._count(node)
            return self._scalar(node)
        if id(node) in self._open:
            raise UnreadableFile("This alias stands for something that holds itself.", where=self._where(node))
        self._count(node)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item) for item in node.value]
            return self._mapping(node) if isinstance(node, yaml.MappingNode) else None
        finally:
            self._open.discard(id(node))

    def _count(self, node: yaml.Node) -> None:
        if id(node) in self._seen:
            self._aliased += 1
            if self._aliased > MAX_ALIASED:
                raise UnreadableFile("The aliases of this document stand for too much.", where=self._where(node))
        self._seen.add(id(node))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.MappingNode] = []
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                merged += self._to_merge(value_node)
                continue
            key = self._key(key_node)
            if key in result:
                message = f"The key {key!r} is here twice."
                self.problems.append(
                    DuplicateField(message, where=self._where(key_node), remedy="Remove one of the two.")
                )
            result[key] = self.value(value_node)
        for other in merged:
            result = {**self.value(other), **result}
        return result

    def _to_merge(self, node: yaml.Node) -> list[yaml.MappingNode]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(item, yaml.MappingNode) for item in nodes):
            self.problems.append(UnreadableFile("`<<` merges mappings only.", where=self._where(node)))
            return []
        return list(nodes)

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.problems.append(UnreadableFile("A key must be a plain text.", where=self._where(node)))
            return ""
        value = self._scalar(node)
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, int) else str(node.value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in {"yes", "true", "on"}
            case "int":
                return self._number(node, _integer)
            case "float":
                return self._number(node, _real)
        self.problems.append(UnreadableFile(f"The tag {node.tag!r} has no meaning here.", where=self._where(node)))
        return text

    def _number(self, node: yaml.ScalarNode, convert: Callable[[str], float]) -> Any:
        try:
            return convert(node.value)
        except ValueError:
            self.problems.append(UnreadableFile("This is no number that JSON has.", where=self._where(node)))
            return None

    def _where(self, node: yaml.Node) -> Where:
        line, column = self._lines.position(node)
        return Where(file=self._shown, line=line, column=column)


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if re.fullmatch(r"[-+]?0[0-7]+", digits):
        return int(digits, 8)
    return int(digits, 0)


def _real(text: str) -> float:
    if text.lower().lstrip("+-") in {".inf", ".nan"}:
        raise ValueError(text)
    return float(text)
