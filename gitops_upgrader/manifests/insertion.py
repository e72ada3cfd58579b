"""Text for values that are absent: after their siblings, with the file's own indentation, list style and quotes."""

from __future__ import annotations

import json
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
        for _, value in mapping.entries:
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
    """The end of the line on which the last value in a node ends; before the line end."""
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
        node = node.entries[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return node


def _insert_flow(parent: Mapping | Sequence, new: Json) -> tuple[int, str]:
    members = [value for _, value in pointer.children(parent)]
    text = parent.document.source.text
    bare = not _is_json(parent)
    if not members:
        body = _flow(new, bare)[1:-1]
        return parent.end - 1, body
    last = members[-1]
    first = parent.entries[0][0] if isinstance(parent, Mapping) else members[0]
    start = parent.entries[-1][0].start if isinstance(parent, Mapping) else last.start
    lead = text[text.rfind("\n", 0, start) + 1 : start]
    if "\n" not in text[value_start(parent) : first.start] or lead.strip():
        return last.end, ", " + _flow(new, bare)[1:-1]
    newline = "\r\n" if "\r\n" in text else "\n"
    step = lead[len(_lead(text, parent.start)) :] or " " * _WIDTH
    lines = json.dumps(new, ensure_ascii=False, indent=step).split("\n")[1:-1]
    shift = len(lead) - len(step)
    return last.end, "," + "".join(f"{newline}{lead[:shift]}{line}" for line in lines)


def _lead(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip())]


def _is_json(node: Node) -> bool:
    """Whether the keys around are written in double quotes, as JSON has them."""
    outer = [parent for parent, _ in pointer.path(node)]
    return any(
        isinstance(parent, Mapping)
        and parent.entries
        and isinstance(parent.entries[0][0], Scalar)
        and parent.entries[0][0].style == '"'
        for parent in (node, *outer)
    )


def _flow(new: Json, bare: bool) -> str:
    """JSON, or the same with keys bare as people write them in YAML."""
    if bare and isinstance(new, dict):
        return (
            "{"
            + ", ".join(f"{render_string(name, flow=False)}: {_flow(value, bare)}" for name, value in new.items())
            + "}"
        )
    if isinstance(new, list):
        return "[" + ", ".join(_flow(value, bare) for value in new) + "]"
    return json.dumps(new, ensure_ascii=False)
