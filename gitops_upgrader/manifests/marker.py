"""Setter comments: `version: v1.33.5 # {"$gitops-upgrader": "fleet/prod:version"}`.

Whoever writes one says which value of which upgrader stands beside it, in any YAML file, block scalars included. The
form is that of Flux's image automation.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import takewhile
from operator import attrgetter
from typing import Final

from gitops_upgrader.errors import AmbiguousPlace, InvalidMarker, Where
from gitops_upgrader.manifests import editable, pointer
from gitops_upgrader.manifests.document import Document, embedded
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.node import Alias, Node, Scalar
from gitops_upgrader.manifests.place import Shape, Slot, Spot
from gitops_upgrader.manifests.query import Query, Role
from gitops_upgrader.manifests.scalar import value_start
from gitops_upgrader.manifests.scan import Scan, Trait

KEY: Final = "$gitops-upgrader"

_SETTER: Final = re.compile(r"\{[^\n{}]*\$gitops-upgrader[^\n{}]*\}?|\$gitops-upgrader[^\n]*")
"""What names this program, in JSON as it should be or not."""
_ROLES: Final = {role.value: role for role in (Role.VERSION, Role.VERSION_NO_V, Role.MINOR, Role.IMAGE, Role.CLASS)}
_MANY: Final = 1_000
"""How many setter comments for one upgrader are read in a document."""
_START: Final = attrgetter("start")
_MINOR: Final = re.compile(r"v?(\d+\.)?\d+")


def find(scan: Scan, query: Query, owners: tuple[str, ...], held: frozenset[Role] = frozenset()) -> list[Slot]:
    """The places that setter comments name for one of the owners; those of roles that are `held` do not count.

    Those below the query's paths are meant. Others may be another Cluster's, such as that of an upgrader that is called
    the same in another management cluster.

    Raises:
        AmbiguousPlace: a role has a comment outside of the paths, and none below them.
        InvalidMarker: a comment is malformed, or no value stands beside it.
        ManifestError: a file with such a comment cannot be read, or the value must not be edited.
    """
    found: list[Slot] = []
    outside: list[Slot] = []
    paths = {path for owner in owners for path in scan.having(Trait.MARKER, owner.encode())}
    for path in sorted(paths):
        for document in scan.documents(path):
            if KEY in document.text:
                (found if matches(path, query.paths) else outside).extend(_document(document, owners, held))
    roles = {slot.role for slot in found}
    for slot in outside:
        if slot.role not in roles:
            raise _beyond(slot, owners[0], query)
    return found


def _beyond(slot: Slot, owner: str, query: Query) -> AmbiguousPlace:
    return AmbiguousPlace(
        f"A setter comment names {owner} here, outside of the path that says which Cluster is meant, "
        f"{', '.join(query.paths)}.",
        where=slot.place.where,
        remedy="Leave out path, or name this place with targets; if the comment is another one's, limit what is read "
        "with the GitOpsRepository's paths.",
    )


def _document(document: Document, owners: tuple[str, ...], held: frozenset[Role]) -> Iterator[Slot]:
    owner = owners[0]
    mentions = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, owners))}):")
    found = [match for match in _SETTER.finditer(document.text) if mentions.search(match[0])]
    if len(found) > _MANY:
        raise InvalidMarker(
            f"More than {_MANY:,} setter comments name {owner} in one document.",
            where=document.where(document.start + found[0].start()),
            remedy="Write one for each value that the upgrader changes.",
        )
    values = list(_values(document.root)) if found else []
    holders: dict[Scalar, list[Document] | None] = {}
    for match in found:
        position = document.start + match.start()
        comment = document.source.text.rfind("#", _line_start(document, position), position)
        if comment < 0 or _is_commented_out(document, comment):
            continue
        holder = _holder(values, position)
        if holder is None:
            role = _role(match[0], owners, document.where(comment))
            if role is not None and role not in held:
                yield Slot(role, _beside(document, values, comment, role))
            continue
        if holder not in holders:
            holders[holder] = embedded(holder)
        if holders[holder] is None:
            _refuse_beside(holder, comment)
    for inner in holders.values():
        for deeper in inner or ():
            yield from _document(deeper, owners, held)


def _is_commented_out(document: Document, comment: int) -> bool:
    """Whether the value beside a setter comment is itself in a comment, and so none."""
    before = document.source.text[_line_start(document, comment) : comment].strip()
    return before.startswith("#") and before.strip("# \t") != ""


def _before(values: list[Scalar | Alias], position: int) -> Iterator[Scalar | Alias]:
    """The values that begin at a position or before it, the nearest first."""
    return (values[index] for index in range(bisect_right(values, position, key=_START) - 1, -1, -1))


def _holder(values: list[Scalar | Alias], position: int) -> Scalar | None:
    """The scalar in whose text a position is. What stands on the first line of a block scalar is none of its text."""
    value = next(_before(values, position), None)
    held = isinstance(value, Scalar) and position < value.end and _text_start(value) <= position
    return value if isinstance(value, Scalar) and held else None


def _text_start(value: Scalar) -> int:
    start, text = value_start(value), value.document.source.text
    if value.style in {"|", ">"}:
        start = text.find("\n", start) + 1 or len(text)
    return start


def _refuse_beside(holder: Scalar, comment: int) -> None:
    """Refuse a setter comment in a text that is not read as YAML, where a value may stand beside it."""
    start = max(_line_start(holder.document, comment), _text_start(holder))
    if holder.document.source.text[start:comment].strip(" \t'\""):
        raise InvalidMarker(
            "This setter comment stands in a quoted or folded text, in which nothing is edited.",
            where=holder.document.where(comment),
            remedy="Write that text as a literal block (|), or take the comment out.",
        )


def _role(setter: str, owners: tuple[str, ...], where: Where) -> Role | None:
    """What a comment asks for; None where it is another upgrader's."""
    try:
        whose, _, what = json.loads(setter)[KEY].partition(":")
    except (ValueError, KeyError, AttributeError) as error:
        raise InvalidMarker(
            f"This setter comment is no JSON: {setter[:80]}.",
            where=where,
            remedy=f'Write it as # {{"{KEY}": "{owners[0]}:version"}}.',
        ) from error
    if whose not in owners:
        return None
    if what not in _ROLES:
        raise InvalidMarker(
            f"The setter comment asks for {what!r}.",
            where=where,
            remedy=f"Write one of {', '.join(_ROLES)} after the colon.",
        )
    return _ROLES[what]


def _beside(document: Document, values: list[Scalar | Alias], position: int, role: Role) -> Spot:
    """The value on the comment's line; on the first line of a block scalar, the one that follows."""
    line = _line_start(document, position)
    beside = takewhile(lambda value: line <= value.start, _before(values, position))
    node = next((value for value in beside if _written(value) <= position), None)
    if node is None:
        raise InvalidMarker(
            "No value stands beside this setter comment.",
            where=document.where(position),
            remedy="Put the comment on the value's own line, after it.",
        )
    for parent, _ in pointer.path(node):
        if parent.start >= line:
            editable.refuse_template(parent)  # `{{ .Values.version }}` reads as mappings
    if role in {Role.VERSION, Role.VERSION_NO_V}:
        return editable.version_place(node, Shape.MARKER)
    made = editable.place(node, Shape.MARKER)
    if role is Role.MINOR and not _MINOR.fullmatch(made.text or ""):
        raise InvalidMarker(f"{made.text!r} is no minor version.", where=made.where, remedy="Write it as 1.34 or 34.")
    return made


def _written(value: Scalar | Alias) -> int:
    """The end of a value, or of the first line of one that goes on below it."""
    return value_start(value) if isinstance(value, Scalar) and value.style in {"|", ">"} else value.end


def _line_start(document: Document, position: int) -> int:
    return document.source.text.rfind("\n", 0, position) + 1


def _values(node: Node | None) -> Iterator[Scalar | Alias]:
    """The scalars and aliases of a tree that are values, in the file's order."""
    if isinstance(node, Scalar | Alias):
        yield node
    for _, value in pointer.children(node):
        yield from _values(value)
