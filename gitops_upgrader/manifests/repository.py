"""All manifests of one commit: the front of this package."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import cluster_class, inventory
from gitops_upgrader.manifests import edit as editing
from gitops_upgrader.manifests import locate as locating
from gitops_upgrader.manifests.origin import Origin
from gitops_upgrader.manifests.place import Edited, Found, Located
from gitops_upgrader.manifests.query import Query, Values
from gitops_upgrader.manifests.scan import Extent, Known, Scan
from gitops_upgrader.manifests.search import Search
from gitops_upgrader.model import Tree


class Manifests:
    """One commit's manifests. The files are read once, parsed when they may matter, and kept.

    Args:
        tree: the files of the commit.
        paths: globs from the root; a folder means everything in it; none means everything.
        known: a dictionary to keep for the next commit of the same repository, which then reads only blobs that it
            has not seen, and those that matter.
        origin: which repository it is, so that what deploys another one is told from what deploys this one; without
            it all is taken for this one's.
    """

    def __init__(
        self, tree: Tree, paths: Sequence[str] = (), known: Known | None = None, origin: Origin | None = None
    ) -> None:
        self._search = Search(Scan(tree, paths, known), origin or Origin())

    def locate(self, query: Query) -> Located:
        """Find a Cluster's version, class and variables.

        Raises:
            ManifestError: a subclass names the reason; its message has the file and line of everything involved.
        """
        return locating.locate(self._search, query)

    def clusters(self, paths: Sequence[str] = ()) -> tuple[Found, ...]:
        """Every Cluster that is made from a ClusterClass, sorted by namespace, name, file and line.

        Args:
            paths: globs as in `Query.paths`: whose file, or a layer that deploys it, is below one of them.
        """
        return inventory.clusters(self._search, paths)

    def passed_over(self) -> tuple[ManifestError, ...]:
        """What `clusters`, when it was last called, could not read although it seems to hold or deploy Clusters."""
        return tuple(self._search.passed_over.values())

    def named(self, name: str, namespace: str | None = None, paths: Sequence[str] = ()) -> tuple[Found, ...]:
        """The Clusters of a name, and of a namespace where both sides state one, as `clusters` has them.

        It takes far less time than all of them do. A place that another Cluster shares is refused by `locate` alone.

        Raises:
            ManifestError: a file that seems to hold one cannot be read.
        """
        return inventory.named(self._search, name, namespace, paths)

    def kubernetes_versions(self, name: str, namespace: str = "", paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The versions that a ClusterClass lists; see `cluster_class`."""
        return cluster_class.kubernetes_versions(self._search.scan, name, namespace, paths)

    def edit(self, located: Located, values: Values) -> Edited:
        """Write values to the places found: new bytes with a proof, or an error, and nothing in between.

        Raises:
            ManifestError: a subclass names the reason.
        """
        return editing.edit(located, values)

    def extent(self, paths: Sequence[str] = ()) -> Extent:
        """What is looked at: below some paths, where they are given."""
        return self._search.scan.extent(paths)
