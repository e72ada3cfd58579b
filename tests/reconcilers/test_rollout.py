"""Live Clusters as a real Cluster API reported them during upgrades, and what is made of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gitops_upgrader.reconcilers.rollout import Stage, facts, judge, same_version
from gitops_upgrader.versions import Version

WANTED = Version.parse("v1.34.2")


def condition(type_: str, status: str, reason: str = "", message: str = "", generation: int | None = 7) -> Any:
    found = {"type": type_, "status": status, "reason": reason, "message": message}
    return found if generation is None else {**found, "observedGeneration": generation}


def cluster(**status: Any) -> dict[str, Any]:
    """A Cluster (v1beta2) after its rollout, with parts of its status replaced."""
    done: dict[str, Any] = {
        "observedGeneration": 7,
        "conditions": [
            condition("TopologyReconciled", "True", "ReconcileSucceeded"),
            condition("RollingOut", "False", "NotRollingOut"),
            condition("ControlPlaneMachinesUpToDate", "True", "UpToDate"),
            condition("WorkerMachinesUpToDate", "True", "UpToDate"),
            # keeps an old generation for ever, and says nothing about a rollout
            condition("ControlPlaneInitialized", "True", "Initialized", generation=1),
        ],
        "controlPlane": {"versions": [{"version": "v1.34.2", "replicas": 3}]},
        "workers": {"versions": [{"version": "v1.34.2", "replicas": 2}]},
    }
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "dev", "namespace": "fleet", "generation": 7},
        "spec": {"topology": {"classRef": {"name": "docker"}, "version": "v1.34.2"}},
        "status": {**done, **status},
    }


def with_condition(found: dict[str, Any], new: Any) -> dict[str, Any]:
    changed = copy.deepcopy(found)
    others = [one for one in changed["status"]["conditions"] if one["type"] != new["type"]]
    changed["status"]["conditions"] = [*others, new]
    return changed


def as_v1beta1(found: dict[str, Any]) -> dict[str, Any]:
    """The same Cluster as v1beta1 shows it: the old conditions on top, the new ones under `v1beta2`."""
    changed = copy.deepcopy(found)
    status = changed["status"]
    changed["apiVersion"] = "cluster.x-k8s.io/v1beta1"
    status["v1beta2"] = {"conditions": status["conditions"]}
    status["conditions"] = [condition("TopologyReconciled", "True", generation=None), condition("Ready", "True")]
    return changed


UPGRADING = condition(
    "TopologyReconciled", "False", "ClusterUpgrading", "Cluster is upgrading to v1.34.2\n  * control plane"
)


@pytest.mark.parametrize("shape", [lambda found: found, as_v1beta1], ids=["v1beta2", "v1beta1"])
@pytest.mark.parametrize(
    ("found", "stage", "words"),
    [
        pytest.param(cluster(), Stage.ROLLED_OUT, "Every machine is at v1.34.2.", id="after the rollout"),
        pytest.param(
            with_condition(cluster(), UPGRADING),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: the topology is not reconciled "
            "(Cluster is upgrading to v1.34.2 * control plane).",
            id="between the control plane and the workers",
        ),
        pytest.param(
            with_condition(cluster(), condition("RollingOut", "True", "RollingOut")),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: machines are being replaced (RollingOut).",
            id="rolling out",
        ),
        pytest.param(
            with_condition(cluster(), condition("WorkerMachinesUpToDate", "False", "NotUpToDate")),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: the workers are not up to date (NotUpToDate).",
            id="the workers lag",
        ),
        pytest.param(
            with_condition(cluster(), condition("ControlPlaneMachinesUpToDate", "False", "NotUpToDate")),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: the control plane is not up to date (NotUpToDate).",
            id="the control plane lags",
        ),
        pytest.param(
            with_condition(cluster(), condition("TopologyReconciled", "True", "ReconcileSucceeded", generation=6)),
            Stage.APPLIED,
            "The live Cluster asks for v1.34.2; Cluster API has yet to act on it.",
            id="reconciled, but for the generation before",
        ),
        pytest.param(
            cluster(observedGeneration=6),
            Stage.APPLIED,
            "The live Cluster asks for v1.34.2; Cluster API has yet to act on it.",
            id="the status is of the generation before",
        ),
        pytest.param(
            cluster(controlPlane={"versions": [{"version": "v1.33.5"}, {"version": "v1.34.2"}]}),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: control plane machines are at v1.33.5.",
            id="two versions in the control plane",
        ),
        pytest.param(
            cluster(workers={"versions": [{"version": "v1.33.5"}]}),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: worker machines are at v1.33.5.",
            id="workers of the version before",
        ),
        pytest.param(
            cluster(workers={"upgradePlan": ["v1.34.2"]}),
            Stage.ROLLING_OUT,
            "v1.34.2 is being rolled out: still to come: v1.34.2.",
            id="steps of a chain are still to come",
        ),
        pytest.param(
            cluster(controlPlane={}, workers={}), Stage.ROLLED_OUT, "Every machine is at v1.34.2.", id="before 1.14"
        ),
        pytest.param(
            with_condition(cluster(), condition("WorkerMachinesUpToDate", "Unknown")),
            Stage.UNKNOWN,
            "The live Cluster asks for v1.34.2; whether it is rolled out cannot be told without "
            "WorkerMachinesUpToDate.",
            id="a condition is not known",
        ),
    ],
)
def test_a_rollout_is_judged_by_everything_together(
    found: dict[str, Any], stage: Stage, words: str, shape: Any
) -> None:
    seen = judge(facts(shape(found)), WANTED)

    assert (seen.stage, seen.message) == (stage, words)
    assert seen.applied


def test_another_version_is_not_applied() -> None:
    seen = judge(facts(cluster()), Version.parse("v1.34.3"))

    assert seen.stage is Stage.NOT_APPLIED
    assert not seen.applied
    assert seen.message == "The live Cluster is not at v1.34.3: it asks for v1.34.2."


@pytest.mark.parametrize("content", [{}, {"spec": None, "status": []}, {"spec": {"topology": {"version": 1.34}}}])
def test_what_is_no_cluster_of_a_class_asks_for_nothing(content: dict[str, Any]) -> None:
    assert judge(facts(content), WANTED).message == "The live Cluster is not at v1.34.2: it asks for no version."


def test_an_old_cluster_api_does_not_say_whether_machines_are_there() -> None:
    old = cluster(conditions=[condition("TopologyReconciled", "True", generation=None)], observedGeneration=7)

    assert judge(facts(old), WANTED).stage is Stage.UNKNOWN


def test_a_cluster_without_a_status_says_nothing_yet() -> None:
    new = cluster()
    del new["status"]

    assert judge(facts(new), WANTED).stage is Stage.UNKNOWN


def test_what_does_not_matter_leaves_the_facts_equal() -> None:
    other = with_condition(cluster(), condition("Available", "False", "SomethingElse"))
    other["metadata"]["resourceVersion"] = "8"

    assert facts(other) == facts(cluster())


@pytest.mark.parametrize(
    ("live", "wanted", "same"),
    [
        ("v1.34.2", "1.34.2", True),
        ("v1.34.2", "v1.34.3", False),
        ("v1.34.2+rke2r1", "v1.34.2+rke2r2", False),
        ("v1.34.2+rke2r1", "v1.34.2", True),
        ("v1.35.0---vmware.2-vkr.4", "v1.35.0", True),
        ("v1.35.0---vmware.2-vkr.4", "v1.35.0---vmware.2", True),
        ("v1.35.0---vmware.21", "v1.35.0---vmware.2", False),
        ("v1.35.0-rc.1", "v1.35.0", False),
        ("v1.34.20", "v1.34.2", False),
        ("1.34", "v1.34.2", False),
    ],
)
def test_versions_are_compared_as_versions(live: str, wanted: str, same: bool) -> None:
    assert same_version(live, Version.parse(wanted)) is same
