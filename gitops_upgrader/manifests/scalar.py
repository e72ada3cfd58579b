"""Reading and writing one scalar: quotes stay, types stay, and what needs quotes gets them."""

from __future__ import annotations

import json
import re
from typing import Final

from gitops_upgrader.errors import TypeChange, UnwritableValue
from gitops_upgrader.manifests.node import Node, Scalar
from gitops_upgrader.model import Json

_CORE: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_OTHER_STARTS: Final = frozenset("0123456789+-.~nNtTfF")
"""The first characters of all that is no string."""
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN: Final = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})

# Read as something else than a string by YAML 1.1 (https://yaml.org/type/) or 1.2: Go's parsers mix both.
_AMBIGUOUS: Final = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?|\.inf)|\.nan"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|(y|n|yes|no|on|off|true|false|null|~|=|<<)?",
    re.IGNORECASE,
)
# Cannot be written without quotes; inside `[]` and `{}` parsers differ about more characters than YAML 1.2 names.
_INDICATOR: Final = re.compile(r"[\s,\[\]{}#&*!|>'\"%@`]|[-?:](?:\s|\Z)|---|\.\.\.|.*(?:: |:\Z| #|\s\Z)", re.DOTALL)
_FLOW_INDICATORS: Final = frozenset(",[]{}?:")
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*(?:\s+|#[^\n]*\n)*)+")


def kind(scalar: Scalar) -> str:
    """What YAML 1.2's core schema makes of a scalar: `string`, `integer`, `number`, `boolean` or `null`.

    Of tags only `!!str` is looked at; a scalar with another one is not written.
    """
    return "string" if scalar.is_text else _kind(scalar.value)


def _kind(text: str) -> str:
    """The same for a plain text."""
    if text and text[0] not in _OTHER_STARTS:
        return "string"
    if text in _NULL:
        return "null"
    if text in _BOOLEAN:
        return "boolean"
    if _INTEGER.fullmatch(text):
        return "integer"
    return "number" if _FLOAT.fullmatch(text) else "string"


def read(scalar: Scalar) -> Json:
    """The scalar as a JSON value, by YAML 1.2's core schema."""
    return scalar.value if scalar.is_text else read_plain(scalar.value)


def read_plain(text: str) -> Json:
    """The same for a plain text."""
    match _kind(text):
        case "null":
            return None
        case "boolean":
            return text.lower() == "true"
        case "integer":
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        case "number":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        case _:
            return text


def value_start(node: Node) -> int:
    """Where a node itself begins in its source, after its anchor and tag."""
    text = node.document.source.text
    if text[node.start : node.start + 1] not in {"&", "!"}:
        return node.start
    found = _PROPERTIES.match(text, node.start)
    return found.end() if found else node.start


def span(scalar: Scalar) -> tuple[int, int]:
    """Where the value itself stands in its source: without anchor and tag, and of a block scalar its one line."""
    text = scalar.document.source.text
    start = value_start(scalar)
    if scalar.style in {"|", ">"}:
        line = scalar.value.strip("\n")
        start = text.index(line, text.index("\n", start), scalar.end)
        return start, start + len(line)
    return start, scalar.end


def write(scalar: Scalar, new: Json, *, flow: bool) -> str:
    """The characters that replace `span(scalar)`, so that it reads as `new` in the style and type it has now.

    A string that looks like a number takes the place of a number as one. `flow`: it stands inside `[]` or `{}`.

    Raises:
        TypeChange: the new value has another type.
        UnwritableValue: it is no single printable line, or the scalar is of a kind that is not written.
    """
    if scalar.tag and scalar.tag not in {"!", f"{_CORE}str", f"{_CORE}int", f"{_CORE}float", f"{_CORE}bool"}:
        raise _unwritable(scalar, f"The value has the tag {scalar.tag}, which gives it a meaning of its own.")
    if isinstance(new, (dict, list)):
        raise _type_change(scalar, new)
    old = kind(scalar)
    text = new if isinstance(new, str) else json.dumps(new)
    if not text.isprintable():
        raise _unwritable(scalar, f"{text[:80]!r} is not one printable line.")
    if old == "string":
        if new is None or isinstance(new, bool):
            raise _type_change(scalar, new)
        return _write_string(scalar, text, flow=flow)
    if old == "null":
        gap = " " if scalar.start == scalar.end else ""
        return gap + (render_string(text, quote='"' if flow else "") if isinstance(new, str) else text)
    return _write_number(scalar, old, new, text)


def reads_as(scalar: Scalar, new: Json) -> Json:
    """What the scalar's value is after `write`."""
    text = new if isinstance(new, str) else json.dumps(new)
    match kind(scalar):
        case "string" if scalar.style in {"|", ">"}:
            return scalar.value.replace(scalar.value.strip("\n"), text)
        case "string":
            return text
        case "null":
            return new
        case _:
            number: Json = json.loads(text)
            return number


def render_string(text: str, *, flow: bool = False, quote: str = "") -> str:
    """A string in some quotes; with none, plain where that is safe (`flow`: inside `[]` or `{}`)."""
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False) if quote or _needs_quotes(text, flow=flow) else text


def _needs_quotes(text: str, *, flow: bool, like: str = "") -> bool:
    """Whether a string cannot be plain; characters that a plain text in its place has already (`like`) are safe."""
    if _AMBIGUOUS.fullmatch(text) or _INDICATOR.match(text):
        return True
    return flow and (text[0] in _FLOW_INDICATORS or bool(_FLOW_INDICATORS.intersection(text).difference(like)))


def _write_string(scalar: Scalar, text: str, *, flow: bool) -> str:
    if scalar.style in {"|", ">"}:
        _, _, written = scalar.document.source.text[value_start(scalar) : scalar.end].partition("\n")
        # What is folded into one line stands in several.
        if written.strip() != scalar.value.strip() or not written.strip() or text != text.strip() or not text:
            raise _unwritable(scalar, "The value is a text of several lines.")
        return text
    if scalar.style:
        return render_string(text, quote=scalar.style)
    if scalar.tag is not None and _AMBIGUOUS.fullmatch(text) and text:
        return text  # the tag says that it is a string
    return render_string(text, quote='"') if _needs_quotes(text, flow=flow, like=scalar.value) else text


def _write_number(scalar: Scalar, old: str, new: Json, text: str) -> str:
    if old == "boolean":
        if text not in {"true", "false"}:
            raise _type_change(scalar, new)
        return text.upper() if scalar.value.isupper() else text.title() if scalar.value.istitle() else text
    if isinstance(new, bool) or not re.fullmatch(r"-?(0|[1-9][0-9]{0,299})(\.[0-9]+)?", text):
        raise _type_change(scalar, new)
    if old == "integer" and "." in text:
        raise _type_change(scalar, new)
    if "." in text and text != json.dumps(float(text)):
        raise _unwritable(
            scalar,
            f"{text} without quotes is the number {json.dumps(float(text))}.",
            "Put quotes around the value in the file first.",
        )
    return text


def _type_change(scalar: Scalar, new: Json) -> TypeChange:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "list"}
    return TypeChange(
        f"The value here is of type {kind(scalar)} ({scalar.value[:80]}); the new one, {json.dumps(new)[:80]}, is of "
        f"type {names.get(type(new), 'null')}.",
        where=scalar.document.where(scalar.start),
        remedy="Give a value of the type that is there, or the JSON pointer (path) of the field in it that is meant.",
    )


def _unwritable(
    scalar: Scalar, problem: str, remedy: str = "Write the value as a plain or quoted text."
) -> UnwritableValue:
    return UnwritableValue(problem, where=scalar.document.where(scalar.start), remedy=remedy)
