"""From a Cluster's name to the Clusters that are deployed under it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gitops_upgrader.errors import AmbiguousCluster, ManifestError, TemplatedValue, UnwritableValue, Where
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests.artifact import Artifacts
from gitops_upgrader.manifests.deployed import Deployed
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance, alone
from gitops_upgrader.manifests.kustomization import Kustomization
from gitops_upgrader.manifests.layers import Layers
from gitops_upgrader.manifests.node import Node
from gitops_upgrader.manifests.origin import Origin
from gitops_upgrader.manifests.overlay import Overlays
from gitops_upgrader.manifests.override import Overrides
from gitops_upgrader.manifests.place import Place, Shape, Step
from gitops_upgrader.manifests.query import Query
from gitops_upgrader.manifests.replacement import Replacement
from gitops_upgrader.manifests.scan import Scan, Trait, has_escapes

_TEMPLATED: Final = re.compile(r"^[ \t]*version[ \t]*:[ \t]*+(.*\{\{.*)$", re.MULTILINE)
_LITERAL: Final = re.compile(
    rf"^[ \t]*version[ \t]*:[ \t]*[\"']?({kinds.VERSION.pattern})[\"']?[ \t\r]*(?:#.*)?$", re.MULTILINE
)
_BEFORE: Final = r"\s*(?:[&!]\S*\s+)*(?:[>|][-+\d]*\s+)?[\"']?"
"""What may stand before a scalar: an anchor, a tag, the head of a block, a quote."""


class Search:
    """Finds Clusters in a scan, as they are in their files and as Kustomize deploys them."""

    def __init__(self, scan: Scan, origin: Origin) -> None:
        self.scan = scan
        deployed = Deployed(scan)
        self.layers = Layers(scan, deployed.objects, Artifacts(origin, deployed.repositories))
        self.overlays = Overlays(scan, self.layers)
        self.overrides = Overrides(self.layers, self.overlays)
        self.passed_over: dict[str, ManifestError] = {}
        """What `all` could not read although it seems to hold a Cluster, or to deploy one; by its message."""
        self._by_name: dict[str, list[Instance]] | None = None

    def find(self, query: Query, trail: list[Step]) -> list[Instance]:
        """The Clusters of a name and namespace, below the query's paths.

        Raises:
            AmbiguousCluster: one was found, and another file that cannot be read has it as well.
            ManifestError: no other was found, and a file that cannot be read has it.
        """
        files = self.scan.naming(query.name)
        trail.append(Step(f"{len(files)} of {len(self.scan.blobs)} files name {query.name} and Cluster API"))
        problems: list[ManifestError] = []
        found = [item for path in files for item in self._file(path, query, problems)]
        renaming = self._renaming(query.name)
        roots = {layer.key: layer for path in files for layer in self.layers.roots(path)} | renaming
        for key, layer in sorted(roots.items()):
            try:
                found += self.overlays.render(layer, None if key in renaming else frozenset(files))
            except ManifestError:
                trail.append(_begins(layer))
                raise
        kept = [item for item in found if _meant(item, query)]
        if not kept and not problems:
            kept = [item for item in self._deployed().get(query.name, ()) if _meant(item, query)]
        for item in kept:
            where = item.cluster.document.file, item.cluster.line
            trail += [Step(f"a Cluster {item.effective.label} begins here", *where)] if len(kept) > 1 else []
            trail += [*([_begins(item.root)] if item.root else []), *item.steps]
        if problems and kept:
            raise AmbiguousCluster(
                f"Cluster {query.label} is here, and in {problems[0].where} as well: {problems[0].message}",
                where=Where(file=kept[0].cluster.document.file, line=kept[0].cluster.line),
                remedy="Name the right folder with path.",
            )
        if problems:
            raise problems[0]
        return kept

    def above(self, place: Place, whole: bool) -> Iterator[Instance]:
        """The Clusters that are deployed from the layers above a place's file: all of them, or what may hold it."""
        only = frozenset({place.file}) if place.shape is Shape.LITERAL and not whole else None
        for layer in self.layers.roots(place.file):
            yield from self.overlays.render(layer, only)

    def all(self, paths: Sequence[str] = ()) -> Iterator[Instance]:
        """Every Cluster of the files as it is deployed; what cannot be read is left out, and noted in `passed_over`.

        Below the paths, where there are any, are those whose file, or a layer that deploys them, is; there may be
        others among them, as some layers tell only when they are rendered. Who asks must not keep nodes: the tree of a
        document is gone when the next Cluster is asked for.
        """
        roots: dict[str, Kustomization] = {}
        for path, above in self._above_all(paths):
            if paths and not _concerns(path, above, paths):
                continue
            if all(layer.unclear for layer in above):
                yield from self._alone(path)
            roots |= {layer.key: layer for layer in above}
        yield from self._rendered(roots)

    def strays(self, instance: Instance) -> tuple[Node, ...]:
        """The patches of a Cluster's layers that name one which is in none of the files; see `Instance.strays`."""
        if not instance.strays or instance.root is None:
            return ()
        try:
            whole = self.overlays.render(instance.root)
        except ManifestError:
            return ()  # something else is the matter with another one
        return next((one.strays for one in whole if one.cluster.node is instance.cluster.node), ())

    def naming(self, name: str) -> Iterator[Node]:
        """The patches that name a Cluster which none has ever been called."""
        known = {one for instances in self._deployed().values() for instance in instances for _, one in instance.ids}
        if name not in known:
            yield from self.overlays.naming(name)

    def renamed_by_replacement(self) -> Iterator[tuple[Instance, Replacement]]:
        """The Clusters whose deployed name a Kustomize replacement writes, which is not followed."""
        for instances in self._deployed().values():
            for instance in instances:
                yield from ((instance, item) for item in instance.replacements if item.field == "metadata.name")

    def _deployed(self) -> dict[str, list[Instance]]:
        """Every Cluster that Kustomize deploys, by the name that it has then: a patch may have changed it."""
        if self._by_name is None:
            self._by_name = {}
            roots = {layer.key: layer for _, above in self._above_all() for layer in above}
            for instance in self._rendered(roots):
                self._by_name.setdefault(instance.effective.name, []).append(instance)
        return self._by_name

    def _above_all(self, paths: Sequence[str] = ()) -> Iterator[tuple[str, list[Kustomization]]]:
        """Every file that may hold a Cluster, with the outermost layers above it."""
        self.layers.read_all()
        for path in self.scan.having(Trait.CLUSTER):
            try:
                above = self.layers.roots(path)
            except ManifestError as error:
                if matches(path, paths):
                    self._pass_over(error)
                continue
            yield path, above

    def _rendered(self, roots: dict[str, Kustomization]) -> Iterator[Instance]:
        for _, layer in sorted(roots.items()):
            try:
                yield from self.overlays.render(layer)
            except ManifestError as error:
                self._pass_over(error)

    def _alone(self, path: str) -> Iterator[Instance]:
        try:
            documents = self.scan.documents(path)
        except ManifestError as error:  # such as one that is too large
            if _looks_alike(self.scan.words(path).decode(errors="replace")):
                self._pass_over(error)
            return
        for document in documents:
            try:
                yield from map(alone, kinds.clusters(document))
            except ManifestError as error:
                if _looks_alike(document.text):
                    self._pass_over(_template(document) or error)
                continue
            document.forget()  # no layer has one of its nodes

    def _pass_over(self, error: ManifestError) -> None:
        self.passed_over[str(error)] = error.with_traceback(None)  # its frames would keep every document alive

    def _renaming(self, name: str) -> dict[str, Kustomization]:
        """The outermost layers above those that may make a Cluster's name what it is."""
        found: dict[str, Kustomization] = {}
        for layer in self.layers.renaming(name):
            found |= {top.key: top for top in self.layers.roots(layer.file)}
        return found

    def _file(self, path: str, query: Query, problems: list[ManifestError]) -> Iterator[Instance]:
        """The Clusters of a file that no kustomization names."""
        named = self.layers.named(path)
        try:
            documents = self.scan.documents(path)
        except ManifestError as error:
            if matches(path, query.paths) and _looks_alike(self.scan.words(path).decode(errors="replace"), query.name):
                problems.append(error)
            return
        for document in documents:
            if len(documents) > 1 and not _may_name(document.text, query.name):
                continue  # of thousands in one file, one is meant
            try:
                found = list(kinds.clusters(document))
            except ManifestError as error:
                if matches(path, query.paths) and _looks_alike(document.text, query.name):
                    problems.append(_template(document) or error)
                continue
            if not named:
                document.private = True
                yield from map(alone, found)


def _begins(layer: Kustomization) -> Step:
    return Step("Kustomize begins here", layer.file, 1)


def _meant(instance: Instance, query: Query) -> bool:
    """Whether it has the name and namespace, and is below the paths."""
    return instance.effective.has(query.name, query.namespace) and is_below(instance, query.paths)


def is_below(instance: Instance, paths: Sequence[str]) -> bool:
    """Whether a Cluster or an outermost layer that deploys it is below the paths; without paths, all are."""
    files = [instance.cluster.document.file, *(layer.file for layer in (instance.root, instance.top) if layer)]
    return any(matches(file, paths) for file in files)


def _concerns(path: str, above: Iterable[Kustomization], paths: Sequence[str]) -> bool:
    """Whether Clusters of a file may be below the paths, or share a place with one that is."""
    return matches(path, paths) or any(layer.deploys or matches(layer.file, paths) for layer in above)


def _may_name(text: str, name: str) -> bool:
    return name in text or ("\\" in text and has_escapes(text.encode()))


def _looks_alike(text: str, name: str = "") -> bool:
    """Whether a text that is no YAML, or not wholly, seems to hold the Cluster; without a name, any."""
    text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
    pairs = [("kind", "Cluster"), ("name", re.escape(name))][: 2 if name else 1]
    return all(
        re.search(rf"(?:^|[\s{{,\"'-]){key}[\"']?\s*:{_BEFORE}{value}[\"']?\s*(?:[,}}#]|$)", text, re.MULTILINE)
        for key, value in pairs
    )


def _template(document: Document) -> ManifestError | None:
    """The refusal of a text that is no YAML because it is a template."""
    text = document.text
    position = text.find("{{")
    if position < 0:
        return None
    version = _TEMPLATED.search(text)
    literal = None if version else _LITERAL.search(text)
    if literal:
        return UnwritableValue(
            f"This Cluster is in a Helm template, which is not edited; its version, {literal[1]}, stands here.",
            where=document.where(document.start + literal.start(1)),
            remedy="Move it into the chart's values, and point targets at it there.",
        )
    expression = f": {version[1].rstrip()[:80]}" if version else ""
    return TemplatedValue(
        f"This Cluster is in a Helm template, so its values are kept elsewhere{expression}.",
        where=document.where(document.start + (version.start(1) if version else position)),
        remedy="Point targets at the values that fill it.",
    )
