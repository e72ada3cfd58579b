"""`propose --context` and `plan --context`: a cluster's custom resources are read, and nothing is written to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.cli.run import run
from tests.reconcilers.directory import OURS, PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, upgrader
from tests.servers.control_plane import write_kubeconfig
from tests.servers.kubernetes import KubernetesServer, until

pytestmark = pytest.mark.servers

READ = [
    {"apiGroups": [api.GROUP], "resources": ["*"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    {"apiGroups": ["cluster.x-k8s.io"], "resources": ["clusters", "clusterclasses"], "verbs": ["get"]},
]


CLASS_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusterclasses.cluster.x-k8s.io}
spec:
  group: cluster.x-k8s.io
  names: {kind: ClusterClass, plural: clusterclasses, singular: clusterclass, listKind: ClusterClassList}
  scope: Namespaced
  versions:
    - name: v1beta2
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


class Cluster:
    """A namespace of a management cluster, for objects that people write as YAML."""

    def __init__(self, server: KubernetesServer) -> None:
        self.server = server
        self.name = server.namespace("cli")
        self.account = server.service_account(self.name, READ)
        self.kubeconfig = server.kubeconfig_for(self.name, self.account)

    def apply(self, *documents: str) -> None:
        for document in documents:
            text = document.replace("OURS", OURS).replace("namespace: fleet", f"namespace: {self.name}")
            content = yaml.safe_load(text)
            self.server.apply(self._path(content["apiVersion"], content["kind"], content["metadata"]["name"]), content)

    def _path(self, version: str, kind: str, name: str) -> str:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural = f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"
        return f"{base}/namespaces/{self.name}/{plural}/{name}"

    def status(self, kind: str, name: str, status: dict[str, Any]) -> None:
        path = f"{self._path(OURS, kind, name)}/status"
        self.server.api("PATCH", path, {"status": status}, content_type="application/merge-patch+json")

    def snapshot(self) -> dict[str, Any]:
        """Every object of ours, with its version: equal snapshots mean that nothing was written."""
        found = {}
        for kind in api.KINDS.values():
            for item in self.server.api("GET", f"/apis/{OURS}/namespaces/{self.name}/{kind.LISTING.plural}")["items"]:
                found[f"{kind.KIND} {item['metadata']['name']}"] = item["metadata"]["resourceVersion"]
        return found


@pytest.fixture
def cluster(kubernetes: KubernetesServer) -> Cluster:
    return Cluster(kubernetes)


@pytest.fixture
def fleet(tmp_path: Path, cluster: Cluster) -> Fleet:
    """A repository with a cluster of the same namespace."""
    found = Fleet(tmp_path)
    manifest = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: dev, namespace: NAMESPACE}
spec:
  topology:
    class: docker
    version: v1.33.5
    variables:
      - name: imageId
        value: img-v1.33.5
"""
    found.people.commit({"clusters/dev.yaml": manifest.replace("NAMESPACE", cluster.name)})
    return found


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(cluster: Cluster, fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the cluster and the repository: its status, what it printed, and what it said beside."""

    def command(name: str, *arguments: str) -> tuple[int, str, str]:
        order = [name, "--kubeconfig", str(cluster.kubeconfig), "-n", cluster.name, "--repo", str(fleet.people.path)]
        status = run([*order, *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def proposal(out: str) -> dict[str, Any]:
    (found,) = json.loads(out)["proposals"]
    return dict(found)


def test_a_pull_request_comes_of_a_clusters_objects(cluster: Cluster, fleet: Fleet, cli: Run) -> None:
    """The syncer's images, the plan and the hop are derived over what is in the cluster, which stays as it was."""
    cluster.apply(VERSIONS, TEMPLATE, SYNCER, PLAN, upgrader("dev"))
    before = cluster.snapshot()
    status, out, err = cli("propose", "-o", "json")
    assert (status, err) == (0, "")
    made = proposal(out)
    assert made["upgrader"] == f"{cluster.name}/dev"
    assert (made["action"], made["from"]["version"], made["to"]["version"]) == ("create", "v1.33.5", "v1.34.2")
    assert made["to"]["image"] == "img-v1.34.2"
    assert made["pullRequest"]["number"] == 1
    assert cluster.snapshot() == before
    status, out, _ = cli("propose", "-o", "json")
    assert (status, proposal(out)["action"]) == (0, "leave")


def test_an_image_that_the_cluster_has_built_is_used(cluster: Cluster, cli: Run) -> None:
    image = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: built, namespace: fleet, labels: {os: ubuntu}}
spec:
  version: v1.34.1
  jobTemplate: {spec: {containers: [{name: build, image: builder}]}}
"""
    cluster.apply(image, image.replace("built", "unbuilt").replace("v1.34.1", "v1.34.2"), PLAN, upgrader("dev"))
    cluster.status("MachineImage", "built", {"ready": True, "phase": "Created", "id": "ami-1"})
    status, out, err = cli("propose", "--dry-run", "--detailed-exitcode", "-o", "json")
    assert (status, err) == (2, "")
    assert proposal(out)["to"] == {"version": "v1.34.1", "image": "ami-1"}


def test_a_plan_of_a_cluster(cluster: Cluster, cli: Run) -> None:
    cluster.apply(VERSIONS, TEMPLATE, SYNCER, PLAN, upgrader("dev"))
    before = cluster.snapshot()
    status, out, err = cli("plan")
    assert (status, err) == (0, "")
    assert "v1.34.2" in out
    status, out, _ = cli("plan", "-o", "json", "--upgrader", "dev")
    assert (status, proposal(out)["action"]) == (0, "create")
    assert cluster.snapshot() == before


def test_a_live_class_that_lists_its_versions_is_obeyed(
    kubernetes: KubernetesServer, cluster: Cluster, cli: Run
) -> None:
    with kubernetes.alone("cluster-class-crd"):
        definition = yaml.safe_load(CLASS_CRD)
        name = definition["metadata"]["name"]
        kubernetes.apply(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}", definition)
        until(lambda: kubernetes.serves(name), "classes are served")
    listing = """\
apiVersion: cluster.x-k8s.io/v1beta2
kind: ClusterClass
metadata: {name: docker, namespace: fleet}
spec: {kubernetesVersions: [v1.33.5, v1.34.1]}
"""
    cluster.apply(VERSIONS, TEMPLATE, SYNCER.replace("LatestPerMinor", "All"), PLAN, upgrader("dev"), listing)
    status, out, err = cli("propose", "--dry-run", "-o", "json")
    assert (status, err) == (0, "")
    assert proposal(out)["to"]["version"] == "v1.34.1"
    cluster.apply(listing.replace(", v1.34.1", ""))
    _, out, _ = cli("propose", "--dry-run", "-o", "json")
    assert (proposal(out)["action"], proposal(out)["reason"]) == ("hold", "NotInClusterClass")


def test_one_bad_object_does_not_stop_the_others(cluster: Cluster, cli: Run) -> None:
    """The API server took it, as no CEL can judge a version range; we tell of it, and go on."""
    bad = PLAN.replace("newest", "bad").replace("v1.34.x", "the newest")
    cluster.apply(VERSIONS, TEMPLATE, SYNCER, PLAN, bad, upgrader("dev"), upgrader("lost", planRef="{name: bad}"))
    status, out, err = cli("propose", "--dry-run", "-o", "json")
    assert status == 1
    assert f"error: Plan {cluster.name}/bad: spec.versionRange: " in err
    actions = {found["upgrader"].partition("/")[2]: found["action"] for found in json.loads(out)["proposals"]}
    assert actions == {"dev": "create", "lost": "error"}


def test_a_right_that_lacks_is_named(kubernetes: KubernetesServer, cluster: Cluster, cli: Run) -> None:
    account = kubernetes.service_account(cluster.name)
    kubeconfig = kubernetes.kubeconfig_for(cluster.name, account)
    status, out, err = cli("propose", "--kubeconfig", str(kubeconfig))
    assert (status, out) == (1, "")
    assert err.startswith(f"error: system:serviceaccount:{cluster.name}:{account} may not list ")
    assert 'verbs: ["list"]' in err
    assert err.count("\n") == 1


def test_all_namespaces_take_the_right_to_all(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--kubeconfig", str(cluster.kubeconfig), "--repo", "."]) == 1
    assert "or name single namespaces with --namespace." in capsys.readouterr().err


def test_a_context_is_chosen(kubernetes: KubernetesServer, cluster: Cluster, cli: Run) -> None:
    cluster.apply(VERSIONS, TEMPLATE, SYNCER, PLAN, upgrader("dev"))
    status, out, _ = cli("plan", "--context", "test", "-o", "json")
    assert (status, proposal(out)["action"]) == (0, "create")
    status, _, err = cli("plan", "--context", "other")
    assert status == 1
    assert err == f"error: {cluster.kubeconfig}: There is no context 'other' in it. Name one of test with --context.\n"


def test_no_token_is_ever_shown(kubernetes: KubernetesServer, cluster: Cluster, cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, kubernetes.url, kubernetes.certificate_authority, {"token": "planted-0123456789"})
    status, out, err = cli("propose", "--kubeconfig", str(path), "-o", "json")
    assert status == 1
    assert "does not accept the credentials" in err
    assert "planted" not in out + err
