"""The Clusters of a repository with their versions: all of them, or those of a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_upgrader.errors import (
    AmbiguousCluster,
    AmbiguousPlace,
    ClusterWithoutTopology,
    ManifestError,
    SharedPlace,
    TemplatedValue,
    UnfollowedChange,
    Where,
)
from gitops_upgrader.manifests import effective, field
from gitops_upgrader.manifests.cluster import Cluster, expression, is_expression
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.place import Found, Place, Spot, outermost
from gitops_upgrader.manifests.query import Query, Role
from gitops_upgrader.manifests.search import Search, is_below


def clusters(search: Search, paths: Sequence[str] = ()) -> tuple[Found, ...]:
    """Every Cluster that is made from a ClusterClass, sorted by namespace, name, file and line; see `Manifests`."""
    return _inventory(search.all(paths), paths)


def named(search: Search, name: str, namespace: str | None, paths: Sequence[str] = ()) -> tuple[Found, ...]:
    """Those that have this name, and this namespace where both sides state one.

    Files that cannot hold one are not parsed; so it is not seen that another Cluster's place is the same.

    Raises:
        ManifestError: a file that seems to hold one cannot be read.
    """
    return _inventory(search.find(Query(name, namespace, paths=tuple(paths)), []), paths)


def _inventory(instances: Iterable[Instance], paths: Sequence[str]) -> tuple[Found, ...]:
    made: dict[tuple[object, ...], Found] = {}
    others: list[Found] = []
    outside: list[Found] = []
    for instance in instances:
        found = _found(instance)
        if not is_below(instance, paths):
            outside.append(found)
        elif isinstance(field.without_topology(instance.effective), ClusterWithoutTopology):
            others.append(found)
        else:
            made[found.namespace, found.name, found.file, found.line, found.place] = found
    # What one way to the deployment may change is refused, whatever is found on the others.
    unfollowed = {key[:4] for key, found in made.items() if isinstance(found.refusal, UnfollowedChange)}
    kept = [it for key, it in made.items() if key[:4] not in unfollowed or isinstance(it.refusal, UnfollowedChange)]
    result = _refused(kept, others, outside)
    return tuple(sorted(result, key=lambda item: (item.namespace, item.name, item.file, item.line)))


def _found(instance: Instance) -> Found:
    cluster, place = instance.effective, None
    refusal = _without_name(cluster)
    try:
        (slot,) = effective.slots(instance, Query(cluster.name), [Role.VERSION])
        place = _without_tree(slot.place)
    except ManifestError as error:
        refusal = refusal or error.with_traceback(None)  # its frames would keep every document alive
    return Found(
        name=cluster.name or expression(cluster.node),
        namespace=cluster.namespace,
        file=cluster.document.file,
        document=outermost(cluster.document).index,
        line=cluster.line,
        version=place.text if place else None,
        cls=cluster.class_name,
        variables=cluster.variables,
        overrides=cluster.overrides,
        labels=cluster.labels,
        place=place,
        refusal=refusal,
    )


def _without_name(cluster: Cluster) -> ManifestError | None:
    """The refusal of a Cluster that is called otherwise when it is deployed: nobody can ask for it by that name."""
    name = cluster.name or expression(cluster.node)
    if name and not is_expression(name):
        return None
    fills = f"{name} fills in its name" if name else "It has no name here"
    return TemplatedValue(
        f"{fills}, so which Cluster this is shows only when it is deployed.",
        where=Where(file=cluster.document.file, line=cluster.line),
        remedy="Upgrade it by the name that it has in the management cluster, and point targets at the place of its "
        "version.",
    )


def _without_tree(spot: Spot) -> Place:
    """The place alone: thousands of trees would slow the garbage collector down."""
    return Place(
        spot.file, spot.document, spot.line, spot.column, spot.pointer, spot.shape, spot.value, spot.text, spot.present
    )


def _refused(found: list[Found], others: list[Found], outside: list[Found]) -> list[Found]:
    """The same, with a refusal where a name has two Clusters, or two Clusters have one place.

    `others` are Clusters without a topology: as copies they stand in the way too. Those that are `outside` of the paths
    do not, but may have the same places.
    """
    names: dict[str, dict[str, list[Found]]] = defaultdict(lambda: defaultdict(list))
    places: dict[object, set[str]] = defaultdict(set)
    for item in [*found, *others]:
        names[item.name][item.namespace].append(item)
    for item in [*found, *others, *outside]:
        if item.place is not None:
            places[item.place].add(item.label)
    made = []
    for item in found:
        alike = _alike(item, names[item.name]) if item.name and not is_expression(item.name) else ()
        copies = [other for other in alike if not _is_same(other, item)]
        sharing = places[item.place] - {item.label} if item.place is not None else set()
        refusal = item.refusal or (_copies(item, copies) if copies else _shared(item, sharing) if sharing else None)
        made.append(replace(item, refusal=refusal))
    return made


def _alike(item: Found, namespaces: Mapping[str, list[Found]]) -> Iterator[Found]:
    """The Clusters of an item's name that may be in its namespace: one side states none, or both the same."""
    for namespace in ("", item.namespace) if item.namespace else namespaces:
        yield from namespaces.get(namespace, ())


def _is_same(item: Found, other: Found) -> bool:
    """Whether two entries are one, or two layers' of one object and with one place."""
    return item is other or (
        item.place is not None and (item.file, item.line, item.place) == (other.file, other.line, other.place)
    )


def _copies(item: Found, others: list[Found]) -> ManifestError:
    if any((other.file, other.line) == (item.file, item.line) for other in others):
        layers = ", ".join(str(one.place or f"{one.file}:{one.line}") for one in [item, *others])
        return AmbiguousPlace(
            f"Several layers deploy Cluster {item.label}, each with places of its own: {layers}.",
            where=item.place.where if item.place else Where(file=item.file, line=item.line),
            remedy="Name the folder of the layer that is meant with path.",
        )
    places = ", ".join(f"{other.file}:{other.line}" for other in others)
    return AmbiguousCluster(
        f"There is another Cluster {item.label}: {places}.",
        where=Where(file=item.file, line=item.line),
        remedy="Remove the copy, state their namespaces, or name the right folder with path.",
    )


def _shared(item: Found, sharing: set[str]) -> SharedPlace:
    return SharedPlace(
        f"An edit of its version would also change {', '.join(sorted(sharing))}.",
        where=item.place.where if item.place else Where(file=item.file, line=item.line),
        remedy=f"Give Cluster {item.label} a patch of its own in its overlay.",
    )
