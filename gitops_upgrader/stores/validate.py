"""Everything that is wrong with custom resources in files, offline.

Beyond the schema: references that lead nowhere or into a namespace that does not admit them, fields that this release
refuses, and upgraders that stand in each other's way. Secrets and objects of foreign kinds live in the cluster, so
nothing is said about missing ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path

from gitops_upgrader import api
from gitops_upgrader.api.problems import sentence
from gitops_upgrader.errors import InvalidObject, NotAvailableYet, RivalUpgraders, UpgraderError, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.directory import DirectoryStore, Loaded, by_place
from gitops_upgrader.stores.references import mistake, references


def validate(paths: Sequence[Path]) -> tuple[UpgraderError, ...]:
    """Every mistake in the custom resources of files and folders, sorted by file and line."""
    return problems(DirectoryStore.load(paths))


def problems(store: DirectoryStore) -> tuple[UpgraderError, ...]:
    """Every mistake in the objects that a store was loaded with, sorted by file and line."""
    models = {id(item): _model(item) for item in store.loaded if item.key.group == api.GROUP}
    known: dict[ObjectKey, api.Resource | None] = {}
    for item in store.loaded:
        if item.key.group == api.GROUP:
            known[item.key] = None if item.key in known else models[id(item)]
    found = list(store.problems)
    for item in store.loaded:
        model = models.get(id(item))
        if model is not None:
            found += _beyond_schema(item, model, known)
    found += _rivals((item, model) for item in store.loaded if (model := known.get(item.key)) is models.get(id(item)))
    return tuple(sorted(found, key=by_place))


def _model(item: Loaded) -> api.Resource | None:
    """The object as far as it can be understood: unknown fields alone do not hide its references."""
    content = {name: value for name, value in item.document.content.items() if name != "status"}
    try:
        return api.parse(content, strict=False)
    except InvalidObject:
        return None  # what is wrong with it is among the store's problems


def _beyond_schema(
    item: Loaded, model: api.Resource, known: dict[ObjectKey, api.Resource | None]
) -> Iterator[UpgraderError]:
    for reference in references(model, item.key.namespace):
        error = mistake(reference, item.key.namespace, known)
        if error is not None:
            yield type(error)(error.message, where=_where(item, reference.path), remedy=error.remedy)
    for path, message in api.not_available(model):
        remedy = "Remove it; a later release will have it."
        yield NotAvailableYet(sentence(message), where=_where(item, path), remedy=remedy)


def _rivals(objects: Iterable[tuple[Loaded, api.Resource | None]]) -> Iterator[RivalUpgraders]:
    """Upgraders that mean the same Cluster in the same files; whether others do, only a repository tells."""
    same: dict[Hashable, list[Loaded]] = {}
    for item, model in objects:
        if isinstance(model, api.ClusterClassClusterUpgrader) and not model.spec.paused:
            same.setdefault(_meant(item.key.namespace, model), []).append(item)
    for items in same.values():
        for item in items:
            others = " and ".join(str(other.key) for other in items if other is not item)
            if others:
                yield RivalUpgraders(
                    f"{others} {'is' if len(items) == 2 else 'are'} for the same Cluster too.",
                    where=_where(item, ("spec", "clusterName")),
                    remedy="Keep one of them and delete or pause the rest; or tell them apart by path or targets.",
                )


def _meant(namespace: str, upgrader: api.ClusterClassClusterUpgrader) -> Hashable:
    spec, reference = upgrader.spec, upgrader.spec.repository_ref
    repository = (reference.namespace or namespace, reference.name) if reference else (namespace, None)
    return spec.cluster_namespace or namespace, spec.cluster_name, repository, spec.path, spec.targets


def _where(item: Loaded, path: tuple[str | int, ...]) -> Where:
    place = item.document.where(path, key=True)
    return Where(place.file, place.line, place.column, str(item.key), api.render(path))
