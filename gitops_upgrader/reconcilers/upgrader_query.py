"""What an upgrader looks for in a repository's manifests."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.api.cluster_upgrader import EditTarget, TopologyVariable, VariableScope
from gitops_upgrader.manifests import DocumentWant, Query, ScopeKind, TargetWant, VariableWant
from gitops_upgrader.manifests import Scope as VariablePlace
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import rollout
from gitops_upgrader.reconcilers.scope import key_of


def cluster_of(upgrader: ClusterClassClusterUpgrader) -> ObjectKey:
    """The Cluster that an upgrader is for; its namespace is by default the upgrader's own."""
    namespace = upgrader.spec.cluster_namespace or key_of(upgrader).namespace
    return ObjectKey(rollout.GROUP, rollout.KIND, namespace, upgrader.spec.cluster_name)


def query_of(upgrader: ClusterClassClusterUpgrader) -> Query:
    """The Cluster to find, and which of its fields."""
    spec, home, cluster = upgrader.spec, key_of(upgrader), cluster_of(upgrader)
    return Query(
        name=cluster.name,
        namespace=cluster.namespace,
        owner=f"{home.namespace}/{home.name}",
        variables=tuple(_variable_want(variable) for variable in variables_of(upgrader)),
        topology_class=spec.topology_class is not None,
        targets=tuple(_target_want(target) for target in spec.targets),
        paths=(spec.path,) if spec.path else (),
    )


def variables_of(upgrader: ClusterClassClusterUpgrader) -> Sequence[TopologyVariable]:
    """The topology's variables that hold the image, in the query's order."""
    spec = upgrader.spec
    if spec.topology_variable is not None:
        return (TopologyVariable(name=spec.topology_variable),)
    return spec.topology_variables


def _variable_want(variable: TopologyVariable) -> VariableWant:
    return VariableWant(variable.name, variable.path, _variable_place(variable.scope))


def _variable_place(scope: VariableScope | None) -> VariablePlace | None:
    if scope is None:
        return None
    if scope.machine_deployment is not None:
        return VariablePlace(ScopeKind.MACHINE_DEPLOYMENT, scope.machine_deployment)
    if scope.machine_pool is not None:
        return VariablePlace(ScopeKind.MACHINE_POOL, scope.machine_pool)
    return VariablePlace(ScopeKind.CONTROL_PLANE)


def _target_want(target: EditTarget) -> TargetWant:
    document = target.document
    return TargetWant(
        path=target.path,
        pointer=target.pointer,
        document=DocumentWant(
            api_version=document.api_version or "",
            kind=document.kind or "",
            name=document.name or "",
            namespace=document.namespace or "",
        )
        if document
        else DocumentWant(),
        template=target.value,
    )
