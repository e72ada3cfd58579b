"""A ClusterClass that lists its versions: Cluster API takes only these, so nothing else is proposed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.errors import UnsafeStep
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Create, Hold
from gitops_upgrader.reconcilers import cluster
from gitops_upgrader.reconcilers.cluster_class import of_live
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reconcilers.scope import Live
from gitops_upgrader.versions import Version
from tests.gitserver import git_http_server
from tests.reconcilers.directory import Fleet, upgrader
from tests.reconcilers.management import UPGRADER, Management

CLASS = """\
apiVersion: cluster.x-k8s.io/v1beta2
kind: ClusterClass
metadata: {name: NAME, namespace: fleet}
spec: {kubernetesVersions: VERSIONS}
"""
CAPI = "cluster.x-k8s.io"


def cluster_class(versions: str, name: str = "docker") -> str:
    return CLASS.replace("NAME", name).replace("VERSIONS", versions)


@pytest.fixture
def stocked(fleet: Fleet) -> Fleet:
    """A cluster at v1.33.5, with images of v1.34.1 and v1.34.2."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    images = fleet.manifests / "images.yaml"
    images.write_text(images.read_text("utf-8").replace("LatestPerMinor", "All"), "utf-8")
    return fleet


def told(fleet: Fleet) -> str:
    return fleet.run(dry_run=True).told()["prod"]


def test_a_list_among_the_custom_resources_is_obeyed(stocked: Fleet) -> None:
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.2"
    stocked.write("class.yaml", cluster_class("[v1.33.5, v1.34.1]"))
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.1"
    stocked.write("class.yaml", cluster_class("[]"))
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.2"


def test_a_list_on_the_base_branch_is_obeyed(stocked: Fleet) -> None:
    stocked.people.commit({"classes/docker.yaml": cluster_class("[v1.33.5, v1.34.1]")})
    found = stocked.run(dry_run=True).of("prod")
    assert found.target is not None
    assert str(found.target.version) == "v1.34.1"
    assert found.why == "hop v1.33.5 -> v1.34.1: newest image within one minor that the ClusterClass lists"
    assert "v1.34.2: not in the ClusterClass's kubernetesVersions" in found.considered


def test_where_nothing_of_the_list_has_an_image_the_cluster_stays(stocked: Fleet) -> None:
    stocked.write("class.yaml", cluster_class("[v1.33.5, v1.34.0]"))
    found = stocked.run().of("prod")
    assert isinstance(found.decision, Hold)
    assert (found.decision.reason, found.decision.message) == (
        "NotInClusterClass",
        "The ClusterClass does not list v1.34.1, v1.34.2 in its kubernetesVersions.",
    )


def test_two_manifests_of_a_class_beside_the_custom_resources_leave_it_to_the_base_branch(stocked: Fleet) -> None:
    stocked.write("base.yaml", cluster_class("[v1.33.5, v1.34.2]"))
    stocked.write("patch.yaml", cluster_class("[v1.33.5]"))
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.2"
    stocked.people.commit({"classes/docker.yaml": cluster_class("[v1.33.5, v1.34.1]")})
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.1"


def test_the_list_is_that_of_the_class_that_the_hop_leads_to(stocked: Fleet) -> None:
    stocked.write("prod.yaml", upgrader("prod", topologyClass="docker-$(MAJOR)-$(MINOR)"))
    stocked.write("now.yaml", cluster_class("[v1.33.5]"))
    stocked.write("next.yaml", cluster_class("[v1.34.1]", "docker-1-34"))
    assert told(stocked) == "create, Proposed v1.33.5 -> v1.34.1"


def step(fleet: Fleet, to: str) -> Proposed:
    line = CommandLine(repo=str(fleet.people.path), environ={"HOME": "/nowhere"}, folder=fleet.folder)
    with Workspaces(line, fleet.clock) as workspaces:
        return cluster.reconcile(workspaces, "prod", None, Version.parse(to), dry_run=True)


def test_a_step_that_was_asked_for_by_hand_is_refused(stocked: Fleet) -> None:
    stocked.people.commit({"classes/docker.yaml": cluster_class("[v1.33.5, v1.34.1]")})
    assert isinstance(step(stocked, "v1.34.1").decision, Create)
    refused = step(stocked, "v1.34.2").error
    assert isinstance(refused, UnsafeStep)
    assert str(refused) == (
        "Cluster prod: The ClusterClass does not list v1.34.2 in its kubernetesVersions. "
        "Go to v1.34.1, or add it to the class first."
    )
    stocked.people.commit({"classes/docker.yaml": cluster_class("[latest, v1.33.5, v1.35.0]")})
    refused = step(stocked, "v1.34.2").error
    assert refused is not None
    assert refused.remedy == "Add it to the class first."


# --- in a management cluster ----------------------------------------------------------------------------------------


@pytest.fixture
def management(fleet: Fleet, tmp_path: Path) -> Iterator[Management]:
    fleet.clusters(prod="v1.33.5")
    fleet.people.commit({"classes/docker.yaml": cluster_class("[v1.33.5]")})
    with git_http_server(tmp_path) as git:
        made = Management(fleet, git)
        made.cluster("v1.33.5")
        yield made
        made.workspaces.close()


def live_class(management: Management, versions: list[str], namespace: str = "fleet", name: str = "docker") -> None:
    management.store.create(
        {
            "apiVersion": f"{CAPI}/v1beta2",
            "kind": "ClusterClass",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"kubernetesVersions": versions},
        }
    )


def decided(management: Management) -> str:
    found = management.run()
    assert found.decision is not None, found.error
    return found.decision.reason


def test_the_live_class_counts_more_than_its_manifest(management: Management) -> None:
    assert decided(management) == "NotInClusterClass"
    live_class(management, ["v1.33.5", "v1.34.2"])
    assert decided(management) == "Proposed"


def test_the_live_cluster_names_the_class_where_its_manifest_is_not_looked_at(management: Management) -> None:
    target = {"path": "values.yaml", "pointer": "/version"}
    management.fleet.people.commit({"values.yaml": "version: v1.33.5\n"})
    management.store.patch(UPGRADER, {"spec": {"targets": [target], "topologyVariable": None}})
    live_class(management, ["v1.33.5"], name="other")
    key = ObjectKey(CAPI, "Cluster", "fleet", "prod")
    management.store.patch(key, {"spec": {"topology": {"classRef": {"name": "other"}}}})
    assert decided(management) == "NotInClusterClass"
    management.store.delete(key)
    assert decided(management) == "Proposed"


def test_the_class_of_a_cluster_in_another_namespace_is_read_only_where_that_is_allowed(management: Management) -> None:
    people = management.fleet.people
    management.store.patch(UPGRADER, {"spec": {"clusterNamespace": "clusters"}})
    moved = {
        path: people.read("main", path).replace("fleet", "clusters")
        for path in ("clusters/prod.yaml", "classes/docker.yaml")
    }
    people.commit(moved)
    live_class(management, ["v1.33.5", "v1.34.2"], "clusters")
    assert decided(management) == "NotInClusterClass"
    management.live = Live(cross_namespace=True)
    assert decided(management) == "Proposed"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, None),
        ({"spec": {"topology": None}}, None),
        ({"spec": {"topology": {}}}, None),
        ({"spec": {"topology": {"class": "docker"}}}, "ClusterClass fleet/docker"),
        ({"spec": {"topology": {"class": "docker", "classNamespace": "shared"}}}, "ClusterClass shared/docker"),
        ({"spec": {"topology": {"classRef": {"name": "docker"}}}}, "ClusterClass fleet/docker"),
        ({"spec": {"topology": {"classRef": {"name": "docker", "namespace": "shared"}}}}, "ClusterClass shared/docker"),
    ],
)
def test_the_class_that_a_live_cluster_names(content: dict[str, object], named: str | None) -> None:
    found = of_live(content, "fleet")
    assert (str(found) if found else None) == named
