"""A Cluster on its way through Kustomize's layers: which patches are for it, what it is called by then, its labels."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import ClusterNotFound, UnwritableValue
from gitops_upgrader.manifests import Query
from tests.manifests.samples import cluster, locate, refusal

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


@pytest.mark.parametrize(
    ("mid", "target"),
    [
        ("commonLabels: {env: prod}\n", "{labelSelector: env=prod}"),
        ("labels: [{pairs: {env: prod}, includeSelectors: false}, {fields: []}]\n", "{labelSelector: env=prod}"),
        ("labels: [{pairs: {env: dev}}]\ncommonLabels: {env: prod}\n", "{labelSelector: 'env=prod,old=1'}"),
        ("commonAnnotations: {env: prod}\n", "{annotationSelector: env=prod}"),
    ],
)
def test_selectors_see_what_layers_below_add(mid: str, target: str) -> None:
    files = _layers(mid, target)
    files["base/cluster.yaml"] = cluster("prod", metadata="  labels: {env: none, old: '1'}\n")
    assert _place(files) == "top/p.yaml:1"
    same_layer = files | {
        "top/kustomization.yaml": f"resources: [../base]\n{mid}patches: [{{path: p.yaml, target: {target}}}]\n"
    }
    assert _place(same_layer) == "base/cluster.yaml:9"


@pytest.mark.parametrize("labels", ["labels: {pairs: {env: prod}}\n", "commonLabels: x\n", "labels: [x]\n"])
def test_what_are_no_labels_is_left_alone(labels: str) -> None:
    assert _place(_layers(labels, "{labelSelector: env=prod}")) == "base/cluster.yaml:8"


def test_operations_come_after_names_and_labels_in_the_old_field() -> None:
    tests = (
        "- {op: test, path: /metadata/name, value: eu-prod-x}\n"
        "- {op: test, path: /metadata/namespace, value: fleet}\n"
        "- {op: test, path: /metadata/labels/env, value: prod}\n"
    )
    layer = "namespace: fleet\nnamePrefix: eu-\nnameSuffix: -x\ncommonLabels: {env: prod}\n"
    files = _layers("", "{}") | {
        "top/kustomization.yaml": f"resources: [../mid]\n{layer}"
        "patchesJson6902: [{path: p.yaml, target: {kind: Cluster, name: prod}}]\n",
        "top/p.yaml": tests + VERSION,
    }
    assert _place(files, "eu-prod-x") == "top/p.yaml:4"


def test_a_patch_may_give_the_name_of_the_file_back() -> None:
    rename = "- {op: replace, path: /metadata/name, value: prod}\n"
    files = _layers("namePrefix: eu-\n", "{kind: Cluster}", rename + VERSION)
    assert _place(files) == "top/p.yaml:2"
    refusal(files, Query("eu-prod"), reason=ClusterNotFound)


def test_operations_of_the_old_field_leave_no_name_behind() -> None:
    """`PatchJson6902Transformer` does not call `StorePreviousId`: only the new name selects."""
    rename = "[{op: replace, path: /metadata/name, value: new}]"
    for field, place in (("patches", "top/p.yaml:1"), ("patchesJson6902", "base/cluster.yaml:8")):
        mid = f"{field}: [{{target: {{name: prod}}, patch: '{rename}'}}]\n"
        assert _place(_layers(mid, "{name: prod}"), "new") == place
        assert _place(_layers(mid, "{name: new}"), "new") == "top/p.yaml:1"


MERGE = "apiVersion: x/y\nkind: %s\nmetadata: {name: any, namespace: any}\nspec: {topology: {version: v1.33.7}}\n"


@pytest.mark.parametrize("target", ["{kind: Cluster}", "{name: prod}", "{group: cluster.x-k8s.io}"])
def test_a_merge_patch_with_a_target_changes_neither_kind_nor_name(target: str) -> None:
    mid = "patches: [{path: m.yaml, target: {kind: Cluster}}]\n"
    files = _layers(mid, target) | {"mid/m.yaml": MERGE % "any"}
    assert _place(files) == "top/p.yaml:1"
    assert locate(files).namespace == ""


def test_a_merge_patch_may_change_the_name_but_not_the_namespace() -> None:
    mid = "patches: [{path: m.yaml, target: {kind: Cluster}, options: {allowNameChange: true}}]\n"
    found = locate(_layers(mid, "{name: prod}") | {"mid/m.yaml": MERGE % "any"}, Query("any"))
    assert (str(found.version), found.namespace) == ("top/p.yaml:1", "")


def test_a_name_that_a_layer_makes_is_no_place() -> None:
    copy = "- {op: copy, from: /metadata/name, path: /spec/topology/version}\n"
    message = refusal(_layers("namePrefix: eu-\n", "{}", copy), Query("eu-prod"), reason=UnwritableValue)
    assert message.startswith("mid/kustomization.yaml:1:1: Kustomize makes the value eu-prod")


def test_a_cluster_without_metadata_gets_no_name() -> None:
    files = _layers("namespace: fleet\nnamePrefix: eu-\ncommonLabels: {env: prod}\n", "{name: prod}")
    files["base/cluster.yaml"] += "---\napiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nspec: {topology: {}}\n"
    assert _place(files, "eu-prod") == "top/p.yaml:1"


def test_a_target_is_read_as_go_reads_it() -> None:
    assert _place(_layers("", "{name: '[[:alpha:]]+'}")) == "top/p.yaml:1"
    assert _place(_layers("", "{name: '[[:upper:]]+'}")) == "base/cluster.yaml:8"


def test_of_a_patch_of_operations_the_first_document_counts() -> None:
    files = _layers("", "{kind: Cluster}", f"---\n{VERSION}---\n{VERSION.replace('33.9', '33.8')}")
    assert _place(files) == "top/p.yaml:2"
