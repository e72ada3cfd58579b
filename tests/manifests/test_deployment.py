"""What Flux and Argo CD add to the kustomizations of the folders that they deploy."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gitops_upgrader.errors import AmbiguousPlace, ClusterNotFound, SharedPlace, UnfollowedChange
from gitops_upgrader.manifests import Manifests, Query, Shape
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, locate, refusal

FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  path: %s\n%s"
VERSION = "{op: add, path: /spec/topology/version, value: v1.33.%d}"
JSON = "- target: {kind: Cluster%s}\n  patch: |\n    - " + VERSION + "\n"


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def _patches(patch: str, by: int = 2) -> str:
    return " " * by + "patches:\n" + _indented(patch, by)


def _folder(more: str = "", folder: str = "k", **files: str) -> dict[str, Any]:
    return {
        f"{folder}/cluster.yaml": cluster(),
        f"{folder}/kustomization.yaml": "resources: [cluster.yaml]\n" + more,
    } | {f"{folder}/{name}.yaml": text for name, text in files.items()}


def _component(version: int) -> dict[str, str]:
    head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n"
    return {"comp/kustomization.yaml": head + JSON % ("", version)}


@pytest.mark.parametrize(
    ("own", "added", "file"),
    [
        ("", _patches(JSON % ("", 8)), "flux.yaml"),
        ("patches:\n" + JSON % ("", 7), _patches(JSON % ("", 8)), "flux.yaml"),
        # Kustomize applies this field after the other one, whoever has filled it.
        ("patchesJson6902:\n" + JSON % ("", 7), _patches(JSON % ("", 8)), "k/kustomization.yaml"),
        # The folder gives the prefix after all patches, so that this one is for nothing.
        ("namePrefix: eu-\n", _patches(JSON % (", name: eu-prod", 8)), "k/cluster.yaml"),
        ("namePrefix: eu-\n", _patches(JSON % (", name: prod", 8)), "flux.yaml"),
        ("", "  components: [../comp]\n", "comp/kustomization.yaml"),
        ("", "  components: [./../comp, none]\n  ignoreMissingComponents: true\n", "comp/kustomization.yaml"),
        # Components come before the patches of the folder.
        ("patches:\n" + JSON % ("", 7), "  components: [../comp]\n", "k/kustomization.yaml"),
    ],
)
def test_flux_adds_to_the_kustomization_of_the_folder(own: str, added: str, file: str) -> None:
    files = _folder(own) | _component(6) | {"flux.yaml": FLUX % ("./k", added)}
    name = "eu-prod" if "namePrefix" in own else "prod"
    assert locate(files, Query(name)).version.file == file


def test_the_names_that_a_deployment_gives_replace_those_of_the_folder() -> None:
    files = _folder("namePrefix: eu-\nnamespace: a\n") | {"flux.yaml": FLUX % ("k", "  namePrefix: us-\n")}
    found = locate(files, Query("us-prod"))
    assert (found.name, found.namespace) == ("us-prod", "a")
    refusal(files, Query("us-eu-prod"), reason=ClusterNotFound)


@pytest.mark.parametrize("path", ["./top", "./all"])
def test_the_folder_that_is_deployed_may_be_named(path: str) -> None:
    folder = "top" if path == "./top" else "all/top"
    base = "../k" if path == "./top" else "../../k"
    files = _folder() | {
        f"{folder}/kustomization.yaml": f"resources: [{base}]\n",
        "flux.yaml": FLUX % (path, "  targetNamespace: fleet\n"),
    }
    for named in (folder, "k", "flux.yaml"):
        assert locate(files, Query("prod", "fleet", paths=(named,))).namespace == "fleet"
    refusal(files, Query("prod", paths=("other",)), reason=ClusterNotFound)


def test_a_component_of_several_deployments_is_shared() -> None:
    flux = FLUX % ("./%s", "  components: [../comp]\n")
    files = _folder() | _folder(folder="z") | _component(6) | {"k.yaml": flux % "k", "z.yaml": flux % "z"}
    files["z/cluster.yaml"] = cluster("dev")
    assert "would also change Cluster dev" in refusal(files, reason=SharedPlace)


def test_a_missing_component_may_change_anything() -> None:
    files = _folder() | {"flux.yaml": FLUX % ("k", "  components: [../none]\n")}
    told = refusal(files, reason=UnfollowedChange)
    assert told.startswith("flux.yaml:6:16: Cluster prod goes through a component that is not in the repository;")


@pytest.mark.parametrize(
    ("paths", "file"),
    [
        (("k/cluster.yaml", "k/kustomization.yaml"), "flux.yaml"),
        (("all/k/cluster.yaml", "all/k/kustomization.yaml"), "flux.yaml"),
        (("all/deep/k/cluster.yaml", "all/deep/k/kustomization.yaml"), "flux.yaml"),
        (("all/k/cluster.yaml",), "flux.yaml"),
        (("all/deep/cluster.yaml",), "flux.yaml"),
        # Flux takes no JSON, and no file of a folder that has a kustomization, unless it is named there.
        (("all/cluster.json",), "all/cluster.json"),
        (("all/k/more/cluster.yaml", "all/k/kustomization.yaml"), "all/k/more/cluster.yaml"),
        (("allegory/cluster.yaml",), "allegory/cluster.yaml"),
    ],
)
def test_flux_makes_a_kustomization_of_a_folder_that_has_none(paths: tuple[str, ...], file: str) -> None:
    files = dict(zip(paths, (cluster(), "resources: [cluster.yaml]\n"), strict=False))
    if paths[0].endswith("json"):
        files[paths[0]] = (
            '{"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "metadata": {"name": "prod"}, '
            '"spec": {"topology": {"class": "q", "version": "v1.33.5"}}}'
        )
    if "more" in paths[0]:
        files["all/k/kustomization.yaml"] = "resources: []\n"
    path = "./" if paths[0].startswith("k/") else "./all"
    files["all/other.yaml" if path == "./all" else "other.yaml"] = cluster("dev")
    files["flux.yaml"] = FLUX % (path, _patches(JSON % (", name: prod", 8)))
    assert locate(files).version.file == file


def test_the_objects_of_older_flux_are_patches() -> None:
    merge = (
        "  patchesStrategicMerge:\n  - apiVersion: cluster.x-k8s.io/v1beta1\n    kind: Cluster\n"
        "    metadata: {name: prod}\n    spec: {topology: {version: v1.33.8}}\n"
    )
    found = locate(_folder() | {"flux.yaml": FLUX % ("./k", merge)})
    assert (found.version.pointer, found.version_text) == (
        "/spec/patchesStrategicMerge/0/spec/topology/version",
        "v1.33.8",
    )
    operations = "  patchesJson6902:\n  - target: {kind: Cluster}\n    patch:\n    - " + VERSION % 9 + "\n"
    found = locate(_folder() | {"flux.yaml": FLUX % ("./k", merge + operations)})
    assert (found.version.pointer, found.version_text) == ("/spec/patchesJson6902/0/patch/0/value", "v1.33.9")


APPLICATION = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n"
SOURCE = "path: k\nkustomize:\n" + _patches(JSON % ("", 8))


@pytest.mark.parametrize(
    "spec",
    [
        "  source:\n" + _indented(SOURCE, 4),
        "  sources:\n  - chart: x\n  -\n" + _indented(SOURCE, 4),
        "  sourceHydrator:\n    drySource:\n" + _indented(SOURCE, 6),
    ],
)
def test_every_source_of_an_application(spec: str) -> None:
    assert locate(_folder() | {"argo.yaml": APPLICATION + spec}).version.file == "argo.yaml"


def test_a_patch_file_of_an_application_is_in_its_folder() -> None:
    source = "path: k\nkustomize:\n  patches: [{path: p.yaml, target: {kind: Cluster}}]\n"
    files = _folder(p="- " + VERSION % 8) | {"argo.yaml": APPLICATION + "  source:\n" + _indented(source, 4)}
    assert locate(files).version.file == "k/p.yaml"


APPLICATION_SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: x}\nspec:\n%s"
DIRECTORIES = "  generators: [{matrix: {generators: [{git: {directories: [%s]}}, {list: {elements: [{a: b}]}}]}}]\n"


def _set(path: str, adds: str, generators: str = "") -> dict[str, str]:
    source = f"path: '{path}'\nkustomize:\n" + adds
    return {"set.yaml": APPLICATION_SET % generators + "  template:\n    spec:\n      source:\n" + _indented(source, 8)}


PATCHES = _patches(JSON % ("", 8))


def test_an_application_set_of_one_folder_is_read_as_an_application() -> None:
    assert locate(_folder() | _set("k", PATCHES)).version.file == "set.yaml"
    assert locate(_folder() | _set("k", PATCHES, DIRECTORIES % "{path: other/*}")).version.file == "set.yaml"
    assert locate(_folder() | _set("other", PATCHES)).version.file == "k/cluster.yaml"


@pytest.mark.parametrize(
    ("path", "adds", "generators"),
    [
        ("{{path}}", PATCHES, ""),
        ("{{.path.path}}", PATCHES, DIRECTORIES % "{path: '*'}"),
        ("{{path}}", PATCHES, DIRECTORIES % "{path: other/*}, {path: k}"),
        ("{{path}}", PATCHES, DIRECTORIES % "{path: '{{a}}'}"),
        ("{{path}}", PATCHES, DIRECTORIES % "{path: '*'}, {path: other, exclude: true}"),
        ("{{path}}", PATCHES, "  generators: [{git: {files: [{path: k/config.json}]}}]\n"),
        ("{{cluster}}", _patches(JSON % (", name: prod", 8)), "  generators: [{list: {elements: [{cluster: k}]}}]\n"),
        ("k", _patches(JSON % (", name: '{{name}}'", 8)), ""),
        ("k", _patches(JSON % (", labelSelector: 'name={{name}}'", 8)), ""),
        ("k", "  namePrefix: '{{name}}-'\n", ""),
        ("{{path}}", "  components: [../comp]\n", ""),
        ("k", _patches("- patch: |\n" + _indented(cluster("'{{name}}'"), 4)), ""),
        ("{{path}}", _patches("- patch: |\n" + _indented(cluster(), 4)), ""),
    ],
)
def test_an_application_set_that_may_change_the_cluster(path: str, adds: str, generators: str) -> None:
    told = refusal(_folder() | _set(path, adds, generators), reason=UnfollowedChange)
    assert told.startswith("set.yaml:")
    assert "Cluster prod goes through a template of what deploys it; what that may change is not followed" in told


def test_a_namespace_that_is_filled_in_may_be_any() -> None:
    files = _folder() | {"flux.yaml": FLUX % ("k", "  targetNamespace: ${cluster}\n")}
    assert locate(files, Query("prod", "fleet")).version.file == "k/cluster.yaml"
    assert locate(_folder() | _set("k", "  namespace: '{{name}}'\n"), Query("prod", "fleet")).namespace == ""
    patched = _folder() | _set("k", "  namespace: '{{name}}'\n" + PATCHES)
    assert locate(patched, Query("prod", "fleet")).version.file == "set.yaml"


@pytest.mark.parametrize("kustomization", ["k/kustomization.yaml", "k/other.txt"])
@pytest.mark.parametrize(
    ("path", "added"),
    [
        ("./${cluster}", _patches(JSON % ("", 8))),
        ("k", _patches(JSON % (", name: '${cluster}'", 8))),
        ("k", _patches("- patch: |\n" + _indented(cluster("${cluster}"), 4))),
    ],
)
def test_flux_may_fill_in_what_another_one_applies(path: str, added: str, kustomization: str) -> None:
    files = {
        "k/cluster.yaml": cluster(),
        kustomization: "resources: [cluster.yaml]\n",
        "flux.yaml": FLUX % (path, added),
    }
    told = refusal(files, reason=UnfollowedChange)
    assert told.startswith("flux.yaml:5:3: Cluster prod goes through a template of what deploys it;")
    (listed,) = Manifests(MemoryTree(files)).clusters()
    assert isinstance(listed.refusal, UnfollowedChange)
    files["flux.yaml"] = FLUX % ("other/${cluster}" if path != "k" else "other", added)
    assert locate(files).version.file == "k/cluster.yaml"
    (listed,) = Manifests(MemoryTree(files)).clusters()
    assert listed.refusal is None


@pytest.mark.parametrize(
    ("path", "adds", "generators"),
    [
        ("other/{{path}}", PATCHES, ""),
        ("{{path}}", PATCHES, DIRECTORIES % "{path: other/*}"),
        ("{{path}}", PATCHES, DIRECTORIES % "{path: '*'}, {path: k, exclude: true}"),
        ("{{path}}", PATCHES, "  generators: [{git: {files: [{path: other/*/config.json}]}}]\n"),
        ("{{path}}", _patches(JSON % (", name: dev", 8)), ""),
        ("{{path}}", _patches("- patch: |\n" + _indented(cluster("dev"), 4)), ""),
        ("{{path}}", "  commonLabels: {a: b}\n", ""),
        ("k", _patches((JSON % (", name: '{{name}}'", 8)).replace("Cluster", "MachineDeployment")), ""),
    ],
)
def test_an_application_set_that_is_for_others(path: str, adds: str, generators: str) -> None:
    found = locate(_folder() | _set(path, adds, generators))
    assert (found.version.file, found.version.shape) == ("k/cluster.yaml", Shape.LITERAL)


@pytest.mark.parametrize(
    ("path", "adds"),
    [
        ("{{x}}a" * 14 + "b", PATCHES),
        ("k", "  namespace: '" + "{{" * 60_000 + "'\n" + _patches(JSON % (", name: dev", 8))),
        ("other", _patches("- patch: " + "a" * 150_000 + "\n")),
        ("other", _patches("- patch: " + "path:" * 150_000 + "x\n")),
    ],
)
def test_no_template_takes_long(path: str, adds: str) -> None:
    files = _folder() | _folder(folder="a" * 60) | _set(path, adds)
    del files["a" * 60 + "/cluster.yaml"]
    began = time.process_time()
    assert locate(files).version.file == "k/cluster.yaml"
    assert time.process_time() - began < 5


def test_a_base_that_is_only_perhaps_deployed_is_no_second_place() -> None:
    top = {"top/kustomization.yaml": "resources: [../k]\npatches:\n" + JSON % ("", 9)}
    other = _set("{{path}}", _patches(JSON % (", name: dev", 8)))
    assert locate(_folder() | top | other).version.file == "top/kustomization.yaml"
    refusal(_folder() | top | _set("k", _patches(JSON % ("", 8))), reason=AmbiguousPlace)


@pytest.mark.parametrize(
    "spec",
    ["spec: x\n", "spec:\n  source: {path: k}\n", "spec:\n  sources: x\n", "kind: AppProject\n"],
)
def test_what_adds_nothing(spec: str) -> None:
    head = APPLICATION.replace("spec:\n", "").replace(
        "kind: Application\n", "" if "kind" in spec else "kind: Application\n"
    )
    files = _folder() | {"argo.yaml": head + spec + "# patches: kustomize:\n"}
    assert locate(files).version.file == "k/cluster.yaml"
