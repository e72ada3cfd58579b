"""Label selectors as people write them on a command line (kubernetes.io/docs, "Labels and Selectors")."""

from __future__ import annotations

import re

from pydantic import ValidationError

from gitops_upgrader.api.selectors import LabelSelector
from gitops_upgrader.errors import InvalidSelector

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==?|!=)\s*({_VALUE})")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")
_PARTS = re.compile(r"(?:[^,()]|\([^()]*\))+")


def parse_selector(text: str) -> LabelSelector:
    """Read a label selector such as `team=red,stage in (dev, test),!sharded`.

    Raises:
        InvalidSelector: it is none.
    """
    expressions = [_requirement(part.strip(), text) for part in _split(text)]
    try:
        return LabelSelector.model_validate({"matchExpressions": expressions})
    except ValidationError as error:
        raise _invalid(text) from error


def _split(text: str) -> list[str]:
    if not text.strip():
        return []
    parts = _PARTS.findall(text)
    if ",".join(parts) != text:
        raise _invalid(text)
    return parts


def _requirement(part: str, text: str) -> dict[str, object]:
    if match := _SET.fullmatch(part):
        values = [value.strip() for value in match[3].split(",")]
        return {"key": match[1], "operator": "In" if match[2] == "in" else "NotIn", "values": values}
    if match := _EQUAL.fullmatch(part):
        return {"key": match[1], "operator": "NotIn" if match[2] == "!=" else "In", "values": [match[3]]}
    if match := _EXISTS.fullmatch(part):
        return {"key": match[2], "operator": "DoesNotExist" if match[1] else "Exists"}
    raise _invalid(text)


def _invalid(text: str) -> InvalidSelector:
    return InvalidSelector(
        f"{text!r} is no label selector.", remedy="Write it like team=red,stage in (dev,test),!sharded."
    )
