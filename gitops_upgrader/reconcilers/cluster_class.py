"""The versions that a cluster's ClusterClass lists: where it lists any, Cluster API takes only these, as exact strings.

The class is the one that the Cluster names in Git once the hop is merged. Its list is read from the store: the live
object, or a manifest beside the custom resources. Where the store has no such class, the base branch's files are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gitops_upgrader.api.placeholders import expand
from gitops_upgrader.errors import DuplicateObject
from gitops_upgrader.manifests import Located, Manifests
from gitops_upgrader.model import Image, ObjectKey
from gitops_upgrader.plans.hop import Listed
from gitops_upgrader.reconcilers import rollout
from gitops_upgrader.reconcilers.request import ClassList, Request, placeholders
from gitops_upgrader.reconcilers.scope import Scope
from gitops_upgrader.versions import Version

KIND = "ClusterClass"


def listed(request: Request, manifests: Manifests, located: Located, origin: Version) -> Listed:
    """What tells, for each image, the versions that the cluster's class lists once it has that image.

    Calling it raises what the store raises.
    """
    known: dict[ObjectKey | None, Sequence[str]] = {}

    def of_image(image: Image) -> Sequence[str]:
        key = _key(request, located, origin, image)
        if key not in known:
            known[key] = _list(request, manifests, key)
        return known[key]

    return of_image


def stored(scope: Scope, home: str, cluster: ObjectKey) -> ClassList:
    """What tells what the store knows of a ClusterClass; None where it does not know the class.

    Args:
        scope: its store is asked.
        home: the upgrader's namespace.
        cluster: the Cluster, whose live object names the class where its manifest does not.
    """
    return partial(_stored, scope, home, cluster)


# --- which class ----------------------------------------------------------------------------------------------------


def _key(request: Request, located: Located, origin: Version, image: Image) -> ObjectKey | None:
    """The class that the manifest names; None where that is not known. The namespace is empty where none is stated."""
    template = request.templates.topology_class
    name = expand(template, placeholders(request, origin, image)) if template else located.class_name
    if not name:
        return None
    namespace = located.class_namespace or located.namespace or request.query.namespace or ""
    return ObjectKey(rollout.GROUP, KIND, namespace, name)


def of_live(cluster: Mapping[str, Any], namespace: str) -> ObjectKey | None:
    """The class that a live Cluster names (v1beta1: `class`, `classNamespace`; v1beta2: `classRef`)."""
    spec = cluster.get("spec")
    topology = spec.get("topology") if isinstance(spec, Mapping) else None
    if not isinstance(topology, Mapping):
        return None
    reference = topology.get("classRef")
    if not isinstance(reference, Mapping):
        reference = {"name": topology.get("class"), "namespace": topology.get("classNamespace")}
    name, home = reference.get("name"), reference.get("namespace")
    if not isinstance(name, str) or not name:
        return None
    return ObjectKey(rollout.GROUP, KIND, home if isinstance(home, str) and home else namespace, name)


# --- what it lists --------------------------------------------------------------------------------------------------


def _list(request: Request, manifests: Manifests, key: ObjectKey | None) -> Sequence[str]:
    found = request.class_list(key)
    if found is not None:
        return found
    return manifests.kubernetes_versions(key.name, key.namespace, request.query.paths) if key is not None else ()


def _stored(scope: Scope, home: str, cluster: ObjectKey, key: ObjectKey | None) -> Sequence[str] | None:
    live = scope.live
    if live is not None and cluster.namespace != home and not live.cross_namespace:
        return None  # as with the Cluster itself: what is not the upgrader's to read, it does not learn through us
    if key is None and live is not None:
        found = scope.store.get(cluster)
        key = of_live(found.content, cluster.namespace) if found is not None else None
    if key is None:
        return None
    try:
        class_ = scope.store.get(key if key.namespace else ObjectKey(key.group, key.kind, cluster.namespace, key.name))
    except DuplicateObject:
        return None  # a base and a patch of it, say: the base branch's files are compared with each other
    return versions(class_.content) if class_ is not None else None


def part(cluster_class: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a ClusterClass beside its metadata: its patches and schemas are a hundred times as much."""
    spec = cluster_class.get("spec")
    found = spec.get("kubernetesVersions") if isinstance(spec, Mapping) else None
    return {"spec": {"kubernetesVersions": found}} if found is not None else {"spec": {}}


def versions(cluster_class: Mapping[str, Any]) -> tuple[str, ...]:
    """`spec.kubernetesVersions` of a ClusterClass; empty where it lists none."""
    spec = cluster_class.get("spec")
    found = spec.get("kubernetesVersions") if isinstance(spec, Mapping) else None
    return tuple(str(version) for version in found) if isinstance(found, list) else ()
