"""What Kustomize's replacements write, and whether it matters."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import ClusterNotFound, ReplacedByKustomize, SharedPlace
from gitops_upgrader.manifests import Query, Scope, ScopeKind, VariableWant, replacement
from gitops_upgrader.manifests.node import Scalar
from tests.manifests.samples import cluster, locate, refusal, root

TREE = """\
spec:
  list: [{name: region, value: eu}, {name: imageId, value: img}, {name: image.id, value: dot}]
  texts: [-jar, a.jar]
  a.b: 1
  alias: [*x]
  anchor: &x {name: z, value: zed}
""".replace(
    "  alias: [*x]\n  anchor: &x {name: z, value: zed}\n", "  anchor: &x {name: z, value: zed}\n  alias: [*x]\n"
)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("spec.list.0.value", ["eu"]),
        ("spec.list.7.value", []),
        ("spec.list.[name=imageId].value", ["img"]),
        ("spec.list.[name=image].value", ["img", "dot"]),
        ("spec.list.[name=image.id].value", ["dot"]),
        ("spec.list.[name=(].value", []),
        ("spec.list.*.value", ["eu", "img", "dot"]),
        ("spec.texts.[=-jar]", ["-jar"]),
        ("spec.[a.b]", ["1"]),
        (r"spec.a\.b", ["1"]),
        ("spec.a.b", []),
        ("spec.list.0.value.more", []),
        ("spec.alias.0.value", ["zed"]),
        ("spec.none", []),
    ],
)
def test_a_field_path_means_nodes(field: str, values: list[str]) -> None:
    found = replacement.find(root(TREE), replacement.split(field))
    assert [node.value for node in found if isinstance(node, Scalar)] == values


def test_a_pattern_that_is_none_is_a_text() -> None:
    assert replacement.matches("[name=(]", "(")
    assert not replacement.matches("[name=(]", "a")


VARIABLES = """\
    variables:
    - name: region
      value: eu
    - name: imageId
      value: {id: img-33, disk: d}
    controlPlane:
      variables:
        overrides:
        - {name: imageId, value: cp}
    workers:
      machineDeployments:
      - name: md-0
        variables:
          overrides:
          - {name: imageId, value: md}
"""
CONTROL_PLANE = VariableWant("imageId", scope=Scope(ScopeKind.CONTROL_PLANE))
IMAGE = VariableWant("imageId", path="/id")
WORKERS = VariableWant("imageId", scope=Scope(ScopeKind.MACHINE_DEPLOYMENT, "md-0"))
SIZE = VariableWant("size")


def _files(field: str, more: str = "", **files: str) -> dict[str, str]:
    source = "replacements:\n- source: {kind: C}\n  targets:\n"
    target = f"  - select: {{kind: Cluster}}\n    fieldPaths: ['{field}']\n{more}"
    return {
        "k/cluster.yaml": cluster(more=VARIABLES),
        "k/kustomization.yaml": f"resources: [cluster.yaml]\n{source}{target}",
    } | {path.replace("__", "/") + ".yaml": text for path, text in files.items()}


@pytest.mark.parametrize(
    ("field", "wants"),
    [
        ("spec.topology.version", ()),
        ("spec.topology", ()),
        ("spec", ()),
        ("spec.topology.variables.[name=imageId].value.id", (IMAGE,)),
        ("spec.topology.variables.1.value", (IMAGE,)),
        ("spec.topology.variables.*.value", (IMAGE,)),
        ("spec.topology.variables", (IMAGE,)),
        ("spec.topology.variables", (SIZE,)),
        ("spec.topology.variables.[name=size].value", (SIZE,)),
        ("spec.topology.variables.2.value", (SIZE,)),
        ("spec.topology.controlPlane.variables.overrides.0.value", (CONTROL_PLANE,)),
        (
            "spec.topology.controlPlane.variables.overrides.[name=size].value",
            (VariableWant("size", scope=CONTROL_PLANE.scope),),
        ),
        ("spec.topology.workers", (WORKERS,)),
        (
            "spec.topology.workers.machineDeployments.[name=md-0].variables.overrides.[name=size].value",
            (VariableWant("size", scope=WORKERS.scope),),
        ),
    ],
)
def test_what_is_written_is_not_edited(field: str, wants: tuple[VariableWant, ...]) -> None:
    told = refusal(_files(field), Query("prod", variables=wants), reason=ReplacedByKustomize)
    assert told.startswith(f"k/kustomization.yaml:6:18: A Kustomize replacement writes {field} of Cluster prod.")
    assert told.endswith("Point targets at the field that the replacement reads, metadata.name of C.")


@pytest.mark.parametrize(
    ("field", "wants"),
    [
        ("spec.topology.variables.[name=region].value", (IMAGE,)),
        ("spec.topology.variables.0.value", (IMAGE, CONTROL_PLANE)),
        ("spec.topology.variables.[name=imageId].value.disk", (IMAGE,)),
        ("spec.topology.variables.[name=other].value", (SIZE, CONTROL_PLANE)),
        ("spec.topology.controlPlane.variables.overrides.[name=other].value", (IMAGE, CONTROL_PLANE, WORKERS)),
        ("spec.topology.workers.machineDeployments.[name=md-1].variables", (WORKERS,)),
        ("spec.topology.classNamespace", (IMAGE,)),
        ("spec.topology.versions", (IMAGE,)),
    ],
)
def test_what_is_written_elsewhere_does_not_matter(field: str, wants: tuple[VariableWant, ...]) -> None:
    found = locate(_files(field), Query("prod", variables=wants, topology_class=True))
    assert found.version.file == "k/cluster.yaml"


def test_a_class_that_is_written_is_not_edited() -> None:
    query = Query("prod", topology_class=True)
    refusal(_files("spec.topology.class"), query, reason=ReplacedByKustomize)
    refusal(_files("spec.topology.classRef"), query, reason=ReplacedByKustomize)
    assert locate(_files("spec.topology.class")).version_text == "v1.33.5"


@pytest.mark.parametrize(
    ("reject", "written"),
    [
        ("[{name: prod}]", False),
        ("[{kind: Cluster, name: dev}]", True),
        ("[{labelSelector: a=b}]", True),
        ("[{annotationSelector: '!a'}]", False),
        # Its id alone suffices, and so do its labels.
        ("[{name: prod, labelSelector: a=b}]", False),
        ("[{name: dev, labelSelector: '!a'}]", False),
        ("[{}]", True),
    ],
)
def test_what_is_rejected_is_not_written(reject: str, written: bool) -> None:
    files = _files("spec.topology.version", f"    reject: {reject}\n")
    if written:
        refusal(files, reason=ReplacedByKustomize)
    else:
        assert locate(files).version.file == "k/cluster.yaml"


def test_a_patch_above_a_replacement_counts() -> None:
    patch = "- {op: replace, path: /spec/topology/version, value: v1.33.9}\n"
    top = {
        "top__kustomization": "resources: [../k]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n",
        "top__p": patch,
    }
    assert locate(_files("spec.topology.version", **top)).version.file == "top/p.yaml"
    assert locate(_files("spec.topology", **top)).version.file == "top/p.yaml"
    made = {**top, "top__p": "- {op: add, path: /spec/topology/variables/-, value: {name: size, value: 1}}\n"}
    files = _files("spec.topology.variables.[name=size].value", **made)
    assert locate(files, Query("prod", variables=(SIZE,))).variables[0].file == "top/p.yaml"


@pytest.mark.parametrize(
    ("source", "target", "shared"),
    [
        ("{kind: Cluster, name: prod, fieldPath: spec.topology.version}", "{name: dev}", True),
        ("{kind: Cluster, name: prod, fieldPath: spec.topology}", "{name: dev}", True),
        ("{kind: Cluster, name: prod, fieldPath: spec.topology.class}", "{name: dev}", False),
        ("{kind: Cluster, name: dev, fieldPath: spec.topology.version}", "{name: next}", False),
        ("{kind: Cluster, name: prod, fieldPath: spec.topology.version}", "{kind: ConfigMap}", False),
    ],
)
def test_what_a_replacement_copies_to_another_cluster_is_shared(source: str, target: str, shared: bool) -> None:
    replacement = (
        f"replacements:\n- source: {source}\n  targets: [{{select: {target}, fieldPaths: [spec.topology.version]}}]\n"
    )
    names = ("prod", "dev", "next")
    files = {f"{name}.yaml": cluster(name) for name in names}
    files["kustomization.yaml"] = f"resources: [{', '.join(files)}]\n" + replacement
    if shared:
        assert "would also change Cluster dev" in refusal(files, reason=SharedPlace)
    else:
        assert locate(files).version.file == "prod.yaml"


def test_a_replacement_without_a_field_writes_the_name() -> None:
    files = _files("x")
    files["k/kustomization.yaml"] = files["k/kustomization.yaml"].replace("    fieldPaths: ['x']\n", "")
    assert "names Cluster prod anew" in refusal(files, Query("eu"), reason=ClusterNotFound)
