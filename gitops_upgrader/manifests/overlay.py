"""What Kustomize makes of a repository's Clusters, layer by layer up to the one that is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gitops_upgrader.errors import InvalidPatch, ManifestError, Where
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests import kustomization
from gitops_upgrader.manifests.instance import Instance, alone, patched, renamed
from gitops_upgrader.manifests.kustomization import Kustomization, Replacement
from gitops_upgrader.manifests.patch import Patch
from gitops_upgrader.manifests.scan import KUSTOMIZATION_NAMES, Scan, Trait

_UPWARD: Final = re.compile(rb"\.\.?/?[\"']?\s*(?:[,\]#]|$)", re.MULTILINE)


class Overlays:
    """The kustomizations of a scan, read when something leads to them."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._folders: dict[str, str] = {}
        for path in scan.having(Trait.KUSTOMIZATION):
            folder, _, name = path.rpartition("/")
            rank = KUSTOMIZATION_NAMES.index(name)
            known = self._folders.get(folder)
            if known is None or rank < KUSTOMIZATION_NAMES.index(known.rpartition("/")[2]):
                self._folders[folder] = path
        self._read: dict[str, Kustomization | None] = {}
        self._rendered: dict[tuple[str, frozenset[str] | None], tuple[Instance, ...]] = {}
        self._changed: dict[str, tuple[list[tuple[str, Patch]], list[Replacement]]] = {}
        self._roots: dict[str, list[Kustomization]] = {}
        self._deployments: list[Kustomization] | None = None
        self._index: dict[str, list[Kustomization]] | None = None

    def read_all(self) -> None:
        """Read every kustomization now, so that many questions cost less than one by one."""
        self._index = {}
        for folder in self._folders:
            try:
                layer = self.kustomization(folder)
            except ManifestError:
                continue  # what it would do to its Clusters is told when one of them is asked for
            if layer is not None:
                for path in {*layer.resources, *layer.components, *layer.patch_files()}:
                    self._index.setdefault(path, []).append(layer)

    def kustomization(self, folder: str) -> Kustomization | None:
        """The kustomization of a folder; None where there is none.

        Raises:
            UnreadableManifest and others: as `Document.root`.
        """
        if folder not in self._folders:
            return None
        if folder not in self._read:
            documents = self._scan.documents(self._folders[folder])
            self._read[folder] = kustomization.read(documents[0], folder) if documents else None
        return self._read[folder]

    def renaming(self, name: str) -> Iterator[Kustomization]:
        """The kustomizations that may make a Cluster's name what it is."""
        text = name.encode()
        for folder, path in self._folders.items():
            data = self._scan.data(path)
            if b"namePrefix" in data or b"nameSuffix" in data or (text in data and b"metadata" in data):
                found = self.kustomization(folder)
                if found and name.startswith(found.prefix) and name.endswith(found.suffix):
                    yield found

    def includers(self, path: str) -> Iterator[Kustomization]:
        """The layers that name a file or folder, as resource, component or patch.

        Raises:
            UnreadableManifest and others: a kustomization that names it cannot be read.
        """
        yield from (layer for layer in self._naming(path) if layer.key != path)
        yield from (layer for layer in self._deploying() if self._includes(layer, path))

    def _naming(self, path: str) -> Iterator[Kustomization]:
        if self._index is not None:
            yield from self._index.get(path, ())
            return
        folder, _, name = path.rpartition("/")
        needle = name.encode("utf-8", "surrogateescape")  # Git's names are bytes, as those of files are
        elsewhere = b"/" + needle
        for other, file in self._folders.items():
            data = self._scan.data(file)
            if (needle in data and (other == folder or elsewhere in data)) or _UPWARD.search(data):
                found = self.kustomization(other)
                if found is not None and self._includes(found, path):
                    yield found

    def _includes(self, layer: Kustomization, path: str) -> bool:
        if path in layer.resources or path in layer.components or path in layer.patch_files():
            return True
        # Flux applies a folder without a kustomization as if one named all of its files.
        return any(
            resource not in self._folders
            and (not resource or path.startswith(f"{resource}/"))
            and path in self._scan.blobs
            for resource in layer.resources
            if layer.key != layer.folder
        )

    def roots(self, path: str) -> list[Kustomization]:
        """The outermost layers above a file, or above the layer that the file itself is.

        Raises:
            InvalidPatch: kustomizations name each other, so that none is the outermost.
        """
        if path not in self._roots:
            self._roots[path] = self._outermost(path)
        return self._roots[path]

    def _outermost(self, path: str) -> list[Kustomization]:
        found: dict[str, Kustomization] = {}
        seen: set[str] = set()
        folder = path.rpartition("/")[0]
        own = self.kustomization(folder) if self._folders.get(folder) == path else None
        pending = [own] if own is not None else list(self.includers(path))
        pending += [layer for layer in self._deploying() if layer.file == path]
        while pending:
            layer = pending.pop()
            if layer.key in seen:
                continue
            seen.add(layer.key)
            above = list(self.includers(layer.folder)) if layer.key == layer.folder else []
            pending += above
            if not above:
                found[layer.key] = layer
        if seen and not found:
            raise InvalidPatch(
                f"The kustomizations of {' and '.join(sorted(seen))} name each other.",
                where=Where(file=path),
                remedy="Take one of them out of the other's resources or components.",
            )
        return [found[key] for key in sorted(found)]

    def render(self, root: Kustomization, only: frozenset[str] | None = None) -> tuple[Instance, ...]:
        """The Clusters that a layer makes; `only` those of some files where it is given.

        Raises:
            ManifestError: a kustomization or a patch on the way cannot be read, or does not apply.
        """
        key = (root.key, only)
        if key not in self._rendered:
            self._rendered[key] = ()  # what a loop of kustomizations names a second time
            found = tuple(self._layer(root, only))
            self._rendered[key] = tuple(replace(instance, root=root) for instance in found)
        return self._rendered[key]

    def _layer(
        self, layer: Kustomization, only: frozenset[str] | None, below: tuple[Instance, ...] = ()
    ) -> list[Instance]:
        instances = list(below)
        for path in layer.resources:
            instances += self._resource(path, only, layer)
        for path in layer.components:
            component = self.kustomization(path)
            if component is not None:
                instances = self._layer(component, only, tuple(instances))
        return [made for instance in instances if (made := self._transform(layer, instance)) is not None]

    def _resource(self, path: str, only: frozenset[str] | None, layer: Kustomization) -> Iterator[Instance]:
        below = self.kustomization(path)
        if below is not None:
            yield from self.render(below, only)
        elif path in self._scan.blobs:
            yield from self._file(path, only)
        elif layer.key != layer.folder:
            prefix = f"{path}/" if path else ""
            for file in self._scan.having(Trait.CLUSTER):
                if file.startswith(prefix):
                    yield from self._file(file, only)

    def _file(self, path: str, only: frozenset[str] | None) -> Iterator[Instance]:
        if (only is None or path in only) and self._scan.has(path, Trait.CLUSTER):
            for document in self._scan.documents(path):
                yield from (alone(found) for found in kinds.clusters(document))

    def _transform(self, layer: Kustomization, instance: Instance) -> Instance | None:
        """One layer's changes, in Kustomize's own order (its `kusttarget_configplugin.go`)."""
        patches, replacements = self._changes(layer)
        made: Instance | None = instance
        for field in ("patchesStrategicMerge", "patches", "", "patchesJson6902"):
            for name, found in patches:
                if name == field and made is not None:
                    made = patched(made, found)
            if not field and made is not None:
                made = renamed(made, layer)
        if made is None:
            return None
        written = tuple(item for item in replacements if item.select.picks(made.tree, made.ids))
        return replace(made, replacements=(*made.replacements, *written))

    def _changes(self, layer: Kustomization) -> tuple[list[tuple[str, Patch]], list[Replacement]]:
        """A layer's patches and replacements, read once: what they set must be the same nodes for every Cluster."""
        if layer.key not in self._changed:
            self._changed[layer.key] = list(layer.patches(self._scan)), list(layer.replacements(self._scan))
        return self._changed[layer.key]

    def _deploying(self) -> list[Kustomization]:
        if self._deployments is None:
            self._deployments = []
            for path in self._scan.having(Trait.DEPLOYMENT):
                try:
                    for document in self._scan.documents(path):
                        self._deployments += kustomization.deployments(document)
                except ManifestError:
                    continue  # not readable, as Helm templates are not; what it deploys is judged without it
        return self._deployments
