"""What setter comments call whoever asks: an upgrader, or without custom resources the Cluster itself."""

from __future__ import annotations

import re
from dataclasses import replace

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests.query import Query
from gitops_upgrader.manifests.scan import Trait
from gitops_upgrader.manifests.search import Search


def owners(search: Search, query: Query) -> tuple[str, ...]:
    """The names by which setter comments may mean a query's owner; none where it has none.

    `cluster/fleet/prod` and `cluster/-/prod` are one, however the Cluster was asked for, as long as there are not two
    Clusters of that name in namespaces of their own.
    """
    if not query.owner:
        return ()
    told = _told(search, query) if query.owner.startswith("cluster/") and query.owner.count("/") > 1 else set()
    if told <= {query.owner}:
        return (query.owner,)
    nobody = f"cluster/-/{query.name}"
    try:
        found = search.find(replace(query, namespace=None), [])
    except ManifestError:
        return (query.owner,)  # whoever needs the Cluster itself says what is the matter
    stated = {f"cluster/{one.effective.namespace}/{query.name}" for one in found if one.effective.namespace}
    meant = {query.owner} if query.namespace else stated or told - {nobody}
    if len(stated | meant) > 1:
        return (query.owner,)
    return (*meant - {nobody}, nobody)


def _told(search: Search, query: Query) -> set[str]:
    """The owners that comments name for Clusters of the query's name."""
    known = re.compile(rb"cluster/[\w.-]+/" + re.escape(query.name.encode()) + rb"(?=:)")
    scan = search.scan
    paths = scan.having(Trait.MARKER, f"/{query.name}:".encode())
    return {found.decode() for path in paths for found in known.findall(scan.data(path))}
