from __future__ import annotations

import pytest

from gitops_upgrader.manifests import Manifests, Query, TargetWant
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, locate


def cluster_class(versions: str, name: str = "docker", namespace: str = "", api: str = "cluster.x-k8s.io") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: {api}/v1beta2\nkind: ClusterClass\nmetadata: {{name: {name}{where}}}\n"
        f"spec:\n  kubernetesVersions: {versions}\n"
    )


BOTH = "[v1.34.2, v1.33.5]"


@pytest.mark.parametrize(
    ("files", "listed"),
    [
        ({}, ()),
        ({"a.yaml": cluster_class(BOTH)}, ("v1.34.2", "v1.33.5")),
        ({"a.yaml": cluster() + "---\n" + cluster_class(BOTH)}, ("v1.34.2", "v1.33.5")),
        ({"a.yaml": cluster_class(BOTH, namespace="fleet")}, ("v1.34.2", "v1.33.5")),
        ({"a.yaml": cluster_class(BOTH, namespace="other")}, ()),
        ({"a.yaml": cluster_class(BOTH, name="docker-2")}, ()),
        ({"a.yaml": cluster_class(BOTH, api="example.org")}, ()),
        ({"a.yaml": cluster_class("[]")}, ()),
        ({"a.yaml": cluster_class("v1.34.2")}, ()),
        ({"a.yaml": cluster_class(BOTH), "b.yaml": cluster_class("[]")}, ("v1.34.2", "v1.33.5")),
        # What every list has is sure to be taken.
        ({"a.yaml": cluster_class(BOTH), "b.yaml": cluster_class("[v1.33.5]")}, ("v1.33.5",)),
        # What is beside the Cluster is meant.
        ({"dev/a.yaml": cluster_class(BOTH), "prod/b.yaml": cluster_class("[v1.33.5]")}, ("v1.33.5",)),
        # What cannot be read is left to the API server.
        ({"a.yaml": cluster_class("{{ .Values.versions }}\n{{- if x }}")}, ()),
        ({"a.yaml": cluster_class(BOTH).encode() + b"# \xff\n"}, ()),
    ],
)
def test_the_versions_that_a_class_lists(files: dict[str, bytes | str], listed: tuple[str, ...]) -> None:
    assert Manifests(MemoryTree(files)).kubernetes_versions("docker", "fleet", ["prod"]) == listed


def test_a_class_whose_namespace_nobody_knows_is_found_by_its_name() -> None:
    files = {"a.yaml": cluster_class(BOTH, namespace="fleet")}
    assert Manifests(MemoryTree(files)).kubernetes_versions("docker") == ("v1.34.2", "v1.33.5")


@pytest.mark.parametrize(
    ("topology", "named"),
    [
        ("class: docker", ("docker", "")),
        ("class: docker\n    classNamespace: shared", ("docker", "shared")),
        ("classRef: {name: docker}", ("docker", "")),
        ("classRef: {name: docker, namespace: shared}", ("docker", "shared")),
    ],
)
def test_the_class_of_a_cluster_is_told(topology: str, named: tuple[str, str]) -> None:
    found = locate({"a.yaml": cluster().replace("class: quick-start", topology)})
    assert (found.class_name, found.class_namespace) == named


def test_the_class_of_a_cluster_that_is_not_looked_at_is_not_known() -> None:
    query = Query("prod", targets=(TargetWant("values.yaml", "/version"),))
    found = locate({"a.yaml": cluster(), "values.yaml": "version: v1.33.5\n"}, query)
    assert (found.class_name, found.class_namespace) == (None, "")
