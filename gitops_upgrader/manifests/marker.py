"""Setter comments: `version: v1.33.5 # {"$gitops-upgrader": "fleet/prod:version"}`.

Whoever writes one says which value of which upgrader stands beside it, in any YAML file, block scalars included. The
form is that of Flux's image automation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from gitops_upgrader.errors import InvalidMarker
from gitops_upgrader.manifests import editable, pointer
from gitops_upgrader.manifests.document import Document, embedded
from gitops_upgrader.manifests.node import Node, Scalar
from gitops_upgrader.manifests.place import Shape, Slot, Spot
from gitops_upgrader.manifests.query import Query, Role
from gitops_upgrader.manifests.scan import Scan, Trait, matches

KEY: Final = "$gitops-upgrader"

_COMMENT: Final = re.compile(r"#[^\n]*?(\{[^\n{}]*\$gitops-upgrader[^\n{}]*\}?)")
_ROLES: Final = {role.value: role for role in (Role.VERSION, Role.VERSION_NO_V, Role.MINOR, Role.IMAGE, Role.CLASS)}
_MINOR: Final = re.compile(r"v?(\d+\.)?\d+")


def find(scan: Scan, query: Query) -> list[Slot]:
    """The places that setter comments name for the query's owner.

    Raises:
        InvalidMarker: a comment is malformed, or no value stands beside it.
        ManifestError: a file with such a comment cannot be read, or the value must not be edited.
    """
    if not query.owner:
        return []
    found: list[Slot] = []
    for path in scan.having(Trait.MARKER, query.owner.encode()):
        if matches(path, query.paths):
            for document in scan.documents(path):
                if KEY in document.text:
                    found += _document(document, query.owner)
    return found


def _document(document: Document, owner: str) -> Iterator[Slot]:
    scalars = list(_scalars(document.root))
    for match in _COMMENT.finditer(document.text):
        position = document.start + match.start()
        inside = next((item for item in scalars if item.start <= position < item.end), None)
        role = None if inside else _role(document, match, owner)
        if role is not None:
            yield Slot(role, _beside(document, scalars, position, role))
    for scalar in scalars:
        if scalar.style == "|" and KEY in scalar.value and owner in scalar.value:
            for inner in embedded(scalar) or ():
                yield from _document(inner, owner)


def _role(document: Document, match: re.Match[str], owner: str) -> Role | None:
    """What a comment asks for; None where it is another upgrader's."""
    where = document.where(document.start + match.start())
    try:
        name = json.loads(match[1])[KEY]
        whose, _, what = name.rpartition(":")
    except (ValueError, KeyError, AttributeError) as error:
        if f'"{owner}:' not in match[1]:
            return None
        raise InvalidMarker(
            f"This setter comment is no JSON: {match[1]}",
            where=where,
            remedy=f'Write it as # {{"{KEY}": "{owner}:version"}}.',
        ) from error
    if whose != owner:
        return None
    if what not in _ROLES:
        raise InvalidMarker(
            f"The setter comment asks for {what!r}.",
            where=where,
            remedy=f"Write one of {', '.join(_ROLES)} after the colon.",
        )
    return _ROLES[what]


def _beside(document: Document, scalars: list[Scalar], position: int, role: Role) -> Spot:
    """The value on the comment's line."""
    line = document.source.text.rfind("\n", 0, position)
    node = next((item for item in reversed(scalars) if line < item.end <= position and item.start > line), None)
    if node is None:
        raise InvalidMarker(
            "No value stands beside this setter comment.",
            where=document.where(position),
            remedy="Put the comment on the value's own line, after it.",
        )
    if role in {Role.VERSION, Role.VERSION_NO_V}:
        return editable.version_place(node, Shape.MARKER)
    made = editable.place(node, Shape.MARKER)
    if role is Role.MINOR and not _MINOR.fullmatch(made.text or ""):
        raise InvalidMarker(f"{made.text!r} is no minor version.", where=made.where, remedy="Write it as 1.34 or 34.")
    return made


def _scalars(node: Node | None) -> Iterator[Scalar]:
    """The scalars of a tree that are values, in the file's order."""
    if isinstance(node, Scalar):
        yield node
    for _, value in pointer.children(node):
        yield from _scalars(value)
