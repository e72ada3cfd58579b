"""The objects of Flux and Argo CD that may deploy folders, as kustomizations deploy them in their turn.

A layer may give them another path or other patches than they have in their files. What Flux itself changes in the Flux
Kustomizations that it applies is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
_FIELD: Final = re.compile(
    r"path|patches\w*|components|targetNamespace|name(?:Prefix|Suffix)|source(?:s|Ref|Hydrator)?|template(?:Patch)?"
)
"""What a field of `spec` is called that says what is deployed, or changes it."""


class Deployed:
    """The objects of a scan that may deploy folders."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._layers = Layers(scan)
        self._changing: dict[str, bool] = {}

    def objects(self) -> Iterator[tuple[str, Mapping]]:
        """Each of them, with a text that tells it from others. What cannot be read, as Helm templates, is left out."""
        paths = list(self._scan.having(Trait.DEPLOYMENT))
        patching = paths and any(b"patch" in self._scan.data(path) for path in self._scan.having(Trait.KUSTOMIZATION))
        if patching and len(paths) > _MANY:
            self._layers.read_all()
        roots: dict[str, Kustomization] = {}
        for path in paths:
            changed = self._changed(path) if patching else []
            roots |= {layer.key: layer for layer in changed}
            if not changed:
                yield from ((path, node) for node in self._written(path))
        if roots:
            blobs = [path for path in self._scan.blobs if path.endswith((".yaml", ".yml", ".json"))]
            only = frozenset(path for path in blobs if any(group in self._scan.data(path) for group in _GROUPS))
            yield from self._rendered(roots, only)

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

    def _changed(self, path: str) -> list[Kustomization]:
        """The outermost layers above a file, if there is one that changes what is deployed."""
        try:
            own = self._layers.own(path)
            above = [*([own] if own else []), *self._layers.above(own.folder if own else path)]
            return self._layers.roots(path) if any(map(self._changes, above)) else []
        except ManifestError:
            return []  # nothing of it is deployed

    def _changes(self, layer: Kustomization) -> bool:
        if layer.key not in self._changing:
            self._changing[layer.key] = any(_may_change(found) for _, found in layer.patches(self._scan))
        return self._changing[layer.key]

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
