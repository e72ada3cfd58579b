"""Which Kustomize layers there are in a repository, and which of them name which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import deployment, kustomization
from gitops_upgrader.manifests.artifact import Artifacts
from gitops_upgrader.manifests.kustomization import Kustomization
from gitops_upgrader.manifests.layer_size import Sizes, loop
from gitops_upgrader.manifests.links import Links, upward
from gitops_upgrader.manifests.node import Mapping, Node
from gitops_upgrader.manifests.origin import Origin
from gitops_upgrader.manifests.scan import KUSTOMIZATION_NAMES, Scan, Trait

_UPWARD: Final = re.compile(rb"\.\.?/?[\"']?\s*(?:[,\]#]|$)", re.MULTILINE)


class Layers:
    """The kustomizations and deployments of a scan, read when something leads to them.

    Args:
        scan: the files.
        deployed: the objects that may deploy folders, as they are deployed themselves, each with a text that tells it
            from others; without it there are none.
        artifacts: what these take their manifests from; without it, this repository.
    """

    def __init__(
        self,
        scan: Scan,
        deployed: Callable[[], Iterable[tuple[str, Mapping]]] | None = None,
        artifacts: Artifacts | None = None,
    ) -> None:
        self._scan = scan
        self._deployed = deployed
        self._artifacts = artifacts or Artifacts(Origin(), tuple)
        self._folders: dict[str, str] = {}
        for path in scan.having(Trait.KUSTOMIZATION):
            folder, _, name = path.rpartition("/")
            rank = KUSTOMIZATION_NAMES.index(name)
            known = self._folders.get(folder)
            if known is None or rank < KUSTOMIZATION_NAMES.index(known.rpartition("/")[2]):
                self._folders[folder] = path
        self._read: dict[str, Kustomization | None] = {}
        self._absent: dict[str, Node | None] = {}
        self._sizes = Sizes(self._named)
        self._below: dict[str, tuple[str, ...]] = {}
        self._links: Links | None = None
        self._roots: dict[str, list[Kustomization]] = {}
        self._deployments: list[Kustomization] | None = None
        self._index: dict[str, list[Kustomization]] | None = None
        self._holding: frozenset[str] | None = None

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
            self._read[folder] = kustomization.read(documents[0], folder, self.links) if documents else None
        return self._read[folder]

    def own(self, path: str) -> Kustomization | None:
        """The kustomization that is in a file; None of other files.

        Raises:
            UnreadableManifest and others: as `Document.root`.
        """
        folder = path.rpartition("/")[0]
        return self.kustomization(folder) if self._folders.get(folder) == path else None

    @property
    def links(self) -> Links:
        """The symbolic links of the scan."""
        if self._links is None:
            self._links = Links.read(self._scan.link_targets())
        return self._links

    def renaming(self, name: str) -> Iterator[Kustomization]:
        """The kustomizations that may make a Cluster's name what it is."""
        text = name.encode()
        for folder, path in self._folders.items():
            data = self._scan.data(path)
            if b"namePrefix" in data or b"nameSuffix" in data or (text in data and b"metadata" in data):
                found = self.kustomization(folder)
                if found and name.startswith(found.prefix) and name.endswith(found.suffix):
                    yield found

    def named(self, path: str) -> bool:
        """Whether a layer names a file for certain.

        Raises:
            InvalidPatch and others: as `roots`.
        """
        return not all(layer.unclear for layer in self.roots(path))

    def above(self, path: str) -> list[Kustomization]:
        """All layers above a file, those above others too.

        Raises:
            UnreadableManifest: as `includers`.
        """
        found: dict[str, Kustomization] = {}
        pending = [path]
        while pending:
            for layer in self.includers(pending.pop()):
                if layer.key not in found:
                    found[layer.key] = layer
                    pending.append(layer.folder)
        return list(found.values())

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
        names = [_name(name) for name in self.links.names(path)]
        for other, file in self._folders.items():
            data = self._scan.data(file)
            named = any(name in data and (other == folder or below in data) for folder, name, below in names)
            if named or _UPWARD.search(data):
                found = self.kustomization(other)
                if found is not None and self._includes(found, path):
                    yield found

    def _includes(self, layer: Kustomization, path: str) -> bool:
        if path in layer.resources or path in layer.components or path in layer.patch_files():
            return True
        return layer.deploys and any(self._makes(folder, path) for folder in layer.resources)

    def _makes(self, folder: str, path: str) -> bool:
        """Whether Flux makes a kustomization for a folder that names a file, or a folder, below it.

        It names all of the files, and of folders with a kustomization these, whose files it leaves to them:
        `scanManifests` of fluxcd/pkg's kustomize_generator.go.
        """
        inside = f"{folder}/" if folder else ""
        if folder in self._folders or not path.startswith(inside) or path == folder:
            return False
        between = [one for one in upward(path.rpartition("/")[0]) if len(one) > len(folder)]
        named = path in self._folders or (path in self._scan.blobs and path.endswith((".yaml", ".yml")))
        return named and not any(one in self._folders for one in between)

    def readable(self) -> list[Kustomization]:
        """Every kustomization and deployment that can be read."""
        self.read_all()
        return [*(layer for layer in self._read.values() if layer is not None), *self._deploying()]

    def below(self, folder: str) -> tuple[str, ...]:
        """What Flux makes a kustomization of that has none: files that may hold a Cluster, and folders."""
        if folder not in self._below:
            paths = [*self._folders, *self._scan.having(Trait.CLUSTER)]
            self._below[folder] = tuple(path for path in paths if self._makes(folder, path))
        return self._below[folder]

    def everything_below(self, folder: str) -> tuple[str, ...]:
        """The same with files that hold no Cluster."""
        return tuple(path for path in self._scan.blobs if self._makes(folder, path))

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
        own = self.own(path)
        pending = [own] if own is not None else list(self.includers(path))
        pending += [layer for layer in self._deploying() if layer.file == path]
        while pending:
            layer = pending.pop()
            if layer.key in seen:
                continue
            seen.add(layer.key)
            above = list(self.includers(layer.folder)) if layer.key == layer.folder else []
            pending += above
            if all(one.unclear for one in above):
                found[layer.key] = layer
        if seen and not found:
            raise loop(seen, path)
        return [found[key] for key in sorted(found)]

    def absent(self, layer: Kustomization) -> Node | None:
        """What names a base that is not in the repository, in a layer or below it: a URL, or what a chart makes.

        Raises:
            InvalidPatch: kustomizations below name each other.
            NestedTooDeep, ManifestTooLarge: there are more below each other than are read.
        """
        if layer.key not in self._absent:
            self._sizes.measure(layer)
            self._absent[layer.key] = next(self._missing(layer), None)
        return self._absent[layer.key]

    def _named(self, layer: Kustomization) -> list[Kustomization]:
        """The kustomizations that a layer names."""
        paths = [*layer.resources, *layer.components]
        return [below for below in map(self.kustomization, paths) if below is not None]

    def _missing(self, layer: Kustomization) -> Iterator[Node]:
        for path in layer.resources:
            below = self.kustomization(path)
            missing = self.absent(below) if below is not None else None
            if missing is not None:
                yield missing
            elif below is None and not self._is_there(path):
                yield layer.naming(path)
        yield from layer.generators()

    def _is_there(self, path: str) -> bool:
        """Whether a path is a file, or a folder that holds one."""
        if self._holding is None:
            self._holding = frozenset(above for blob in self._scan.blobs for above in upward(blob.rpartition("/")[0]))
        return path in self._scan.blobs or path in self._holding

    def _deploying(self) -> list[Kustomization]:
        if self._deployments is None:
            self._deployments = []
            folders = {*self._folders, *(path.rpartition("/")[0] for path in self._scan.having(Trait.CLUSTER))}
            for key, node in self._deployed() if self._deployed is not None else ():
                self._deployments += deployment.read(node, key, folders, self.links, self._artifacts)
        return self._deployments


def _name(path: str) -> tuple[str, bytes, bytes]:
    """A path's folder, its name, and its name behind a slash. Git's names are bytes, as those of files are."""
    folder, _, name = path.rpartition("/")
    needle = name.encode("utf-8", "surrogateescape")
    return folder, needle, b"/" + needle
