"""What `install` prints, on a real API server: it is taken as it is, and the controller can live with its rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.runtime.installation import NAME, Installation, render
from gitops_upgrader.runtime.rbac import AGGREGATION_LABEL
from tests.gitserver import git_http_server
from tests.runtime.cluster import RESOURCES, UPGRADER, Management, managed, running, settings
from tests.servers.kubernetes import KubernetesServer, Refused, until

pytestmark = pytest.mark.servers

_BUILT_IN = {
    "Namespace": ("/api/v1", "namespaces"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Service": ("/api/v1", "services"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    **{
        kind: ("/apis/rbac.authorization.k8s.io/v1", f"{kind.lower()}s")
        for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    },
}


def path_of(content: dict[str, Any]) -> str:
    base, plural = _BUILT_IN[content["kind"]]
    namespace = content["metadata"].get("namespace")
    home = f"{base}/namespaces/{namespace}" if namespace else base
    return f"{home}/{plural}/{content['metadata']['name']}"


@dataclass
class Installed:
    """An installation on a server, with a name of its own for what is shared by the whole cluster."""

    server: KubernetesServer
    installation: Installation

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What is printed. The CRDs are left out: the server has them already, and other tests use them meanwhile."""
        found = yaml.safe_load_all(render(self.installation))
        return [content for content in found if content["kind"] != "CustomResourceDefinition"]

    def apply(self) -> list[str]:
        """Apply it all as `kubectl apply --server-side --validate=strict` does."""
        applied = []
        for content in self.objects:
            path = f"{path_of(content)}?fieldManager=tests&force=true&fieldValidation=Strict"
            answer = self.server.api("PATCH", path, content, content_type="application/apply-patch+yaml")
            applied.append(answer["kind"])
        return applied

    def remove(self) -> None:
        for content in reversed(self.objects):
            self.server.api("DELETE", path_of(content))


@pytest.fixture
def management(kubernetes: KubernetesServer, tmp_path: Path) -> Iterator[Management]:
    with managed(kubernetes, tmp_path, git_http_server) as made:
        yield made


@pytest.fixture
def installed(kubernetes: KubernetesServer, management: Management) -> Iterator[Installed]:
    """For one namespace, so that nothing is granted that another test would see."""
    namespace = kubernetes.namespace("system")
    made = Installed(kubernetes, Installation(namespace=namespace, watched=(management.namespace,)))
    with kubernetes.alone("installation"):
        made.apply()
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        until(lambda: kubernetes.api("GET", account) is not None, "Pods can be made")
        yield made


def test_all_of_it_is_taken_as_it_is_and_taken_again(kubernetes: KubernetesServer) -> None:
    """With the ClusterRoleBindings, which are removed again at once."""
    with kubernetes.alone("installation"):
        namespace = kubernetes.namespace("whole")
        made = Installed(kubernetes, Installation(namespace=namespace))
        ask = partial(may, kubernetes, f"system:serviceaccount:{namespace}:{NAME}")
        try:
            assert made.apply() == [content["kind"] for content in made.objects]
            assert made.apply() == [content["kind"] for content in made.objects]
            until(lambda: ask("watch", "", "secrets", "any"), "it may look everywhere")
            assert not ask("patch", "cluster.x-k8s.io", "clusters", "any")
        finally:
            made.remove()


def test_the_definitions_are_taken_as_they_are(kubernetes: KubernetesServer) -> None:
    """Without keeping them: other tests use those that are there."""
    for content in yaml.safe_load_all(render(Installation())):
        if content["kind"] == "CustomResourceDefinition":
            path = f"{path_of(content)}?dryRun=All&fieldManager=tests&force=true&fieldValidation=Strict"
            answer = kubernetes.api("PATCH", path, content, content_type="application/apply-patch+yaml")
            assert answer["metadata"]["name"] == content["metadata"]["name"]


def test_the_pods_are_admitted_under_the_restricted_profile(installed: Installed) -> None:
    (deployment,) = (content for content in installed.objects if content["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    path = f"/api/v1/namespaces/{installed.installation.namespace}/pods?dryRun=All&fieldValidation=Strict"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "one"}}
    answer = installed.server.api("POST", path, {**pod, "spec": template["spec"]})
    assert answer["spec"]["serviceAccountName"] == NAME
    loose = {**template["spec"], "hostNetwork": True}
    with pytest.raises(Refused, match='violates PodSecurity "restricted'):
        installed.server.api("POST", path, {**pod, "spec": loose})


def test_the_whole_way_with_exactly_these_rights(installed: Installed, management: Management) -> None:
    """A Secret for the repository, a build by a Job, a pull request, its merge, the rollout, and a deletion."""
    namespace = installed.installation.namespace
    management.commit("prod", "v1.33.5")
    management.live("prod", "v1.33.5", rolled_out=True)
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: git}\nstringData: {username: git, password: unused-here}\n"
    management.apply(secret)
    management.apply(RESOURCES.replace("provider: none", "provider: none, secretRef: {name: git}"))
    management.apply(UPGRADER.replace("NAME", "prod"))
    management.apply(BUILT)
    branch = f"gitops-upgrader/{management.namespace}/prod"
    chosen = settings(
        management, kubeconfig=management.server.kubeconfig_for(namespace, NAME), lease_namespace=namespace
    )
    with running(chosen):
        management.until(lambda: management.condition("prod", "Proposed") == ("True", "Unchanged"), "it is proposed")
        management.until(lambda: build_of(management) is not None, "the image has its Job")
        management.people.merge(branch)
        management.until(lambda: management.condition("prod", "Merged") == ("True", "Merged"), "the merge is noticed")
        management.live("prod", "v1.34.2", rolled_out=True)
        management.until(lambda: management.condition("prod", "RolledOut") == ("True", "RolledOut"), "it is there")
        assert {"PullRequestOpened", "Merged", "RolledOut"} <= {event["reason"] for event in management.items("Event")}
        management.delete("ClusterClassClusterUpgrader", "prod")
        management.until(lambda: management.get("ClusterClassClusterUpgrader", "prod") is None, "it is gone")
    lease = management.server.api("GET", management.path("Lease", NAME, namespace))
    assert lease["spec"]["leaseTransitions"] == 0


BUILT = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: built}
spec: {version: v1.32.1, jobTemplate: {spec: {containers: [{name: build, image: builder}]}}}
"""


def build_of(management: Management) -> Any:
    return management.server.api("GET", f"/apis/batch/v1/namespaces/{management.namespace}/jobs/built-1")


def may(server: KubernetesServer, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
    """What the API server says about a right."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    answer = server.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


def test_the_rights_end_where_they_should(installed: Installed, management: Management) -> None:
    namespace = installed.installation.namespace
    ask = partial(may, installed.server, f"system:serviceaccount:{namespace}:{NAME}")
    assert ask("get", "", "secrets", management.namespace)
    assert not ask("get", "", "secrets", namespace)
    assert not ask("get", "", "secrets", "kube-system")
    assert not ask("update", "cluster.x-k8s.io", "clusters", management.namespace)
    assert not ask("patch", "cluster.x-k8s.io", "clusters", management.namespace)
    assert not ask("delete", "batch", "jobs", management.namespace)
    assert not ask("create", "", "pods", management.namespace)


def test_a_foreign_kind_is_granted_by_a_label(installed: Installed, management: Management) -> None:
    server = installed.server
    ask = partial(may, server, f"system:serviceaccount:{installed.installation.namespace}:{NAME}", "watch")
    assert not ask("example.com", "releases", management.namespace)
    name = f"{management.namespace}-releases"
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    rule = {"apiGroups": ["example.com"], "resources": ["releases"], "verbs": ["get", "list", "watch"]}
    server.api("POST", roles, {"metadata": {"name": name, "labels": {AGGREGATION_LABEL: "true"}}, "rules": [rule]})
    try:
        until(lambda: ask("example.com", "releases", management.namespace), "it is granted")
        assert not ask("example.com", "releases", "default")
        installed.apply()
        until(lambda: ask("example.com", "releases", management.namespace), "it stays so when applied again")
    finally:
        server.api("DELETE", f"{roles}/{name}")


@pytest.mark.parametrize(("role", "sees", "changes"), [("view", True, False), ("edit", True, True)])
def test_people_have_what_their_roles_aggregate(
    installed: Installed, management: Management, role: str, *, sees: bool, changes: bool
) -> None:
    server, group = installed.server, "kubernetesupgraded.dimitrikoshkin.com"
    binding = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"{role}-person"}],
    }
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{management.namespace}/rolebindings"
    server.api("POST", path, binding)
    ask = partial(may, server, f"{role}-person")
    until(lambda: ask("list", group, "plans", management.namespace) is sees, "the role says so")
    until(lambda: ask("patch", group, "plans", management.namespace) is changes, "the role says so")
    assert not ask("patch", group, "plans/status", management.namespace)
