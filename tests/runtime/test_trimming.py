"""What is kept of an object: everything that somebody reads, and each text once."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gitops_upgrader.reconcilers import cluster_class, live_cluster, rollout
from gitops_upgrader.runtime.trimming import trimmed
from tests.bench import fleet

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def condition(type_: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "status": "True", "reason": "X", "message": "Well.", "observedGeneration": 2, **more}


V1BETA1: dict[str, Any] = {
    "apiVersion": "cluster.x-k8s.io/v1beta1",
    "kind": "Cluster",
    "metadata": {"name": "prod", "namespace": "fleet", "generation": 2},
    "spec": {"topology": {"class": "docker", "classNamespace": "classes", "version": "v1.33.5", "variables": [{}]}},
    "status": {
        "conditions": [{"type": "TopologyReconciled", "status": "False"}, {"type": "Ready", "status": "True"}],
        "v1beta2": {"conditions": [condition("TopologyReconciled"), condition("Available")]},
        "controlPlane": {"versions": [{"version": "v1.33.5", "replicas": 3}], "replicas": 3},
        "workers": {"upgradePlan": ["v1.34.2"]},
    },
}
BARE: dict[str, Any] = {"metadata": {"name": "x"}}
ODD: dict[str, Any] = {
    "metadata": {"name": "x"},
    "spec": {"topology": 1},
    "status": {"conditions": ["no"], "workers": 3},
}


@pytest.mark.parametrize("cluster", [fleet.live(1), V1BETA1, BARE, ODD], ids=["v1beta2", "v1beta1", "bare", "odd"])
def test_of_a_cluster_everything_is_kept_that_somebody_reads(cluster: dict[str, Any]) -> None:
    kept = trimmed(cluster, live_cluster.part)

    assert rollout.facts(kept) == rollout.facts(cluster)
    assert cluster_class.of_live(kept, "fleet") == cluster_class.of_live(cluster, "fleet")
    assert kept["metadata"] == cluster["metadata"]


def test_of_a_cluster_little_is_kept() -> None:
    assert len(json.dumps(trimmed(fleet.live(1), live_cluster.part))) < 0.4 * len(json.dumps(fleet.live(1)))


@pytest.mark.parametrize("spec", [{}, {"kubernetesVersions": ["v1.33.5", "v1.34.2"], "patches": [{"name": "a"}]}])
def test_of_a_class_the_versions_are_kept(spec: dict[str, Any]) -> None:
    found = {"metadata": {"name": "docker"}, "spec": spec, "status": {"variables": [1]}}

    kept = trimmed(found, cluster_class.part)

    assert cluster_class.versions(kept) == cluster_class.versions(found)
    assert kept["spec"].keys() <= {"kubernetesVersions"}
    assert "status" not in kept


def test_what_nobody_reads_is_dropped_and_the_object_itself_stays_as_it_is() -> None:
    annotations = {LAST_APPLIED: "{}", "reconcile": "now"}
    content = {
        "apiVersion": "g/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "managedFields": [{"manager": "x"}], "annotations": annotations},
        "spec": {"numbers": [1, 2.5, None, True], "text": "x" * 1000},
    }
    before = copy.deepcopy(content)

    kept = trimmed(content)

    assert content == before
    assert kept == {**content, "metadata": {"name": "a", "annotations": {"reconcile": "now"}}}


def test_equal_texts_are_one() -> None:
    one, other = (trimmed(json.loads('{"metadata": {"name": "a"}, "message": "All is well."}')) for _ in range(2))

    assert one["message"] is other["message"]
