from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gitops_upgrader.errors import ClusterNotFound, TemplatedValue
from gitops_upgrader.manifests import DocumentWant, Manifests, Query, TargetWant, Values, VariableWant
from gitops_upgrader.manifests.scan import Scan
from gitops_upgrader.manifests.suspect import remedy, suspects
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, edit, nested_texts, refusal

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


def test_the_remedy_names_the_object() -> None:
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


KEYS = "kube: v1.33.5\nimg: img-33\n"
IMAGE = "    variables:\n    - name: imageId\n      value: %s\n"
HELM = {"templates/c.yaml": cluster("{{ .Release.Name }}", "{{ .Values.kube }}", IMAGE % "{{ .Values.img | quote }}")}
NO_YAML = "{{- range $name, $cluster := .Values.clusters }}\n%s{{- end }}\n"
FLUX = cluster("${NAME}", "${kube}", IMAGE % "${img}")


def _substitute(name: str) -> str:
    head = f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\nspec:\n"
    values = {"NAME": name, "kube": "v1.33.5", "img": "img-33"}
    lines = "".join(f"      {key}: {value}\n" for key, value in values.items())
    return f"{head}  path: ./k\n  postBuild:\n    substitute:\n{lines}"


@pytest.mark.parametrize(
    ("files", "edited"),
    [
        ({"k/c.yaml": FLUX, "prod.yaml": _substitute("prod"), "dev.yaml": _substitute("dev")}, {"prod.yaml"}),
        ({"k/c.yaml": FLUX.replace("${NAME}", "prod"), "prod.yaml": _substitute("prod")}, {"prod.yaml"}),
        (
            {
                "k/c.yaml": FLUX.replace("img", "osImage").replace("osImageId", "imageId"),
                "prod.yaml": _substitute("prod").replace("img:", "osImage:"),
            },
            {"prod.yaml"},
        ),
        (HELM | {"prod/values.yaml": KEYS, "dev/values.yaml": KEYS}, {"prod/values.yaml"}),
        ({"templates/c.yaml": NO_YAML % HELM["templates/c.yaml"], "prod/values.yaml": KEYS}, {"prod/values.yaml"}),
        (
            {
                "templates/c.yaml": NO_YAML % HELM["templates/c.yaml"].replace(".Values.", "$cluster."),
                "templates/other.yaml": NO_YAML % cluster("dev", "{{ .Values.other }}", IMAGE % "{{ .Values.more }}"),
                "values.yaml": "clusters:\n  prod:\n    kube: v1.33.5\n    img: img-33\n",
            },
            {"values.yaml"},
        ),
        # The version is in a file with the Cluster's name, the image in another one.
        (HELM | {"prod/v.yaml": "kube: v1.33.5\n", "prod/i.yaml": "img: img-33\n"}, {"prod/v.yaml", "prod/i.yaml"}),
        ({"c.yaml": cluster(version="${A:=v1.33.5}", more=IMAGE % "'${B:-img-33}'")}, {"c.yaml"}),
        (
            {
                "c.yaml": cluster(version="${A=v1.33.5}", more=IMAGE % "${img}"),
                "f.yaml": _substitute("prod").replace("kube", "k"),
            },
            {"c.yaml", "f.yaml"},
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_remedy_can_be_pasted(files: dict[str, Any], edited: set[str], at_once: bool) -> None:
    wants: list[TargetWant] = []
    for _ in range(1 if at_once else 2):
        query = Query("prod", variables=(VariableWant("imageId"),), targets=tuple(wants))
        with pytest.raises((TemplatedValue, ClusterNotFound)) as caught:
            Manifests(MemoryTree(files)).locate(query)
        pasted = yaml.safe_load(re.findall(r"targets: \[.*?\](?=[.;])", str(caught.value))[0])["targets"]
        wants += [_want(raw) for raw in pasted[: 2 if at_once else 1]]
    query = Query("prod", variables=(VariableWant("imageId"),), targets=tuple(wants))
    made = edit(files, query, _values(query))
    assert set(made.files) == edited
    text = "".join(map(bytes.decode, made.files.values()))
    assert "v1.34.2" in text
    assert "img-34" in text
    assert "33" not in text.replace("k: v1.33.5", "")


def _want(raw: dict[str, Any]) -> TargetWant:
    document = DocumentWant(**raw.get("document", {}))
    return TargetWant(raw["path"], raw["pointer"], document, raw.get("value", "$(KUBERNETES_VERSION)"))


def _values(query: Query) -> Values:
    """What the targets write."""
    known = {"KUBERNETES_VERSION": "v1.34.2", "IMAGE_ID": "img-34"}
    made = (re.sub(r"\$\$|\$\((\w+)\)", lambda one: known.get(one[1], "$"), it.template) for it in query.targets)
    return Values(version="v1.34.2", image="img-34", variables=("img-34",), targets=tuple(made))


@pytest.mark.parametrize(
    ("files", "query", "told"),
    [
        (
            {"c.yaml": FLUX, "prod.yaml": "kube: v1.33.5\n"},
            Query("prod", variables=(VariableWant("imageId"),)),
            'Only its image is still missing: add a target for that, with value: "$(IMAGE_ID)".',
        ),
        ({"prod.yaml": "kube: v1.33.5\n"}, Query("prod", topology_class=True), "Only its class is still missing: name"),
        (
            {"c.yaml": FLUX + IMAGE.partition("\n")[2] % "x", "prod.yaml": KEYS},
            Query("prod", variables=(VariableWant("imageId"),)),
            "Only its image is still missing",
        ),
        # What stands near another Cluster's name is no source of this one.
        (
            {"c.yaml": FLUX, "prod.yaml": "kube: v1.33.5\n", "dev.yaml": "img: img-33\n"},
            Query("prod", variables=(VariableWant("imageId"),)),
            "Only its image",
        ),
    ],
)
def test_what_is_still_missing_is_said(files: dict[str, Any], query: Query, told: str) -> None:
    query = replace(query, targets=(TargetWant("prod.yaml", "/kube"),))
    assert told in refusal(files, query, reason=ClusterNotFound)


def test_a_file_that_cannot_be_read_is_no_source() -> None:
    """It is passed over in the search for a hint, as no Cluster of this name is seen in it."""
    unreadable = cluster("${NAME}", version="${VERSION}").encode() + b"# \xff\n"
    with pytest.raises(ClusterNotFound, match="No file has a Cluster prod"):
        Manifests(MemoryTree({"c.yaml": unreadable})).locate(Query("prod"))
