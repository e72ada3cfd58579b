"""What one Kustomize kustomization says: its resources, its patches, its renaming.

Flux's Kustomization and Argo CD's Application can carry patches of their own; they are read as a kustomization on
top of the folder that they apply.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.errors import InvalidPatch
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import objects
from gitops_upgrader.manifests.document import Document, embedded, opaque
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.patch import Patch, PatchKind
from gitops_upgrader.manifests.scan import Scan
from gitops_upgrader.manifests.selector import Selector

_FLUX: Final = "kustomize.toolkit.fluxcd.io/"
_ARGO: Final = "argoproj.io/"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A field that a `replacements` entry writes, by its `fieldPath`, in the objects that `select` picks."""

    field: str
    select: Selector
    node: Node


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One layer. `folder` is where its paths start from; `key` tells it from all others."""

    key: str
    folder: str
    document: Document
    node: Mapping
    resources: tuple[str, ...]
    components: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    namespace: str = ""

    @property
    def file(self) -> str:
        """The path of the file."""
        return self.document.file

    def patch_files(self) -> Iterator[str]:
        """The paths of all files that hold patches."""
        for _, item in self.patch_items():
            path = item.value if isinstance(item, Scalar) else pointer.peek(item, "path")
            if path and "\n" not in path:
                yield resolve(self.folder, path)

    def patches(self, scan: Scan) -> Iterator[tuple[str, Patch]]:
        """The patches in order, each with the field that it is in.

        Raises:
            InvalidPatch: one cannot be read.
            UnreadableManifest and others: as `Document.root`.
        """
        for field, item in self.patch_items():
            for patch in self._read(scan, item):
                yield field, patch

    def replacements(self, scan: Scan) -> Iterator[Replacement]:
        """The fields that `replacements` write, inline or in files of their own."""
        for item in _items(pointer.look(self.node, "replacements")):
            path = resolve(self.folder, pointer.peek(item, "path"))
            if pointer.peek(item, "path") and path in scan.blobs:
                for document in scan.documents(path):
                    entries: list[Node | None] = [*_items(document.root)] or [document.root]
                    for entry in entries:
                        yield from _replacement(entry)
            else:
                yield from _replacement(item)

    def patch_items(self) -> Iterator[tuple[str, Node]]:
        """The entries of all fields that hold patches, with the field's name."""
        for field in ("patchesStrategicMerge", "patches", "patchesJson6902"):
            for item in _items(pointer.look(self.node, field)):
                yield field, item

    def _read(self, scan: Scan, item: Node) -> Iterator[Patch]:
        target = pointer.look(item, "target")
        text = item if isinstance(item, Scalar) and "\n" in item.value else pointer.look(item, "patch")
        if isinstance(text, Scalar):
            documents = embedded(text) or opaque(text)
        else:
            path = item.value if isinstance(item, Scalar) else pointer.peek(item, "path")
            documents = self._file(scan, item, path)
        for document in documents:
            root = document.root
            if isinstance(root, Sequence):
                if target is None:
                    raise _invalid(item, "A JSON6902 patch needs a target.")
                yield Patch(PatchKind.JSON6902, root, Selector.read(target), renames=True)
                return  # Kustomize reads no further document of one (`jsonPatchFromBytes` of its PatchTransformer)
            elif isinstance(root, Mapping):
                renames = pointer.peek(item, "options", "allowNameChange") == "true"
                yield Patch(PatchKind.MERGE, root, Selector.read(target) if target is not None else None, renames)

    def _file(self, scan: Scan, item: Node, path: str) -> list[Document]:
        resolved = resolve(self.folder, path)
        if path and resolved in scan.blobs:
            return scan.documents(resolved)
        raise _invalid(item, f"The patch file {path or '(none)'} is not in the repository, or not a plain file.")


def read(document: Document, folder: str) -> Kustomization | None:
    """The kustomization in a document of a file called so; None where it is another object, such as Flux's."""
    root = document.root
    if not isinstance(root, Mapping) or pointer.peek(root, "apiVersion").startswith((_FLUX, _ARGO)):
        return None
    return _layer(folder, folder, document, root, _texts(root, "resources") + _texts(root, "bases"))


def deployments(document: Document) -> Iterator[Kustomization]:
    """The Flux Kustomizations and Argo CD Applications of a document that change what they deploy."""
    for node in objects(document):
        api, spec = pointer.peek(node, "apiVersion"), pointer.look(node, "spec")
        if api.startswith(_FLUX) and isinstance(spec, Mapping):
            path, layer = pointer.peek(spec, "path"), spec
        elif api.startswith(_ARGO) and pointer.peek(node, "kind") == "Application":
            source = pointer.look(spec, "source")
            path, found = pointer.peek(source, "path"), pointer.look(source, "kustomize")
            if not isinstance(found, Mapping):
                continue
            layer = found
        else:
            continue
        made = _layer(f"{document.file}#{node.start}", "", document, layer, (path or ".",))
        if made.prefix or made.suffix or made.namespace or any(True for _ in made.patch_items()):
            yield made


def resolve(folder: str, path: str) -> str:
    """A path in a kustomization as one from the root; the root itself is empty."""
    resolved = posixpath.normpath(posixpath.join(folder, path))
    return "" if resolved == "." else resolved.lstrip("/")


def _layer(key: str, folder: str, document: Document, node: Mapping, resources: tuple[str, ...]) -> Kustomization:
    return Kustomization(
        key=key,
        folder=folder,
        document=document,
        node=node,
        resources=tuple(resolve(folder, path) for path in resources),
        components=tuple(resolve(folder, path) for path in _texts(node, "components")),
        prefix=pointer.peek(node, "namePrefix"),
        suffix=pointer.peek(node, "nameSuffix"),
        namespace=pointer.peek(node, "namespace") or pointer.peek(node, "targetNamespace"),
    )


def _replacement(node: Node | None) -> Iterator[Replacement]:
    for target in _items(pointer.look(node, "targets")):
        select = pointer.look(target, "select")
        for path in _items(pointer.look(target, "fieldPaths")):
            if isinstance(path, Scalar) and select is not None:
                yield Replacement(path.value, Selector.read(select), path)


def _items(node: Node | None) -> list[Node]:
    """The items of a sequence, aliases followed."""
    found = pointer.follow(node)
    return (
        [item for item in map(pointer.follow, found.items) if item is not None] if isinstance(found, Sequence) else []
    )


def _texts(node: Node, key: str) -> tuple[str, ...]:
    return tuple(item.value for item in _items(pointer.look(node, key)) if isinstance(item, Scalar))


def _invalid(node: Node, problem: str) -> InvalidPatch:
    return InvalidPatch(problem, where=node.document.where(node.start), remedy="Mend the kustomization.")
