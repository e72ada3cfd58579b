"""What deploys folders: the Flux Kustomizations and Argo CD Applications that change what they apply.

Both add to the folder's own kustomization before Kustomize builds it, and put no layer on top: their patches come
after its own of the same field, and before it renames (`kustomize_generator.go` of fluxcd/pkg, `util/kustomize` of
argo-cd).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from gitops_upgrader.manifests import kustomization, pointer, template_patch
from gitops_upgrader.manifests.artifact import Artifact, Artifacts
from gitops_upgrader.manifests.cluster import is_cluster
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.kustomization import ARGO, FLUX, Kustomization, Obstacle
from gitops_upgrader.manifests.links import Links, resolve
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.origin import Relation
from gitops_upgrader.manifests.patch import Patch

# What an ApplicationSet fills in, and what a Flux Kustomization that applies another one does (`postBuild`).
# One that does not end goes on to the end of the text.
_PLACEHOLDER: Final = re.compile(r"\{\{.*?(?:\}\}|\Z)|\$\{.*?(?:\}|\Z)", re.DOTALL)
_TOPOLOGY: Final = "/spec/topology"
_TO_TEMPLATE: Final = re.compile(r"^[^\n]*(?:\{\{|\$\{)", re.MULTILINE)
_NAMING: Final = re.compile(r"(?:name(?:(?!name)\w)*+|(?<=\w)Selector|path)[\"']?[ \t]*:")


@dataclass(frozen=True, slots=True)
class _Source:
    """A folder that somebody deploys, and what is added to its kustomization."""

    path: str
    adds: Mapping
    artifact: Artifact
    generators: Node | None = None
    unread: Scalar | None = None


def read(
    node: Mapping, key: str, folders: Collection[str], links: Links, artifacts: Artifacts
) -> Iterator[Kustomization]:
    """What an object adds to folders that it deploys, where it is a Flux Kustomization or an Argo CD Application.

    The `resources` of each are those folders. Where its path or a name in it is a template, which of `folders` it
    deploys, and what it adds to them, is `unclear`. What it deploys of another repository is left out, unless a folder
    here is called so: then it may be this one under another name. Of what may be this one or not, the patches alone are
    kept, as unclear: they stand for what is refused.

    Args:
        node: the object, as it is deployed itself.
        key: what tells it from others.
        folders: those that it may deploy.
        links: the links of the repository.
        artifacts: what tells whether it deploys this repository.
    """
    for source in _sources(node, artifacts):
        folder = links.real(resolve("", source.path))
        if source.artifact.relation is Relation.OTHER and not _is_here(folder, folders):
            continue
        made = kustomization.layer(f"{key}#{source.adds.start}", folder, source.adds, links)
        if _PLACEHOLDER.search(made.namespace):
            made = replace(made, namespace="")  # it may be any, as it is where none is stated
        made = replace(made, unread=source.unread)
        if source.artifact.relation is not Relation.SAME:
            made = replace(
                made, prefix="", suffix="", namespace="", components=(), unread=None, doubt=source.artifact.what
            )
        if made.unread or made.names or made.components or any(True for _ in made.patch_items()):
            unclear = made.unread is not None or bool(made.doubt) or _is_unclear(made)
            deployed = _possible(source, folder, folders) if unclear else (folder,)
            yield replace(made, resources=deployed, unclear=unclear)


def _is_here(path: str, folders: Collection[str]) -> bool:
    """Whether a path names one of the folders, or one that they are in; the root of each repository is called so."""
    start = _PLACEHOLDER.split(f"{path}/")[0].lstrip("/")
    return bool(start) and any(f"{folder}/".startswith(start) for folder in folders)


def _is_unclear(made: Kustomization) -> bool:
    """Whether a template stands where the folder, or an object that is patched, should be named."""
    texts = (node.document.source.text[node.start : node.end] for _, node in made.patch_items())
    named = _PLACEHOLDER.search(f"{made.folder} {made.prefix} {made.suffix}") is not None
    return named or any(_NAMING.search(line) for text in texts for line in _TO_TEMPLATE.findall(text))


def _sources(node: Mapping, artifacts: Artifacts) -> Iterator[_Source]:
    api, kind, spec = pointer.peek(node, "apiVersion"), pointer.peek(node, "kind"), pointer.look(node, "spec")
    if api.startswith(FLUX) and isinstance(spec, Mapping):
        yield _Source(pointer.peek(spec, "path") or ".", spec, artifacts.flux(node))
    elif api.startswith(ARGO) and kind == "Application":
        yield from _argo(spec, artifacts)
    elif api.startswith(ARGO) and kind == "ApplicationSet":
        text = template_patch.of(node)
        unread = text if text is not None and template_patch.sets_kustomize(text) else None
        template, generators = pointer.look(spec, "template", "spec"), pointer.look(spec, "generators") or node
        yield from _argo(template, artifacts, generators, unread)


def _argo(
    spec: Node | None, artifacts: Artifacts, generators: Node | None = None, unread: Scalar | None = None
) -> Iterator[_Source]:
    """An Application has one `source` or several `sources`; those without `kustomize` add nothing.

    What a `templatePatch` adds is not read: it is most often a template from one end to the other.
    """
    several = pointer.look(spec, "sources")
    listed = several.items if isinstance(several, Sequence) else []
    for source in [pointer.look(spec, "source"), pointer.look(spec, "sourceHydrator", "drySource"), *listed]:
        adds = pointer.look(source, "kustomize") or (source if unread and pointer.peek(source, "path") else None)
        if isinstance(adds, Mapping):
            yield _Source(pointer.peek(source, "path") or ".", adds, artifacts.argo(source), generators, unread)


def _possible(source: _Source, path: str, folders: Collection[str]) -> tuple[str, ...]:
    """The folders that a path may mean: of a template, those that Git generators look at."""
    parts = _PLACEHOLDER.split(path)
    if len(parts) == 1:
        return (path,)
    first, *between, last = map(re.escape, parts)
    # What follows the first place where a part fits may follow all others: none of them is tried again.
    meant = re.compile(f"{first}{''.join(f'(?>.+?{part})' for part in between)}.+{last}", re.DOTALL)
    wanted, unwanted = _globs(source.generators)
    return tuple(
        folder
        for folder in sorted(folders)
        if meant.fullmatch(folder) and matches(folder, wanted) and not (unwanted and matches(folder, unwanted))
    )


def _globs(node: Node | None) -> tuple[list[str], list[str]]:
    """The paths that Git generators take, and those that they leave out, however deep a matrix or merge has them."""
    wanted: list[str] = []
    unwanted: list[str] = []
    pending: list[Node] = [] if node is None else [node]
    while pending:
        current = pending.pop()
        for key, value in pointer.children(current):
            if key in {"directories", "files"} and isinstance(value, Sequence):
                for item in value.items:
                    path = _PLACEHOLDER.sub("**", pointer.peek(item, "path"))
                    path = path.rpartition("/")[0] if key == "files" else path
                    (unwanted if pointer.peek(item, "exclude") == "true" else wanted).append(path)
            else:
                pending.append(value)
    return wanted, unwanted


def obstacle(layer: Kustomization, patches: Iterable[tuple[str, Patch]], instance: Instance) -> Obstacle | None:
    """What may change a Cluster in a layer that is `unclear`: a template in a name may become any text.

    Of one that may not be for this repository at all, what sets the topology counts, and nothing else.
    """
    made = Obstacle(layer.unread or layer.node, "a template of what deploys it")
    if layer.names or layer.components or layer.unread:
        return made
    counting = (found for _, found in patches if not layer.doubt or _sets_topology(found))
    found = next((found for found in counting if _may_be_for(found, instance)), None)
    if found is not None and layer.doubt:
        return Obstacle(layer.node, f"patches for {layer.doubt}", doubtful=found)
    return made if found is not None else None


def _sets_topology(found: Patch) -> bool:
    """Whether a patch names the topology of a Cluster, or does away with all of it."""
    if isinstance(found.node, Mapping):
        return bool(pointer.peek(found.node, "$patch")) or pointer.look(found.node, "spec", "topology") is not None
    paths = (operation.path for operation in found.operations() if operation.op != "test")
    return any(path.startswith(_TOPOLOGY) or f"{_TOPOLOGY}/".startswith(f"{path}/") for path in paths)


def _may_be_for(found: Patch, instance: Instance) -> bool:
    target = found.target
    if target is None:
        name = pointer.peek(found.node, "metadata", "name")
        return is_cluster(found.node) and (
            _PLACEHOLDER.search(name) is not None or name in {known for _, known in instance.ids}
        )
    known = replace(
        target,
        name=_known(target.name),
        namespace=_known(target.namespace),
        labels=_known(target.labels),
        annotations=_known(target.annotations),
    )
    return known.selects(instance.tree, instance.ids)


def _known(pattern: str) -> str:
    """A part of a target, or nothing, which selects everything."""
    return "" if _PLACEHOLDER.search(pattern) else pattern
