"""What one Kustomize kustomization says: its resources, its patches, its renaming.

What Flux's Kustomization and Argo CD's Application add to one is read here as well; `deployment` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from gitops_upgrader.errors import InvalidPatch
from gitops_upgrader.manifests import pointer, replacement
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.links import Links, resolve
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.patch import Patch, PatchKind
from gitops_upgrader.manifests.replacement import Replacement
from gitops_upgrader.manifests.scan import Scan
from gitops_upgrader.manifests.selector import Selector

FLUX: Final = "kustomize.toolkit.fluxcd.io/"
"""The group of Flux's Kustomization, which is no kustomization of Kustomize's."""
ARGO: Final = "argoproj.io/"
"""The group of Argo CD."""

TRANSFORMERS: Final = "transformers"
"""The field of transformers that have a file of their own, or stand there as text; they come last."""

_HARMLESS: Final = {"LabelTransformer", "AnnotationsTransformer", "ImageTagTransformer", "ReplicaCountTransformer"}
"""Kustomize's own transformers that change neither a name nor the topology of a Cluster."""

_PATCH_INSTEAD: Final = "Write it under patches of the kustomization, or point targets at the value that counts."


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What may change a Cluster and is not followed: where it stands, what it is, and what to do about it.

    `doubtful`: the patch that may be for another repository.
    """

    node: Node
    what: str
    remedy: str = "Point targets at the value that counts."
    doubtful: Patch | None = None


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One layer. `folder` is where its paths start from; `key` tells it from all others.

    That of a deployment has a key of its own, and the folders that it deploys for `resources`; what it says is added
    to their own kustomizations. `unclear`: it may deploy other folders, or patch other Clusters, than it seems to.
    `unread` is a template that may add anything to it. `doubt`: what it deploys, where that may be this repository.
    """

    key: str
    folder: str
    document: Document
    node: Mapping
    resources: tuple[str, ...]
    components: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    namespace: str = ""
    links: Links = field(default_factory=Links)
    unclear: bool = False
    unread: Scalar | None = None
    doubt: str = ""

    @property
    def file(self) -> str:
        """The path of the file."""
        return self.document.file

    @property
    def deploys(self) -> bool:
        """Whether it is what a deployment adds, and no kustomization of a folder."""
        return self.key != self.folder

    @property
    def names(self) -> bool:
        """Whether it gives objects other names or namespaces."""
        return bool(self.prefix or self.suffix or self.namespace)

    def joined(self, added: Kustomization) -> Kustomization:
        """The same with the names that a deployment gives in place of its own."""
        return replace(
            self,
            prefix=added.prefix or self.prefix,
            suffix=added.suffix or self.suffix,
            namespace=added.namespace or self.namespace,
        )

    @property
    def lenient(self) -> bool:
        """Whether components that are not there are passed over, as Flux and Argo CD can."""
        return pointer.peek(self.node, "ignoreMissingComponents") == "true"

    def generators(self) -> Iterator[Node]:
        """The fields from which Kustomize makes objects that stand in no file."""
        for key in ("helmCharts", "helmChartInflationGenerator", "generators"):
            yield from pointer.entries(pointer.look(self.node, key))

    def naming(self, path: str) -> Node:
        """Where a resource or component is named; the whole layer where that cannot be told."""
        keys = ("resources", "bases", "components")
        named = (item for key in keys for item in pointer.entries(pointer.look(self.node, key)))
        found = (item for item in named if isinstance(item, Scalar) and self.path(item.value) == path)
        return next(found, self.node)

    def path(self, path: str) -> str:
        """A path that is named here, from the root and without links."""
        return self.links.real(resolve(self.folder, path))

    def patch_files(self) -> Iterator[str]:
        """The paths of all files that hold patches."""
        for item in [
            *(item for _, item in self.patch_items()),
            *pointer.entries(pointer.look(self.node, TRANSFORMERS)),
        ]:
            path = item.value if isinstance(item, Scalar) else pointer.peek(item, "path")
            if path and "\n" not in path:
                yield self.path(path)

    def patches(self, scan: Scan) -> Iterator[tuple[str, Patch]]:
        """The patches in order, each with the field that it is in.

        Raises:
            InvalidPatch: one cannot be read.
            UnreadableManifest and others: as `Document.root`.
        """
        for key, item in self.patch_items():
            for patch in self._read(scan, item):
                yield key, patch
        for node in self._transformers(scan):
            if _is_patch(node):
                for patch in self._read(scan, node):
                    yield TRANSFORMERS, patch

    def replacements(self, scan: Scan) -> Iterator[Replacement]:
        """The fields that `replacements` write, inline or in files of their own."""
        for item in pointer.entries(pointer.look(self.node, "replacements")):
            path = self.path(pointer.peek(item, "path"))
            if pointer.peek(item, "path") and path in scan.blobs:
                for document in scan.documents(path):
                    entries: list[Node | None] = [*pointer.entries(document.root)] or [document.root]
                    for entry in entries:
                        yield from replacement.read(entry)
            else:
                yield from replacement.read(item)

    def obstacles(self, scan: Scan) -> Iterator[Obstacle]:
        """The transformers that may do anything."""
        for node in self._transformers(scan):
            kind = pointer.peek(node, "kind")
            if not _is_patch(node) and not (_is_builtin(node) and kind in _HARMLESS):
                yield Obstacle(node, f"the transformer {kind}" if kind else "this transformer", _PATCH_INSTEAD)

    def patch_items(self) -> Iterator[tuple[str, Node]]:
        """The entries of all fields that hold patches, with the field's name."""
        for key in ("patchesStrategicMerge", "patches", "patchesJson6902"):
            for item in pointer.entries(pointer.look(self.node, key)):
                yield key, item

    def _transformers(self, scan: Scan) -> Iterator[Node]:
        """The transformers; an entry itself where it is a folder, or not to be found."""
        for item in pointer.entries(pointer.look(self.node, TRANSFORMERS)):
            text = item.value if isinstance(item, Scalar) else ""
            if isinstance(item, Scalar) and "\n" in text:
                documents = scan.inside(item)
            elif self.path(text) in scan.blobs:
                documents = scan.documents(self.path(text))
            else:
                yield item
                continue
            roots = (document.root for document in documents)
            yield from (
                root for root in roots if root is not None and not (isinstance(root, Scalar) and not root.value)
            )

    def _read(self, scan: Scan, item: Node) -> Iterator[Patch]:
        target = pointer.look(item, "target")
        for root in self._roots(scan, item):
            if isinstance(root, Sequence):
                if target is None:
                    raise _invalid(item, "A JSON6902 patch needs a target.")
                yield Patch(PatchKind.JSON6902, root, Selector.read(target), renames=True)
                return  # Kustomize reads no further document of one (`jsonPatchFromBytes` of its PatchTransformer)
            elif isinstance(root, Mapping):
                renames = pointer.peek(item, "options", "allowNameChange") == "true"
                yield Patch(PatchKind.MERGE, root, Selector.read(target) if target is not None else None, renames)

    def _roots(self, scan: Scan, item: Node) -> list[Node | None]:
        """The patches of an entry: objects and lists of operations. Flux's older fields hold them as they are."""
        patch = item if isinstance(item, Scalar) and "\n" in item.value else pointer.look(item, "patch")
        if isinstance(patch, Scalar):
            return [document.root for document in scan.inside(patch)]
        if patch is not None:
            return [patch]
        if pointer.peek(item, "kind"):
            return [item]
        path = item.value if isinstance(item, Scalar) else pointer.peek(item, "path")
        return [document.root for document in self._file(scan, item, path)]

    def _file(self, scan: Scan, item: Node, path: str) -> list[Document]:
        resolved = self.path(path)
        if path and resolved in scan.blobs:
            return scan.documents(resolved)
        raise _invalid(item, f"The patch file {path or '(none)'} is not in the repository, or not a plain file.")


def read(document: Document, folder: str, links: Links) -> Kustomization | None:
    """The kustomization in a document of a file called so; None where it is another object, such as Flux's."""
    root = document.root
    if not isinstance(root, Mapping) or pointer.peek(root, "apiVersion").startswith((FLUX, ARGO)):
        return None
    return replace(layer(folder, folder, root, links), document=document)


def generated(added: Kustomization, folder: str, resources: tuple[str, ...]) -> Kustomization:
    """The kustomization that Flux makes of a folder without one, before it adds anything."""
    at = pointer.look(added.node, "path") or added.node
    start = at.document.start
    empty = Mapping(at.document, [True, at.start - start, True, None, None, at.end - start])
    return replace(layer(folder, folder, empty, added.links), resources=resources)


def layer(key: str, folder: str, node: Mapping, links: Links) -> Kustomization:
    """What a mapping with Kustomize's fields says."""
    made = Kustomization(
        key=key,
        folder=folder,
        document=node.document,
        node=node,
        resources=(),
        components=(),
        prefix=pointer.peek(node, "namePrefix"),
        suffix=pointer.peek(node, "nameSuffix"),
        namespace=pointer.peek(node, "namespace") or pointer.peek(node, "targetNamespace"),
        links=links,
    )
    resources = [*_texts(node, "resources"), *_texts(node, "bases")]
    return replace(
        made,
        resources=tuple(map(made.path, resources)),
        components=tuple(map(made.path, _texts(node, "components"))),
    )


def _is_builtin(node: Node) -> bool:
    return pointer.peek(node, "apiVersion") == "builtin"


def _is_patch(node: Node) -> bool:
    """Whether a transformer is one of Kustomize's own patches, with the patch in it."""
    kind, patch = pointer.peek(node, "kind"), pointer.look(node, "patch")
    return _is_builtin(node) and kind == "PatchTransformer" and isinstance(patch, Scalar)


def _texts(node: Node, key: str) -> tuple[str, ...]:
    return tuple(item.value for item in pointer.entries(pointer.look(node, key)) if isinstance(item, Scalar))


def _invalid(node: Node, problem: str) -> InvalidPatch:
    return InvalidPatch(problem, where=node.document.where(node.start), remedy="Mend the kustomization.")
