from __future__ import annotations

import pytest

from gitops_upgrader.errors import AmbiguousCluster, DuplicateKey, SharedPlace, UnreadableManifest
from gitops_upgrader.manifests import Extent, Found, Manifests, Query, Shape
from tests.manifests.golden import Case, cases
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster

LABELS = "  namespace: fleet\n  labels: {env: prod, tier: 1}\n"
VARIABLES = "    variables:\n    - {name: imageId, value: img}\n    - {name: size, value: {cpu: 4, on: [true, null]}}\n"


def found(files: dict[str, str | bytes], paths: tuple[str, ...] = ()) -> tuple[Found, ...]:
    return Manifests(MemoryTree(files), paths).clusters()


def test_every_cluster_is_told() -> None:
    files: dict[str, str | bytes] = {
        "b.yaml": "# first\n---\n" + cluster("b", metadata=LABELS, more=VARIABLES),
        "a.yaml": cluster("z") + "---\n" + cluster("y").replace("class: quick-start", "classRef: {name: c}"),
        "other.yaml": "apiVersion: cluster.x-k8s.io/v1beta1\nkind: ClusterClass\nmetadata: {name: Cluster}\n",
        "plain.yaml": cluster("old").replace("topology:", "other:"),
    }
    first, second, third = found(files)
    assert [(item.namespace, item.name, item.cls) for item in (first, second, third)] == [
        ("", "y", "c"),
        ("", "z", "quick-start"),
        ("fleet", "b", "quick-start"),
    ]
    assert (third.file, third.document, third.line, third.version) == ("b.yaml", 0, 3, "v1.33.5")
    assert (third.shape, str(third.place)) == (Shape.LITERAL, "b.yaml:12")
    assert third.variables == {"imageId": "img", "size": {"cpu": 4, "on": [True, None]}}
    assert third.labels == {"env": "prod", "tier": "1"}
    assert third.label == "fleet/b"
    assert (third.refusal, first.label) == (None, "y")


def test_the_value_of_a_variable_may_stand_elsewhere() -> None:
    variables = (
        "    variables:\n    - {name: imageId, value: &image img}\n    - {name: bastionImageId, value: *image}\n"
        "    - {name: &size size, value: 1}\n    - {name: *size, value: 2}\n    - {<<: {value: merged}, name: more}\n"
    )
    (told,) = found({"a.yaml": cluster("a", more=variables)})
    assert told.variables == {"imageId": "img", "bastionImageId": "img", "size": 2, "more": "merged"}


def test_a_variable_whose_name_is_no_text_has_none() -> None:
    (told,) = found({"a.yaml": cluster("a", more="    variables:\n    - {name: [imageId], value: img}\n")})
    assert told.variables == {"": "img"}


def test_what_is_refused_is_told_with_its_reason() -> None:
    files: dict[str, str | bytes] = {
        "a.yaml": cluster("templated", version="${VERSION}"),
        "b.yaml": cluster("twice"),
        "c.yaml": cluster("twice", version="v1.30.0"),
        "d.yaml": cluster("no-class").replace("    class: quick-start\n", ""),
        "e.yaml": cluster("zero", version="v1.033.5"),
    }
    told = {(item.name, item.file): item for item in found(files)}
    templated = told["templated", "a.yaml"]
    assert (templated.version, templated.place, templated.shape) == (None, None, None)
    assert templated.refusal is not None
    assert templated.refusal.reason == "TemplatedValue"
    assert str(told["zero", "e.yaml"].refusal).startswith(
        "e.yaml:8:14: /spec/topology/version: 'v1.033.5' is no version"
    )
    twice = told["twice", "c.yaml"]
    assert twice.version == "v1.30.0"
    assert str(twice.refusal) == (
        "c.yaml:1: There is another Cluster twice: b.yaml:1. "
        "Remove the copy, state their namespaces, or name the right folder with path."
    )
    assert (told["no-class", "d.yaml"].cls, told["no-class", "d.yaml"].refusal) == (None, None)


def test_what_may_be_a_copy_is_told() -> None:
    twice = cluster("twice") + "spec: {}\n"
    plain = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: %s}\nspec: %s\n"
    files: dict[str, str | bytes] = {
        "a.yaml": cluster("a", metadata="  namespace: x\n"),
        "b.yaml": cluster("a"),
        "c.yaml": cluster("a", metadata="  namespace: y\n"),
        "d.yaml": cluster("d"),
        "e.yaml": plain % ("d", "{controlPlaneRef: {name: x}}"),
        "f.yaml": plain % ("plain", "{<<: {paused: true}}"),
        "g.yaml": twice,
        "h.yaml": cluster("h", metadata="  namespace: x\n") + "---\n" + cluster("h", metadata="  namespace: y\n"),
    }
    told = {item.file: str(item.refusal).partition(". ")[0] for item in found(files)}
    assert told == {
        "a.yaml": "a.yaml:1: There is another Cluster x/a: b.yaml:1",
        "b.yaml": "b.yaml:1: There is another Cluster a: a.yaml:1, c.yaml:1",
        "c.yaml": "c.yaml:1: There is another Cluster y/a: b.yaml:1",
        "d.yaml": "d.yaml:1: There is another Cluster d: e.yaml:1",
        "g.yaml": "g.yaml:9:1: The key spec is there twice, first at g.yaml:5:1; parsers disagree which one counts",
        "h.yaml": "None",
    }
    for name in ("a", "d"):
        with pytest.raises(AmbiguousCluster):
            Manifests(MemoryTree(files)).locate(Query(name, "x"))
    with pytest.raises(DuplicateKey):
        Manifests(MemoryTree(files)).locate(Query("twice"))


def test_a_cluster_that_layers_deploy_with_and_without_a_namespace_shares_its_place() -> None:
    files: dict[str, str | bytes] = {
        "k/cluster.yaml": cluster(),
        "k/kustomization.yaml": "resources: [cluster.yaml]\n",
        "a/kustomization.yaml": "resources: [../k]\nnamespace: x\n",
        "b/kustomization.yaml": "resources: [../k]\n",
    }
    assert [type(item.refusal) for item in found(files)] == [SharedPlace, SharedPlace]
    with pytest.raises(SharedPlace):
        Manifests(MemoryTree(files)).locate(Query("prod", "x"))


def test_layers_are_told_as_they_are_deployed() -> None:
    overlay = "resources: [../base]\nnamePrefix: %s-\n"
    patch = "patches: [{path: p.yaml, target: {kind: Cluster}}]\n"
    files: dict[str, str | bytes] = {
        "base/cluster.yaml": cluster(),
        "base/kustomization.yaml": "resources: [cluster.yaml]\n",
        "a/kustomization.yaml": overlay % "a",
        "b/kustomization.yaml": overlay % "b",
        "c/kustomization.yaml": overlay % "c" + patch,
        "c/p.yaml": "- {op: replace, path: /spec/topology/version, value: v1.33.9}\n",
        "d/kustomization.yaml": overlay % "d" + "patches: [{path: none.yaml}]\n",
        "e/kustomization.yaml": "resources: [\n",
        "f/kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {path: x}\n",
        "g/kustomization.yaml": "resources: [../h]\n",
        "h/kustomization.yaml": "resources: [../g, cluster.yaml]\n",
        "h/cluster.yaml": cluster("looped"),
    }
    told = {item.name: item for item in found(files)}
    assert sorted(told) == ["a-prod", "b-prod", "c-prod"]
    assert str(told["a-prod"].refusal).endswith(
        "An edit of its version would also change b-prod. Give Cluster a-prod a patch of its own in its overlay."
    )
    assert (told["c-prod"].version, told["c-prod"].shape, told["c-prod"].refusal) == ("v1.33.9", Shape.JSON_PATCH, None)
    assert told["c-prod"].file == "base/cluster.yaml"


def test_a_cluster_that_two_layers_deploy_is_one() -> None:
    files: dict[str, str | bytes] = {
        "k/cluster.yaml": cluster(),
        "k/kustomization.yaml": "resources: [cluster.yaml]\n",
        "a/kustomization.yaml": "resources: [../k]\n",
        "b/kustomization.yaml": "resources: [../k]\n",
    }
    assert [(item.name, item.refusal) for item in found(files)] == [("prod", None)]


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    machines = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineDeployment\n# kind: Cluster\n"
    files: dict[str, str | bytes] = {
        "a.yaml": cluster(),
        "helm.yaml": cluster("x", metadata="  {{ end }}\n") + "---\n" + cluster("y"),
        "latin.yaml": cluster("z").encode() + b"# \xff\n",
        "machines.yaml": machines + "{{ if }}\nspec: [\n",
        "latin-machines.yaml": machines.encode() + b"\xff",
        "k/c.yaml": cluster("k"),
        "k/kustomization.yaml": "resources: [c.yaml]\npatches: [{path: none.yaml}]\n",
        "l/c.yaml": cluster("l"),
        "l/kustomization.yaml": "resources: [../m, c.yaml]\n",
        "m/kustomization.yaml": "resources: [../l]\n",
    }
    manifests = Manifests(MemoryTree(files))
    assert [item.name for item in manifests.clusters()] == ["prod", "y"]
    told = sorted(str(error) for error in manifests.passed_over())
    assert [text.partition(":")[0] for text in told] == ["helm.yaml", "k/kustomization.yaml", "l/c.yaml", "latin.yaml"]


def test_paths_limit_the_inventory() -> None:
    files: dict[str, str | bytes] = {"a/x.yaml": cluster("a"), "b/x.yaml": cluster("b")}
    assert [item.name for item in found(files, ("b",))] == ["b"]


def test_layers_that_deploy_one_cluster_each_with_a_patch_of_its_own() -> None:
    layer = "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n"
    patch = "- {op: replace, path: /spec/topology/version, value: v1.33.%d}\n"
    files: dict[str, str | bytes] = {
        "base/cluster.yaml": cluster(),
        "base/kustomization.yaml": "resources: [cluster.yaml]\n",
        "a/kustomization.yaml": layer,
        "a/p.yaml": patch % 8,
        "b/kustomization.yaml": layer,
        "b/p.yaml": patch % 9,
    }
    refusals = [item.refusal for item in found(files)]
    assert [refusal.reason for refusal in refusals if refusal] == ["AmbiguousPlace", "AmbiguousPlace"]
    assert min(str(refusal.where) for refusal in refusals if refusal).startswith("a/p.yaml:1")
    assert "Several layers deploy Cluster" in str(refusals[0])
    assert {"a/p.yaml:1", "b/p.yaml:1"} <= set(str(refusals[0]).replace(",", " ").replace(". ", " ").split())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_those_of_a_name_are_those_among_all(case: Case) -> None:
    everything = case.manifests().clusters()
    for name in {item.name for item in everything}:
        told = case.manifests().named(name)
        assert list(map(facts, told)) == [facts(item) for item in everything if item.name == name]


def facts(item: Found) -> tuple[object, ...]:
    """What a Cluster's entry says; that another Cluster shares its place is not seen when only one is looked for."""
    refusal = "" if isinstance(item.refusal, SharedPlace) else str(item.refusal or "")
    return item.name, item.namespace, item.file, item.line, item.version, item.place, item.variables, item.cls, refusal


def test_those_of_a_name_and_a_namespace() -> None:
    files: dict[str, str | bytes] = {
        "a.yaml": cluster("x", metadata="  namespace: a\n"),
        "b.yaml": cluster("x", metadata="  namespace: b\n"),
        "c.yaml": cluster("y"),
    }
    manifests = Manifests(MemoryTree(files))
    assert [item.file for item in manifests.named("x", "b")] == ["b.yaml"]
    assert [item.file for item in manifests.named("x")] == ["a.yaml", "b.yaml"]
    assert [item.file for item in manifests.named("y", "any")] == ["c.yaml"]
    assert manifests.named("z") == ()


def test_a_file_of_that_name_that_cannot_be_read_is_told() -> None:
    manifests = Manifests(MemoryTree({"a.yaml": cluster("x") + "  - broken: [\n"}))
    with pytest.raises(UnreadableManifest, match=r"a\.yaml"):
        manifests.named("x")


PATCH = """patches:
  - target: {kind: Cluster}
    patch: |
      - {op: replace, path: /spec/topology/version, value: v1.33.8}
"""


def test_paths_say_which_clusters_are_meant_and_all_layers_count() -> None:
    files: dict[str, str | bytes] = {
        "base/a.yaml": cluster("a"),
        "base/b.yaml": cluster("b"),
        "old/a.yaml": cluster("a", version="v1.30.0"),
        "top/kustomization.yaml": "resources: [../base/a.yaml]\n" + PATCH,
        "two/kustomization.yaml": "resources: [../base/b.yaml]\nnamePrefix: two-\n",
        "three/kustomization.yaml": "resources: [../base/b.yaml]\nnamePrefix: three-\n",
        "bad/a.yaml": cluster("bad") + "\tx",
        "round/kustomization.yaml": "resources: [../circle, c.yaml]\n",
        "round/c.yaml": cluster("c"),
        "circle/kustomization.yaml": "resources: [../round]\n",
    }
    manifests = Manifests(MemoryTree(files))

    def told(*paths: str) -> list[tuple[str, str, str, bool]]:
        shown = manifests.clusters(paths)
        return [(item.name, str(item.place), item.version or "", item.refusal is None) for item in shown]

    patched = ("a", "top/kustomization.yaml:5", "v1.33.8", True)
    assert told("base/a.yaml") == [patched]
    assert told("top") == [patched]
    assert told("old") == [("a", "old/a.yaml:8", "v1.30.0", True)]
    assert told("two") == [("two-b", "base/b.yaml:8", "v1.33.5", False)]
    assert manifests.passed_over() == ()
    assert told("nowhere") == []
    assert [item.version for item in manifests.named("a", paths=["base"])] == ["v1.33.8"]
    assert told("bad", "round") == []
    assert len(manifests.passed_over()) == 2
    assert [reason for *_, reason in told()] == [False, False, False, False]


@pytest.mark.parametrize(
    "name", ["${NAME}", "prod-${NAME}", "{{ .Release.Name }}", "#@ data.values.name", '"{{ x }}-a"']
)
def test_a_cluster_whose_name_is_filled_in_is_a_copy_of_none(name: str) -> None:
    one, other = found({"a.yaml": cluster(name), "b.yaml": cluster(name), "c.yaml": cluster("prod")})[:2]
    assert {one.file, other.file} <= {"a.yaml", "b.yaml", "c.yaml"}
    told = [item for item in (one, other) if item.name != "prod"]
    assert {item.name for item in told} == {"" if name.startswith("#") else name.strip('"')}
    assert {item.refusal.reason if item.refusal else None for item in told} == {"TemplatedValue"}


def test_what_was_looked_at_is_counted() -> None:
    files = {
        "a/c.yaml": cluster(),
        "a/x.json": "{}",
        "a/README.md": "",
        "b.yml": "",
        "Kustomization": "",
        "b/x.txt": "",
    }
    manifests = Manifests(MemoryTree(files, {"a/link": "c.yaml", "link": "a"}))
    assert manifests.extent() == Extent(files=6, manifests=4, links=2)
    assert manifests.extent(["a"]) == Extent(files=3, manifests=2, links=1)
    assert manifests.extent(["nothing"]) == Extent(files=0, manifests=0, links=0)
