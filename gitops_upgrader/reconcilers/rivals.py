"""Several upgraders for one cluster: each would open a pull request for the same place, so none of them does.

Two management clusters that share a repository may well have a Cluster of the same namespace and name each. Then their
upgraders are told apart by `path` or `targets`, and are no rivals as long as these lead to different places.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import InvalidObject, ManifestError, RivalUpgraders, UpgraderError, Where
from gitops_upgrader.git import Location
from gitops_upgrader.manifests import Query
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import Access, access, from_command_line, repository_of
from gitops_upgrader.reconcilers.scope import Scope, key_of
from gitops_upgrader.reconcilers.upgrader_query import cluster_of, query_of
from gitops_upgrader.reconcilers.workspace import Workspace


def refuse(scope: Scope, upgrader: ClusterClassClusterUpgrader, place: Access, workspaces: Workspaces) -> None:
    """Refuse an upgrader that is not the only one for its cluster's place.

    Who is deleted or paused proposes nothing, and so is nobody's rival. Nor is anybody in another namespace, unless the
    same credentials let both in: tenants must not be able to stop each other.

    Args:
        place: the upgrader's repository.

    Raises:
        RivalUpgraders: there are others.
        UpgraderError: there may be others, and the repository that would tell cannot be opened.
    """
    found = sorted(str(key_of(rival)) for rival in _rivals(scope, upgrader, place, workspaces))
    if found:
        cluster = cluster_of(upgrader)
        verb = "is" if len(found) == 1 else "are"
        raise RivalUpgraders(
            f"{' and '.join(found)} {verb} for {cluster} in the same repository too, so neither proposes anything.",
            where=Where(object=str(key_of(upgrader)), field="spec.clusterName"),
            remedy="Keep one of them and delete or pause the rest; or tell them apart by path or targets.",
        )


def _rivals(
    scope: Scope, upgrader: ClusterClassClusterUpgrader, place: Access, workspaces: Workspaces
) -> Iterator[ClusterClassClusterUpgrader]:
    for other in _others(scope, upgrader):
        theirs = _access(scope, other, workspaces)
        if theirs is None or theirs.spec.paused or not same_repository(theirs.location, place.location):
            continue
        if key_of(other).namespace != key_of(upgrader).namespace and theirs.opens != place.opens:
            continue  # whoever knows an address could stand in everybody's way with it
        if not _same_branch(place, theirs, workspaces):
            continue
        if _told_apart(upgrader, other) and not _one_place(upgrader, place, other, theirs, workspaces):
            continue
        yield other


def _others(scope: Scope, upgrader: ClusterClassClusterUpgrader) -> Iterator[ClusterClassClusterUpgrader]:
    """The other upgraders of the same Cluster that may propose something."""
    cluster = cluster_of(upgrader)
    if scope.claimants is not None:
        claimants = scope.claimants(cluster)
    else:
        claimants = scope.store.list(GROUP, ClusterClassClusterUpgrader.KIND)
    for stored in claimants:
        if stored.key == key_of(upgrader):
            continue
        try:
            other = read(stored, ClusterClassClusterUpgrader)
        except InvalidObject:
            continue  # it cannot propose anything either, and says so itself
        idle = other.spec.paused or other.metadata.deletion_timestamp is not None
        if not idle and cluster_of(other) == cluster:
            yield other


def _access(scope: Scope, other: ClusterClassClusterUpgrader, workspaces: Workspaces) -> Access | None:
    """Another upgrader's repository; None where it has none that could be opened, which it says itself."""
    try:
        repository = repository_of(scope, other, workspaces.line)
        return access(scope, repository, workspaces.line) if repository else from_command_line(workspaces.line)
    except UpgraderError:
        return None


def same_repository(one: Location, other: Location) -> bool:
    """Whether two addresses lead to one repository: host and path are the same over HTTPS and SSH on every forge."""
    places = [location.normalised.partition("://")[2] for location in (one, other)]
    return one.is_local == other.is_local and places[0] == places[1]


def _same_branch(place: Access, theirs: Access, workspaces: Workspaces) -> bool:
    if place.branch == theirs.branch or (place.branch is not None and theirs.branch is not None):
        return place.branch == theirs.branch
    if place.location.normalised != theirs.location.normalised:
        return False  # over the other protocol it is another thread's to look at
    own = workspaces.get(place).branch  # one of them means whatever the remote's HEAD names
    try:
        return own == workspaces.get(theirs).branch
    except UpgraderError:
        return False  # it cannot propose anything either, and says so itself


def _told_apart(one: ClusterClassClusterUpgrader, other: ClusterClassClusterUpgrader) -> bool:
    return (one.spec.path, one.spec.targets) != (other.spec.path, other.spec.targets)


def _one_place(
    one: ClusterClassClusterUpgrader,
    place: Access,
    other: ClusterClassClusterUpgrader,
    theirs: Access,
    workspaces: Workspaces,
) -> bool:
    """Whether two upgraders lead to the same place in the files."""
    ours = _places(workspaces.get(place), place, query_of(one))
    return not ours.isdisjoint(_places(workspaces.get(place), theirs, query_of(other)))


def _places(workspace: Workspace, place: Access, query: Query) -> set[tuple[str, int, str]]:
    """What would be edited, as far as it is found: who finds nothing says why, and proposes nothing."""
    try:
        located = workspace.manifests(place.spec.paths).locate(query)
    except ManifestError:
        return set()
    return {(slot.place.file, slot.place.document, slot.place.pointer) for slot in located.slots}
