"""A large fleet on a management cluster: Clusters, images, plans, upgraders, as people and Cluster API write them."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final

import yaml

from tests.bench import repository
from tests.runtime.cluster import CAPI, CLUSTER_CRD, OURS
from tests.servers.gitea import GiteaRepository
from tests.servers.kubernetes import KubernetesServer, until

SYSTEMS: Final = ("ubuntu-2204", "ubuntu-2404", "flatcar", "photon")
"""What images are built of; each has a plan, and a part of the fleet."""
NEXT: Final = "v1.35.0"
AT_ONCE: Final = 8
"""How many requests are under way while the fleet is set up."""

_TYPES = (
    *("Available", "TopologyReconciled", "InfrastructureReady", "ControlPlaneInitialized", "ControlPlaneAvailable"),
    *("ControlPlaneMachinesReady", "ControlPlaneMachinesUpToDate", "WorkersAvailable", "WorkerMachinesReady"),
    *("WorkerMachinesUpToDate", "RemoteConnectionProbe", "RollingOut", "ScalingUp", "ScalingDown", "Remediating"),
)
_PLURALS = {
    "ClusterClassClusterUpgrader": "clusterclassclusterupgraders",
    "GitOpsRepository": "gitopsrepositories",
    "MachineImage": "machineimages",
    "Plan": "plans",
    "Secret": "secrets",
    "Cluster": "clusters",
}


@dataclass(slots=True)
class Fleet:
    """One namespace of a management cluster."""

    server: KubernetesServer
    namespace: str = repository.NAMESPACE
    _session: threading.local = field(default_factory=threading.local)

    def path(self, kind: str, name: str = "") -> str:
        """Where the API server has a kind, or an object of it."""
        base = f"/apis/{OURS}"
        if kind in {"Cluster", "Secret"}:
            base = f"/apis/{CAPI}" if kind == "Cluster" else "/api/v1"
        return f"{base}/namespaces/{self.namespace}/{_PLURALS[kind]}{f'/{name}' if name else ''}"

    def create(self, contents: Iterable[Mapping[str, Any]]) -> None:
        """Create objects, with their status where they have one."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self._create, content) for content in contents]:
                done.result()

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind."""
        return list(self.server.api("GET", self.path(kind))["items"])

    def install_clusters(self) -> None:
        """Have the API server know Cluster API's kind."""
        name = "clusters.cluster.x-k8s.io"
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        self.server.apply(path, yaml.safe_load(CLUSTER_CRD))
        until(lambda: self.server.serves(name), "Clusters are served")

    def _create(self, content: Mapping[str, Any]) -> None:
        kind, metadata = str(content["kind"]), {**content["metadata"], "namespace": self.namespace}
        made = self.server.api("POST", self.path(kind), {**content, "metadata": metadata})
        if "status" in content:
            path = f"{self.path(kind, made['metadata']['name'])}/status"
            status = {"status": content["status"]}
            self.server.api("PATCH", path, status, content_type="application/merge-patch+json")


def live(number: int) -> dict[str, Any]:
    """A live Cluster that is rolled out, as large as Cluster API 1.14 makes it."""
    name, version = repository.name(number), repository.VERSION
    words = "* Machines are at the version that the topology asks for, and every one of them is ready for some time"
    conditions = [
        {
            "type": type_,
            "status": "False" if type_ in {"RollingOut", "ScalingUp", "ScalingDown", "Remediating"} else "True",
            "reason": f"{type_}Observed",
            "message": words if type_.endswith(("Ready", "Available")) else "",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-03-01T08:00:00Z",
        }
        for type_ in _TYPES
    ]
    counts = dict.fromkeys(("availableReplicas", "desiredReplicas", "readyReplicas", "replicas"), 3)
    machines = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "OpenStackCluster", "name": f"{name}-x7k2p"}
    control_plane = {"apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane", "name": name}
    network = {"pods": {"cidrBlocks": [f"10.{number % 200}.0.0/16"]}, "serviceDomain": "cluster.local"}
    return {
        "apiVersion": CAPI,
        "kind": "Cluster",
        "metadata": {
            "name": name,
            "labels": {"cluster.x-k8s.io/cluster-name": name, "topology.cluster.x-k8s.io/owned": ""},
            "annotations": {"kustomize.toolkit.fluxcd.io/checksum": "0" * 64},
        },
        "spec": {
            "clusterNetwork": network,
            "controlPlaneEndpoint": {"host": f"api.{name}.example.com", "port": 6443},
            "controlPlaneRef": control_plane,
            "infrastructureRef": machines,
            "topology": {
                "classRef": {"name": "standard", "namespace": "fleet"},
                "version": version,
                "controlPlane": {"replicas": 3},
                "workers": {"machineDeployments": [{"class": "default-worker", "name": "md-0", "replicas": 3}]},
                "variables": [{"name": "imageId", "value": f"image-{version}"}],
            },
        },
        "status": {
            "observedGeneration": 1,
            "phase": "Provisioned",
            "conditions": conditions,
            "controlPlane": {**counts, "upToDateReplicas": 3},
            "workers": {**counts, "upToDateReplicas": 3},
            "deprecated": {"v1beta1": {"conditions": conditions[:6]}},
            "initialization": {"controlPlaneInitialized": True, "infrastructureProvisioned": True},
        },
    }


def upgrader(number: int, plan: str) -> dict[str, Any]:
    """An upgrader of a cluster."""
    spec = {
        "clusterName": repository.name(number),
        "planRef": {"name": plan},
        "path": repository.path(number),
        "topologyVariable": "imageId",
    }
    return _ours("ClusterClassClusterUpgrader", repository.name(number), spec)


def plan(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """A plan that selects images by labels."""
    return _ours("Plan", name, {"versionRange": ">=1.30", "machineImageSelector": {"matchLabels": dict(labels)}})


def image(name: str, version: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """An image that somebody else has built."""
    made = _ours("MachineImage", name, {"version": version, "id": f"image-{name}"})
    made["metadata"]["labels"] = dict(labels)
    return made


def images(number: int) -> Iterable[dict[str, Any]]:
    """As many images, up to the version that the fleet is at; each system has its part of them."""
    for system in SYSTEMS:
        labels = {"os": system}
        for version in islice(_versions(), number // len(SYSTEMS)):
            yield image(f"{system}-{version}", version, labels)


def _versions() -> Iterable[str]:
    """Releases up to the fleet's, the newest first."""
    yield from (repository.VERSION, "v1.34.1", "v1.34.0")
    yield from (f"v1.{minor}.{patch}" for minor in count(33, -1) for patch in reversed(range(16)))


def of_repository(url: str, max_open: int, interval: str) -> dict[str, Any]:
    """The repository, the `default` of its namespace."""
    spec = {
        "url": url,
        "branch": "main",
        "provider": "gitea",
        "interval": interval,
        "secretRef": {"name": "git"},
        "pullRequest": {"maxOpen": max_open},
    }
    return _ours("GitOpsRepository", "default", spec)


def secret(forge: GiteaRepository) -> dict[str, Any]:
    """What opens the repository, and its forge."""
    user = forge.server.upgrader
    data = {"username": user.login, "password": user.token}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "git"},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def _ours(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": OURS, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def counted(items: Iterable[Mapping[str, Any]], type_: str) -> dict[str, int]:
    """How many upgraders have each reason in a condition of their status."""
    found: dict[str, int] = {}
    for item in items:
        conditions = (item.get("status") or {}).get("conditions") or ()
        reason = next((one["reason"] for one in conditions if one["type"] == type_), "")
        found[reason] = found.get(reason, 0) + 1
    return found
