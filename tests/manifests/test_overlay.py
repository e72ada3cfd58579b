"""Kustomizations of people who mean no good, or have made a mistake: a clear error, soon."""

from __future__ import annotations

import time

import pytest

from gitops_upgrader.errors import InvalidPatch, ManifestError, ManifestTooLarge, NestedTooDeep
from gitops_upgrader.manifests import Manifests, Query
from gitops_upgrader.manifests.layer_size import MAX_HEIGHT
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, locate, refusal

BASE = {"k0/cluster.yaml": cluster(), "k0/kustomization.yaml": "resources: [cluster.yaml]\n"}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
PATCH = "- {path: p.yaml, target: {kind: Cluster}}\n"
OPERATION = "- {op: replace, path: /spec/topology/version, value: v1.33.9}\n"


def tower(height: int, layer: str) -> dict[str, str]:
    """Layers above the base; `layer` names the one below it as %(below)s."""
    return BASE | {f"k{i}/kustomization.yaml": layer % {"below": f"../k{i - 1}"} for i in range(1, height)}


@pytest.mark.parametrize(
    ("files", "reason", "message"),
    [
        (
            {"kustomization.yaml": "resources: [k0]\ncomponents: [c0]\n"}
            | {f"c{i}/kustomization.yaml": f"{COMPONENT}components: [../c{1 - i}]\n" for i in range(2)},
            InvalidPatch,
            "c0/kustomization.yaml: The kustomizations of c0 and c1 name each other.",
        ),
        (
            {"kustomization.yaml": "resources: [k0]\ncomponents: [c]\n"}
            | {"c/kustomization.yaml": f"{COMPONENT}components: [.]\n"},
            InvalidPatch,
            "c/kustomization.yaml: The kustomization of c names itself.",
        ),
        (
            {"kustomization.yaml": "resources: [k0, a]\n", "a/kustomization.yaml": "resources: [../b]\n"}
            | {"b/kustomization.yaml": "resources: [../a]\n"},
            InvalidPatch,
            "a/kustomization.yaml: The kustomizations of a and b name each other.",
        ),
        (
            tower(401, "resources: [%(below)s]\n"),
            NestedTooDeep,
            "k50/kustomization.yaml: More than 50 kustomizations name one another here.",
        ),
        (
            {"kustomization.yaml": "resources: [k0]\ncomponents: [c26]\n", "c0/kustomization.yaml": COMPONENT}
            | {
                f"c{i}/kustomization.yaml": f"{COMPONENT}components: [../c{i - 1}, ../c{i - 1}]\n" for i in range(1, 27)
            },
            ManifestTooLarge,
            "c9/kustomization.yaml: More than 1,000 components are named here.",
        ),
        (
            tower(27, "resources: [%(below)s, %(below)s]\nnamePrefix: a-\n"),
            ManifestTooLarge,
            "k13/kustomization.yaml:1:1: This kustomization makes more than 5,000 copies of Clusters.",
        ),
        (
            {"kustomization.yaml": "resources: [k0]\npatches:\n" + PATCH * 10_000, "p.yaml": OPERATION},
            ManifestTooLarge,
            "p.yaml:1:1: More than 2,000 patches or operations are for one Cluster.",
        ),
        (
            {"kustomization.yaml": "resources: [k0]\npatches:\n" + PATCH, "p.yaml": OPERATION * 10_000},
            ManifestTooLarge,
            "p.yaml:2002:3: More than 2,000 patches or operations are for one Cluster.",
        ),
    ],
)
def test_what_no_repository_needs_is_refused_soon(
    files: dict[str, str], reason: type[ManifestError], message: str
) -> None:
    began = time.process_time()
    assert message in refusal(BASE | files, reason=reason)
    assert time.process_time() - began < 10


def test_as_many_layers_as_are_read_are_followed() -> None:
    assert locate(tower(MAX_HEIGHT, "resources: [%(below)s]\n")).version.file == "k0/cluster.yaml"


def test_what_is_refused_once_is_refused_again() -> None:
    files = BASE | {"a/kustomization.yaml": "resources: [../k0]\npatches: [{path: none.yaml}]\n"}
    manifests = Manifests(MemoryTree(files))
    manifests.clusters()
    for _ in range(2):
        with pytest.raises(InvalidPatch, match=r"The patch file none\.yaml is not in the repository"):
            manifests.locate(Query("prod"))
