"""The live Cluster of an upgrader, where there is one that may be read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.request import Watch
from gitops_upgrader.reconcilers.rollout import Rollout, Stage, facts, judge, status_of
from gitops_upgrader.reconcilers.scope import Live, Scope
from gitops_upgrader.versions import Version


def watched(scope: Scope, home: str, cluster: ObjectKey) -> Watch | None:
    """What tells how far a Cluster is on its way to a version; None where objects come from files.

    Args:
        home: the upgrader's namespace.
    """
    if scope.live is None:
        return None
    return partial(_rollout, scope, scope.live, home, cluster)


def part(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a live Cluster beside its metadata: how far it is, and its class. The rest is most of it."""
    spec = cluster.get("spec")
    topology = spec.get("topology") if isinstance(spec, Mapping) else None
    read = ("version", "class", "classNamespace", "classRef")
    kept = {name: topology[name] for name in read if name in topology} if isinstance(topology, Mapping) else {}
    return {"spec": {"topology": kept}, "status": status_of(cluster)}


def _rollout(scope: Scope, live: Live, home: str, key: ObjectKey, wanted: Version) -> Rollout:
    """How far the Cluster is. Raises KubernetesError where the API does not say."""
    if key.namespace != home and not live.cross_namespace:
        message = (
            f"The Cluster is in namespace {key.namespace}, which the controller reads only when it is started with "
            "--cross-namespace-clusters."
        )
        return Rollout(Stage.ABSENT, None, message)
    stored = scope.store.get(key)
    if stored is None:
        return Rollout(Stage.ABSENT, None, f"There is no live {key} here.")
    return judge(facts(stored.content), wanted)
