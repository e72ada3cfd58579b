"""Targets: places that a person named, in Helm values, releases, ConfigMaps or any other YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gitops_upgrader.errors import ManifestError, NotAVersion, SymbolicLink, TargetNotFound, TemplatedValue, Where
from gitops_upgrader.manifests import editable, pointer
from gitops_upgrader.manifests.cluster import VERSION, objects
from gitops_upgrader.manifests.document import Document, embedded
from gitops_upgrader.manifests.nearest import nearest
from gitops_upgrader.manifests.node import Mapping, Node, Scalar
from gitops_upgrader.manifests.node import Sequence as NodeSequence
from gitops_upgrader.manifests.place import Shape, Slot
from gitops_upgrader.manifests.query import DocumentWant, Query, Role, TargetWant
from gitops_upgrader.manifests.scan import Scan
from gitops_upgrader.model import BlobKind

_PLACEHOLDER: Final = re.compile(r"\$\$|\$\(([A-Z_]+)\)")
OTHER_REPOSITORY: Final = "Upgrade it in the repository that the submodule is of, with a GitOpsRepository of its own."
"""What to do about a submodule."""
_DEFAULT: Final = re.compile(r"\$\{(\w+:?[=-])([^{}$]+)\}")
_PARTS: Final = ("MAJOR", "MINOR", "PATCH")
_WHOLE: Final = ("KUBERNETES_VERSION", "VERSION_NO_V")


def find(scan: Scan, query: Query) -> list[Slot]:
    """The places of all targets, in the query's order.

    Raises:
        SymbolicLink: a target's file is a link, or in a linked folder.
        TargetNotFound: there is no such file, document or field.
        ManifestError: the file cannot be read, or the value must not be edited.
    """
    return [_slot(scan, target, index) for index, target in enumerate(query.targets)]


def holds_version(target: TargetWant) -> bool:
    """Whether a target's text changes with the version."""
    return target.holds(*_WHOLE, *_PARTS, "VERSION_SLUG")


def held(query: Query, told: str | None) -> frozenset[Role]:
    """The roles that targets have places for, so that setter comments for them do not count.

    `told` is the version that the targets tell.
    """
    image = {Role.IMAGE} if any(target.holds("IMAGE_ID") for target in query.targets) else set()
    return frozenset({Role.VERSION, Role.VERSION_NO_V, *image} if told else image)


def refuse_unclear(query: Query, slots: Sequence[Slot]) -> None:
    """Refuse targets whose texts change with the version and do not tell it, where nothing else tells it either.

    Raises:
        NotAVersion: there is such a target.
    """
    for slot in slots:
        if slot.role is Role.TARGET and holds_version(query.targets[slot.index]):
            raise NotAVersion(
                f"Nothing here tells the version that the cluster is at: not {(slot.place.text or '')[:80]!r} as "
                f"{query.targets[slot.index].template} has it, and there is no Cluster {query.label} in any file.",
                where=slot.place.where,
                remedy="Add a target for a place that holds the whole version.",
            )


def version_text(query: Query, slots: Sequence[Slot]) -> str | None:
    """The version that the targets hold now, taken out of the text around it; None where they do not show it.

    Where major, minor and patch are kept apart they are put together.
    """
    parts: dict[str, str] = {}
    for slot in slots:
        template = query.targets[slot.index].template
        found = re.fullmatch(_pattern(template), slot.place.text or "")
        parts |= {key: text for key, text in (found.groupdict() if found else {}).items() if key not in parts}
    whole = next((parts[name] for name in _WHOLE if name in parts), None)
    if whole is None and all(name in parts for name in _PARTS):
        whole = "v" + ".".join(parts[name] for name in _PARTS)
    return whole


def _pattern(template: str) -> str:
    """A regular expression for the texts that a template makes."""
    seen: set[str] = set()

    def group(name: str | None) -> str:
        if name is None:
            return r"\$"
        known = VERSION.pattern if name in _WHOLE else r"\d+" if name in _PARTS else r".+?"
        if name in seen or name not in (*_WHOLE, *_PARTS):
            return known
        seen.add(name)
        return f"(?P<{name}>{known})"

    pieces, done = [], 0
    for match in _PLACEHOLDER.finditer(template):
        pieces += [re.escape(template[done : match.start()]), group(match[1])]
        done = match.end()
    return "".join((*pieces, re.escape(template[done:])))


def _slot(scan: Scan, target: TargetWant, index: int) -> Slot:
    path = target.path.removeprefix("./").strip("/")
    _refuse_link(scan, path)
    if path not in scan.blobs:
        raise _not_there(scan, path)
    node = only(scan, replace(target, path=path))
    try:
        if target.role in {Role.VERSION, Role.VERSION_NO_V}:
            return Slot(target.role, editable.version_place(node, Shape.TARGET), index)
        return Slot(target.role, editable.place(node, Shape.TARGET, filled=_writes(target.template, node)), index)
    except TemplatedValue as error:
        value = default(node, target.template)
        if not value:
            raise
        remedy = f"If nobody sets it, change the default: give the target the value {json.dumps(value)}."
        raise TemplatedValue(error.message, where=error.where, remedy=remedy) from error


def default(node: Node, template: str) -> str:
    """The template that writes a value as the default in an expression of Flux's; empty where it has no such.

    Flux takes it where nobody sets the variable (github.com/fluxcd/pkg/envsubst).
    """
    found = _DEFAULT.fullmatch(node.value.strip()) if isinstance(node, Scalar) else None
    return f"$${{{found[1]}{template}}}" if found and re.fullmatch(_pattern(template), found[2]) else ""


def _writes(template: str, node: Node) -> bool:
    """Whether a text with an expression is one that the target writes, such as `${V:=v1.33.5}`, a default of Flux's."""
    text = node.value.strip() if isinstance(node, Scalar) else ""
    return "$$" in template and re.fullmatch(_pattern(template), text) is not None


def _not_there(scan: Scan, path: str) -> TargetNotFound:
    if scan.leaves_out(path):
        return TargetNotFound(
            f"The target's file {path} is in the repository, but the GitOpsRepository's paths leave it out.",
            remedy="Add it to the paths.",
        )
    close = nearest(path, scan.blobs)
    return TargetNotFound(
        f"The target's file {path} is not there.",
        remedy=f"Did you mean {close}?" if close else "Write its path from the repository's root.",
    )


def _refuse_link(scan: Scan, path: str) -> None:
    for link in scan.links:
        if path == link.path or path.startswith(f"{link.path}/"):
            raise SymbolicLink(
                f"{link.path} is a {link.kind.value}, and none is followed.",
                where=Where(file=path),
                remedy=OTHER_REPOSITORY if link.kind is BlobKind.SUBMODULE else "Name the file that it leads to.",
            )


def only(scan: Scan, target: TargetWant) -> Node:
    """The one node that a target means; several documents may be in the file, one of them has the field.

    Raises:
        TargetNotFound: there is none, or several.
        ManifestError: the file cannot be read.
    """
    levels = pointer.parse(target.pointer)
    found: list[Node] = []
    problems: list[ManifestError] = []
    for document in scan.documents(target.path):
        try:
            found += [_descend(root, levels, target) for root in _roots(document, target.document)]
        except ManifestError as error:
            problems.append(error)
    if len(found) > 1:
        places = ", ".join(str(node.document.where(node.start)) for node in found)
        raise TargetNotFound(
            f"Several documents have {target.pointer}: {places}.",
            remedy="Say which one with document: {kind: ..., name: ...}.",
        )
    if found:
        return found[0]
    if problems:
        raise problems[0]
    if target.document == DocumentWant():
        raise TargetNotFound(
            "Nothing in the file has fields.", where=Where(file=target.path), remedy="Correct the target's path."
        )
    raise TargetNotFound(
        f"The file has no {target.document}.", where=Where(file=target.path), remedy="Correct the target's document."
    )


def _roots(document: Document, want: DocumentWant) -> Iterator[Node]:
    roots: list[Node] = list(objects(document))
    if isinstance(document.root, NodeSequence):
        roots = [document.root]
    fields = (
        (want.api_version, ("apiVersion",)),
        (want.kind, ("kind",)),
        (want.name, ("metadata", "name")),
        (want.namespace, ("metadata", "namespace")),
    )
    for root in roots:
        if all(not text or pointer.peek(root, *keys) == text for text, keys in fields):
            yield root


def _descend(root: Node, levels: list[list[str]], target: TargetWant) -> Node:
    node = root
    for depth, keys in enumerate(levels):
        if depth:
            node = _inside(node, target)
        for key in keys:
            below = pointer.child(node, key)
            if below is None:
                raise _lost(node, key, target)
            node = below
    return node


def _inside(node: Node, target: TargetWant) -> Node:
    documents = embedded(node) if isinstance(node, Scalar) else None
    roots = [document.root for document in documents or () if document.root is not None]
    if len(roots) == 1:
        return roots[0]
    if roots:
        kind, remedy = f"which holds {len(roots)} YAML documents", "Move the one that is meant to a text of its own."
    elif documents is None:
        kind, remedy = "which is no literal block (|)", "Write the text as a literal block."
    else:
        kind, remedy = "which holds no YAML document", "Correct the target's pointer."
    raise TargetNotFound(
        f"{target.pointer} goes on inside a text here, {kind}.",
        where=node.document.where(node.start),
        remedy=remedy,
    )


def _lost(node: Node, key: str, target: TargetWant) -> TargetNotFound:
    keys = [str(name) for name, _ in pointer.children(node)] if isinstance(node, Mapping) else []
    if close := nearest(key, keys):
        remedy = f"Did you mean {close}?"
    elif keys:
        remedy = f"It has {', '.join(keys[:8])}."
    else:
        remedy = "Correct the target's pointer."
    return TargetNotFound(
        f"{target.pointer} leads nowhere: there is no {key} here.", where=node.document.where(node.start), remedy=remedy
    )
