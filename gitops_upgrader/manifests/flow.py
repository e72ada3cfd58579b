"""Text for values that are absent from flow collections (`[]`, `{}`, JSON), on one line or on several as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.scalar import render_string, span, value_start
from gitops_upgrader.model import Json

_WIDTH: Final = "  "  # one level where the collection itself shows none
_TAIL: Final = re.compile(r"(?:[ \t]*(,))?([ \t]+#[^\r\n]*)?")
"""What follows the last member on its line: a comma, a comment, both or neither."""


class Text(NamedTuple):
    """What takes the place of a source's characters from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """How flow collections are written.

    `quotes` are those of names and of values in lists of variables, where `bare` says that not all texts have double
    ones. `step` is one level of indentation; None: everything stands on one line.
    """

    comma: str
    colon: str
    bare: bool
    quotes: tuple[str, str]
    newline: str
    step: str | None = None


def insert(parent: Mapping | Sequence, new: list[Json]) -> Iterator[Text]:
    """The text for each of some new entries (an object for a mapping, a list for a sequence), in order."""
    members = [value for _, value in pointer.children(parent)]
    if not members:
        yield from (_fill(parent, value) for value in new)
        return
    text, last, style = parent.document.source.text, members[-1], _style(parent)
    start = _key_start(parent, len(members) - 1) if isinstance(parent, Mapping) else last.start
    first = _key_start(parent, 0) if isinstance(parent, Mapping) else members[0].start
    lead = text[text.rfind("\n", 0, start) + 1 : start]
    tail = _TAIL.match(text, last.end)
    comma, comment = tail.groups() if tail else (None, None)
    if lead.strip() or ("\n" not in text[value_start(parent) : first] and not comment):
        for value in new:
            yield Text(last.end, last.end, style.comma + _render(value, style)[1:-1])
        return
    outer = _lead(text, parent.start)
    inner = "," if comma else ""
    begin = tail.end(1) if tail and comma else last.end
    end = tail.end() if tail and comment else begin
    for value in new:
        body = _members(value, _spread(parent, last, style, lead[len(outer) :] or _WIDTH), lead)
        before = text[begin:end]
        yield Text(begin, end, f"{'' if comma else ','}{before}{style.newline}{lead}{body}{inner}")
        begin = end


def replace_null(node: Scalar, new: Json) -> Text:
    """The text that makes a collection of a null."""
    start, end = span(node)
    gap = " " if node.document.source.text.endswith(":", 0, start) else ""
    return Text(start, end, gap + _render(new, _style(node)))


def quotes(item: Node) -> tuple[str, str]:
    """The quotes of the name and of the value of a variable."""
    found = (pointer.look(item, "name"), pointer.look(item, "value"))
    name, value = (node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else "" for node in found)
    return name, value


def _fill(parent: Mapping | Sequence, new: Json) -> Text:
    """The text between the brackets of an empty collection; comments may stand there."""
    text, style = parent.document.source.text, _style(parent)
    body = _render(new, style)[1:-1]
    position = text.rfind("\n", value_start(parent), parent.end)
    if position < 0:
        return Text(parent.end - 1, parent.end - 1, body)
    position -= text.endswith("\r", 0, position)
    # YAML 1.2.2, 7.4: what is in flow style stands further in than the block around it, here behind dashes.
    outer = re.sub(r"\S", " ", _lead(text, parent.start, r"[ \t]*(?:- +)*"))
    return Text(position, position, f"{style.newline}{outer}{_WIDTH}{body}")


def _style(node: Node) -> Style:
    text = node.document.text
    # Only text that has no space after any comma or colon is minified.
    comma, colon = (", ", ": ") if re.search(r"[,:]\s", text) else (",", ":")
    last = node.items[-1] if isinstance(node, Sequence) and node.items else None
    return Style(
        comma=comma,
        colon=colon,
        bare=not _is_json(node),
        quotes=quotes(last) if last is not None else ("", ""),
        newline="\r\n" if "\r\n" in text else "\n",
    )


def _spread(parent: Mapping | Sequence, last: Node, style: Style, step: str) -> Style:
    """The style of a new member on a line of its own: spread over several where the last item is, or as JSON is."""
    text = parent.document.source.text
    spread = not style.bare if isinstance(parent, Mapping) else "\n" in text[last.start : last.end]
    return Style(style.comma, style.colon, style.bare, style.quotes, style.newline, step if spread else None)


def _members(new: Json, style: Style, lead: str) -> str:
    """The members of a new collection, for lines that are indented by `lead`."""
    if style.step is None:
        return _render(new, style)[1:-1]
    return _render(new, style, lead.removesuffix(style.step))[1:-1].strip()


def _render(new: Json, style: Style, lead: str = "", quote: str = "") -> str:
    """JSON, or the same without the quotes that YAML does not need."""
    if not isinstance(new, (dict, list)):
        if isinstance(new, str) and style.bare:
            return render_string(new, flow=True, quote=quote)
        return json.dumps(new, ensure_ascii=False)
    inner = lead + (style.step or "")
    if isinstance(new, dict):
        around = "{}"
        values = {key: _render(value, style, inner, style.quotes[key == "value"]) for key, value in new.items()}
        parts = [f"{_render(key, style)}{style.colon}{value}" for key, value in values.items()]
    else:
        around, parts = "[]", [_render(value, style, inner) for value in new]
    if style.step is None or not parts:
        return around[0] + style.comma.join(parts) + around[1]
    line = style.newline + inner
    return f"{around[0]}{line}{f',{line}'.join(parts)}{style.newline}{lead}{around[1]}"


def _key_start(parent: Mapping, index: int) -> int:
    """Where a key begins, with its quotes."""
    start = parent.key_start(index)
    return start - (parent.document.source.text[start - 1 : start] in {'"', "'"})


def _lead(text: str, position: int, pattern: str = r"\s*") -> str:
    """What a line begins with."""
    found = re.match(pattern, text[text.rfind("\n", 0, position) + 1 : position])
    return found[0] if found else ""


def _is_json(node: Node) -> bool:
    """Whether the keys around, or of the last item, are written in double quotes, as JSON has them."""
    items = node.items[-1:] if isinstance(node, Sequence) else []
    around = [*items, node, *(parent for parent, _ in pointer.path(node))]
    mappings = [parent for parent in around if isinstance(parent, Mapping) and parent.keys]
    return any(parent.document.source.text[_key_start(parent, 0)] == '"' for parent in mappings)
