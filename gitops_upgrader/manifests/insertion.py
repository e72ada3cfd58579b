"""Text for values that are absent: after their siblings, with the file's own indentation, list style and quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.manifests import flow, pointer
from gitops_upgrader.manifests.flow import Text
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


def insert(parent: Mapping | Sequence | Scalar, new: list[Json]) -> Iterator[Text]:
    """The text for each of some new entries (an object for a mapping, a list for a sequence), in order.

    A scalar is a null, which one of them takes the place of.
    """
    if isinstance(parent, Scalar):
        yield from (_replace_null(parent, value) for value in new)
    elif parent.flow:
        yield from flow.insert(parent, new)
    else:
        style = _style(parent)
        column = _column(parent, value_start(parent))
        position = _line_end(parent)
        for value in new:
            yield Text(position, position, _lines(parent, _block(value, column, style)))


def _replace_null(node: Scalar, new: Json) -> Text:
    """Below the key where there is only the key, in the place of the word where there is one."""
    around, _ = pointer.path(node)[-1]
    if around.flow or node.value:
        return flow.replace_null(node, new)
    style = _style(around)
    column = _column(around, value_start(around)) + (style.dash if isinstance(new, list) else style.step)
    position = _end_of_line(node)
    return Text(position, position, _lines(node, _block(new, column, style)))


def _lines(node: Node, lines: Iterator[str]) -> str:
    newline = "\r\n" if "\r\n" in node.document.text else "\n"
    return "".join(newline + line for line in lines)


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
        quotes = flow.quotes(last)
    return Style(_WIDTH if step is None else step, _WIDTH if dash is None else dash, gap, quotes)


def _mappings(node: Node | None) -> Iterator[Mapping]:
    """The block mappings of a document, outermost first."""
    if isinstance(node, Mapping) and not node.flow:
        yield node
    for _, value in pointer.children(node):
        yield from _mappings(value)


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
    return _end_of_line(last)


def _end_of_line(node: Node) -> int:
    text = node.document.source.text
    line_end = text.find("\n", node.end, node.document.end)
    line_end = node.document.end if line_end < 0 else line_end
    return line_end - text.endswith("\r", node.end, line_end)


def _last(node: Node) -> Node:
    """The last scalar, alias or flow collection in a node."""
    while isinstance(node, (Mapping, Sequence)) and not node.flow:
        node = node.values[-1] if isinstance(node, Mapping) else node.items[-1]
    return node
