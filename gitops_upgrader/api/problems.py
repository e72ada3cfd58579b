"""What is wrong with an object's content: each mistake with the path of its field, in words for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gitops_upgrader.api import structural
from gitops_upgrader.api.resource import Resource
from gitops_upgrader.errors import InvalidObject, InvalidRange, InvalidTemplate, InvalidVersion, UpgraderError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in an object.

    `path` leads to the field by its JSON names and list indices; for an unknown field `unknown` is True and the
    path ends in its key. `remedy` is an instruction, or empty where the message says enough. `error` is the typed
    reason.
    """

    path: Path
    message: str
    remedy: str = ""
    unknown: bool = False
    error: type[UpgraderError] = InvalidObject

    @property
    def sentence(self) -> str:
        """The message with its full stop."""
        return sentence(self.message)

    @property
    def field(self) -> str:
        """The path as people write it: `spec.topologyVariables[0].path`."""
        return render(self.path)


def render(path: Iterable[str | int]) -> str:
    """A path as people write it: names with dots, indices in brackets, odd names in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or "/" in part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text


def sentence(message: str) -> str:
    """A message with its full stop."""
    return message if message.endswith((".", "?", "!")) else f"{message}."


def problems(kind: type[Resource], error: ValidationError) -> tuple[Problem, ...]:
    """Every mistake that pydantic found, in the order of the model's fields."""
    return tuple(problem for detail in error.errors(include_url=False) for problem in _explain(kind, detail))


def _explain(kind: type[Resource], detail: ErrorDetails) -> Iterator[Problem]:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "rules":
            for field, message in context["broken"]:
                yield Problem((*path, *(field.split(".") if field else ())), message)
        case "extra_forbidden":
            meant = suggest(str(path[-1]), _fields(kind, path[:-1]))
            yield Problem(path, "unknown field", meant or "Remove it.", unknown=True)
        case "missing":
            yield Problem(path, "is required and missing", "Add it.")
        case "enum" | "literal_error":
            yield _not_one_of(path, detail["input"], _choices(kind, path))
        case _:
            error = _ERRORS.get(detail["type"], InvalidObject)
            yield Problem(path, _sentence(detail, context), str(context.get("remedy", "")), error=error)


_ERRORS: Mapping[str, type[UpgraderError]] = {
    "template": InvalidTemplate,
    "version": InvalidVersion,
    "range": InvalidRange,
}
"""The typed reason of an error that one of our own validators raises; any other is an InvalidObject."""

_SENTENCES: Mapping[str, str] = {
    "string_type": "must be a string, not {given}",
    "bool_type": "must be true or false, not {given}",
    "int_type": "must be a whole number, not {given}",
    "model_type": "must be a mapping, not {given}",
    "dict_type": "must be a mapping, not {given}",
    "tuple_type": "must be a list, not {given}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""Our words for pydantic's own errors; its messages speak of Python's types."""


def _sentence(detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind, given = detail["type"], detail["input"]
    if kind in {"string_too_short", "too_short"} and context["min_length"] == 1:
        return "must not be empty"
    sentence = _SENTENCES.get(kind, detail["msg"]).format(given=_json_type(given), **context)
    return f"{sentence}: put it in quotes" if kind == "string_type" and _scalar(given) else sentence


def _scalar(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def _not_one_of(path: Path, given: object, choices: tuple[str, ...]) -> Problem:
    if not isinstance(given, str):
        return Problem(path, f"must be one of {', '.join(choices)}, not {_json_type(given)}")
    only = f"must be {choices[0]}" if len(choices) == 1 else f"must be one of {', '.join(choices)}"
    return Problem(path, f"{only}, not {given[:80]!r}", suggest(given, choices))


def suggest(given: str, choices: Iterable[str]) -> str:
    """`Did you mean versionRange?`, where something is close enough; letter case counts for nothing."""
    by_folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(given.casefold(), by_folded, n=1, cutoff=0.6)
    return f"Did you mean {by_folded[close[0]]}?" if close else ""


def _fields(kind: type[Resource], path: Path) -> tuple[str, ...]:
    return tuple(structural.at(structural.schema(kind), path).get("properties", ()))


def _choices(kind: type[Resource], path: Path) -> tuple[str, ...]:
    return tuple(structural.at(structural.schema(kind), path).get("enum", ()))
