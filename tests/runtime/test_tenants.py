"""Two tenants of one controller, and one of them is hostile: what it writes in its own namespace stays there.

The hostile one may do in its namespace what an ordinary `edit` role allows, custom resources of ours included; every
object of it is written with its own token.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.api.names import IMAGE_ID_KEY, MACHINE_IMAGE_NAME_LABEL
from gitops_upgrader.runtime import rbac
from tests import debian
from tests.runtime.cluster import OURS, SOURCES, UPGRADER, Management
from tests.runtime.forge import Forged, is_proposed
from tests.runtime.installed import Installed
from tests.runtime.replica import Replica, replica
from tests.servers import kubelet
from tests.servers.kubernetes import KubernetesServer, Refused, until

pytestmark = pytest.mark.servers

ORDINARY = [
    *(dict(rule) for rule in (*rbac.view_rules(), *rbac.edit_rules())),
    {"apiGroups": [""], "resources": ["secrets", "configmaps", "pods"], "verbs": ["*"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
]


@pytest.fixture
def hostile(kubernetes: KubernetesServer, fleet: Forged) -> Management:
    """A namespace of somebody who wishes the other one ill."""
    namespace = kubernetes.namespace("hostile")
    account = kubernetes.service_account(namespace, ORDINARY)
    seen = kubernetes.acting_as(namespace, account)
    return Management(seen, namespace, fleet.people, fleet.url)


@pytest.fixture
def rights(kubernetes: KubernetesServer, fleet: Forged, hostile: Management) -> Installed:
    """The controller of both."""
    made = Installed(kubernetes, kubernetes.namespace("system"), watched=(fleet.namespace, hostile.namespace))
    with kubernetes.alone("installation"):
        made.put()
    return made


@pytest.fixture(autouse=True)
def _private(fleet: Forged) -> None:
    """The other one's repository, which nobody else may read, with a pull request under way."""
    fleet.forge.api("PATCH", "", {"private": True})
    fleet.commit("prod", "v1.33.5")
    fleet.flux("prod")
    fleet.rolls("prod", done=True)
    fleet.connect()
    fleet.apply(SOURCES)
    fleet.apply(UPGRADER.replace("NAME", "prod"))


@pytest.fixture
def controller(rights: Installed, tmp_path: Path) -> Iterator[Replica]:
    with replica(rights, tmp_path) as made:
        yield made


def versions(fleet: Forged) -> dict[str, str]:
    """What leads to an upgrade, each with the version of its last write."""
    kinds = ("MachineImageSyncer", "MachineImageTemplate", "MachineImage", "Plan")
    return {
        f"{kind} {found['metadata']['name']}": found["metadata"]["resourceVersion"]
        for kind in kinds
        for found in fleet.items(kind)
    }


def is_settled(fleet: Forged) -> bool:
    """Whether both images are ready, and the syncer and the plan too: nothing of them is to be written any more."""
    images = fleet.items("MachineImage")
    return len(images) == 2 and all(
        is_ready(found) for found in (*images, *fleet.items("MachineImageSyncer"), *fleet.items("Plan"))
    )


def is_ready(found: dict[str, Any]) -> bool:
    """Whether an object's status is about what it says now, and has nothing to complain about."""
    status, generation = found.get("status", {}), found["metadata"]["generation"]
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    return status.get("observedGeneration") == generation and conditions.get("Ready") == "True"


def stalled(tenant: Management, kind: str, name: str) -> str | None:
    """Why an object stalls; None where it does not, or not yet."""
    conditions = (tenant.get(kind, name) or {}).get("status", {}).get("conditions", [])
    return next((str(one["reason"]) for one in conditions if one["type"] == "Stalled"), None)


THEIRS = """\
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: NAME}
spec: {clusterName: prod, clusterNamespace: VICTIM, topologyVariable: imageId, planRef: {name: newest}, MORE}
"""
FOREIGN_PLAN = """\
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: foreign-plan}
spec:
  clusterName: prod
  topologyVariable: imageId
  planRef: {name: newest, namespace: VICTIM}
  repositoryRef: {name: open}
"""
FOREIGN_SYNCERS = """\
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: foreign-source}
spec:
  versionRange: ">=1.33"
  sourceRef: {apiVersion: v1, kind: ConfigMap, name: releases, namespace: VICTIM}
  machineImageTemplateRef: {name: images}
---
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: foreign-secret}
spec:
  versionRange: ">=1.33"
  sourceRef: {apiVersion: v1, kind: Secret, name: git, namespace: VICTIM}
  machineImageTemplateRef: {name: images}
---
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: foreign-template}
spec:
  versionRange: ">=1.33"
  sourceRef: {apiVersion: v1, kind: ConfigMap, name: releases}
  machineImageTemplateRef: {name: images, namespace: VICTIM}
"""
REPOSITORY = """\
apiVersion: OURS
kind: GitOpsRepository
metadata: {name: NAME}
spec: {url: "ADDRESS", branch: main, provider: gitea, interval: 1s, timeout: 5s, MORE}
"""


def repository(name: str, url: str, more: str = "paused: false") -> str:
    return REPOSITORY.replace("NAME", name).replace("ADDRESS", url).replace("MORE", more)


def upgrader(name: str, victim: str, more: str) -> str:
    return THEIRS.replace("NAME", name).replace("VICTIM", victim).replace("MORE", more)


def test_references_stay_in_their_namespace(fleet: Forged, hostile: Management, controller: Replica) -> None:
    """Nothing of the other one is read through them, and nothing of it is written either: it does not even notice."""
    victim = fleet.namespace
    fleet.proposed("prod")
    fleet.until(lambda: is_settled(fleet), "all that leads to it is settled")
    before = versions(fleet)
    hostile.apply(SOURCES)
    hostile.apply(FOREIGN_SYNCERS.replace("VICTIM", victim))
    hostile.apply(FOREIGN_PLAN.replace("VICTIM", victim))
    hostile.apply(repository("default", fleet.url, "secretRef: {name: git}"))  # the other one's Secret, by its name
    hostile.apply(repository("open", fleet.url))  # which the controller has open already, for somebody else
    hostile.apply(upgrader("not-admitted", victim, f"repositoryRef: {{name: default, namespace: {victim}}}"))
    hostile.apply(upgrader("own-secret", victim, "repositoryRef: {name: default}"))
    hostile.apply(upgrader("no-secret", victim, "repositoryRef: {name: open}"))
    expected = {
        ("MachineImageSyncer", "foreign-source"): "CrossNamespaceReference",
        ("MachineImageSyncer", "foreign-secret"): "CrossNamespaceReference",
        ("MachineImageSyncer", "foreign-template"): "CrossNamespaceReference",
        ("ClusterClassClusterUpgrader", "foreign-plan"): "CrossNamespaceReference",
        ("ClusterClassClusterUpgrader", "not-admitted"): "CrossNamespaceReference",
        ("ClusterClassClusterUpgrader", "own-secret"): "ObjectNotFound",
        ("ClusterClassClusterUpgrader", "no-secret"): "AuthenticationFailed",
    }

    def seen() -> dict[tuple[str, str], str | None]:
        return {(kind, name): stalled(hostile, kind, name) for kind, name in expected}

    # Each is first looked at when it comes, and some of what it refers to may come later.
    fleet.until(lambda: seen() == expected, "each is refused")
    told = " ".join(str(found.get("status")) for kind, name in expected for found in [hostile.get(kind, name)])
    assert fleet.forge.server.upgrader.token not in told + controller.log.read_text("utf-8")
    assert versions(fleet) == before
    assert fleet.is_proposed("prod")
    assert fleet.condition("prod", "Stalled") is None
    assert [pull["head"]["ref"] for pull in fleet.pulls()] == [f"gitops-upgrader/{victim}/prod"]
    assert set(fleet.people.branches()) == {"main", f"gitops-upgrader/{victim}/prod"}


@pytest.mark.usefixtures("controller")
def test_a_repository_is_open_to_those_it_admits_and_to_nobody_else(fleet: Forged, hostile: Management) -> None:
    fleet.commit("theirs", "v1.33.5")
    hostile.apply(SOURCES)
    text = upgrader("theirs", fleet.namespace, f"repositoryRef: {{name: default, namespace: {fleet.namespace}}}")
    hostile.apply(text.replace("clusterName: prod", "clusterName: theirs"))
    fleet.until(
        lambda: stalled(hostile, "ClusterClassClusterUpgrader", "theirs") == "CrossNamespaceReference", "it is refused"
    )
    admit(fleet, [hostile.namespace])
    fleet.until(lambda: is_proposed(hostile, "theirs"), "it is let in")
    fleet.proposed("prod")
    assert len(fleet.pulls("open")) == 2
    admit(fleet, ["somebody-else"])
    fleet.until(
        lambda: stalled(hostile, "ClusterClassClusterUpgrader", "theirs") == "CrossNamespaceReference",
        "it is refused again",
    )


def admit(fleet: Forged, namespaces: list[str]) -> None:
    change = {"spec": {"allowedNamespaces": namespaces}}
    path = fleet.path("GitOpsRepository", "default")
    fleet.server.api("PATCH", path, change, content_type="application/merge-patch+json")


def test_tokens_go_to_their_own_hosts_and_a_trap_keeps_nobody_else(
    fleet: Forged, hostile: Management, controller: Replica
) -> None:
    """A forge of the hostile one's own gets no token but its own, and keeps nobody waiting with what it answers."""
    fleet.proposed("prod")
    hostile.apply(SOURCES)
    own = "apiVersion: v1\nkind: Secret\nmetadata: {name: own}\nstringData: {username: mallory, password: of-mallory}\n"
    hostile.apply(own)
    with debian.serve() as trap:

        def answer(handler: Any) -> None:
            handler.send_response(429)
            handler.send_header("Retry-After", "86400")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        trap.answers = Everything(answer)
        hostile.apply(repository("planted", trap.url + "/fleet/fleet.git"))
        hostile.apply(repository("planted-api", fleet.url, f'apiURL: "{trap.url}"'))
        hostile.apply(repository("planted-with-own", fleet.url, f'apiURL: "{trap.url}", secretRef: {{name: own}}'))
        names = ("planted", "planted-api", "planted-with-own")
        for name in names:
            hostile.apply(upgrader(name, fleet.namespace, f"repositoryRef: {{name: {name}}}"))
        fleet.until(lambda: all(has_tried(hostile, name) for name in names), "each fails")
        assert trap.requests
        # Meanwhile the other one goes on.
        fleet.commit("late", "v1.33.5")
        fleet.apply(UPGRADER.replace("NAME", "late"))
        fleet.proposed("late")
        fleet.merge(next(pull["number"] for pull in fleet.pulls() if pull["head"]["ref"].endswith("/prod")))
        fleet.until(lambda: fleet.condition("prod", "Merged") == ("True", "Merged"), "its merge is seen")
        sent = "\n".join(str(dict(asked.headers)) + asked.path for asked in trap.requests)
    assert fleet.forge.server.upgrader.token not in sent
    assert "of-the-environment" not in sent
    authorized = {asked.headers["authorization"] for asked in trap.requests if "authorization" in asked.headers}
    assert authorized <= {"Bearer of-mallory"}
    assert controller.runs


def has_tried(tenant: Management, name: str) -> bool:
    """Whether an upgrader has got as far as its forge, and no further."""
    condition = tenant.condition(name, "Ready")
    return condition is not None and condition[1] != "ObjectNotFound"  # as before its repository and its plan are there


class Everything(dict[str, Any]):
    """One answer for every path."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def get(self, key: str, default: Any = None) -> Any:
        return self._answer


def test_live_clusters_of_others_are_read_only_where_the_controller_says_so(
    fleet: Forged, hostile: Management, rights: Installed, tmp_path: Path
) -> None:
    victim = fleet.namespace
    hostile.apply(SOURCES)
    fleet.commit("other", "v1.33.5")
    fleet.live("other", "v1.33.5", rolled_out=True)
    admit(fleet, [hostile.namespace])
    text = upgrader("nosy", victim, f"repositoryRef: {{name: default, namespace: {victim}}}")
    hostile.apply(text.replace("clusterName: prod", "clusterName: other"))
    with replica(rights, tmp_path, name="careful") as controller:
        careful = ("Unknown", "NoLiveCluster")
        fleet.until(lambda: hostile.condition("nosy", "Applied") == careful, "it was looked at")
        (said,) = (one["message"] for one in hostile.status("nosy")["conditions"] if one["type"] == "Applied")
        assert "--cross-namespace-clusters" in said
        assert controller.end() == 0
    with replica(rights, tmp_path, "--cross-namespace-clusters", name="open") as controller:
        fleet.until(lambda: hostile.condition("nosy", "Applied") == ("True", "Applied"), "it is read")
        assert controller.end() == 0


PRIVILEGED = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: privileged}
spec:
  version: v1.34.9
  jobTemplate:
    spec:
      hostNetwork: true
      hostPID: true
      serviceAccountName: gitops-upgrader
      containers: [{name: build, image: builder, securityContext: {privileged: true}}]
      volumes: [{name: root, hostPath: {path: /}}]
"""
BUILT = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: NAME, labels: {os: ubuntu}}
spec: {version: v1.34.8, retryLimit: 0, jobTemplate: {spec: {containers: [{name: build, image: builder}]}}}
"""
TAKEN = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: taken-1
  labels: {LABEL: taken}
  annotations: {KEY: planted}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: build, image: builder}]}}}
"""


@pytest.mark.usefixtures("controller")
def test_hostile_builds_are_bounded_by_their_namespace(
    kubernetes: KubernetesServer, fleet: Forged, hostile: Management
) -> None:
    """What a Pod may be, Pod Security and the namespace's ServiceAccounts say, as for any other Pod there."""
    profile = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    path = f"/api/v1/namespaces/{hostile.namespace}"
    kubernetes.api("PATCH", path, profile, content_type="application/merge-patch+json")
    jobs = kubelet.jobs(kubernetes, fleet.namespace)
    hostile.apply(SOURCES)
    hostile.apply(PRIVILEGED)
    until(lambda: is_refused(kubernetes, hostile.namespace), "no Pod is made of it")
    assert kubelet.pods(kubernetes, hostile.namespace, "privileged-1") == []

    # A Job that somebody made is not taken for a build, whatever it says of itself.
    planted = TAKEN.replace("LABEL", MACHINE_IMAGE_NAME_LABEL).replace("KEY", IMAGE_ID_KEY)
    path = f"/apis/batch/v1/namespaces/{hostile.namespace}/jobs/taken-1"
    hostile.server.apply(path, yaml.safe_load(planted))
    hostile.apply(BUILT.replace("NAME", "taken"))
    fleet.until(lambda: reason(hostile, "MachineImage", "taken") == "JobNameTaken", "it is noticed")
    assert "id" not in hostile.get("MachineImage", "taken")["spec"]

    hostile_ids(fleet, hostile)
    assert kubelet.jobs(kubernetes, fleet.namespace) == jobs


def is_refused(server: KubernetesServer, namespace: str) -> bool:
    """Whether the Job controller was told that it may not make a Pod."""
    events = server.api("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    return any(event["reason"] == "FailedCreate" for event in events)


def hostile_ids(fleet: Forged, hostile: Management) -> None:
    """Ids that are none, neither from a build nor as a field; what is said about them is safe to look at."""
    ids = ("\x1b[2Jami-1", "ami-1\u202e", "x" * 1100, "ami-1\u2028metadata: {}")
    for number, told in enumerate(ids):
        one_hostile_id(fleet, hostile, f"built-{number}", told)


def one_hostile_id(fleet: Forged, hostile: Management, name: str, told: str) -> None:
    job = f"{name}-1"
    hostile.apply(BUILT.replace("NAME", name))
    fleet.until(lambda: kubelet.job(fleet.server, hostile.namespace, job), "it is built")
    annotation = {"metadata": {"annotations": {IMAGE_ID_KEY: told}}}
    path = f"/apis/batch/v1/namespaces/{hostile.namespace}/jobs/{job}"
    hostile.server.api("PATCH", path, annotation, content_type="application/merge-patch+json")
    kubelet.ends(fleet.server, hostile.namespace, job, message="ami-good")
    fleet.until(lambda: stalled(hostile, "MachineImage", name) == "ImageBuildFailed", "it failed")
    status = hostile.get("MachineImage", name)["status"]
    assert (status["phase"], status["ready"]) == ("Failed", False)
    assert "is no image id" in status["failureMessage"]
    assert status["failureMessage"].isprintable()
    with pytest.raises(Refused, match=r"spec\.id"):
        given(hostile, told)


def given(tenant: Management, identity: str) -> None:
    """Make an image of which somebody says the id."""
    image = {"apiVersion": OURS, "kind": "MachineImage", "metadata": {"name": "given"}}
    tenant.server.api("POST", tenant.path("MachineImage"), {**image, "spec": {"version": "v1.34.8", "id": identity}})


def reason(tenant: Management, kind: str, name: str) -> str | None:
    conditions = (tenant.get(kind, name) or {}).get("status", {}).get("conditions", [])
    return next((str(one["reason"]) for one in conditions if one["type"] == "Ready"), None)


def test_a_status_is_the_controllers_alone(fleet: Forged, hostile: Management) -> None:
    """And of the other namespace the hostile one sees nothing."""
    hostile.apply(BUILT.replace("NAME", "mine"))
    path = f"{hostile.path('MachineImage', 'mine')}/status"
    with pytest.raises(Refused, match="cannot patch resource"):
        hostile.server.api("PATCH", path, {"status": {"ready": True}}, content_type="application/merge-patch+json")
    for kind in ("Secret", "MachineImage", "ClusterClassClusterUpgrader"):
        with pytest.raises(Refused, match="cannot list resource"):
            hostile.server.api("GET", fleet.path(kind))
