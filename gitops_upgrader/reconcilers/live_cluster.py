"""The live Cluster of an upgrader, where there is one that may be read."""

from __future__ import annotations

from functools import partial

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.request import Watch
from gitops_upgrader.reconcilers.rollout import Rollout, Stage, facts, judge
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
