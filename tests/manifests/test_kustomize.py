"""Kustomizations, patches and layers, through the front door."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import (
    AmbiguousPlace,
    ClusterNotFound,
    InvalidPatch,
    ManifestError,
    ReplacedByKustomize,
    SharedPlace,
    UnreadableManifest,
    UnwritableValue,
)
from gitops_upgrader.manifests import Manifests, Query, Shape, Values, VariableWant
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, edit, locate, refusal

HEAD = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\n"
VERSION = "- op: replace\n  path: /spec/topology/version\n  value: v1.33.9\n"
MERGE = (
    "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: %s}\nspec: {topology: {version: v1.33.9}}\n"
)

FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  path: %s\n%s"


def _kustomized(kustomization: str, **files: str) -> dict[str, Any]:
    return {"k/cluster.yaml": cluster(), "k/kustomization.yaml": "resources: [cluster.yaml]\n" + kustomization} | {
        f"k/{name}.yaml": text for name, text in files.items()
    }


@pytest.mark.parametrize(
    ("kustomization", "files", "file", "shape"),
    [
        ("", {}, "k/cluster.yaml", Shape.LITERAL),
        ("patches: [{path: p.yaml, target: {kind: Cluster}}]\n", {"p": VERSION}, "k/p.yaml", Shape.JSON_PATCH),
        ("patches: [{path: p.yaml}]\n", {"p": MERGE % "prod"}, "k/p.yaml", Shape.MERGE_PATCH),
        ("patches: [p.yaml]\n", {"p": MERGE % "prod"}, "k/p.yaml", Shape.MERGE_PATCH),
        ("patchesStrategicMerge: [./p.yaml]\n", {"p": MERGE % "prod"}, "k/p.yaml", Shape.MERGE_PATCH),
        ("patches: [{path: p.yaml, target: {name: prod}}]\n", {"p": MERGE % "any"}, "k/p.yaml", Shape.MERGE_PATCH),
        ("patches: [{path: p.yaml, target: {name: dev}}]\n", {"p": VERSION}, "k/cluster.yaml", Shape.LITERAL),
        ("patches: [{path: p.yaml}]\n", {"p": "# nothing\n"}, "k/cluster.yaml", Shape.LITERAL),
        ("patches: [{path: p.yaml}]\n", {"p": "nothing\n"}, "k/cluster.yaml", Shape.LITERAL),
        ("bases: ['https://example.com/x?ref=v1']\n", {}, "k/cluster.yaml", Shape.LITERAL),
        ("patchesJson6902: [{path: p.yaml, target: {kind: Cluster}}]\n", {"p": VERSION}, "k/p.yaml", Shape.JSON_PATCH),
        # The later field wins, whatever their order in the file.
        (
            "patchesJson6902: [{path: p.yaml, target: {kind: Cluster}}]\npatches: [{path: q.yaml}]\n",
            {"p": VERSION, "q": MERGE % "prod"},
            "k/p.yaml",
            Shape.JSON_PATCH,
        ),
        (
            "namespace: fleet\nlabels: [{pairs: {a: b}}]\nresources: [cluster.yaml]\n",
            {},
            "k/cluster.yaml",
            Shape.LITERAL,
        ),
    ],
)
def test_the_effective_place(kustomization: str, files: dict[str, str], file: str, shape: Shape) -> None:
    found = locate(_kustomized(kustomization, **files))
    assert (found.version.file, found.version.shape) == (file, shape)


def test_the_way_is_told() -> None:
    found = locate(_kustomized("patches: [{path: p.yaml, target: {kind: Cluster}}]\n", p=VERSION), Query("prod"))
    assert [str(step) for step in found.trail] == [
        "1 of 3 files name prod and Cluster API",
        "k/kustomization.yaml:1: Kustomize begins here",
        "k/p.yaml:1: a JSON6902 patch is for this Cluster",
        "k/cluster.yaml:1: this is Cluster prod",
        "k/p.yaml:3: version: json-patch at /0/value",
    ]


def test_a_name_is_made_of_prefixes_patches_and_suffixes() -> None:
    files = {
        "base/cluster.yaml": cluster("main"),
        "base/kustomization.yaml": "resources: [cluster.yaml]\nnameSuffix: -x\n",
        "a/kustomization.yaml": "bases: [../base]\nnamePrefix: a-\nnamespace: fleet\n",
        "b/kustomization.yaml": (
            "resources: ['../base/']\npatches:\n- target: {kind: Cluster, name: main}\n  patch: |-\n"
            "    - {op: replace, path: /metadata/name, value: bee}\n"
            "    - {op: add, path: /metadata/namespace, value: fleet}\n"
            "    - {op: add, path: /spec/topology/version, value: v1.33.8}\n"
        ),
        "c/kustomization.yaml": (
            "resources: [../base]\n"
            "patches:\n- options: {allowNameChange: true}\n  target: {name: main-x}\n  patch: |-\n"
            "    apiVersion: cluster.x-k8s.io/v1beta1\n    kind: Cluster\n    metadata: {name: cee}\n"
            "    spec: {topology: {version: v1.33.7}}\n"
        ),
    }
    found = locate(files, Query("bee", "fleet"))
    assert (found.name, found.namespace, found.version_text) == ("bee", "fleet", "v1.33.8")
    assert locate(files, Query("cee")).version_text == "v1.33.7"
    assert locate(files, Query("a-main-x", "fleet")).version.file == "base/cluster.yaml"


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ("path: p.yaml", "- {op: replace, path: /metadata/name, value: eu}\n"),
        ("path: p.yaml", '[{"op": "add", "path": "/metadata/name", "value": "eu"}]'),
        ("path: p.yaml", "- op: replace\n  path: /metadata\n  value: {name: eu}\n"),
        ("path: p.yaml, options: {allowNameChange: true}", MERGE % "eu"),
    ],
)
def test_a_patch_in_a_file_of_its_own_may_rename(item: str, content: str) -> None:
    files = _kustomized(f"patches: [{{{item}, target: {{kind: Cluster, name: prod}}}}]\n", p=content)
    found = locate(files, Query("eu"))
    assert found.name == "eu"
    assert "k/p.yaml:1: from here on it is Cluster eu" in map(str, found.trail)
    above = files | {"top/kustomization.yaml": "resources: [../k]\nnamePrefix: new-\n"}
    assert locate(above, Query("new-eu")).name == "new-eu"
    refusal(files, reason=ClusterNotFound)


@pytest.mark.parametrize("rename", ["namePrefix: eu-", "nameSuffix: ''\n  namePrefix: eu-"])
def test_what_deploys_a_folder_may_rename(rename: str) -> None:
    assert locate({**_kustomized(""), "flux.yaml": FLUX % ("./k", f"  {rename}\n")}, Query("eu-prod")).name == "eu-prod"
    argo = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: k, kustomize: {namePrefix: eu-}}}\n"
    )
    assert locate({**_kustomized(""), "argo.yaml": argo}, Query("eu-prod")).name == "eu-prod"


def test_a_replacement_that_renames_is_told() -> None:
    replacement = (
        "replacements:\n- source: {kind: ConfigMap}\n  targets:\n  - select: {kind: Cluster}\n    fieldPaths: [%s]\n"
    )
    files = _kustomized(replacement % "metadata.name")
    told = refusal(files, Query("eu"), reason=ClusterNotFound)
    assert "A Kustomize replacement (k/kustomization.yaml:6) names Cluster prod anew" in told
    assert "replacement" not in refusal(
        _kustomized(replacement % "metadata.labels.x"), Query("eu"), reason=ClusterNotFound
    )
    assert locate(files).name == "prod"


def test_a_patch_by_name_keeps_the_name() -> None:
    files = _kustomized("patches: [{path: p.yaml, target: {kind: Cluster}}]\n", p=MERGE % "another")
    assert locate(files).name == "prod"


def test_a_deleted_cluster_is_not_there() -> None:
    files = _kustomized("patches: [{path: p.yaml}]\n", p=cluster() + "$patch: delete\n")
    refusal(files, reason=ClusterNotFound)


def test_a_layer_below_another_is_not_deployed_by_itself() -> None:
    files = _kustomized("") | {"top/kustomization.yaml": "resources: [../k]\nnamePrefix: eu-\n"}
    assert locate(files, Query("eu-prod")).version.file == "k/cluster.yaml"
    refusal(files, reason=ClusterNotFound)


def test_a_file_below_the_root_may_be_named_from_the_root() -> None:
    files = {"kustomization.yaml": "resources: [k]\nnamespace: fleet\n", **_kustomized("")}
    assert locate(files, Query("prod", "fleet")).namespace == "fleet"
    refusal(files, Query("prod", "other"), reason=ClusterNotFound)


def test_a_folder_may_name_its_parent() -> None:
    files = _kustomized("") | {"k/top/kustomization.yaml": "resources:\n- ..\nnamespace: up\n"}
    assert locate(files, Query("prod", "up")).namespace == "up"


def test_kustomizations_that_name_each_other_are_refused() -> None:
    files = _kustomized("components: [../o]\n") | {"o/kustomization.yaml": "resources: [../k]\n"}
    assert "The kustomizations of k and o name each other" in refusal(files, reason=InvalidPatch)


def test_the_first_name_of_a_kustomization_counts() -> None:
    files = _kustomized("namespace: first\n") | {
        "k/Kustomization": "namespace: last\n",
        "k/kustomization.yml": "a: 1\n",
    }
    assert locate(files, Query("prod")).namespace == "first"


@pytest.mark.parametrize("content", ["", "[]\n", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"])
def test_a_file_of_that_name_that_is_none(content: str) -> None:
    assert locate({"k/kustomization.yaml": content, "k/cluster.yaml": cluster()}).version.shape is Shape.LITERAL


def test_two_layers_with_the_same_place_agree() -> None:
    files = _kustomized("") | {f"{name}/kustomization.yaml": "resources: [../k]\n" for name in ("a", "b")}
    assert locate(files).version.file == "k/cluster.yaml"


def test_two_layers_with_places_of_their_own_are_refused_until_one_is_named() -> None:
    operation = "    - {op: add, path: /spec/topology/version, value: v1.33.1}\n"
    patch = "patches:\n- target: {kind: Cluster}\n  patch: |\n" + operation
    files = _kustomized("") | {f"{name}/kustomization.yaml": "resources: [../k]\n" + patch for name in ("a", "b")}
    message = refusal(files, reason=AmbiguousPlace)
    assert "a/kustomization.yaml:5, b/kustomization.yaml:5" in message
    assert locate(files, Query("prod", paths=("b",))).version.file == "b/kustomization.yaml"


def test_a_patch_file_that_several_layers_share_is_refused() -> None:
    overlay = "resources: [../k]\npatches: [{path: ../shared/p.yaml, target: {kind: Cluster}}]\nnamePrefix: %s-\n"
    files = _kustomized("") | {
        "a/kustomization.yaml": overlay % "a",
        "b/kustomization.yaml": overlay % "b",
        "shared/p.yaml": VERSION,
    }
    assert "would also change Cluster b-prod" in refusal(files, Query("a-prod"), reason=SharedPlace)


def test_many_clusters_are_listed_in_short() -> None:
    names = [f"c{index:02}" for index in range(13)]
    files = {f"{name}.yaml": cluster(name) for name in names} | {
        "kustomization.yaml": f"resources: [{', '.join(f'{name}.yaml' for name in names)}]\n"
        "patches: [{target: {kind: Cluster}, path: p.yaml}]\n",
        "p.yaml": VERSION,
    }
    assert "Cluster c10 and 2 more." in refusal(files, Query("c00"), reason=SharedPlace)


def test_an_insertion_into_a_shared_base_is_refused() -> None:
    files = _kustomized("") | {
        "a/kustomization.yaml": "resources: [../k]\nnamePrefix: a-\n"
        "patches: [{path: p.yaml, target: {kind: Cluster}}]\n",
        "a/p.yaml": VERSION,
        "b/kustomization.yaml": "resources: [../k]\nnamePrefix: b-\n",
    }
    message = refusal(files, Query("a-prod", variables=(VariableWant("imageId"),)), reason=SharedPlace)
    assert message.startswith("k/cluster.yaml:")
    assert "Cluster b-prod" in message


@pytest.mark.parametrize(
    ("kustomization", "files", "reason", "message"),
    [
        (
            "patches: [{path: p.yaml}]\n",
            {"p": VERSION},
            InvalidPatch,
            "k/kustomization.yaml:2:11: A JSON6902 patch needs",
        ),
        ("patches: [{path: none.yaml}]\n", {}, InvalidPatch, "The patch file none.yaml is not in the repository"),
        ("patches: [{target: {kind: Cluster}}]\n", {}, InvalidPatch, "The patch file (none) is not in the repository"),
        (
            "patches: [{path: p.yaml, target: {kind: Cluster}}]\n",
            {"p": "- {op: test, path: /spec/topology/version, value: v1.33.5}\n"},
            InvalidPatch,
            "would fail after the edit",
        ),
        (
            "patches: [{path: p.yaml, target: {kind: Cluster}}]\n",
            {"p": "- {op: replace, path: /spec/none/at, value: 1}\n"},
            InvalidPatch,
            "k/p.yaml:1:3: The patch needs /spec/none/at, which is not there",
        ),
        (
            "patches: [{target: {kind: Cluster}, patch: '[{op: add, path: /spec/topology/version, value: v1.3.1}]'}]\n",
            {},
            UnwritableValue,
            "k/kustomization.yaml:2:44: The place is in YAML inside a quoted or folded text",
        ),
        (
            "replacements: [{path: r.yaml}]\n",
            {"r": "targets: [{select: {name: prod}, fieldPaths: [spec.topology.version]}]\n"},
            ReplacedByKustomize,
            "k/r.yaml:1:",
        ),
        (
            "replacements: [{path: r.yaml}]\n",
            {"r": "- targets: [{select: {name: prod}, fieldPaths: [spec.topology.version]}]\n"},
            ReplacedByKustomize,
            "k/r.yaml:1:",
        ),
        ("patches: [{path: p.yaml}]\n", {"p": "a: [\n"}, UnreadableManifest, "k/p.yaml:2:1"),
        ("patches: [\n", {}, UnreadableManifest, "k/kustomization.yaml:3:1"),
    ],
)
def test_refusals(kustomization: str, files: dict[str, str], reason: type[ManifestError], message: str) -> None:
    assert message in refusal(_kustomized(kustomization, **files), reason=reason)


@pytest.mark.parametrize(
    ("kustomization", "patch", "problem", "remedy"),
    [
        (
            "",
            (MERGE % "prod").replace("v1beta1", "v1beta2"),
            "names Cluster default/prod of cluster.x-k8s.io/v1beta2, which is not there",
            "Write apiVersion: cluster.x-k8s.io/v1beta1 into the patch",
        ),
        (
            "namespace: fleet\n",
            MERGE % "prod, namespace: dev",
            "is Cluster fleet/prod of",
            "Write namespace: fleet into the patch",
        ),
        (
            "",
            (MERGE % "prod, namespace: dev").replace("v1beta1", "v1beta2"),
            "is Cluster default/prod of",
            "Write apiVersion: cluster.x-k8s.io/v1beta1 and no namespace into the patch",
        ),
    ],
)
@pytest.mark.parametrize("field", ["patches: [{path: p.yaml}]\n", "patchesStrategicMerge: [p.yaml]\n"])
def test_a_patch_that_names_nothing_is_told_where_it_may_mean_the_cluster(
    kustomization: str, patch: str, problem: str, remedy: str, field: str
) -> None:
    files = _kustomized(kustomization + field, p=patch)
    message = refusal(files, reason=InvalidPatch)
    assert message.startswith("k/p.yaml:1:1: This patch")
    assert problem in message
    assert remedy in message
    (found,) = Manifests(MemoryTree(files)).clusters()
    assert isinstance(found.refusal, InvalidPatch)


def test_a_patch_for_nobody_is_noted_for_the_others() -> None:
    patches = "patches: [{path: o.yaml}, {path: p.yaml}, {path: d.yaml}]\n"
    files = _kustomized(patches, o=MERGE % "other", p=MERGE % "prod", d=MERGE % "dev")
    files |= {"k/kustomization.yaml": "resources: [cluster.yaml, dev.yaml]\n" + patches, "k/dev.yaml": cluster("dev")}
    located = locate(files)
    assert located.version.file == "k/p.yaml"
    (note,) = located.notes
    assert (note.file, note.line) == ("k/o.yaml", 1)
    assert "Kustomize fails here" in note.message
    assert "names Cluster default/other, which is not there" in note.message
    assert locate(files | {"k/other.yaml": cluster("other")}).notes == located.notes
    files["k/kustomization.yaml"] = "resources: [cluster.yaml, dev.yaml, other.yaml]\n" + patches
    assert not locate(files | {"k/other.yaml": cluster("other")}).notes


def test_a_patch_that_removes_its_cluster_is_for_one() -> None:
    files = _kustomized("patches: [{path: p.yaml}]\n", p=HEAD + "metadata: {name: dev}\n$patch: delete\n")
    files |= {"k/kustomization.yaml": "resources: [cluster.yaml, dev.yaml]\npatches: [{path: p.yaml}]\n"}
    assert not locate(files | {"k/dev.yaml": cluster("dev")}).notes


def test_of_a_layer_that_cannot_be_read_wholly_nothing_is_noted() -> None:
    files = _kustomized("patches: [{path: p.yaml}]\n", p=MERGE % "dev")
    files |= {"k/kustomization.yaml": "resources: [cluster.yaml, dev.yaml]\npatches: [{path: p.yaml}]\n"}
    assert not locate(files | {"k/dev.yaml": cluster("dev") + "x: ]\n"}).notes


def test_a_patch_of_the_name_that_nothing_has_is_told() -> None:
    files = _kustomized("patches: [{path: o.yaml}]\n", o=MERGE % "other") | {
        "remote/kustomization.yaml": "resources: [none.yaml]\npatches: [{patch: 'a: ['}]\n",
        "bad/kustomization.yaml": "resources: []\npatches: [{path: none.yaml}]\n",
    }
    message = refusal(files, Query("other"), reason=ClusterNotFound)
    assert "The patch at k/o.yaml:1 names it, and what that is a patch of has no such Cluster." in message
    assert "names it" not in refusal(files, Query("nobody"), reason=ClusterNotFound)
    files = _kustomized("namePrefix: a-\npatches: [{path: p.yaml}]\n", p=MERGE % "prod")
    assert "names it" not in refusal(files, reason=ClusterNotFound)


def test_a_variable_is_not_inserted_into_a_quoted_text() -> None:
    spec = "{topology: {variables: []}}"
    merge = f"{{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {{name: prod}}, spec: {spec}}}"
    message = refusal(
        _kustomized(f"patches: [{{patch: '{merge}'}}]\n"),
        Query("prod", variables=(VariableWant("imageId"),)),
        Values(version="v1.34.2", variables=("img",)),
        reason=UnwritableValue,
    )
    assert message.startswith("k/kustomization.yaml:2:19: The place is in YAML inside a quoted or folded text.")


@pytest.mark.parametrize(
    "kustomization",
    [
        "replacements: [{targets: [{select: {kind: Service}, fieldPaths: [spec.topology.version]}]}]\n",
        "replacements: [{targets: [{select: {kind: Cluster}, fieldPaths: [metadata.labels.x, {a: b}]}]}]\n",
        "replacements: [{targets: [{fieldPaths: [spec.topology.version]}]}]\n",
        "replacements: [{path: none.yaml}]\n",
        "replacements: [x]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n",
    ],
)
def test_replacements_of_other_fields_are_left_alone(kustomization: str) -> None:
    tests = "- {op: test, path: /metadata/name, value: prod}\n"
    assert edit(_kustomized(kustomization, p=tests)).files.keys() == {"k/cluster.yaml"}


def test_an_unreadable_kustomization_elsewhere_does_not_stop_others() -> None:
    files = {"a.yaml": cluster(), "x/kustomization.yaml": "resources: [\n", "y/k.yaml": cluster("b") + "x: [\n"}
    assert locate(files).version.file == "a.yaml"


OPERATION = "      - {op: add, path: /spec/topology/version, value: v1.33.1}\n"
INLINE = "  patches:\n  - target: {kind: Cluster}\n    patch: |\n" + OPERATION


@pytest.mark.parametrize(
    ("path", "patched"), [("./k", True), ("k/", True), ("./", True), ("other", False), ("''", True)]
)
def test_flux_applies_a_folder_with_or_without_a_kustomization(path: str, patched: bool) -> None:
    flux = {"flux.yaml": FLUX % (path, INLINE)}
    files = {"k/cluster.yaml": cluster()}
    if "k" in path:
        files["z/cluster.yaml"] = cluster("dev")
    assert (locate(flux | files).version.file == "flux.yaml") is patched
    if path in {"./k", "k/"}:
        assert locate(flux | _kustomized("")).version.file == "flux.yaml"


def test_flux_kustomizations_that_change_nothing_do_not_matter() -> None:
    plain = FLUX % ("./k", "  postBuild: {substitute: {patches: x}}\n")
    argo = "apiVersion: argoproj.io/v1alpha1\nkind: %s\nspec: {source: {path: k, kustomize: %s}}\n"
    files = {
        "k/cluster.yaml": cluster(),
        "flux.yaml": plain,
        "argo.yaml": argo % ("Application", "patches"),
        "set.yaml": argo % ("ApplicationSet", "{patches: []}"),
        "template.yaml": FLUX % ("{{ .path }}", INLINE + "  {{ end }}\n"),
        "latin.yaml": (FLUX % ("./k", INLINE)).encode() + b"# \xff\n",
    }
    assert locate(files).version.shape is Shape.LITERAL


def test_flux_may_rename() -> None:
    files = {"k/cluster.yaml": cluster(), "flux.yaml": FLUX % ("./k", "  namePrefix: eu-\n  targetNamespace: fleet\n")}
    refusal(files, reason=ClusterNotFound)


def test_an_unreadable_kustomization_of_the_cluster_itself_is_told() -> None:
    assert "k/kustomization.yaml" in refusal(_kustomized("a: [\n"), reason=UnreadableManifest)


ARGO = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: k, kustomize: {namespace: live}}}\n"
LIVE = {
    "kustomization": {"k/kustomization.yaml": "resources: [cluster.yaml]\nnamespace: live\n"},
    "flux": {"flux.yaml": FLUX % ("./k", "  targetNamespace: live\n")},
    "argo": {"argo.yaml": ARGO},
}


@pytest.mark.parametrize("by", LIVE)
@pytest.mark.parametrize("stated", ["", "base"])
def test_a_namespace_that_a_layer_sets_takes_the_place_of_the_stated_one(by: str, stated: str) -> None:
    files = {"k/cluster.yaml": cluster(metadata=f"  namespace: {stated}\n" * bool(stated)), **LIVE[by]}

    assert [found.label for found in Manifests(MemoryTree(files)).clusters()] == ["live/prod"]
    assert locate(files, Query("prod", "live")).namespace == "live"
    said = refusal(files, Query("prod", "base"), reason=ClusterNotFound)
    assert "There is a Cluster live/prod (k/cluster.yaml:1)." in said
