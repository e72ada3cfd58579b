"""What Kustomize makes of a repository's Clusters, layer by layer up to the one that is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from gitops_upgrader.errors import InvalidPatch, ManifestError, ManifestTooLarge
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests import deployment, selector
from gitops_upgrader.manifests.instance import Instance, alone, applies, imagined, labelled, patched, renamed
from gitops_upgrader.manifests.kustomization import TRANSFORMERS, Kustomization, Obstacle, generated
from gitops_upgrader.manifests.layers import Layers
from gitops_upgrader.manifests.node import Node, Scalar
from gitops_upgrader.manifests.patch import Patch
from gitops_upgrader.manifests.replacement import Replacement
from gitops_upgrader.manifests.scan import Scan, Trait

MAX_COPIES: Final = 5_000
"""How many copies of Clusters a layer may make: a few layers that each name the one below twice make any number."""


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a layer says of the objects that go through it, read once: it must be the same nodes for every Cluster."""

    patches: list[tuple[str, Patch]]
    replacements: list[Replacement]
    obstacles: list[Obstacle]


class Overlays:
    """What the layers of a scan make of its Clusters, each rendered once; or of `every` object there is."""

    def __init__(self, scan: Scan, layers: Layers, *, every: bool = False) -> None:
        self._scan = scan
        self._layers = layers
        self._every = every
        self._rendered: dict[tuple[str, frozenset[str] | None], tuple[Instance, ...] | ManifestError] = {}
        self._changed: dict[str, _Changes] = {}

    def of_everything(self) -> Overlays:
        """The same for all objects; what layers say is read once for both."""
        made = Overlays(self._scan, self._layers, every=True)
        made._changed = self._changed
        return made

    def render(self, root: Kustomization, only: frozenset[str] | None = None) -> tuple[Instance, ...]:
        """The Clusters that a layer makes; `only` those of some files where it is given.

        Raises:
            ManifestError: a kustomization or a patch on the way cannot be read, or does not apply.
        """
        key = (root.key, only)
        rendered = self._rendered.get(key)
        if rendered is None:
            try:
                found = self._deployed(root, only) if root.deploys else self._layer(root, only)
                rendered = tuple(
                    replace(instance, root=root, top=instance.root if root.deploys else None) for instance in found
                )
            except ManifestError as error:
                rendered = error
            self._rendered[key] = rendered
        if isinstance(rendered, ManifestError):
            raise rendered.with_traceback(None)
        return rendered

    def versions_beyond(self, name: str) -> Iterator[Scalar]:
        """The versions that JSON6902 patches may set in a Cluster of a base that is not in the repository."""
        for layer in self._layers.readable():
            try:
                patches = self._changes(layer).patches if self._layers.absent(layer) is not None else ()
                found = [it for _, patch in patches if _may_name(patch, name) for it in patch.operations()]
            except ManifestError:
                continue  # this is for a hint
            values = [operation.value for operation in found if operation.path == "/spec/topology/version"]
            yield from (value for value in values if isinstance(value, Scalar))

    def naming(self, name: str) -> Iterator[Node]:
        """The merge patches that name a Cluster, in layers whose bases are all in the repository."""
        for layer in self._layers.readable():
            try:
                patches = self._changes(layer).patches if self._layers.absent(layer) is None else ()
            except ManifestError:
                continue  # this is for a hint
            for _, found in patches:
                if found.target is None and kinds.is_cluster(found.node) and selector.named(found.node)[-1] == name:
                    yield found.node

    def _deployed(self, root: Kustomization, only: frozenset[str] | None) -> list[Instance]:
        """What a deployment makes of its folders."""
        made: list[Instance] = []
        for folder in root.resources:
            own = self._layers.kustomization(folder)
            if own is not None:
                made += [replace(instance, root=own) for instance in self._layer(own, only, added=root)]
            else:
                below = self._layers.everything_below(folder) if self._every else self._layers.below(folder)
                own = generated(root, folder, below or (folder,))
                made += self._layer(own, only, added=root)
        return [instance for instance in made if instance.obstacles] if root.unclear else made

    def _layer(
        self,
        layer: Kustomization,
        only: frozenset[str] | None,
        below: list[Instance] | None = None,
        added: Kustomization | None = None,
    ) -> list[Instance]:
        """What a kustomization makes of its resources, together with what a deployment has `added` to it."""
        absent = self._layers.absent(layer)
        if absent is not None:
            only = None  # what is not there at all must be told from what was left out
        instances = list(self._gathered(layer, only, below or []))
        clear = _clear(added)
        for naming in (layer, clear) if clear is not None else (layer,):
            for path in naming.components:
                component = self._layers.kustomization(path)
                if component is not None:
                    instances = self._layer(component, only, instances)
                elif not naming.lenient:
                    obstacle = Obstacle(naming.naming(path), "a component that is not in the repository")
                    instances = [_hindered(instance, obstacle) for instance in instances]
        if absent is not None:
            for _, found in self._patches(layer, clear):
                if not any(applies(instance, found) for instance in instances):
                    instances += [made for made in (imagined(found, absent),) if made is not None]
        result = [made for instance in instances if (made := self._transform(layer, instance, added)) is not None]
        strays = () if absent is not None else _strays(self._patches(layer, clear), [*instances, *result])
        return [replace(instance, strays=(*instance.strays, *strays)) for instance in result] if strays else result

    def _gathered(self, layer: Kustomization, only: frozenset[str] | None, below: list[Instance]) -> Iterator[Instance]:
        """The Clusters that a kustomization begins with: for a component those that there are, and its resources."""
        known: set[tuple[str, int, int]] = set()
        resources = chain.from_iterable(self._resource(path, only) for path in layer.resources)
        for count, instance in enumerate(chain(below, resources)):
            document = instance.cluster.document
            known.add((document.file, document.index, instance.cluster.node.start))
            if count - len(known) >= MAX_COPIES:
                raise _too_many(layer)
            yield instance

    def _resource(self, path: str, only: frozenset[str] | None) -> Iterator[Instance]:
        below = self._layers.kustomization(path)
        if below is not None:
            yield from self.render(below, only)
        elif path in self._scan.blobs:
            yield from self._file(path, only)

    def _file(self, path: str, only: frozenset[str] | None) -> Iterator[Instance]:
        if (only is None or path in only) and (self._every or self._scan.has(path, Trait.CLUSTER)):
            for document in self._scan.documents(path):
                yield from map(alone, (kinds.anything if self._every else kinds.clusters)(document))

    def _transform(self, layer: Kustomization, instance: Instance, added: Kustomization | None) -> Instance | None:
        """One layer's changes, in Kustomize's own order (its `kusttarget_configplugin.go`)."""
        clear = _clear(added)
        patches = self._patches(layer, clear)
        made: Instance | None = instance
        for field in ("patchesStrategicMerge", "patches", "", "patchesJson6902", "replacements", TRANSFORMERS):
            for name, found in patches:
                if name == field and made is not None:
                    made = _patched(made, found, field)
            if not field and made is not None:
                made = labelled(renamed(made, layer.joined(clear) if clear is not None else layer), layer)
                made = labelled(made, clear) if clear is not None else made
            if field == "replacements" and made is not None:
                made = self._replaced(layer, made)
        if made is None:
            return None
        for obstacle in self._changes(layer).obstacles:
            made = _hindered(made, obstacle)
        unclear = deployment.obstacle(added, self._changes(added).patches, made) if added and not clear else None
        return _hindered(made, unclear) if unclear else made

    def _replaced(self, layer: Kustomization, instance: Instance) -> Instance:
        found, tree, ids = self._changes(layer).replacements, instance.tree, instance.ids
        if not found:
            return instance
        written = [item.written(tree) for item in found if item.picks(tree, ids)]
        read = [made for item in found if (made := item.read_from(tree, ids)) is not None]
        return replace(instance, replacements=(*instance.replacements, *written), read=(*instance.read, *read))

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


def _clear(added: Kustomization | None) -> Kustomization | None:
    """What a deployment adds for certain: of one that is unclear it is not known."""
    return None if added is not None and added.unclear else added


def _patched(instance: Instance, found: Patch, field: str) -> Instance | None:
    """The Cluster after a patch; what a patch needs may stand in the base that is not in the repository."""
    try:
        return patched(instance, found, field)
    except InvalidPatch:
        if instance.absent is None:
            raise
        return _hindered(instance, Obstacle(found.node, "a patch of what is in a base that is not in the repository"))


def _strays(patches: list[tuple[str, Patch]], instances: list[Instance]) -> tuple[Node, ...]:
    """The merge patches that name a Cluster which none of a layer's is, or was before they were applied."""
    named = [found.node for _, found in patches if found.target is None and kinds.is_cluster(found.node)]
    known = {one for instance in instances for one in selector.known(instance.tree, instance.ids)} if named else set()
    return tuple(node for node in named if selector.named(node) not in known)


def _may_name(found: Patch, name: str) -> bool:
    target = found.target
    return target is not None and target.kind in {"", "Cluster"} and target.name in {"", name}


def _too_many(layer: Kustomization) -> ManifestTooLarge:
    return ManifestTooLarge(
        f"This kustomization makes more than {MAX_COPIES:,} copies of Clusters.",
        where=layer.document.where(layer.node.start),
        remedy="Take out what is named more than once.",
    )


def _hindered(instance: Instance, obstacle: Obstacle) -> Instance:
    return replace(instance, obstacles=(*instance.obstacles, obstacle))
