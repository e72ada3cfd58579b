"""Label selectors in text, as Kubernetes reads them.

The rules are those of `Parse` in k8s.io/apimachinery/pkg/labels/selector.go, of which Kustomize has a copy for the
`labelSelector` and `annotationSelector` of its targets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>\0]+))")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SIGNS: Final = frozenset({"=", "==", "!=", "!", "(", ")", ",", "<", ">"})
_COMPARISONS: Final = frozenset({"=", "==", "!=", "<", ">"})
_NAME: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.-]*)?[A-Za-z0-9]")
_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_INTEGER: Final = re.compile(r"([+-]?)0*([0-9]{1,19})")
_MAX_NAME: Final = 63
_MAX_PREFIX: Final = 253
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Requirement:
    """One part of a selector. `operator` is `in`, `notin`, `exists`, `absent`, `<` or `>`."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fulfil it; where a label is absent, `notin` holds as well."""
        actual = labels.get(self.key)
        if self.operator in {"exists", "absent"} or actual is None:
            return (actual is None) == (self.operator in {"absent", "notin"})
        if self.operator in {"in", "notin"}:
            return (actual in self.values) == (self.operator == "in")
        (value,) = self.values
        number, limit = integer(actual), integer(value)
        if number is None or limit is None:
            return False
        return number > limit if self.operator == ">" else number < limit


@lru_cache(maxsize=256)
def parse(selector: str) -> tuple[Requirement, ...]:
    """The parts of a selector, all of which must hold; none for an empty one.

    >>> parse("env in (dev, prod), rank > 3")[1]
    Requirement(key='rank', operator='>', values=frozenset({'3'}))

    Raises:
        ValueError: it is none; with what is the matter with it.
    """
    return tuple(_Parser(selector).requirements())


def integer(text: str) -> int | None:
    """A number as Go's `strconv.ParseInt` reads it for 64 bits; None where it is none.

    >>> integer("-5"), integer("5.0"), integer("9223372036854775808")
    (-5, None, None)
    """
    match = _INTEGER.fullmatch(text)  # without its zeros, as `int` refuses what has thousands of digits
    number = int(match[1] + match[2]) if match else None
    return number if number is not None and -_LARGEST - 1 <= number <= _LARGEST else None


class _Parser:
    """Reads a selector from left to right: its tokens are signs and words."""

    def __init__(self, selector: str) -> None:
        self._tokens = list(_tokens(selector))
        self._position = 0

    def requirements(self) -> list[Requirement]:
        """All of the parts, up to the end."""
        found: list[Requirement] = []
        while self._next or found:
            found.append(self._requirement())
            if not self._next:
                break
            self._expect(",")
        return found

    @property
    def _next(self) -> str:
        """The next token; empty at the end."""
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next
        self._position += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._take() != sign:
            raise ValueError(f"{sign} is missing")

    def _requirement(self) -> Requirement:
        negated = self._next == "!" and bool(self._take())
        key = self._word()
        _refuse_key(key)
        if negated:
            return Requirement(key, "absent")
        if self._next in {"", ","}:
            return Requirement(key, "exists")
        operator = self._take()
        if operator in {"in", "notin"}:
            return Requirement(key, operator, frozenset(map(_value, self._list())))
        if operator not in _COMPARISONS:
            raise ValueError(f"{operator[:80]} is no operator")
        value = "" if self._next in {"", ","} else self._word()
        if operator in {"<", ">"}:
            if integer(value) is None:
                raise ValueError(f"{operator} needs an integer")
            return Requirement(key, operator, frozenset({_value(value)}))
        return Requirement(key, "notin" if operator == "!=" else "in", frozenset({_value(value)}))

    def _word(self) -> str:
        token = self._take()
        if not token or token in _SIGNS:
            raise ValueError("a name is missing")
        return token

    def _list(self) -> list[str]:
        """The values in parentheses. Some may be empty; `parseIdentifiersList` has it that `(a,,)` is wrong."""
        self._expect("(")
        found: list[str] = [""] if self._next == ")" else []
        while self._next != ")":
            if self._next != ",":
                found.append(self._word())
                if self._next not in {",", ")"}:
                    raise ValueError("a comma is missing")
                continue
            self._take()
            found += [""] if not found else []
            if self._next in {",", ")"}:
                found.append("")
                if self._next == ")":
                    break
                self._take()
                if self._next == ")":
                    raise ValueError("a name is missing")
        self._expect(")")
        return found


def _tokens(selector: str) -> list[str]:
    found, position = [], 0
    while match := _TOKEN.match(selector, position):
        found.append(match[1] or match[2])
        position = match.end()
    if _SPACE.fullmatch(selector, position) is None:
        raise ValueError("it has a character that none has")
    return found


def _refuse_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    right = len(name) <= _MAX_NAME and _NAME.fullmatch(name)
    if not right or (slash and not (len(prefix) <= _MAX_PREFIX and _PREFIX.fullmatch(prefix))):
        raise ValueError(f"{key[:80]} is no label's name")


def _value(value: str) -> str:
    if value and not (len(value) <= _MAX_NAME and _NAME.fullmatch(value)):
        raise ValueError(f"{value[:80]} is no label's value")
    return value
