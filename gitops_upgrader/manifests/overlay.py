"""What Kustomize makes of a repository's Clusters, layer by layer up to the one that is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gitops_upgrader.errors import InvalidPatch, ManifestError, Where
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests import deployment, kustomization
from gitops_upgrader.manifests.instance import Instance, alone, applies, imagined, patched, renamed
from gitops_upgrader.manifests.kustomization import TRANSFORMERS, Kustomization, Obstacle
from gitops_upgrader.manifests.links import Links
from gitops_upgrader.manifests.node import Node
from gitops_upgrader.manifests.patch import Patch
from gitops_upgrader.manifests.replacement import Replacement
from gitops_upgrader.manifests.scan import KUSTOMIZATION_NAMES, Scan, Trait

_UPWARD: Final = re.compile(rb"\.\.?/?[\"']?\s*(?:[,\]#]|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a layer says of the objects that go through it, read once: it must be the same nodes for every Cluster."""

    patches: list[tuple[str, Patch]]
    replacements: list[Replacement]
    obstacles: list[Obstacle]


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
        self._changed: dict[str, _Changes] = {}
        self._absent: dict[str, Node | None] = {}
        self._links: Links | None = None
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
            self._read[folder] = kustomization.read(documents[0], folder, self.links) if documents else None
        return self._read[folder]

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
        # Git's names are bytes, as those of files are.
        names = [name.encode("utf-8", "surrogateescape").rpartition(b"/")[::2] for name in self.links.names(path)]
        for other, file in self._folders.items():
            data, beside = self._scan.data(file), other.encode("utf-8", "surrogateescape")
            named = any(name in data and (folder == beside or b"/" + name in data) for folder, name in names)
            if named or _UPWARD.search(data):
                found = self.kustomization(other)
                if found is not None and self._includes(found, path):
                    yield found

    def _includes(self, layer: Kustomization, path: str) -> bool:
        if path in layer.resources or path in layer.components or path in layer.patch_files():
            return True
        return layer.deploys and any(self._holds(folder, path) for folder in layer.resources)

    def _holds(self, folder: str, path: str) -> bool:
        """Whether Flux makes a kustomization for a folder that names a file, or a folder, below it.

        It names all of the files, and of folders with a kustomization these, whose files it leaves to them:
        `scanManifests` of fluxcd/pkg's kustomize_generator.go.
        """
        inside = f"{folder}/" if folder else ""
        if folder in self._folders or not path.startswith(inside) or path == folder:
            return False
        between = path[len(inside) :].split("/")[:-1]
        above = ("/".join(between[:count]) for count in range(1, len(between) + 1))
        return (path in self._scan.blobs or path in self._folders) and not any(
            f"{inside}{one}" in self._folders for one in above
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
            found = self._deployed(root, only) if root.deploys else self._layer(root, only)
            self._rendered[key] = tuple(replace(instance, root=root) for instance in found)
        return self._rendered[key]

    def _deployed(self, root: Kustomization, only: frozenset[str] | None) -> list[Instance]:
        """What a deployment makes of its folders."""
        made: list[Instance] = []
        for folder in root.resources:
            own = self.kustomization(folder)
            if own is not None:
                made += self._layer(own, only, added=root)
                continue
            below = [*self._folders, *self._scan.having(Trait.CLUSTER)]
            named = tuple(path for path in below if self._holds(folder, path))
            made += self._layer(replace(root, resources=named or (folder,)), only)
        return made

    def _layer(
        self,
        layer: Kustomization,
        only: frozenset[str] | None,
        below: list[Instance] | None = None,
        added: Kustomization | None = None,
    ) -> list[Instance]:
        """What a kustomization makes of its resources, together with what a deployment has `added` to it."""
        absent = self.absent(layer)
        if absent is not None:
            only = None  # what is not there at all must be told from what was left out
        instances = list(below or ())
        for path in layer.resources:
            instances += self._resource(path, only)
        for naming in (layer, added):
            for path in naming.components if naming is not None else ():
                component = self.kustomization(path)
                if component is not None:
                    instances = self._layer(component, only, instances)
                elif naming is not None and not naming.lenient:
                    obstacle = Obstacle(naming.naming(path), "a component that is not in the repository")
                    instances = [_hindered(instance, obstacle) for instance in instances]
        if absent is not None:
            patches = [found for _, found in self._patches(layer, added)]
            for found in patches:
                if not any(applies(instance, found) for instance in instances):
                    instances += [made for made in (imagined(found, absent),) if made is not None]
        return [made for instance in instances if (made := self._transform(layer, instance, added)) is not None]

    def absent(self, layer: Kustomization) -> Node | None:
        """What names a base that is not in the repository, in a layer or below it: a URL, or what a chart makes."""
        if layer.key not in self._absent:
            self._absent[layer.key] = None  # for a loop of kustomizations
            self._absent[layer.key] = next(self._missing(layer), None)
        return self._absent[layer.key]

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
        blobs = self._scan.blobs
        return path in blobs or not path or any(blob.startswith(f"{path}/") for blob in blobs)

    def _resource(self, path: str, only: frozenset[str] | None) -> Iterator[Instance]:
        below = self.kustomization(path)
        if below is not None:
            yield from self.render(below, only)
        elif path in self._scan.blobs:
            yield from self._file(path, only)

    def _file(self, path: str, only: frozenset[str] | None) -> Iterator[Instance]:
        if (only is None or path in only) and self._scan.has(path, Trait.CLUSTER):
            for document in self._scan.documents(path):
                yield from (alone(found) for found in kinds.clusters(document))

    def _transform(self, layer: Kustomization, instance: Instance, added: Kustomization | None) -> Instance | None:
        """One layer's changes, in Kustomize's own order (its `kusttarget_configplugin.go`)."""
        clear = None if added is not None and added.unclear else added
        patches = self._patches(layer, clear)
        made: Instance | None = instance
        for field in ("patchesStrategicMerge", "patches", "", "patchesJson6902", "replacements", TRANSFORMERS):
            for name, found in patches:
                if name == field and made is not None:
                    made = _patched(made, found)
            if not field and made is not None:
                made = renamed(made, layer.joined(clear) if clear is not None else layer)
            if field == "replacements" and made is not None:
                made = self._replaced(layer, made)
        if made is None:
            return None
        for obstacle in self._changes(layer).obstacles:
            made = _hindered(made, obstacle)
        if added is not None and clear is None and deployment.may_change(added, self._changes(added).patches, made):
            made = _hindered(made, Obstacle(added.node, "a template of an ApplicationSet"))
        return made

    def _replaced(self, layer: Kustomization, instance: Instance) -> Instance:
        picked = [it for it in self._changes(layer).replacements if it.picks(instance.tree, instance.ids)]
        written = tuple(it.written(instance.tree) for it in picked)
        return replace(instance, replacements=(*instance.replacements, *written)) if written else instance

    def _patches(self, layer: Kustomization, added: Kustomization | None) -> list[tuple[str, Patch]]:
        """A layer's patches, with those that a deployment adds behind its own."""
        return [*self._changes(layer).patches, *(self._changes(added).patches if added is not None else ())]

    def _changes(self, layer: Kustomization) -> _Changes:
        if layer.key not in self._changed:
            scan = self._scan
            self._changed[layer.key] = _Changes(
                list(layer.patches(scan)), list(layer.replacements(scan)), list(layer.obstacles(scan))
            )
        return self._changed[layer.key]

    def _deploying(self) -> list[Kustomization]:
        if self._deployments is None:
            self._deployments = []
            for path in self._scan.having(Trait.DEPLOYMENT):
                try:
                    for document in self._scan.documents(path):
                        self._deployments += deployment.read(document, self._folders, self.links)
                except ManifestError:
                    continue  # not readable, as Helm templates are not; what it deploys is judged without it
        return self._deployments


def _patched(instance: Instance, found: Patch) -> Instance | None:
    """The Cluster after a patch; what a patch needs may stand in the base that is not in the repository."""
    try:
        return patched(instance, found)
    except InvalidPatch:
        if instance.absent is None:
            raise
        return _hindered(instance, Obstacle(found.node, "a patch of what is in a base that is not in the repository"))


def _hindered(instance: Instance, obstacle: Obstacle) -> Instance:
    return replace(instance, obstacles=(*instance.obstacles, obstacle))
