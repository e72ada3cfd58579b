"""Text for values that are absent: after their siblings, with the file's own indentation, list style and quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.scalar import render_string, value_start
from gitops_upgrader.model import Json

_WIDTH: Final = 2  # spaces of one level where the document itself shows none


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is written: `step` is one level of mappings, `dash` how far a list stands in from its key.

    `gap` is the distance from a dash to its text; `quotes` are those of names and of values in lists of variables.
    """

    step: int = _WIDTH
    dash: int = _WIDTH
    gap: int = 2
    quotes: tuple[str, str] = ("", "")


def insert(parent: Mapping | Sequence, new: Json) -> tuple[int, str]:
    """Where to put new entries (an object for a mapping, a list for a sequence), and the text to put there."""
    if parent.flow:
        return _insert_flow(parent, new)
    style = _style(parent)
    column = _column(parent, value_start(parent))
    position = _line_end(parent)
    newline = "\r\n" if "\r\n" in parent.document.text else "\n"
    return position, "".join(newline + line for line in _block(new, column, style))


def _block(new: Json, column: int, style: Style) -> Iterator[str]:
    """The lines of a value, at a column."""
    pad = " " * column
    if isinstance(new, dict) and new:
        for name, value in new.items():
            yield from _entry(name, value, column, style)
    elif isinstance(new, list) and new:
        for item in new:
            first, *rest = _block(item, column + style.gap, style)
            yield f"{pad}{'-'.ljust(style.gap)}{first.lstrip(' ')}"
            yield from rest
    else:
        yield pad + _scalar(new, "")


def _entry(name: str, value: Json, column: int, style: Style) -> Iterator[str]:
    head = f"{' ' * column}{render_string(name)}:"
    if isinstance(value, (dict, list)) and value:
        yield head
        yield from _block(value, column + (style.dash if isinstance(value, list) else style.step), style)
    else:
        yield f"{head} {_scalar(value, style.quotes[name == 'value'])}"


def _scalar(new: Json, quote: str) -> str:
    return render_string(new, quote=quote) if isinstance(new, str) else json.dumps(new)


def _style(parent: Mapping | Sequence) -> Style:
    """What the rest of the document does; the parent's own items come first."""
    step = dash = None
    for mapping in _mappings(parent.document.root):
        column = _column(mapping, value_start(mapping))
        for value in mapping.values:
            if isinstance(value, (Mapping, Sequence)) and not value.flow:
                offset = _column(value, value_start(value)) - column
                if isinstance(value, Sequence):
                    dash = offset if dash is None else dash
                else:
                    step = offset if step is None else step
    gap, quotes = 2, ("", "")
    if isinstance(parent, Sequence):
        last = parent.items[-1]
        gap = max(_column(last, value_start(last)) - _column(parent, value_start(parent)), 2)
        quotes = (_quote(pointer.look(last, "name")), _quote(pointer.look(last, "value")))
    return Style(_WIDTH if step is None else step, _WIDTH if dash is None else dash, gap, quotes)


def _mappings(node: Node | None) -> Iterator[Mapping]:
    """The block mappings of a document, outermost first."""
    if isinstance(node, Mapping) and not node.flow:
        yield node
    for _, value in pointer.children(node):
        yield from _mappings(value)


def _quote(node: Node | None) -> str:
    return node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""


def _column(node: Node, position: int) -> int:
    """The column of a position, from 0."""
    text = node.document.source.text
    return position - text.rfind("\n", 0, position) - 1


def _line_end(node: Node) -> int:
    """The end of the last line that belongs to a node: of its last value, or of a comment that is indented under it."""
    text = node.document.source.text
    end = _last_line(node)
    column = _column(node, value_start(node))
    for line in text[end : node.document.end].split("\n")[1:]:
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= column:
            break
        end = text.index(line, end) + len(line.removesuffix("\r"))
    return end


def _last_line(node: Node) -> int:
    text = node.document.source.text
    last = _last(node)
    end = last.end
    if isinstance(last, Scalar) and last.style in {"|", ">"}:
        header = text[value_start(last) : text.find("\n", last.start) + 1].split("#")[0]
        content = text[last.start : end]
        # With `+` the blank lines after a block scalar are its own; without, they are nobody's.
        kept = content.removesuffix("\n") if "+" in header else content.rstrip()
        return last.start + len(kept.removesuffix("\r"))
    line_end = text.find("\n", end, node.document.end)
    line_end = node.document.end if line_end < 0 else line_end
    return line_end - text[:line_end].endswith("\r")


def _last(node: Node) -> Node:
    """The last scalar, alias or flow collection in a node."""
    while isinstance(node, (Mapping, Sequence)) and not node.flow:
        node = node.values[-1] if isinstance(node, Mapping) else node.items[-1]
    return node


def _insert_flow(parent: Mapping | Sequence, new: Json) -> tuple[int, str]:
    text = parent.document.source.text
    members = [value for _, value in pointer.children(parent)]
    # Only text that has no space after any comma or colon is minified.
    separators = (", ", ": ") if re.search(r"[,:]\s", parent.document.text) else (",", ":")
    body = _flow(new, separators, bare=not _is_json(parent))[1:-1]
    if not members:
        return parent.end - 1, body
    last = members[-1]
    first, start = members[0].start, last.start
    if isinstance(parent, Mapping):
        first, start = _key_start(parent, 0), _key_start(parent, len(members) - 1)
    lead = text[text.rfind("\n", 0, start) + 1 : start]
    if "\n" not in text[value_start(parent) : first] or lead.strip():
        return last.end, separators[0] + body
    newline = "\r\n" if "\r\n" in text else "\n"
    step = lead[len(_lead(text, parent.start)) :] or " " * _WIDTH
    lines = json.dumps(new, ensure_ascii=False, indent=step).split("\n")[1:-1]
    return last.end, "," + "".join(f"{newline}{lead[: len(lead) - len(step)]}{line}" for line in lines)


def _key_start(parent: Mapping, index: int) -> int:
    """Where a key begins, with its quotes."""
    start = parent.key_start(index)
    return start - (parent.document.source.text[start - 1 : start] in {'"', "'"})


def _lead(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip())]


def _is_json(node: Node) -> bool:
    """Whether the keys around are written in double quotes, as JSON has them."""
    around = [node, *(parent for parent, _ in pointer.path(node))]
    mappings = [parent for parent in around if isinstance(parent, Mapping) and parent.keys]
    return any(parent.document.source.text[_key_start(parent, 0)] == '"' for parent in mappings)


def _flow(new: Json, separators: tuple[str, str], *, bare: bool) -> str:
    """JSON, or the same without the quotes that YAML does not need."""
    comma, colon = separators
    if isinstance(new, dict):
        pairs = [
            f"{_flow(key, separators, bare=bare)}{colon}{_flow(value, separators, bare=bare)}"
            for key, value in new.items()
        ]
        return "{" + comma.join(pairs) + "}"
    if isinstance(new, list):
        return "[" + comma.join(_flow(value, separators, bare=bare) for value in new) + "]"
    return render_string(new, flow=True) if bare and isinstance(new, str) else json.dumps(new, ensure_ascii=False)
