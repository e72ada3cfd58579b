"""`locate`: where each cluster's version and image are, as a table and as JSON."""

from __future__ import annotations

import pytest

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet

LOCATE = ("locate", "--repo", "fleet.git")


def test_a_table_of_versions_images_and_places(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE)

    assert [line.split() for line in ran.out.splitlines()] == [
        ["CLUSTER", "VERSION", "SHAPE", "PLACE", "IMAGE"],
        ["fleet/dev", "v1.33.5", "literal", "clusters/dev.yaml:9", "img-v1.33.5"],
        ["fleet/prod", "v1.33.5", "literal", "clusters/prod.yaml:9", "img-v1.33.5"],
    ]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("name", ["prod", "fleet/prod"])
def test_one_cluster_in_json(name: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE, "--cluster", name, "-o", "json")

    assert ran.json == {
        "apiVersion": "gitops-upgrader/v1",
        "clusters": [
            {
                "cluster": "fleet/prod",
                "name": "prod",
                "namespace": "fleet",
                "version": "v1.33.5",
                "image": "img-v1.33.5",
                "imageVariable": {"name": "imageId", "path": ""},
                "class": "docker",
                "variables": {"imageId": "img-v1.33.5"},
                "shape": "literal",
                "file": "clusters/prod.yaml",
                "line": 9,
                "document": 0,
                "pointer": "/spec/topology/version",
                "refusal": None,
            }
        ],
    }


def test_the_image_of_one_machine_deployment_alone(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    manifest = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: edge, namespace: fleet}
spec:
  topology:
    class: c
    version: v1.33.5
    workers:
      machineDeployments:
        - class: w
          name: md-0
          variables: {overrides: [{name: image, value: {url: http://i/k-v1.33.5.img}}]}
"""
    fleet.people.commit({"edge.yaml": manifest})

    (found,) = gitops_upgrader(*LOCATE, "--cluster", "edge", "-o", "json").json["clusters"]

    assert found["image"] == "http://i/k-v1.33.5.img"
    assert found["imageVariable"] == {"name": "image", "path": "/url", "scope": {"machineDeployment": "md-0"}}


def test_a_cluster_that_is_refused_has_its_reason(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = fleet.people.read("main", "clusters/dev.yaml").replace("v1.33.5", "${VERSION}", 1)
    fleet.people.commit({"clusters/dev.yaml": text})

    ran = gitops_upgrader(*LOCATE)

    assert ran.status == 1
    assert ran.err.startswith("error: fleet/dev: clusters/dev.yaml:9:")
    assert "TemplatedValue" in ran.out


def test_a_cluster_that_is_not_there(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE, "--cluster", "gone")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "error: No file has a Cluster gone. Run it without --cluster to see what there is.\n"
