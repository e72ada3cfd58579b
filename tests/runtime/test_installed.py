"""What `install` prints, on a real API server: it is taken as it is, and the controller can live with its rights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gitops_upgrader.runtime.installation import NAME
from gitops_upgrader.runtime.rbac import AGGREGATION_LABEL
from tests.gitserver import git_http_server
from tests.runtime.cluster import Management, managed
from tests.runtime.installed import Installed, path_of, printed
from tests.servers.kubernetes import KubernetesServer, Refused, until

pytestmark = pytest.mark.servers


@pytest.fixture
def management(kubernetes: KubernetesServer, tmp_path: Path) -> Iterator[Management]:
    with managed(kubernetes, tmp_path, git_http_server) as made:
        yield made


@pytest.fixture
def installed(kubernetes: KubernetesServer, management: Management) -> Iterator[Installed]:
    """For one namespace, so that nothing is granted that another test would see."""
    made = Installed(kubernetes, kubernetes.namespace("system"), watched=(management.namespace,))
    with kubernetes.alone("installation"):
        made.put()
        yield made


def test_all_of_it_is_taken_as_it_is_and_taken_again(kubernetes: KubernetesServer) -> None:
    """With the ClusterRoleBindings, which are removed again at once."""
    with kubernetes.alone("installation"):
        namespace = kubernetes.namespace("whole")
        made = Installed(kubernetes, namespace)
        try:
            assert made.apply() == [content["kind"] for content in made.objects]
            assert made.apply() == [content["kind"] for content in made.objects]
            until(lambda: made.may("watch", "", "secrets", "any"), "it may look everywhere")
            assert not made.may("patch", "cluster.x-k8s.io", "clusters", "any")
        finally:
            made.remove()


def test_the_definitions_are_taken_as_they_are(kubernetes: KubernetesServer) -> None:
    """Without keeping them: other tests use those that are there."""
    for content in printed():
        if content["kind"] == "CustomResourceDefinition":
            path = f"{path_of(content)}?dryRun=All&fieldManager=tests&force=true&fieldValidation=Strict"
            answer = kubernetes.api("PATCH", path, content, content_type="application/apply-patch+yaml")
            assert answer["metadata"]["name"] == content["metadata"]["name"]


def test_the_pods_are_admitted_under_the_restricted_profile(installed: Installed) -> None:
    (deployment,) = installed.of("Deployment")
    template = deployment["spec"]["template"]
    path = f"/api/v1/namespaces/{installed.namespace}/pods?dryRun=All&fieldValidation=Strict"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "one"}}
    answer = installed.server.api("POST", path, {**pod, "spec": template["spec"]})
    assert answer["spec"]["serviceAccountName"] == NAME
    loose = {**template["spec"], "hostNetwork": True}
    with pytest.raises(Refused, match='violates PodSecurity "restricted'):
        installed.server.api("POST", path, {**pod, "spec": loose})


def test_the_rights_end_where_they_should(installed: Installed, management: Management) -> None:
    namespace, ask = installed.namespace, installed.may
    assert ask("get", "", "secrets", management.namespace)
    assert not ask("get", "", "secrets", namespace)
    assert not ask("get", "", "secrets", "kube-system")
    assert not ask("update", "cluster.x-k8s.io", "clusters", management.namespace)
    assert not ask("patch", "cluster.x-k8s.io", "clusters", management.namespace)
    assert not ask("delete", "batch", "jobs", management.namespace)
    assert not ask("create", "", "pods", management.namespace)


def test_a_foreign_kind_is_granted_by_a_label(installed: Installed, management: Management) -> None:
    server = installed.server
    ask = partial(installed.may, "watch")
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
    ask = partial(server.may, f"{role}-person")
    until(lambda: ask("list", group, "plans", management.namespace) is sees, "the role says so")
    until(lambda: ask("patch", group, "plans", management.namespace) is changes, "the role says so")
    assert not ask("patch", group, "plans/status", management.namespace)
