"""A management cluster for tests: namespaces on a real API server, a repository over loopback HTTP, a controller."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from gitops_upgrader.runtime.election import Terms
from gitops_upgrader.runtime.process import Process, Settings
from gitops_upgrader.runtime.secrecy import Secrecy
from tests.pulls.people import Clock, People
from tests.servers.kubernetes import PATIENCE, KubernetesServer, until

OURS = "kubernetesupgraded.dimitrikoshkin.com/v1alpha1"
CAPI = "cluster.x-k8s.io/v1beta2"
_PLURALS = {
    "ClusterClassClusterUpgrader": "clusterclassclusterupgraders",
    "GitOpsRepository": "gitopsrepositories",
    "MachineImage": "machineimages",
    "MachineImageSyncer": "machineimagesyncers",
    "MachineImageTemplate": "machineimagetemplates",
    "Plan": "plans",
    "DebianRepositorySource": "debianrepositorysources",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "Cluster": "clusters",
    "Lease": "leases",
    "Event": "events",
}

CLUSTER_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusters.cluster.x-k8s.io}
spec:
  group: cluster.x-k8s.io
  names: {kind: Cluster, plural: clusters, singular: cluster, listKind: ClusterList}
  scope: Namespaced
  versions:
    - name: v1beta2
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""

CLUSTER = """\
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: {name}
  namespace: {namespace}
spec:
  topology:
    classRef:
      name: docker
    version: {version}
    variables:
      - name: imageId
        value: img-{version}
"""

PLAN = """\
apiVersion: OURS
kind: Plan
metadata: {name: newest}
spec: {versionRange: ">=1.33", machineImageSelector: {matchLabels: {os: ubuntu}}}
"""

SOURCES = (
    """\
apiVersion: v1
kind: ConfigMap
metadata: {name: releases}
data: {versions: "v1.33.5\\nv1.34.2\\n"}
---
apiVersion: OURS
kind: MachineImageTemplate
metadata: {name: images}
spec: {template: {metadata: {labels: {os: ubuntu}}, spec: {id: "img-$(KUBERNETES_VERSION)"}}}
---
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: images}
spec:
  versionRange: ">=1.33"
  policy: LatestPerMinor
  sourceRef: {apiVersion: v1, kind: ConfigMap, name: releases}
  machineImageTemplateRef: {name: images}
---
"""
    f"{PLAN}"
)
"""Where versions and images come from, where no build is needed."""

RESOURCES = (
    f"{SOURCES}---\n"
    """\
apiVersion: OURS
kind: GitOpsRepository
metadata: {name: default}
spec: {url: URL, branch: main, provider: none, interval: 1s}
"""
)

UPGRADER = """\
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: NAME}
spec: {clusterName: NAME, planRef: {name: newest}, topologyVariable: imageId}
"""


@dataclass
class Management:
    """One namespace of a management cluster, and the repository of its clusters."""

    server: KubernetesServer
    namespace: str
    people: People
    url: str
    clusters: list[str] = field(default_factory=list)

    def path(self, kind: str, name: str = "", namespace: str | None = None) -> str:
        group = {"Cluster": "/apis/cluster.x-k8s.io/v1beta2", "Lease": "/apis/coordination.k8s.io/v1"}.get(kind)
        if kind == "Event":
            group = "/apis/events.k8s.io/v1"
        base = group or ("/api/v1" if kind in {"ConfigMap", "Secret"} else f"/apis/{OURS}")
        tail = f"/{name}" if name else ""
        return f"{base}/namespaces/{namespace or self.namespace}/{_PLURALS[kind]}{tail}"

    def get(self, kind: str, name: str) -> Any:
        """An object as it is now; None where it is not there."""
        return self.server.api("GET", self.path(kind, name))

    def items(self, kind: str) -> list[Any]:
        """Every object of a kind."""
        return list(self.server.api("GET", self.path(kind))["items"])

    def apply(self, text: str) -> None:
        """Apply manifests as people write them."""
        for content in yaml.safe_load_all(re.sub(r"\bURL\b", self.url, text.replace("OURS", OURS))):
            content["metadata"].setdefault("namespace", self.namespace)
            self.server.apply(self.path(content["kind"], content["metadata"]["name"]), content)

    def delete(self, kind: str, name: str) -> None:
        self.server.api("DELETE", self.path(kind, name))

    def status(self, name: str) -> dict[str, Any]:
        """The status of an upgrader."""
        found = self.get("ClusterClassClusterUpgrader", name) or {}
        return dict(found.get("status") or {})

    def condition(self, name: str, type_: str) -> tuple[str, str] | None:
        """Status and reason of an upgrader's condition."""
        for found in self.status(name).get("conditions", []):
            if found["type"] == type_:
                return found["status"], found["reason"]
        return None

    def commit(self, name: str, version: str) -> None:
        """Have a cluster at a version on the base branch."""
        text = CLUSTER.format(name=name, namespace=self.namespace, version=version)
        self.people.commit({f"clusters/{name}.yaml": text}, message=f"{name} at {version}")

    def live(self, name: str, version: str, *, rolled_out: bool) -> None:
        """Play Flux and Cluster API: the live Cluster asks for a version, and is there or not."""
        content = yaml.safe_load(CLUSTER.format(name=name, namespace=self.namespace, version=version))
        self.server.apply(self.path("Cluster", name), content)
        self.rolls(name, done=rolled_out)

    def flux(self, name: str) -> None:
        """Play Flux: apply what is on the base branch."""
        content = yaml.safe_load(self.people.read("main", f"clusters/{name}.yaml"))
        self.server.apply(self.path("Cluster", name), content)

    def rolls(self, name: str, *, done: bool, **more: Any) -> None:
        """Play Cluster API 1.14: say of the live Cluster as it is now that its machines are there, or not yet.

        Args:
            more: other fields of its status.
        """
        generation = self.get("Cluster", name)["metadata"]["generation"]
        up_to_date = "True" if done else "False"
        conditions = [
            ("TopologyReconciled", up_to_date),
            ("RollingOut", "False" if done else "True"),
            ("ControlPlaneMachinesUpToDate", up_to_date),
            ("WorkerMachinesUpToDate", up_to_date),
        ]
        status = {
            **more,
            "observedGeneration": generation,
            "conditions": [
                {"type": type_, "status": value, "reason": "Played", "message": "", "observedGeneration": generation}
                for type_, value in conditions
            ],
        }
        path = f"{self.path('Cluster', name)}/status"
        self.server.api("PATCH", path, {"status": status}, content_type="application/merge-patch+json")

    def until(self, holds: Callable[[], object], what: str, *, seconds: float = PATIENCE) -> None:
        until(lambda: bool(holds()), what, seconds=seconds)


def serve_clusters(server: KubernetesServer) -> None:
    """Have the kind of Cluster API's Clusters in the cluster."""
    with server.alone("cluster-crd"):
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusters.cluster.x-k8s.io"
        server.apply(base, yaml.safe_load(CLUSTER_CRD))
        until(lambda: server.serves("clusters.cluster.x-k8s.io"), "Clusters are served")


@contextmanager
def managed(server: KubernetesServer, folder: Path, serve: Callable[[Path], Any]) -> Iterator[Management]:
    """A namespace with a repository, served from `folder`; no controller yet."""
    serve_clusters(server)
    namespace = server.namespace("runtime")
    people = People(folder / "fleet.git", Clock())
    with serve(folder) as git:
        yield Management(server, namespace, people, f"{git.url}/fleet.git")


def settings(management: Management, **changes: Any) -> Settings:
    """A controller for one namespace. It keeps its Lease on a machine that stands still for a while."""
    made: Mapping[str, Any] = {
        "kubeconfig": management.server.kubeconfig,
        "namespaces": (management.namespace,),
        "lease_namespace": management.namespace,
        "listen": ("127.0.0.1", 0),
        "terms": Terms(duration=60, deadline=45, retry=0.2),
    }
    return Settings(**{**made, **changes})


@contextmanager
def running(chosen: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Process]:
    """A controller in a thread, from its start to its orderly end."""
    process, stop = Process(chosen, Secrecy(), clock=clock), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            process.run(stop)
        except BaseException as failure:
            failures.append(failure)
            raise

    thread = threading.Thread(target=work, name="controller")
    thread.start()
    try:
        yield process
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert not failures
