"""Where a templated version or image may come from: places to offer to a person, never to be edited without a yes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import pointer, target
from gitops_upgrader.manifests.cluster import VERSION, is_cluster, objects
from gitops_upgrader.manifests.document import Document, count, embedded
from gitops_upgrader.manifests.node import Mapping, Node, Scalar
from gitops_upgrader.manifests.node import Sequence as NodeSequence
from gitops_upgrader.manifests.override import Fate
from gitops_upgrader.manifests.place import outermost
from gitops_upgrader.manifests.query import DocumentWant, TargetWant
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
    def want(self) -> TargetWant:
        """The target that names it."""
        return TargetWant(self.file, self.pointer, DocumentWant(kind=self.kind, name=self.name if self.kind else ""))

    @property
    def snippet(self) -> str:
        """The upgrader's `targets` that would settle it, as YAML on one line."""
        return f"targets: [{self.entry}]"

    @property
    def entry(self) -> str:
        """The one target of it."""
        document = ""
        if self.kind and self.name:
            kind, name = (render_string(text, flow=True) for text in (self.kind, self.name))
            document = f", document: {{kind: {kind}, name: {name}}}"
        value = f", value: {_quoted(self.template)}" if self.template else ""
        return f"{{path: {_quoted(self.file)}{document}, pointer: {_quoted(self.pointer)}{value}}}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.value})"


def suspects(
    scan: Scan,
    name: str,
    expression: str = "",
    template: str = "",
    fate: Callable[[Scalar], Fate] = lambda _: Fate(),
    *,
    near: bool = False,
) -> list[Suspect]:
    """The likeliest places, best first: what the expression names, what stands near the Cluster's name.

    With the `template` of something else than the version, it is what the expression names alone: nobody knows what
    else looks like it. Files that cannot be read are passed over: this is a hint, and the error that it goes with says
    what matters. The `fate` of a value tells which others layers put in its place: these are offered then. `near`: only
    what stands near the Cluster's name.
    """
    wanted = _Wanted(name, named_keys(expression), template, near)
    found: list[Suspect] = []
    for path in scan.blobs:
        if not path.endswith((".yaml", ".yml", ".json")) or path.endswith("Chart.yaml"):
            continue
        if wanted.may_be_in(path, scan.data(path)):
            found += _file(scan, path, wanted)
    found.sort(key=lambda item: (-item.score, item.file, item.line))
    kept: dict[tuple[str, int, str], Suspect] = {}  # a place may be found by its key, and as what a layer puts there
    for item in found:
        for one in _standing(scan, item, wanted, fate):
            kept.setdefault((one.file, one.line, one.value), one)
        if len(kept) >= _SHOWN:
            break
    return list(kept.values())[:_SHOWN]


def _standing(scan: Scan, item: Suspect, wanted: _Wanted, fate: Callable[[Scalar], Fate]) -> Iterator[Suspect]:
    """What counts in a place: the values that layers put there first, and its own where that is deployed too."""
    try:
        node = target.only(scan, item.want)
    except ManifestError:  # what a person will be told who writes it down
        node = None
    found = fate(node) if isinstance(node, Scalar) else Fate()
    for value in (override.value for override in found.overrides):
        if value is not None and wanted.takes(value):
            yield at(value, item.score, item.template)
    if found.counts:
        yield item


def at(node: Scalar, score: int = 0, template: str = "") -> Suspect:
    """A value that is known to be the source."""
    line, _ = node.document.source.place(node.start)
    document = outermost(node.document)
    root = document.root if count(document.source.text) > 1 else None
    kind, name = pointer.peek(root, "kind"), pointer.peek(root, "metadata", "name")
    return Suspect(node.document.file, line, pointer.of(node), node.value[:80], score, kind, name, template)


def remedy(found: list[Suspect], beside: Sequence[Suspect] = ()) -> str:
    """The suspects as an instruction; empty where there are none.

    Each is shown with the likeliest of those `beside` it that are needed too: one in the same file and object first.
    """
    sets: list[tuple[Suspect, ...]] = [(one, *_closest(one, beside)) for one in found] or [(one,) for one in beside]
    shown = (f"{' and '.join(map(str, one))} with targets: [{', '.join(item.entry for item in one)}]" for one in sets)
    return "It looks as if it came from " + "; or from ".join(shown) + "." if sets else ""


def _closest(found: Suspect, others: Sequence[Suspect]) -> Sequence[Suspect]:
    def apart(other: Suspect) -> tuple[bool, bool]:
        return other.file != found.file, (other.kind, other.name) != (found.kind, found.name)

    return sorted(others, key=apart)[:1]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for: a Cluster's value, the keys that an expression reads it from, and what will be written."""

    cluster: str
    keys: tuple[str, ...]
    template: str
    near: bool

    def may_be_in(self, path: str, data: bytes) -> bool:
        """Whether a file may hold it: few of a large repository are parsed for a hint."""
        keyed = bool(self.keys) and self.keys[-1].encode() in data
        if self.template:
            return keyed
        named = self.cluster in path or self.cluster.encode() in data
        return (keyed or named) and _LIKELY.search(data) is not None

    def takes(self, node: Scalar) -> bool:
        """Whether a value can be the one that is looked for."""
        value = node.value.strip()
        return bool(value) and "$" not in value if self.template else VERSION.fullmatch(value) is not None

    def score(self, node: Scalar, place: str, keys: tuple[str, ...]) -> int:
        """How much a value looks like the one that is looked for; 0 for not at all."""
        if not self.takes(node) or _OTHER_VERSIONS.search(place) or _OTHER_VERSIONS.search(f"/{'/'.join(keys)}"):
            return 0
        wanted = self.keys
        if wanted and (keys[-len(wanted) :] == wanted or ".".join(wanted) in keys):
            return 16
        if wanted and keys and keys[-1] == wanted[-1]:
            return 8
        return 1 if keys and not self.template and _NAMED_SO.fullmatch(keys[-1]) else 0


def named_keys(expression: str) -> tuple[str, ...]:
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
            for root in _roots(document):
                if not is_cluster(root) and not pointer.peek(root, "apiVersion").startswith(_OURS):
                    yield from _object(root, wanted, several=several)
        except ManifestError:
            continue


def _roots(document: Document) -> list[Node]:
    """The objects of a document, or the operations of a JSON6902 patch."""
    operations = isinstance(document.root, NodeSequence) and any(pointer.peek(one, "op") for one in document.root.items)
    return [document.root] if operations and document.root is not None else list(objects(document))


def _object(root: Node, wanted: _Wanted, *, several: bool) -> Iterator[Suspect]:
    near = wanted.cluster in root.document.file or wanted.cluster in pointer.peek(root, "metadata", "name")
    kind = pointer.peek(root, "kind") if several else ""
    for node, place, keys, close in _values(root, "", (), wanted.cluster):
        score = wanted.score(node, place, keys)
        if score and ((wanted.keys and not wanted.near) or close or near):
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
    labels = (
        Counter(pointer.peek(value, "name") for _, value in members) if isinstance(node, NodeSequence) else Counter()
    )
    for key, value in members:
        part, names = pointer.escape(str(key)), (*keys, str(key))
        if isinstance(node, NodeSequence):
            label = pointer.peek(value, "name")
            names = (*keys, label) if label else keys
            # Of two items with one name the index tells which is meant.
            part = pointer.escape(f"[name={label}]") if label and labels[label] == 1 else part
        if isinstance(node, Mapping) and key == "value":
            names = _named(node, keys) or names
        yield from _value(value, f"{place}/{part}", names, name, close=close or key == name)


def _named(node: Mapping, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of what stands beside a name, or in an operation of a JSON6902 patch; that of a Cluster is no source."""
    path = pointer.peek(node, "path")
    if pointer.peek(node, "op") and not path.startswith("/spec/topology"):
        return (*keys, *map(pointer.unescape, path.split("/")[1:]))
    return keys if pointer.peek(node, "name") else ()


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
