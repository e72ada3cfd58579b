from __future__ import annotations

from typing import Any

import pytest
import yaml

from gitops_upgrader.manifests.scan import Scan
from gitops_upgrader.manifests.suspect import remedy, suspects
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, nested_texts

RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: %s}\nspec:\n"


def places(files: dict[str, Any], name: str = "prod", expression: str = "") -> list[str]:
    return [f"{item.file}:{item.line} {item.pointer}" for item in suspects(Scan(MemoryTree(files)), name, expression)]


@pytest.mark.parametrize(
    ("text", "expression", "pointer"),
    [
        ("kubernetesVersion: 1.33.5\n", "", "/kubernetesVersion"),
        ("k8s: {version: v1.33.5}\n", "", "/k8s/version"),
        ("a: {KUBE: v1.33.5}\n", "${KUBE}", "/a/KUBE"),
        ("a: {KUBE: v1.33.5}\n", "$KUBE", "/a/KUBE"),
        ("a: {KUBE: v1.33.5}\n", "${KUBE:=v1.30.0}", "/a/KUBE"),
        ("a: {b: {c: v1.33.5}}\n", "{{ .Values.b.c }}", "/a/b/c"),
        ("l: [{name: x, kube: v1.33.5}]\n", "{{ $cluster.kube }}", "/l/[name=x]/kube"),
        ("l: [{name: x/y, kube: v1.33.5}]\n", "{{ .kube | quote }}", "/l/[name=x~1y]/kube"),
        ("l: [{name: x, kube: '1'}, {name: x, kube: v1.33.5}]\n", "{{ .kube }}", "/l/1/kube"),
        ("l: [[v1.33.5, {release: v1.33.5}]]\n", "", "/l/0/1/release"),
        ("parameters: [{name: a.b, value: v1.33.5}]\n", "{{ .Values.a.b }}", "/parameters/[name=a.b]/value"),
        ("data:\n  values.yaml: |\n    a: {b: v1.33.5}\n", "{{ .Values.a.b }}", "/data/values.yaml|/a/b"),
        ("- {op: add, path: /spec/values/kube, value: v1.33.5}\n", "{{ .Values.kube }}", "/0/value"),
        ("- {op: add, path: /spec/values, value: {a: {b: v1.33.5}}}\n", "{{ .Values.a.b }}", "/0/value/a/b"),
        ("- {op: add, path: /spec/values/k8sVersion, value: v1.33.5}\n", "", "/0/value"),
        ("data:\n  x: |\n    # v1.33.5:\n  kubeVersion: v1.33.5\n", "", "/data/kubeVersion"),
    ],
)
def test_a_likely_source_is_found(text: str, expression: str, pointer: str) -> None:
    assert places({"prod.yaml": text}, expression=expression)[0].endswith(f" {pointer}")


@pytest.mark.parametrize(
    "files",
    [
        {"prod.yaml": "version: 1.2\n"},
        {"prod.yaml": "appVersion: v1.33.5\n"},
        {"Chart.yaml": "version: 1.33.5\n"},
        {"prod.yaml": "spec: {chart: {spec: {version: 1.33.5}}}\n"},
        {"prod.yaml": "metadata: {labels: {version: 1.33.5}}\n"},
        {"prod.yaml": "image: node:v1.33.5\n"},
        {"prod.yaml": "other: v1.33.5\n"},
        {"prod.yaml": "- version: 1.33.5\n"},
        {"prod.yaml": "- {op: add, path: /spec/topology/version, value: v1.33.5}\n"},
        {"prod.yaml": "- {op: add, path: /spec/chart/spec/version, value: 1.33.5}\n"},
        {"x.md": "version: 1.33.5\n"},
        {"prod.yaml": "version: [ 1.33.5\n"},
        {"prod.yaml": b"version: 1.33.5 # \xff\n"},
        {"prod.yaml": cluster("other")},
        {"x.yaml": "version: v1.33.5\n"},
        {"prod.yaml": "apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1\nspec: {version: v1.33.5}\n"},
    ],
)
def test_what_is_no_source(files: dict[str, Any]) -> None:
    assert places(files) == []


def test_texts_that_are_not_read_hide_nothing_else() -> None:
    script = "script: |\n  a: [ # 1.33.5\n"
    files = {"prod.yaml": nested_texts(500, "version: v1.33.5") + script + "version: v1.33.6\n"}
    assert places(files) == ["prod.yaml:504 /version"]
    files = {"prod.yaml": nested_texts(9, "version: v1.33.5")}
    assert places(files) == ["prod.yaml:10 " + "/a|" * 9 + "/version"]


def test_the_likeliest_comes_first_and_few_are_shown() -> None:
    files = {
        "chart/values.yaml": "kubernetes: {version: v1.30.0}\n",
        "other.yaml": RELEASE % "dev" + "  values: {kubernetes: {version: v1.33.1}}\n",
        "prod.yaml": RELEASE % "x" + "  values: {kubernetes: {version: v1.33.5}}\n",
        "releases.yaml": RELEASE % "prod" + "  values: {kubernetes: {version: v1.33.6}}\n",
        "list.yaml": RELEASE % "all" + "  values: {clusters: [{name: prod, kubernetes: {version: v1.33.7}}]}\n",
        "map.yaml": RELEASE % "all" + "  values: {clusters: {prod: {kubernetes: {version: v1.33.8}}}}\n",
        "key.yaml": "version: v1.33.9\n",
    }
    assert places(files, expression="{{ .Values.kubernetes.version }}") == [
        "list.yaml:5 /spec/values/clusters/[name=prod]/kubernetes/version",
        "map.yaml:5 /spec/values/clusters/prod/kubernetes/version",
        "prod.yaml:5 /spec/values/kubernetes/version",
    ]


def test_a_place_that_no_target_can_name_is_shown_as_it_is() -> None:
    assert len(places({"prod.yaml": "kind: A\nversion: v1.33.5\n---\nkind: A\nversion: v1.33.6\n"})) == 2


def test_the_remedy_can_be_pasted() -> None:
    files = {
        "r.yaml": RELEASE % "a"
        + "  values: {version: v1.33.5}\n---\n"
        + RELEASE % "prod"
        + "  values: {version: v1.33.6}\n"
    }
    found = suspects(Scan(MemoryTree(files)), "prod", "{{ .Values.version }}")
    assert remedy(found[:1]) == (
        "It looks as if it came from r.yaml:11 (v1.33.6) with "
        'targets: [{path: "r.yaml", document: {kind: HelmRelease, name: prod}, pointer: "/spec/values/version"}].'
    )
    assert "; or from r.yaml:5 (v1.33.5) with" in remedy(found)
    odd = 'a "b".yaml'
    files = {odd: 'kind: "A: b"\nmetadata: {name: prod}\nversion: v1.33.5\n---\nkind: B\n'}
    (one,) = suspects(Scan(MemoryTree(files)), "prod")
    assert yaml.safe_load(one.snippet) == {
        "targets": [{"path": odd, "document": {"kind": "A: b", "name": "prod"}, "pointer": "/version"}]
    }
    assert remedy([]) == ""
