"""Where a templated version or image may come from: places to offer to a person, never to be edited without a yes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import VERSION, is_cluster, objects
from gitops_upgrader.manifests.document import embedded
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.scalar import render_string
from gitops_upgrader.manifests.scan import Scan

_Value: TypeAlias = tuple[Scalar, str, tuple[str, ...], bool]

_SHOWN: Final = 3
_OURS: Final = f"{GROUP}/"
_LIKELY: Final = re.compile(rb"\d+\.\d+\.\d+")
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)")
_HELM: Final = re.compile(r"\.Values\.([\w.]+)|\.([A-Za-z]\w*)(?=[^\w.]|\Z)")
_NAMED_SO: Final = re.compile(r"(?:k8s|kube(?:rnetes)?)[-_.]?version|version|(?:k8s|kubernetes|release)", re.IGNORECASE)
_OTHER_VERSIONS: Final = re.compile(
    r"apiVersion|appVersion|/chart(?:/spec)?/version|/targetRevision|/labels/|/annotations/|/status/"
)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place that looks like a value's source, with what speaks for it (more is likelier).

    `template` is what a target writes there; empty for the version, which it does of itself.
    """

    file: str
    line: int
    pointer: str
    value: str
    score: int
    kind: str = ""
    name: str = ""
    template: str = ""

    @property
    def snippet(self) -> str:
        """The upgrader's `targets` that would settle it, as YAML on one line."""
        document = ""
        if self.kind and self.name:
            kind, name = (render_string(text, flow=True) for text in (self.kind, self.name))
            document = f", document: {{kind: {kind}, name: {name}}}"
        value = f", value: {_quoted(self.template)}" if self.template else ""
        return f"targets: [{{path: {_quoted(self.file)}{document}, pointer: {_quoted(self.pointer)}{value}}}]"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.value}) with {self.snippet}"


def suspects(scan: Scan, name: str, expression: str = "", template: str = "") -> list[Suspect]:
    """The likeliest places, best first: what the expression names, what stands near the Cluster's name.

    With the `template` of something else than the version, it is what the expression names alone: nobody knows what
    else looks like it. Files that cannot be read are passed over: this is a hint, and the error that it goes with says
    what matters.
    """
    wanted = _Wanted(name, _keys(expression), template)
    found: list[Suspect] = []
    for path in scan.blobs:
        if not path.endswith((".yaml", ".yml", ".json")) or path.endswith("Chart.yaml"):
            continue
        if wanted.may_be_in(path, scan.data(path)):
            found += _file(scan, path, wanted)
    return sorted(found, key=lambda item: (-item.score, item.file, item.line))[:_SHOWN]


def at(node: Scalar) -> Suspect:
    """A value that somebody knows to be the version's source."""
    line, _ = node.document.source.place(node.start)
    return Suspect(node.document.file, line, pointer.of(node), node.value[:80], 0)


def remedy(found: list[Suspect]) -> str:
    """The suspects as an instruction; empty where there are none."""
    if not found:
        return ""
    return "It looks as if it came from " + "; or from ".join(map(str, found)) + "."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for: a Cluster's value, the keys that an expression reads it from, and what will be written."""

    cluster: str
    keys: tuple[str, ...]
    template: str

    def may_be_in(self, path: str, data: bytes) -> bool:
        """Whether a file may hold it: few of a large repository are parsed for a hint."""
        keyed = bool(self.keys) and self.keys[-1].encode() in data
        if self.template:
            return keyed
        named = self.cluster in path or self.cluster.encode() in data
        return (keyed or named) and _LIKELY.search(data) is not None

    def score(self, node: Scalar, place: str, keys: tuple[str, ...]) -> int:
        """How much a value looks like the one that is looked for; 0 for not at all."""
        value = node.value.strip()
        fits = bool(value) and "$" not in value if self.template else VERSION.fullmatch(value) is not None
        if not fits or _OTHER_VERSIONS.search(place):
            return 0
        wanted = self.keys
        if wanted and (keys[-len(wanted) :] == wanted or ".".join(wanted) in keys):
            return 16
        if wanted and keys and keys[-1] == wanted[-1]:
            return 8
        return 1 if keys and not self.template and _NAMED_SO.fullmatch(keys[-1]) else 0


def _keys(expression: str) -> tuple[str, ...]:
    """The key, or the keys from the outside in, that an expression reads; empty where it shows none."""
    variable = None if "{{" in expression else _VARIABLE.search(expression)
    if variable:
        return (variable[1],)
    helm = _HELM.search(expression)
    return tuple((helm[1] or helm[2]).split(".")) if helm else ()


def _file(scan: Scan, path: str, wanted: _Wanted) -> Iterator[Suspect]:
    try:
        documents = scan.documents(path)
    except ManifestError:
        return
    several = len(documents) > 1
    for document in documents:
        try:
            for root in objects(document):
                if not is_cluster(root) and not pointer.peek(root, "apiVersion").startswith(_OURS):
                    yield from _object(root, wanted, several=several)
        except ManifestError:
            continue


def _object(root: Mapping, wanted: _Wanted, *, several: bool) -> Iterator[Suspect]:
    near = wanted.cluster in root.document.file or wanted.cluster in pointer.peek(root, "metadata", "name")
    kind = pointer.peek(root, "kind") if several else ""
    for node, place, keys, close in _values(root, "", (), wanted.cluster):
        score = wanted.score(node, place, keys)
        if score and (wanted.keys or close or near):
            yield Suspect(
                file=node.document.file,
                line=node.document.source.place(node.start)[0],
                pointer=place,
                value=node.value[:80],
                score=score + 4 * close + 2 * near,
                kind=kind,
                name=pointer.peek(root, "metadata", "name"),
                template=wanted.template,
            )


def _values(
    node: Node | None, place: str, keys: tuple[str, ...], name: str, *, close: bool = False
) -> Iterator[_Value]:
    """Each scalar below a node, with its pointer, its keys, and whether the Cluster's name stands beside it."""
    members = pointer.children(node)
    close = close or any(isinstance(value, Scalar) and value.value == name for _, value in members)
    labels = Counter(pointer.peek(value, "name") for _, value in members) if isinstance(node, Sequence) else Counter()
    for key, value in members:
        part, names = pointer.escape(str(key)), (*keys, str(key))
        if isinstance(node, Sequence):
            label = pointer.peek(value, "name")
            names = (*keys, label) if label else keys
            # Of two items with one name the index tells which is meant.
            part = pointer.escape(f"[name={label}]") if label and labels[label] == 1 else part
        if isinstance(node, Mapping) and key == "value" and pointer.peek(node, "name"):
            names = keys
        yield from _value(value, f"{place}/{part}", names, name, close=close or key == name)


def _value(value: Node, place: str, keys: tuple[str, ...], name: str, *, close: bool) -> Iterator[_Value]:
    if not isinstance(value, Scalar):
        yield from _values(value, place, keys, name, close=close)
        return
    yield value, place, keys, close
    for root in _inner(value):
        yield from _values(root, f"{place}|", keys, name, close=close)


def _inner(value: Scalar) -> list[Node | None]:
    """The objects in a text; none where it is not YAML, or more than is read."""
    try:
        documents = (embedded(value) or []) if value.style == "|" and ":" in value.value else []
        return [document.root for document in documents]
    except ManifestError:
        return []


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
