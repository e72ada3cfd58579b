"""What Kustomize makes of a Cluster on the way up: which patches are for it, and what it is called by then."""

from __future__ import annotations

import pytest

from gitops_upgrader.manifests import Query
from tests.manifests.samples import cluster, locate

VERSION = "- {op: replace, path: /spec/topology/version, value: v1.33.9}\n"


def _layers(mid: str, target: str, patch: str = VERSION, *, base: str = "") -> dict[str, str]:
    """A base, a layer on it, and one on that with a patch."""
    return {
        "base/cluster.yaml": cluster("prod", metadata=f"  namespace: {base}\n" * bool(base)),
        "base/kustomization.yaml": "resources: [cluster.yaml]\n",
        "mid/kustomization.yaml": f"resources: [../base]\n{mid}",
        "top/kustomization.yaml": f"resources: [../mid]\npatches: [{{path: p.yaml, target: {target}}}]\n",
        "top/p.yaml": patch,
    }


def _place(files: dict[str, str], name: str = "prod") -> str:
    return str(locate(files, Query(name)).version)


@pytest.mark.parametrize(
    ("target", "base", "place"),
    [
        ("{kind: Cluster, namespace: fleet, name: prod}", "a", "top/p.yaml:1"),
        ("{kind: Cluster, namespace: a, name: eu-prod}", "a", "top/p.yaml:1"),
        ("{kind: Cluster, namespace: default}", "", "top/p.yaml:1"),
        ("{kind: Cluster, namespace: default}", "a", "base/cluster.yaml:9"),
    ],
)
def test_a_target_names_namespace_and_name_each_for_itself(target: str, base: str, place: str) -> None:
    assert _place(_layers("namespace: fleet\nnamePrefix: eu-\n", target, base=base), "eu-prod") == place


def test_a_name_in_between_selects_nothing() -> None:
    files = _layers("namePrefix: eu-\n", "{name: eu-prod}") | {
        "up/kustomization.yaml": "resources: [../mid]\nnamePrefix: x-\n",
        "top/kustomization.yaml": "resources: [../up]\npatches: [{path: p.yaml, target: {name: eu-prod}}]\n",
    }
    assert _place(files, "x-eu-prod") == "base/cluster.yaml:8"


def test_of_a_patch_of_operations_the_first_document_counts() -> None:
    files = _layers("", "{kind: Cluster}", f"---\n{VERSION}---\n{VERSION.replace('33.9', '33.8')}")
    assert _place(files) == "top/p.yaml:2"
