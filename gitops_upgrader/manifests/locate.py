"""The search for a Cluster's places, in the order that settles it: targets, setter comments, Kustomize, the Cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from gitops_upgrader.errors import (
    AmbiguousCluster,
    AmbiguousPlace,
    ClusterNotFound,
    ManifestError,
    SymbolicLink,
    TemplatedValue,
    VersionsDisagree,
    Where,
)
from gitops_upgrader.manifests import (
    comment,
    editable,
    effective,
    marker,
    named_place,
    provenance,
    selector,
    share,
    target,
)
from gitops_upgrader.manifests.cluster import Cluster
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.owner import owners
from gitops_upgrader.manifests.place import Located, Note, Place, Shape, Slot, Step, outermost
from gitops_upgrader.manifests.query import Query, Role
from gitops_upgrader.manifests.search import Search
from gitops_upgrader.manifests.share import Share
from gitops_upgrader.manifests.target import OTHER_REPOSITORY
from gitops_upgrader.model import BlobKind

CHECK_NAME: Final = "Check its name, its namespace and the path, and that its file is on the base branch."
"""What to do first where a Cluster is not found."""

_NAMED: Final = (Shape.MARKER, Shape.TARGET)
"""The shapes of places that people named."""

_WHOLE, _IN_TEXT, _NOWHERE = range(3)


def locate(search: Search, query: Query) -> Located:
    """Find a Cluster's places; see `Manifests.locate`."""
    trail: list[Step] = []
    try:
        return _locate(search, query, trail)
    except ManifestError as error:
        error.trail = tuple(trail)
        raise


def _locate(search: Search, query: Query, trail: list[Step]) -> Located:
    named = target.find(search.scan, query)
    told = target.version_text(query, named)
    named += marker.find(search.scan, query, owners(search, query), target.held(query, told))
    trail += _steps(named)
    named_place.refuse(search.scan, search.overrides, query, named)
    own = share.of(query, named, told)
    instance, found = _cluster(search, query, own, trail) if own.roles or own.beside else (None, [])
    trail += _steps(found)
    slots = sorted([*named, *found], key=partial(_tells_version, query))
    _refuse_disagreement(query, slots, told)
    version = told or slots[0].place.text or ""
    editable.refuse_invalid(version, slots[0].place.where)
    cluster = instance.effective if instance else None
    named_class = cluster.class_node if cluster else None
    first = slots[0].place
    return Located(
        query=query,
        name=cluster.name if cluster else query.name,
        namespace=cluster.namespace if cluster else query.namespace or "",
        file=cluster.document.file if cluster else first.file,
        document=outermost(cluster.document).index if cluster else first.document,
        line=cluster.line if cluster else first.line,
        slots=tuple(slots),
        version_text=version,
        notes=(*(note for slot in slots for note in comment.notes(slot.place, version)), *_strays(search, instance)),
        trail=tuple(trail),
        class_name=named_class.value if named_class else None,
        class_where=named_class.document.where(named_class.start) if named_class else None,
        class_namespace=cluster.class_namespace if cluster else "",
    )


def _strays(search: Search, instance: Instance | None) -> Iterator[Note]:
    """What the reviewer should know of patches that make Kustomize fail: until then nothing is deployed."""
    for node in search.strays(instance) if instance else ():
        *_, namespace, name = selector.named(node)
        line, _ = node.document.source.place(node.start)
        yield Note(
            "Kustomize fails here, and nothing of this layer is deployed: the patch names Cluster "
            f"{namespace}/{name}, which is not there.",
            node.document.file,
            line,
        )


def _refuse_disagreement(query: Query, slots: Sequence[Slot], told: str | None) -> None:
    """Refuse places that tell of different versions: one step for all of them would be another one in each.

    `told` is the version that targets tell, which may be kept in several of them.
    """
    versions: dict[str, tuple[str, Place]] = {}
    for slot in slots:
        known = slot.role in share.VERSIONS
        text = slot.place.text if known else told if _tells_version(query, slot) == _IN_TEXT else None
        if text:
            versions.setdefault(text.removeprefix("v"), (text, slot.place))
    if len(versions) > 1:
        places = " and ".join(f"{text} at {place.file}:{place.line}" for text, place in versions.values())
        own = any(slot.role in share.VERSIONS and slot.place.shape not in _NAMED for slot in slots)
        also = " once: the Cluster's own is raised as well" if own else ", or leave out the place that is not its"
        raise VersionsDisagree(
            f"Several places keep the version, and they disagree: {places}.",
            where=next(place for _, place in versions.values()).where,
            remedy=f"Write the version that the cluster is at into all of them{also}.",
        )


def _tells_version(query: Query, slot: Slot) -> int:
    """Where a place stands among those that tell the version: the whole of it first."""
    if slot.role is Role.TARGET:
        return _IN_TEXT if target.holds_version(query.targets[slot.index]) else _NOWHERE
    return _WHOLE if slot.role in share.VERSIONS else _NOWHERE


def _cluster(search: Search, query: Query, own: Share, trail: list[Step]) -> tuple[Instance | None, list[Slot]]:
    """The Cluster and its own places, with a hint where the values seem to come from elsewhere."""
    instances: list[Instance] = []
    try:
        instances += search.find(query, trail)
        if not instances and not own.roles:
            return None, []  # it has another name when it is deployed
        if not instances:
            raise _nowhere(search, query)
        instance, slots = _agreed(query, _all_slots(query, instances, own))
        effective.refuse_shared(instance, slots, search.above)
    except (TemplatedValue, ClusterNotFound) as error:
        if isinstance(error, ClusterNotFound):
            target.refuse_unclear(query, own.named)
        hint = provenance.remedy(search, query, error, instances, own.roles)
        raise type(error)(error.message, where=error.where, remedy=f"{error.remedy} {hint}".rstrip()) from error
    cluster = instance.effective
    trail.append(Step(f"this is Cluster {cluster.label}", cluster.document.file, cluster.line))
    return instance, list(slots)


def _all_slots(query: Query, instances: list[Instance], own: Share) -> list[tuple[Instance, tuple[Slot, ...]]]:
    try:
        return [(instance, own.places(instance, query)) for instance in instances]
    except ManifestError as error:
        if all(item.cluster.node is instances[0].cluster.node for item in instances):
            raise
        # There is a copy: what is the matter with it, or with the other one, is not the first thing to mend.
        raise _several(query, instances) from error


def _agreed(query: Query, found: list[tuple[Instance, tuple[Slot, ...]]]) -> tuple[Instance, tuple[Slot, ...]]:
    """The one answer; several layers may deploy the same Cluster if they mean the same places."""
    first, slots = found[0]
    for other, others in found[1:]:
        if [slot.place for slot in others] != [slot.place for slot in slots]:
            if other.cluster.node is first.cluster.node:
                raise AmbiguousPlace(
                    f"Several layers deploy Cluster {query.label}, each with places of its own: "
                    f"{', '.join(str(slots[0].place) for _, slots in found if slots)}.",
                    where=(slots or others)[0].place.where,
                    remedy="Name the folder of the layer that is meant with path.",
                )
            raise _several(query, [item for item, _ in found])
    return first, slots


def _several(query: Query, instances: list[Instance]) -> AmbiguousCluster:
    places = ", ".join(f"{item.cluster.document.file}:{item.cluster.line}" for item in instances)
    other = next(item.cluster for item in instances if item.cluster.node is not instances[0].cluster.node)
    return AmbiguousCluster(
        f"There are several Clusters {query.label}: {places}.",
        where=Where(file=other.document.file, line=other.line),
        remedy=_telling_apart(query, [item.effective for item in instances]),
    )


def _telling_apart(query: Query, clusters: list[Cluster]) -> str:
    stated = sorted({cluster.namespace for cluster in clusters if cluster.namespace})
    if query.namespace is None and len(stated) == len(clusters):
        return f"Name the namespace of the one that is meant: {' or '.join(f'{it}/{query.name}' for it in stated)}."
    return "Remove the copy, state their namespaces, or name the right folder with path."


def _nowhere(search: Search, query: Query) -> ManifestError:
    links = [link for link in search.scan.links if matches(link.path, query.paths) or _leads_to(query, link.path)]
    where = Where(file=", ".join(query.paths) or None)
    if links and query.paths:
        module = links[0].kind is BlobKind.SUBMODULE
        return SymbolicLink(
            f"No file has a Cluster {query.label}; {links[0].path} is a {links[0].kind.value}, which is not followed.",
            where=where,
            remedy=OTHER_REPOSITORY if module else "Name the folder that it leads to with path.",
        )
    remedy = CHECK_NAME
    for instance, replacement in search.renamed_by_replacement():
        at = replacement.node.document.where(replacement.node.start)
        remedy += f" A Kustomize replacement ({at.file}:{at.line}) names Cluster {instance.effective.label} anew; if it"
        remedy += " is that one, give the name that it has before."
        break
    for node in search.naming(query.name):
        patch = node.document.where(node.start)
        remedy += f" The patch at {patch.file}:{patch.line} names it, and what that is a patch of has no such Cluster."
        break
    if query.namespace is not None:
        for instance in search.find(replace(query, namespace=None), [])[:1]:
            other = instance.effective
            remedy += f" There is a Cluster {other.label} ({other.document.file}:{other.line})."
    return ClusterNotFound(f"No file has a Cluster {query.label}.", where=where, remedy=remedy)


def _leads_to(query: Query, link: str) -> bool:
    return any(path.strip("/").startswith(f"{link}/") for path in query.paths)


def _steps(slots: Iterable[Slot]) -> list[Step]:
    return [
        Step(
            f"{slot.role.value}: {slot.place.shape.value} at {slot.place.pointer}"
            + ("" if slot.place.present else ", absent and to be inserted"),
            slot.place.file,
            slot.place.line,
        )
        for slot in slots
    ]
