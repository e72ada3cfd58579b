"""The place of one value that may be edited, and why another one must not be."""

from __future__ import annotations

import re
from typing import Final

from gitops_upgrader.errors import (
    EncryptedManifest,
    InvalidVersion,
    NotAVersion,
    SharedAnchor,
    SplitVersion,
    TemplatedValue,
    TypeChange,
    UnwritableValue,
    VersionNotFound,
    Where,
    YttTemplate,
)
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import VERSION, json_value
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.node import Alias, Made, Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.place import Shape, Spot, where
from gitops_upgrader.manifests.source import Opaque
from gitops_upgrader.versions import Version

_TEMPLATE: Final = re.compile(r"\{\{|\$\{|\$\(|\$[A-Za-z_]|<%|\(\(|\{%")


def place(node: Node, shape: Shape, *, filled: bool = False) -> Spot:
    """The place of a scalar that may be edited; `filled`: a template in it stays, and what it says is to be edited.

    Raises:
        AliasedValue, SharedAnchor, EncryptedManifest, TemplatedValue, YttTemplate, SplitVersion, TypeChange: it must
            not be.
    """
    if isinstance(node, Alias):
        raise pointer.aliased(node)
    if isinstance(node, Made):
        raise UnwritableValue(
            f"Kustomize makes the value {node.value} of names and what this layer adds to them.",
            where=node.document.where(node.start),
            remedy="Write the value out in place of the copy.",
        )
    if not filled:
        refuse_template(node)
    refuse_around(node)
    if not isinstance(node, Scalar):
        raise _collection(node)
    file, document, line, column = where(node.document, node.start)
    return Spot(file, document, line, column, pointer.of(node), shape, json_value(node), node.value.strip(), at=node)


def version_place(node: Node, shape: Shape) -> Spot:
    """The place of a node that should be a whole version.

    Raises:
        VersionNotFound, NotAVersion: it is none.
        TemplatedValue and others: as `place`.
    """
    made = place(node, shape)
    text = made.text or ""
    if not VERSION.fullmatch(text):
        if not text:
            raise VersionNotFound("There is no version here.", where=made.where, remedy="Write it as v1.34.2.")
        raise NotAVersion(f"{text[:80]!r} is not a whole version.", where=made.where, remedy="Write it as v1.34.2.")
    refuse_invalid(text, made.where)
    return made


def refuse_invalid(text: str, at: Where) -> None:
    """Refuse a whole version that Cluster API would not take either, such as one with a leading zero.

    Raises:
        NotAVersion: with its place, which who parses the text later no longer knows.
    """
    try:
        Version.parse(text)
    except InvalidVersion as error:
        raise NotAVersion(error.message, where=at, remedy=error.remedy) from error


def refuse_template(node: Node) -> None:
    """Refuse what is filled in before it is deployed.

    Raises:
        TemplatedValue, YttTemplate: an expression stands here.
    """
    text = node.document.source.text
    # On the first line of a block scalar a comment may stand, such as a setter comment.
    raw = node.value if isinstance(node, Scalar) and node.style in {"|", ">"} else text[node.start : node.end]
    ytt = _ytt(node, raw)
    if ytt:
        raise YttTemplate(
            f"A ytt expression stands here: {ytt[:80]}.",
            where=node.document.where(node.start),
            remedy="Point targets at the data value that it reads.",
        )
    if _TEMPLATE.search(raw) and (isinstance(node, Scalar) or raw.startswith("{{")):
        raise TemplatedValue(
            f"A template expression stands here: {raw.strip()[:80]}.",
            where=node.document.where(node.start),
            remedy="Point targets at the place that it is filled from.",
        )


def _ytt(node: Node, raw: str) -> str:
    """The ytt expression in a value's place: a comment where no value is, or text in a text (carvel.dev/ytt)."""
    if not isinstance(node, Scalar):
        return ""
    if "(@" in raw:
        return raw
    rest = "" if node.value else _rest_of_line(node.document.source.text, node.end)
    return rest.strip() if "#@" in rest else ""


def _rest_of_line(text: str, position: int) -> str:
    end = text.find("\n", position)
    return text[position : end if end >= 0 else len(text)]


def refuse_around(node: Node) -> None:
    """Refuse a node for what is around it, at each level of text inside text.

    Raises:
        DuplicateKey: a key on the way to it is there twice.
        SharedAnchor: an alias repeats it elsewhere.
        EncryptedManifest: any edit of the document would break its checksum.
        UnwritableValue: it is inside a text whose lines are not lines of the file.
    """
    if isinstance(node.document.source, Opaque):
        raise UnwritableValue(
            "The place is in YAML inside a quoted or folded text.",
            where=node.document.where(node.start),
            remedy="Write that text as a literal block (|).",
        )
    text = node.document.text
    way = pointer.path(node)
    for parent, key in way:
        if isinstance(key, str) and isinstance(parent, Mapping) and parent.keys.count(key) > 1:
            pointer.refuse_unclear(parent, key)
    aliased = node.document.aliased
    for part in (*(parent for parent, _ in way), node) if aliased else ():
        user = aliased.get(part)
        if user is not None:
            raise SharedAnchor(
                f"The anchor &{user.name} is used at {user.document.where(user.start)}, which would change too.",
                where=part.document.where(part.start),
                remedy="Write the value out in both places.",
            )
    if "sops" in text and _is_encrypted(node.document):
        raise EncryptedManifest(
            "The document is encrypted with SOPS, whose checksum any edit would break.",
            where=node.document.where(node.start),
            remedy="Keep version and image in a document that is not encrypted.",
        )
    if node.document.holder is not None:
        refuse_around(node.document.holder)


def _is_encrypted(document: Document) -> bool:
    """Whether SOPS left its mark (https://getsops.io/docs/): the `sops` mapping with the checksum."""
    found = pointer.look(document.root, "sops")
    return pointer.look(found, "mac") is not None or pointer.look(found, "lastmodified") is not None


def _collection(node: Mapping | Sequence) -> SplitVersion | TypeChange:
    if {key for key, _ in pointer.children(node)} >= {"major", "minor", "patch"}:
        return SplitVersion(
            "The version is kept as major, minor and patch apart.",
            where=node.document.where(node.start),
            remedy="Point three targets at the numbers, with the values $(MAJOR), $(MINOR) and $(PATCH).",
        )
    return TypeChange(
        f"There is {'an object' if isinstance(node, Mapping) else 'a list'} here, not a single value.",
        where=node.document.where(node.start),
        remedy="Give the JSON pointer (path) of the field in it that is meant.",
    )
