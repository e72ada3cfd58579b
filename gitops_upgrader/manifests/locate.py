"""The search for a Cluster's places, step by step."""

from __future__ import annotations

from gitops_upgrader.errors import AmbiguousCluster, ClusterNotFound, ClusterWithoutTopology, ManifestError, Where
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests import field
from gitops_upgrader.manifests.cluster import Cluster
from gitops_upgrader.manifests.place import Found, Located, Slot, Step, outermost
from gitops_upgrader.manifests.query import Query, Role
from gitops_upgrader.manifests.scan import Scan, Trait, matches


def locate(scan: Scan, query: Query) -> Located:
    """Find a Cluster's places; see `Manifests.locate`."""
    trail: list[Step] = []
    found = _candidates(scan, query, trail)
    if not found:
        raise ClusterNotFound(
            f"No file has a Cluster {query.label}.",
            where=Where(file=", ".join(query.paths) or None),
            remedy="Check the name, the namespace and the path.",
        )
    if len(found) > 1:
        second = found[1]
        raise AmbiguousCluster(
            f"There are {len(found)} Clusters {query.label}: "
            + ", ".join(f"{item.document.file}:{item.line}" for item in found)
            + ".",
            where=Where(file=second.document.file, line=second.line),
            remedy="Remove the copy, or name the right folder with path.",
        )
    return _located(query, found[0], trail)


def _candidates(scan: Scan, query: Query, trail: list[Step]) -> list[Cluster]:
    paths = [path for path in scan.having(Trait.CLUSTER, query.name.encode()) if matches(path, query.paths)]
    trail.append(Step(f"{len(paths)} files name {query.name} and Cluster API"))
    found = []
    for path in paths:
        for document in scan.documents(path):
            found += [item for item in kinds.clusters(document) if item.has(query.name, query.namespace)]
    return found


def _located(query: Query, cluster: Cluster, trail: list[Step]) -> Located:
    file, line = cluster.document.file, cluster.line
    trail.append(Step(f"this is Cluster {cluster.label}", file, line))
    if not cluster.has_topology:
        raise ClusterWithoutTopology(
            f"Cluster {cluster.label} has no spec.topology, so it is not made from a ClusterClass.",
            where=Where(file=file, line=line),
            remedy="Only Clusters with a ClusterClass are upgraded.",
        )
    slots = [Slot(Role.VERSION, field.version(cluster))]
    if query.topology_class:
        slots.append(Slot(Role.CLASS, field.topology_class(cluster)))
    slots += [Slot(Role.VARIABLE, field.variable(cluster, want), index) for index, want in enumerate(query.variables)]
    trail += [
        Step(f"{slot.role.value}: {slot.place.shape.value} at {slot.place.pointer}", slot.place.file, slot.place.line)
        for slot in slots
    ]
    return Located(
        query=query,
        name=cluster.name,
        namespace=cluster.namespace,
        file=file,
        document=outermost(cluster.document).index,
        line=line,
        slots=tuple(slots),
        version_text=slots[0].place.text,
        notes=tuple(note for slot in slots for note in field.notes(slot.place)),
        trail=tuple(trail),
    )


def clusters(scan: Scan) -> tuple[Found, ...]:
    """Every Cluster of the files; see `Manifests.clusters`."""
    found = []
    for path in scan.having(Trait.CLUSTER):
        try:
            documents = scan.documents(path)
        except ManifestError:
            continue
        for document in documents:
            try:
                found += [_found(item) for item in kinds.clusters(document) if item.has_topology]
            except ManifestError:
                continue
    return tuple(sorted(found, key=lambda item: (item.namespace, item.name, item.file, item.line)))


def _found(cluster: Cluster) -> Found:
    place = refusal = None
    try:
        place = field.version(cluster)
    except ManifestError as error:
        refusal = error
    return Found(
        name=cluster.name,
        namespace=cluster.namespace,
        file=cluster.document.file,
        document=outermost(cluster.document).index,
        line=cluster.line,
        version=place.text if place else None,
        cls=cluster.class_name,
        variables=cluster.variables,
        labels=cluster.labels,
        place=place,
        refusal=refusal,
    )
