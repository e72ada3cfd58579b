"""Proof that an edit changed what it should and nothing else, by a second parser that shares no code with libyaml.

The place is found with libyaml. What is written is read back by `yaml_rs`, a parser of its own in Rust, so that one
parser's mistake cannot put a wrong version on a cluster. What the two schemas disagree on (`yes`, `010`, dates)
does not matter: old and new are read by the same one. Where it stumbles over white space only, it reads both without.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import yaml_rs

from gitops_upgrader.errors import ProofFailed, UnprovableManifest, Where
from gitops_upgrader.manifests import spacing
from gitops_upgrader.manifests.document import count
from gitops_upgrader.model import Json

Path: TypeAlias = tuple[str | int, ...]

_DISPUTED: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
_PLACE: Final = re.compile(r" at line (\d+), column (\d+)$")
_BRACKET: Final = re.compile(r"\s*[\[{]")
_BY_VALUE: Final = 2
"""The version of Python's marshal format in which equal values are equal bytes, whoever else refers to them."""
# A key that is there twice elsewhere is no reason to stop; on the way to the value `pointer` refuses it.
_LAST_WINS: Final = yaml_rs.DuplicateKeyPolicy.LastWins


class Expectation(NamedTuple):
    """What one edit should make of a document.

    `path` has one part for each level of text inside text; each begins with the number of the document in that
    text. `old` and `new` are what a scalar reads as. For an insertion `old` is None, and `new` what is added at the
    path: entries of a mapping, or items of a list, or all of either where there is a null.
    """

    path: tuple[Path, ...]
    old: Json
    new: Any
    inserted: bool = False


def prove(file: str, old: str, new: str, expectations: Sequence[Expectation], line: int = 1) -> None:
    """Compare one document before and after its edits; `line` is the one that it begins on.

    Raises:
        UnprovableManifest: the second parser reads the document as it was differently, or not at all.
        ProofFailed: before and after differ elsewhere, or otherwise, than was meant.
    """
    if ("\r" in old or not old.isascii()) and _DISPUTED.search(old):
        raise _unprovable(
            file,
            "It holds a line end that not every parser and editor takes for one (a lone CR, NEL, U+2028 or U+2029).",
        )
    try:
        before, after = _parse(file, old, line), new
    except UnprovableManifest:
        spaced = spacing.plain(old)
        if spaced == old:
            raise
        before, after = _parse(file, spaced, line), spacing.plain(new)
    _compare(file, before, _parse_again(file, after), expectations)
    if _is_json(old) and not _is_json(new):
        raise _failed(file, "The edited document is no longer JSON.")


def _compare(file: str, before: list[Any], after: list[Any], expectations: Sequence[Expectation]) -> None:
    """Make the expected changes in `before`, and compare the result with `after`."""
    inner: dict[Path, list[Expectation]] = {}
    for expectation in expectations:
        if len(expectation.path) > 1:
            inner.setdefault(expectation.path[0], []).append(expectation._replace(path=expectation.path[1:]))
        else:
            _change(file, before, expectation)
    for path, deeper in inner.items():
        parent, key = _slot(file, before, path)
        holder, same = _slot(file, after, path)
        _compare(file, _parse(file, parent[key]), _parse_again(file, holder[same]), deeper)
        parent[key] = holder[same]
    if not _same(before, after):
        _, _, place = _difference(before, after).removeprefix("/").partition("/")
        raise _failed(file, f"The edited document differs at /{place} from what was meant.")


def _same(before: Any, after: Any) -> bool:
    """Whether two values are equal, types and order included: 1, 1.0, True and "1" all differ."""
    return marshal.dumps(before, _BY_VALUE) == marshal.dumps(after, _BY_VALUE)


def _parse(file: str, text: Any, line: int | None = None) -> list[Any]:
    """The documents of a text as it was, as many as there are markers for; `line` is the file's where it begins."""
    try:
        return _documents(text)
    except (ValueError, TypeError) as error:
        problem = str(error).splitlines()[0]
        found = _PLACE.search(problem)
        at = Where(file=file)
        if found and line is not None:
            at = Where(file=file, line=line + int(found[1]) - 1, column=int(found[2]))
            problem = problem[: found.start()]
        raise _unprovable(file, f"A second YAML parser does not read it: {problem}.", at) from error


def _parse_again(file: str, text: Any) -> list[Any]:
    try:
        return _documents(text)
    except (ValueError, TypeError) as error:
        raise _failed(file, f"The edited document cannot be read: {str(error).splitlines()[0]}.") from error


def _documents(text: Any) -> list[Any]:
    if not isinstance(text, str):
        raise TypeError("there is no text where there should be YAML inside one")
    value: Any = yaml_rs.loads(text, parse_datetime=False, duplicate_key_policy=_LAST_WINS)
    return value if isinstance(value, list) and count(text) > 1 else [value]


def _is_json(text: str) -> bool:
    if not _BRACKET.match(text):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _change(file: str, before: list[Any], expectation: Expectation) -> None:
    path = expectation.path[0]
    parent, key = _slot(file, before, path)
    current = parent[key]
    if expectation.inserted:
        if current is None:
            parent[key] = expectation.new
        else:
            current.update(expectation.new) if isinstance(current, dict) else current.extend(expectation.new)
        return
    if repr(current) != repr(expectation.old):
        raise _unprovable(file, f"One YAML parser reads {expectation.old!r}, the other {current!r}.")
    parent[key] = expectation.new


def _slot(file: str, value: Any, path: Path) -> tuple[Any, Any]:
    """What holds the value at a path, and its key or index there."""
    try:
        for key in path[:-1]:
            value = value[_key(value, key)]
        last = _key(value, path[-1])
        _ = value[last]
    except (KeyError, IndexError, TypeError) as error:
        raise _unprovable(file, f"A second YAML parser finds nothing at {'/'.join(map(str, path[1:]))}.") from error
    return value, last


def _key(parent: Any, key: str | int) -> Any:
    """The key as the parser has it: keys such as `1` and `true` are no strings to it."""
    if type(parent) is dict and key not in parent:
        return next((name for name in parent if str(name) == key), key)
    return key


def _difference(before: Any, after: Any, pointer: str = "") -> str:
    """The pointer at which two values differ first."""
    pairs: list[tuple[Any, Any, Any]] = []
    if isinstance(before, dict) and isinstance(after, dict) and list(map(repr, before)) == list(map(repr, after)):
        pairs = [(key, before[key], after[key]) for key in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(index, *pair) for index, pair in enumerate(zip(before, after, strict=True))]
    for key, old, new in pairs:
        if repr(old) != repr(new):
            return _difference(old, new, f"{pointer}/{key}")
    return pointer


def _unprovable(file: str, problem: str, at: Where | None = None) -> UnprovableManifest:
    return UnprovableManifest(
        f"An edit of this document could not be proven. {problem}",
        where=at or Where(file=file),
        remedy="Write the document in plain YAML 1.2.",
    )


def _failed(file: str, problem: str) -> ProofFailed:
    return ProofFailed(
        problem, where=Where(file=file), remedy="Nothing was written. Edit this file by hand, and report it."
    )
