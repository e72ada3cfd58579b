"""What `install` prints, as values and as text: order, rights, and how little a Pod may do."""

from __future__ import annotations

import doctest
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.api import GROUP, KINDS
from gitops_upgrader.cli import controller
from gitops_upgrader.runtime import rbac, shards
from gitops_upgrader.runtime.installation import IMAGE, Installation, parts, render
from gitops_upgrader.runtime.selection import parse_selector
from gitops_upgrader.runtime.wakes import RECONCILED
from gitops_upgrader.runtime.watching import WATCHED

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
SHARDED = Installation(watched=("fleet",), pod_monitor=True, shard_key="shard", shards=("red", "blue"))
TENANTS = Installation(namespace="upgrades", watched=("blue", "red"), instance="eu", pod_monitor=True)


rendered = functools.cache(render)


def objects(installation: Installation) -> list[dict[str, Any]]:
    return list(yaml.load_all(rendered(installation), Loader=yaml.CSafeLoader))


def names(installation: Installation) -> list[str]:
    return [
        f"{found['kind']} {found['metadata'].get('namespace', '')}/{found['metadata']['name']}"
        for found in objects(installation)
        if found["kind"] != "CustomResourceDefinition"
    ]


def one(installation: Installation, kind: str) -> dict[str, Any]:
    (found,) = (found for found in objects(installation) if found["kind"] == kind)
    return found


def test_everything_in_an_order_in_which_it_can_be_applied() -> None:
    assert names(Installation()) == [
        "Namespace /gitops-upgrader",
        "ServiceAccount gitops-upgrader/gitops-upgrader",
        "Role gitops-upgrader/gitops-upgrader-leader-election",
        "RoleBinding gitops-upgrader/gitops-upgrader-leader-election",
        "ClusterRole /gitops-upgrader-foreign-kinds",
        "ClusterRole /gitops-upgrader",
        "ClusterRoleBinding /gitops-upgrader",
        "ClusterRoleBinding /gitops-upgrader-foreign-kinds",
        "ClusterRole /gitops-upgrader-view",
        "ClusterRole /gitops-upgrader-edit",
        "Deployment gitops-upgrader/gitops-upgrader",
        "Service gitops-upgrader/gitops-upgrader",
        "NetworkPolicy gitops-upgrader/gitops-upgrader",
    ]
    kinds = [found["kind"] for found in objects(Installation())]
    assert kinds[0] == "Namespace"
    assert kinds[1 : 1 + len(KINDS)] == ["CustomResourceDefinition"] * len(KINDS)


def test_some_namespaces_take_roles_in_them_and_no_cluster_wide_grant() -> None:
    assert names(TENANTS) == [
        "Namespace /upgrades",
        "ServiceAccount upgrades/gitops-upgrader",
        "Role upgrades/gitops-upgrader-leader-election",
        "RoleBinding upgrades/gitops-upgrader-leader-election",
        "ClusterRole /gitops-upgrader-foreign-kinds",
        "Role blue/gitops-upgrader",
        "RoleBinding blue/gitops-upgrader",
        "RoleBinding blue/gitops-upgrader-foreign-kinds",
        "Role red/gitops-upgrader",
        "RoleBinding red/gitops-upgrader",
        "RoleBinding red/gitops-upgrader-foreign-kinds",
        "ClusterRole /gitops-upgrader-view",
        "ClusterRole /gitops-upgrader-edit",
        "Deployment upgrades/gitops-upgrader",
        "Service upgrades/gitops-upgrader",
        "NetworkPolicy upgrades/gitops-upgrader",
        "PodMonitor upgrades/gitops-upgrader",
    ]
    subjects = [subject for found in objects(TENANTS) for subject in found.get("subjects", ())]
    assert {(subject["namespace"], subject["name"]) for subject in subjects} == {("upgrades", "gitops-upgrader")}


def test_the_same_each_time_with_a_word_on_everything() -> None:
    assert render(TENANTS) == render(TENANTS)
    assert "&id" not in render(TENANTS)
    assert all(part.why.endswith(".") for part in parts(TENANTS))
    for document in render(TENANTS).split("---\n"):
        assert document.startswith("# ")
    comments = [line for line in render(TENANTS).splitlines() if line.startswith("#")]
    assert max(map(len, comments)) <= 100


# --- rights


def allowed(rules: list[rbac.Rule]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_no_rule_has_a_wildcard_and_none_deletes_but_machine_images() -> None:
    rules = [*rbac.controller_rules(), *rbac.election_rules(["lease"])]
    assert not {part for right in allowed(rules) for part in right} & {"*", "deletecollection", "escalate"}
    assert {right for right in allowed(rules) if right[2] == "delete"} == {(GROUP, "machineimages", "delete")}
    writes = {(group, resource) for group, resource, verb in allowed(rules) if verb not in {"get", "list", "watch"}}
    foreign = {right for right in writes if right[0] != GROUP}
    assert foreign == {("batch", "jobs"), ("events.k8s.io", "events"), ("coordination.k8s.io", "leases")}


PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps", "Job": "jobs", "Cluster": "clusters"}
PLURALS |= {"ClusterClass": "clusterclasses"}


def test_what_is_watched_from_the_start_may_be_watched() -> None:
    rights = allowed(rbac.controller_rules())
    for wanted in WATCHED:
        plural = KINDS[wanted.kind].LISTING.plural if wanted.group == GROUP else PLURALS[wanted.kind]
        assert {(wanted.group, plural, verb) for verb in ("get", "list", "watch")} <= rights


def test_each_reconciled_kind_has_its_status_written_and_no_other_one() -> None:
    found = {resource for _, resource, _ in allowed(rbac.controller_rules()) if resource.endswith("/status")}
    assert found == {f"{KINDS[kind].LISTING.plural}/status" for kind in RECONCILED}


def test_people_see_and_change_every_kind_but_no_status() -> None:
    everything = {kind.LISTING.plural for kind in KINDS.values()}
    assert {resource for _, resource, _ in allowed(rbac.view_rules())} == everything
    assert {resource for _, resource, _ in allowed(rbac.edit_rules())} == everything
    assert not allowed(rbac.view_rules()) & allowed(rbac.edit_rules())


def test_applying_the_aggregated_role_again_does_not_empty_it() -> None:
    (role,) = (found for found in objects(Installation()) if "aggregationRule" in found)
    assert "rules" not in role


# --- the Pods


def pod(installation: Installation) -> Mapping[str, Any]:
    found: Mapping[str, Any] = one(installation, "Deployment")["spec"]["template"]
    return found


def test_the_controller_understands_what_it_is_told() -> None:
    (container,) = pod(TENANTS)["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["args"][0] == "controller"
    told = controller.command.make_context("controller", list(container["args"][1:])).params
    assert (told["namespaces"], told["instance"], str(told["cache_dir"])) == (("blue", "red"), "eu", "/cache")
    assert f":{container['ports'][0]['containerPort']}" == told["listen"]
    assert told["shutdown_timeout"].total_seconds() < pod(TENANTS)["spec"]["terminationGracePeriodSeconds"]


def test_no_user_is_fixed_as_the_image_has_one_by_number() -> None:
    user = next(line.split()[1] for line in DOCKERFILE.read_text("utf-8").splitlines() if line.startswith("USER "))
    assert user.partition(":")[0].isdecimal(), "Kubernetes cannot see that a user with a name is not root"
    assert "runAsUser" not in render(TENANTS).partition("kind: Deployment")[2]


def test_the_cache_fits_into_its_folder() -> None:
    spec = pod(Installation())["spec"]
    (container,) = spec["containers"]
    told = controller.command.make_context("controller", list(container["args"][1:])).params
    volumes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in spec["volumes"]}
    assert told["cache_size"] < int(volumes["cache"].removesuffix("Mi"))
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)


def test_the_lease_that_may_be_written_is_the_one_that_is_written() -> None:
    (role,) = (found for found in objects(Installation()) if found["kind"] == "Role")
    assert [rule.get("resourceNames") for rule in role["rules"]] == [None, [controller._lease_name("")]]


@pytest.mark.parametrize("kind", ["Service", "NetworkPolicy", "PodMonitor"])
def test_what_selects_the_pods_selects_them(kind: str) -> None:
    spec = one(SHARDED, kind)["spec"]
    selector = spec["selector"] if kind != "NetworkPolicy" else spec["podSelector"]
    wanted = selector.get("matchLabels", selector)
    assert wanted
    for deployment in deployments(SHARDED):
        assert wanted.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


# --- shards


def deployments(installation: Installation) -> list[dict[str, Any]]:
    return [found for found in objects(installation) if found["kind"] == "Deployment"]


def told(deployment: Mapping[str, Any]) -> dict[str, Any]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return controller.command.make_context("controller", list(container["args"][1:])).params


def test_each_shard_has_a_deployment_of_its_own_and_may_write_its_lease() -> None:
    assert [found["metadata"]["name"] for found in deployments(SHARDED)] == [
        "gitops-upgrader",
        "gitops-upgrader-blue",
        "gitops-upgrader-red",
    ]
    (role,) = (found for found in objects(SHARDED) if found["kind"] == "Role" and "leader" in found["metadata"]["name"])
    leases = [told(found)["lease_name"] for found in deployments(SHARDED)]
    assert [rule.get("resourceNames") for rule in role["rules"]] == [None, leases]
    assert len(set(leases)) == 3
    accounts = {found["spec"]["template"]["spec"]["serviceAccountName"] for found in deployments(SHARDED)}
    assert accounts == {one(SHARDED, "ServiceAccount")["metadata"]["name"]}


def test_no_deployment_selects_the_pods_of_another_shard() -> None:
    for one_ in deployments(SHARDED):
        selector = one_["spec"]["selector"]["matchLabels"]
        chosen = [
            other["metadata"]["name"]
            for other in deployments(SHARDED)
            if selector.items() <= other["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert chosen == [one_["metadata"]["name"]]


@pytest.mark.parametrize("labels", [{}, {"team": "red"}, {"shard": "red"}, {"shard": "blue"}, {"shard": "gone"}])
def test_every_object_is_in_exactly_one_shard(labels: dict[str, str]) -> None:
    selectors = [parse_selector(told(found)["selector"]) for found in deployments(SHARDED)]
    assert [selector.matches(labels) for selector in selectors].count(True) == 1


def test_without_shards_nothing_is_selected() -> None:
    (deployment,) = deployments(Installation())
    assert told(deployment)["selector"] == ""


def test_docstrings() -> None:
    result = doctest.testmod(shards)
    assert (result.failed, result.attempted > 0) == (0, True)
