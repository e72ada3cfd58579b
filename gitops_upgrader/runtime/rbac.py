"""What the controller may do, and not more; and what people may do with its custom resources.

The rules follow from what is watched and from what the reconcilers write. Verbs and resources as in
kubernetes.io/docs, "Using RBAC Authorization".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gitops_upgrader.api import ClusterClassClusterUpgrader, MachineImage, MachineImageSyncer
from gitops_upgrader.api.kinds import KINDS
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.reconcilers.repository import FLUX
from gitops_upgrader.runtime.wakes import RECONCILED, TEMPLATE

Rule = Mapping[str, Any]

RBAC_GROUP: Final = "rbac.authorization.k8s.io"
_API_VERSION: Final = f"{RBAC_GROUP}/v1"

AGGREGATION_LABEL: Final = "rbac.gitops-upgrader/aggregate-to-controller"
"""On a ClusterRole, with the value `true`: the controller has its rules too. For foreign sources and plans."""

_READ = ("get", "list", "watch")
_CHANGE = ("create", "delete", "deletecollection", "patch", "update")


def rule(group: str, resources: Iterable[str], verbs: Iterable[str], names: Iterable[str] = ()) -> Rule:
    """One rule. With `names`, it is about the objects of these names only."""
    made = {"apiGroups": [group], "resources": sorted(resources), "verbs": sorted(verbs)}
    return {**made, "resourceNames": sorted(names)} if names else made


def controller_rules() -> list[Rule]:
    """What the controller does where the custom resources are.

    It deletes nothing but MachineImages. Of what is not ours it writes to nothing but Jobs and Events, which it makes.
    """
    watched, reconciled = (*RECONCILED, TEMPLATE), RECONCILED
    upgraders, images, syncers = (_plural(kind.KIND) for kind in _WRITTEN)
    return [
        rule(GROUP, map(_plural, watched), _READ),
        rule(GROUP, (f"{_plural(kind)}/status" for kind in reconciled), ["patch"]),
        # An image per wanted version; a mirror of its id in its spec; those beyond a syncer's historyLimit go.
        rule(GROUP, [images], ["create", "delete", "patch"]),
        # The finalizer by which the pull request of a deleted upgrader is closed.
        rule(GROUP, [upgraders], ["patch"]),
        # Owner references that block their owner's deletion take this where OwnerReferencesPermissionEnforcement is on.
        rule(GROUP, [f"{images}/finalizers", f"{syncers}/finalizers"], ["update"]),
        # Builds. The Pods are listed for what a failed one has said.
        rule("batch", ["jobs"], (*_READ, "create")),
        rule("", ["pods"], ["list"]),
        # Credentials and signing keys; of what is listed and watched only the metadata is kept.
        rule("", ["configmaps", "secrets"], _READ),
        # How far a rollout is; the versions that a class takes.
        rule("cluster.x-k8s.io", ["clusterclasses", "clusters"], _READ),
        rule(FLUX, ["gitrepositories"], _READ),
        rule("events.k8s.io", ["events"], ["create"]),
    ]


def election_rules(leases: Iterable[str]) -> list[Rule]:
    """What the election of leaders takes, in the namespace of the Leases. `create` cannot be limited to names."""
    group = "coordination.k8s.io"
    return [rule(group, ["leases"], ["create"]), rule(group, ["leases"], ["get", "patch"], leases)]


def view_rules() -> list[Rule]:
    """What people do who look at the custom resources."""
    return [rule(GROUP, map(_plural, KINDS), _READ)]


def edit_rules() -> list[Rule]:
    """What people do who keep the custom resources. A status is the controller's alone."""
    return [rule(GROUP, map(_plural, KINDS), _CHANGE)]


def role(name: str, rules: list[Rule], labels: Mapping[str, str], namespace: str | None = None) -> dict[str, Any]:
    """A Role, or without a namespace a ClusterRole."""
    return {
        "apiVersion": _API_VERSION,
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": _metadata(name, labels, namespace),
        "rules": rules,
    }


def aggregated_role(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """A ClusterRole with the rules of all ClusterRoles that carry the aggregation label.

    The control plane fills in its rules. They are left out here, so that applying it again does not empty them.
    """
    return {
        "apiVersion": _API_VERSION,
        "kind": "ClusterRole",
        "metadata": _metadata(name, labels, None),
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {AGGREGATION_LABEL: "true"}}]},
    }


def binding(
    name: str,
    role_: Mapping[str, Any],
    account: tuple[str, str],
    labels: Mapping[str, str],
    namespace: str | None = None,
) -> dict[str, Any]:
    """Grant a role to a ServiceAccount: in one namespace, or without one in all of them.

    Args:
        account: namespace and name of the ServiceAccount.
    """
    home, account_name = account
    return {
        "apiVersion": _API_VERSION,
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": _metadata(name, labels, namespace),
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": role_["kind"], "name": role_["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": account_name, "namespace": home}],
    }


_WRITTEN = (ClusterClassClusterUpgrader, MachineImage, MachineImageSyncer)


def _plural(kind: str) -> str:
    return KINDS[kind].LISTING.plural


def _metadata(name: str, labels: Mapping[str, str], namespace: str | None) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": dict(labels)}
