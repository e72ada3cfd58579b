"""A management cluster: a store that lasts from one reconcile to the next, and a repository over loopback HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gitops_upgrader.api import ClusterClassClusterUpgrader, MachineImage, MachineImageSyncer, Plan
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import machine_image, plan, syncer, upgrader
from gitops_upgrader.reconcilers.attempts import Patience
from gitops_upgrader.reconcilers.kept import KeptWorkspaces
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reconcilers.scope import Live, Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores.directory import DirectoryStore
from tests.gitserver import GitServer
from tests.reconcilers.directory import PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, repository
from tests.reconcilers.directory import upgrader as upgrader_manifest

UPGRADER = ObjectKey(GROUP, "ClusterClassClusterUpgrader", "fleet", "prod")


@dataclass
class Management:
    """A store that lasts from one reconcile to the next, and a repository over loopback HTTP."""

    fleet: Fleet
    git: GitServer
    live: Live = field(default_factory=Live)

    def __post_init__(self) -> None:
        self.exchanges: list[str] = []
        self.workspaces = KeptWorkspaces(
            CommandLine(), self.fleet.clock, patience=Patience(tries=1), exchanged=self.exchanges.append
        )
        url = f"{self.git.url}/{self.fleet.people.path.name}"
        self.fleet.write("images.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN)
        self.fleet.write("repository.yaml", repository(url, provider="none", branch="main"))
        self.fleet.write("prod.yaml", upgrader_manifest("prod").replace("0s", "24h"))
        self.store = DirectoryStore.load([self.fleet.manifests])
        assert self.store.problems == ()
        for found in self.store.list(GROUP, "MachineImageSyncer"):
            syncer.reconcile(self.scope, read(found, MachineImageSyncer))
        for found in self.store.list(GROUP, "MachineImage"):
            machine_image.reconcile(self.scope, read(found, MachineImage))
        for found in self.store.list(GROUP, "Plan"):
            plan.reconcile(self.scope, read(found, Plan))

    @property
    def scope(self) -> Scope:
        return Scope(self.store, self.fleet.clock, HttpFetch(), runs_jobs=True, live=self.live)

    def run(self) -> Proposed:
        """One reconcile of the upgrader, ten minutes later."""
        self.fleet.clock.advance(minutes=10)
        found = self.store.get(UPGRADER)
        assert found is not None
        return upgrader.reconcile(self.scope, read(found, ClusterClassClusterUpgrader), self.workspaces)

    def cluster(self, version: str, reconciled: str = "True", namespace: str = "fleet") -> None:
        """Have a live Cluster, rolled out or not."""
        content: dict[str, Any] = {
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Cluster",
            "metadata": {"name": "prod", "namespace": namespace, "generation": 2},
            "spec": {"topology": {"version": version}},
        }
        key = ObjectKey("cluster.x-k8s.io", "Cluster", namespace, "prod")
        self.store.delete(key)
        self.store.create(content)
        states = {"TopologyReconciled": reconciled, "RollingOut": "False"}
        states |= {"ControlPlaneMachinesUpToDate": "True", "WorkerMachinesUpToDate": "True"}
        conditions = [{"type": type_, "status": state} for type_, state in states.items()]
        self.store.write_status(key, {"observedGeneration": 2, "conditions": conditions})

    def change(self, **metadata: Any) -> None:
        self.store.patch(UPGRADER, {"metadata": metadata})

    @property
    def finalizers(self) -> list[str]:
        found = self.store.get(UPGRADER)
        assert found is not None
        return list(found.content["metadata"].get("finalizers") or ())

    def condition(self, type_: str) -> str:
        found = self.store.get(UPGRADER)
        assert found is not None
        conditions = {one["type"]: f"{one['status']} {one['reason']}" for one in found.status["conditions"]}
        return str(conditions.get(type_, ""))
