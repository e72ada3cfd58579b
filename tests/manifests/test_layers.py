"""Layers that are not here, or cannot be followed: transformers, bases and components from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import ClusterNotFound, InvalidPatch, SharedPlace, UnfollowedChange
from gitops_upgrader.manifests import Manifests, Query, Shape, VariableWant
from gitops_upgrader.manifests.layers import Layers
from gitops_upgrader.manifests.scan import Scan
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, locate, refusal

OPERATION = "{op: replace, path: /spec/topology/version, value: v1.33.%d}"


def _transformer(kind: str = "PatchTransformer", more: str = "", api: str = "builtin", version: int = 9) -> str:
    patch = (
        "target: {kind: Cluster}\npatch: |-\n  - " + OPERATION % version + "\n" if kind == "PatchTransformer" else ""
    )
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: x}}\n{patch}{more}"


def _with(transformer: str, more: str = "", field: str = "transformers: [t.yaml]\n") -> dict[str, Any]:
    return {
        "k/cluster.yaml": cluster(),
        "k/kustomization.yaml": "resources: [cluster.yaml]\n" + field + more,
        "k/t.yaml": transformer,
    }


@pytest.mark.parametrize(
    ("transformer", "file"),
    [
        (_transformer(), "k/t.yaml"),
        (_transformer("LabelTransformer") + "---\n" + _transformer(), "k/t.yaml"),
        (_transformer("AnnotationsTransformer"), "k/cluster.yaml"),
        (_transformer("ImageTagTransformer"), "k/cluster.yaml"),
        (_transformer("ReplicaCountTransformer") + "---\n# nothing\n", "k/cluster.yaml"),
    ],
)
def test_transformers_that_are_read(transformer: str, file: str) -> None:
    assert locate(_with(transformer)).version.file == file


def test_a_transformer_comes_after_all_patches() -> None:
    patches = "patchesJson6902:\n- target: {kind: Cluster}\n  patch: |\n    - " + OPERATION % 7 + "\n"
    assert locate(_with(_transformer(), patches)).version.file == "k/t.yaml"


def test_a_transformer_may_stand_in_the_kustomization() -> None:
    text = "".join(f"  {line}\n" for line in _transformer().splitlines())
    assert locate(_with("", field="transformers:\n- |-\n" + text)).version.pointer == "/transformers/0|/patch|/0/value"


def test_a_transformer_of_several_layers_is_shared() -> None:
    files = _with(_transformer()) | {
        "z/kustomization.yaml": "resources: [cluster.yaml]\ntransformers: [../k/t.yaml]\n",
        "z/cluster.yaml": cluster("dev"),
    }
    assert "would also change Cluster dev" in refusal(files, reason=SharedPlace)


@pytest.mark.parametrize(
    ("transformer", "field", "where", "what"),
    [
        (
            _transformer("PatchStrategicMergeTransformer"),
            "",
            "k/t.yaml:1:1",
            "the transformer PatchStrategicMergeTransf",
        ),
        (_transformer("NamespaceTransformer"), "", "k/t.yaml:1:1", "the transformer NamespaceTransformer"),
        (
            _transformer("LabelTransformer", api="example.com/v1"),
            "",
            "k/t.yaml:1:1",
            "the transformer LabelTransformer",
        ),
        (_transformer(api="example.com/v1"), "", "k/t.yaml:1:1", "the transformer PatchTransformer"),
        ("apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml\n", "", "k/t.yaml:1:1", "the transformer PatchTr"),
        ("", "transformers: [../folder]\n", "k/kustomization.yaml:2:16", "this transformer"),
        ("", "transformers: [{a: b}]\n", "k/kustomization.yaml:2:16", "this transformer"),
        ("- a\n", "", "k/t.yaml:1:1", "this transformer"),
    ],
)
def test_transformers_that_may_do_anything(transformer: str, field: str, where: str, what: str) -> None:
    told = refusal(_with(transformer, field=field or "transformers: [t.yaml]\n"), reason=UnfollowedChange)
    assert told.startswith(f"{where}: Cluster prod goes through {what}")
    assert told.endswith("Write it under patches of the kustomization, or point targets at the value that counts.")


@pytest.mark.parametrize("field", ["validators: [t.yaml]\n", "configurations: [t.yaml]\n", "openapi: {path: t.yaml}\n"])
def test_what_changes_no_cluster_does_not_matter(field: str) -> None:
    assert locate(_with(_transformer("Any"), field=field)).version.file == "k/cluster.yaml"


URL = "https://example.com/x//base?ref=v1"
VARIABLES = "    variables:\n    - name: imageId\n      value: img\n"


def _remote(patches: str = "patches: [{path: p.yaml}]\n", patch: str = "", base: str = "") -> dict[str, Any]:
    base = base or f"resources: ['{URL}']\n"
    return {"top/kustomization.yaml": base + patches, "top/p.yaml": patch or cluster(more=VARIABLES)}


@pytest.mark.parametrize(
    "base",
    [
        "",
        "resources: [../none]\n",
        "bases: [git@example.com:x/y]\n",
        "helmCharts: [{name: clusters, repo: 'https://example.com'}]\n",
        "generators: [clusters.yaml]\n",
    ],
)
def test_a_merge_patch_tells_enough_of_a_cluster_from_elsewhere(base: str) -> None:
    found = locate(_remote(base=base), Query("prod", variables=(VariableWant("imageId"), VariableWant("size"))))
    assert [(place.file, place.shape) for place in found.of(*[slot.role for slot in found.slots])] == [
        ("top/p.yaml", Shape.MERGE_PATCH)
    ] * 3
    assert any("the base of Cluster prod is not in the repository" in str(step) for step in found.trail)


def test_it_is_listed_too() -> None:
    (found,) = Manifests(MemoryTree(_remote())).clusters()
    assert (found.name, found.version, found.shape, found.variables) == (
        "prod",
        "v1.33.5",
        Shape.MERGE_PATCH,
        {"imageId": "img"},
    )


@pytest.mark.parametrize(
    ("patches", "name"),
    [
        ("namePrefix: eu-\npatches: [{path: p.yaml}]\n", "eu-prod"),
        ("patches: [{path: p.yaml, target: {kind: Cluster, name: other}}]\n", "other"),
        ("patches: [{path: p.yaml}, {path: p.yaml, target: {name: prod}}]\n", "prod"),
        ("patches: [{path: p.yaml}, {target: {kind: Service}, patch: '[{op: remove, path: /spec}]'}]\n", "prod"),
    ],
)
def test_the_name_of_a_cluster_from_elsewhere(patches: str, name: str) -> None:
    assert locate(_remote(patches), Query(name)).version.file == "top/p.yaml"


def test_a_layer_above_still_counts() -> None:
    above = {
        "all/kustomization.yaml": "resources: [../top]\npatches:\n- target: {kind: Cluster}\n  patch: |\n    - "
        + OPERATION % 9
        + "\n"
    }
    assert locate({**_remote(), **above}).version.file == "all/kustomization.yaml"


def test_a_patch_above_a_layer_with_a_base_from_elsewhere() -> None:
    files = {"mid/kustomization.yaml": f"resources: ['{URL}']\n", **_remote(base="resources: [../mid]\n")}
    assert locate(files).version.file == "top/p.yaml"


def test_flux_may_patch_a_folder_of_another_repository() -> None:
    patch = "".join(f"      {line}\n" for line in cluster().splitlines())
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  path: ./k\n"
        f"  patches:\n  - patch: |\n{patch}"
    )
    assert locate({"flux.yaml": flux}).version.pointer == "/spec/patches/0/patch|/spec/topology/version"


def test_a_patch_that_several_layers_share_is_seen() -> None:
    files = _remote() | {
        "z/kustomization.yaml": "namePrefix: z-\nresources: [cluster.yaml]\npatches: [{path: ../top/p.yaml}]\n",
        "z/cluster.yaml": cluster(version="v1.30.0"),
    }
    assert "would also change Cluster z-prod" in refusal(files, reason=SharedPlace)


def test_a_cluster_that_is_here_is_no_other() -> None:
    files = _remote(base=f"resources: ['{URL}', cluster.yaml]\n", patch=cluster().replace("version: v1.33.5", "a: b"))
    assert locate({**files, "top/cluster.yaml": cluster()}).version.file == "top/cluster.yaml"


@pytest.mark.parametrize(
    ("patches", "patch", "message"),
    [
        ("", cluster().replace("version: v1.33.5", "a: b"), f"({URL}), and its patches here have no version."),
        ("", cluster().replace("topology", "other"), "and its patches here have no version."),
        ("", cluster(), "and its patches here have not all of the variables."),
        (
            (
                "patches:\n- path: p.yaml\n- target: {kind: Cluster}\n  patch: |\n"
                "    - {op: replace, path: /spec/topology/variables/3/value, value: a}\n"
            ),
            "",
            "goes through a patch of what is in a base that is not in the repository",
        ),
    ],
)
def test_what_is_elsewhere_is_not_guessed(patches: str, patch: str, message: str) -> None:
    query = Query("prod", variables=(VariableWant("imageId"),))
    assert message in refusal(_remote(patches or "patches: [{path: p.yaml}]\n", patch), query, reason=UnfollowedChange)


@pytest.mark.parametrize(
    ("patches", "patch"),
    [
        ("patches: [{path: p.yaml}]\n", cluster("dev")),
        ("patches: [{path: p.yaml}]\n", cluster() + "$patch: delete\n"),
        ("patches: [{path: p.yaml}]\n", cluster().replace("kind: Cluster", "kind: ClusterClass")),
        ("patches: [{path: p.yaml, target: {kind: Cluster}}]\n", ""),
    ],
)
def test_patches_that_tell_of_no_such_cluster(patches: str, patch: str) -> None:
    refusal(_remote(patches, patch), reason=ClusterNotFound)


def test_operations_on_a_cluster_from_elsewhere_are_shown() -> None:
    patches = "patches: [{path: p.yaml, target: {kind: Cluster}}]\n"
    files = _remote(patches, "- " + OPERATION % 9 + "\n- {op: add, path: /spec/paused, value: true}\n")
    files["broken/kustomization.yaml"] = f"resources: ['{URL}']\npatches: [{{path: none.yaml}}]\n"
    told = refusal(files, reason=ClusterNotFound)
    assert 'top/p.yaml:1 (v1.33.9) with targets: [{path: "top/p.yaml", pointer: "/0/value"}]' in told
    assert "p.yaml" not in refusal(
        {**files, "top/kustomization.yaml": f"resources: ['{URL}']\n" + patches.replace("kind: Cluster", "name: dev")},
        reason=ClusterNotFound,
    )


def test_a_layer_with_a_base_from_elsewhere_may_be_broken() -> None:
    refusal(_remote("patches: [{path: p.yaml}, {path: q}]\n"), reason=InvalidPatch)


def test_a_layer_that_several_lead_to_is_above_a_file_once() -> None:
    tree = MemoryTree(
        {
            "base/cluster.yaml": cluster(),
            "base/kustomization.yaml": "resources: [cluster.yaml]",
            "a/kustomization.yaml": "resources: [../base]",
            "b/kustomization.yaml": "resources: [../base]",
            "all/kustomization.yaml": "resources: [../a, ../b]",
        }
    )
    above = Layers(Scan(tree)).above("base/cluster.yaml")
    assert sorted(layer.folder for layer in above) == ["a", "all", "b", "base"]
