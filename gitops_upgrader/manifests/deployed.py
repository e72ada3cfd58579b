"""The objects of Flux and Argo CD that may deploy folders, as kustomizations deploy them in their turn.

A layer may give them another path or other patches than they have in their files. What Flux itself changes in the Flux
Kustomizations that it applies is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.artifact import GIT_REPOSITORY
from gitops_upgrader.manifests.cluster import objects
from gitops_upgrader.manifests.kustomization import Kustomization
from gitops_upgrader.manifests.layers import Layers
from gitops_upgrader.manifests.node import Mapping
from gitops_upgrader.manifests.overlay import Overlays
from gitops_upgrader.manifests.patch import Patch
from gitops_upgrader.manifests.scan import Scan, Trait

_MANY: Final = 300
"""For how many files the kustomizations are searched, before all of them are parsed."""

_GROUPS: Final = (b"kustomize.toolkit.fluxcd.io/", b"argoproj.io/")
_SOURCE: Final = "source.toolkit.fluxcd.io/"
_OTHER_KIND: Final = re.compile(r"(?!(?:Kustomization|Application|ApplicationSet)\Z)\w+")
_BETWEEN: Final = re.compile(rb"[\s/\"',\[\]{}]+")
"""What stands between names in a kustomization."""
_TARGET: Final = re.compile(rb"\btarget[\"']?\s*:")
_OTHER_TARGET: Final = re.compile(
    rb"(?:(?!patch|path|target|options)[^\0])*?\bkind[\"']?:\s*[\"']?"
    rb"(?!(?:Kustomization|Application|ApplicationSet)\b)\w+[\"']?\s*(?:[,}\n#]|\Z)"
)
"""What follows a `target` that is for another kind of objects."""
_FIELD: Final = re.compile(
    r"path|patches\w*|components|targetNamespace|name(?:Prefix|Suffix)|source(?:s|Ref|Hydrator)?|template(?:Patch)?"
)
"""What a field of `spec` is called that says what is deployed, or changes it."""


class Deployed:
    """The objects of a scan that may deploy folders."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._layers = Layers(scan)

    def objects(self) -> Iterator[tuple[str, Mapping]]:
        """Each of them, with a text that tells it from others. What cannot be read, as Helm templates, is left out."""
        deployers = list(self._scan.having(Trait.DEPLOYER))
        changed = self._changed(deployers) if deployers else {}
        for path in self._scan.having(Trait.DEPLOYMENT):
            if path not in changed:
                yield from ((path, node) for node in self._written(path))
        roots = {layer.key: layer for above in changed.values() for layer in above}
        yield from self._rendered(roots, frozenset(changed))

    def repositories(self) -> Iterator[Mapping]:
        """Flux's GitRepository objects."""
        paths = list(self._scan.having(Trait.SOURCE))
        if len(paths) > _MANY:
            self._layers.read_all()
        found: list[Mapping] = []
        roots: dict[str, Kustomization] = {}
        for path in paths:
            try:
                above = self._layers.roots(path)
            except ManifestError:
                above = []  # nothing of it is deployed
            roots |= {layer.key: layer for layer in above}
            found += [] if above else self._written(path)
        found += [node for _, node in self._rendered(roots, frozenset(paths))]
        for node in found:
            if pointer.peek(node, "apiVersion").startswith(_SOURCE) and pointer.peek(node, "kind") == GIT_REPOSITORY:
                yield node

    def _written(self, path: str) -> list[Mapping]:
        """The objects of a file."""
        found: list[Mapping] = []
        try:
            for document in self._scan.documents(path):
                found += objects(document)
        except ManifestError:
            pass  # what it deploys is judged without it
        return found

    def _changed(self, deployers: list[str]) -> dict[str, list[Kustomization]]:
        """The files in which layers may change what is deployed, each with the outermost layers above it."""
        below: set[str] = set()
        for file in self._candidates(deployers):
            with suppress(ManifestError):  # nothing of it is deployed
                layer = self._layers.own(file)
                if layer is not None and self._changes(layer):
                    below |= self._below(layer)
        paths = [path for path in deployers if path in below]
        if len(paths) > _MANY:
            self._layers.read_all()
        found: dict[str, list[Kustomization]] = {}
        for path in paths:
            with suppress(ManifestError):  # nothing of it is deployed
                found[path] = self._layers.roots(path)
        return found

    def _candidates(self, deployers: list[str]) -> Iterator[str]:
        """The kustomizations that may change one of these objects, by their bytes: most that patch do not."""
        links = [link.path for link in self._scan.links]
        names = {_BETWEEN.split(path.encode("utf-8", "surrogateescape"))[-1] for path in [*deployers, *links]}
        for path in self._scan.having(Trait.KUSTOMIZATION):
            data = self._scan.words(path)
            if b"patch" in data and (
                any(group in data for group in _GROUPS)
                or not all(map(_OTHER_TARGET.match, _TARGET.split(data)[1:]))
                or not names.isdisjoint(_BETWEEN.split(data))
            ):
                yield path

    def _changes(self, layer: Kustomization) -> bool:
        return any(_may_change(found) for _, found in layer.patches(self._scan))

    def _below(self, layer: Kustomization) -> set[str]:
        """What a layer and those below it name: the objects that it may change, and its patches.

        A component changes what the layers above it name.
        """
        found: set[str] = set()
        component = pointer.peek(layer.node, "kind") == "Component"
        pending = [layer, *(self._layers.above(layer.folder) if component else ())]
        while pending:
            current = pending.pop()
            named = {*current.resources, *current.components, *current.patch_files()} - found
            found |= named
            pending += [below for below in map(self._layers.kustomization, named) if below is not None]
        return found

    def _rendered(self, roots: dict[str, Kustomization], only: frozenset[str]) -> Iterator[tuple[str, Mapping]]:
        overlays = Overlays(self._scan, self._layers, every=True)
        for key, root in sorted(roots.items()):
            try:
                made = overlays.render(root, only)
            except ManifestError:
                continue  # nothing of it is deployed
            yield from ((f"{key}:{one.cluster.document.file}#{one.cluster.node.start}", one.tree) for one in made)


def _may_change(found: Patch) -> bool:
    """Whether a patch may be for one of these objects, and change what it deploys."""
    kind = found.target.kind if found.target is not None else pointer.peek(found.node, "kind")
    if _OTHER_KIND.fullmatch(kind):
        return False
    if pointer.peek(found.node, "$patch"):
        return True
    fields = [str(key) for key, _ in pointer.children(pointer.look(found.node, "spec"))]
    for operation in found.operations():
        first, _, rest = operation.path.removeprefix("/").partition("/")
        fields += [rest.partition("/")[0] or "path"] if first in {"", "spec"} else []
    return any(map(_FIELD.fullmatch, fields))
