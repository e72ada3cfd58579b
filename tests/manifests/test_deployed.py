"""Flux Kustomizations and Argo CD Applications that layers change before they are deployed, through the front door."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import SharedPlace
from gitops_upgrader.manifests.deployed import Deployed
from gitops_upgrader.manifests.scan import Scan
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, edit, locate, refusal

FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s}\nspec:\n"
PATCHES = """\
  patches:
  - target: {kind: Cluster}
    patch: |
      - {op: replace, path: /spec/topology/version, value: v1.33.9}
"""
FOLDERS = {
    "dev/c.yaml": cluster(),
    "dev/kustomization.yaml": "resources: [c.yaml]\n",
    "prod/c.yaml": cluster("other"),
    "prod/kustomization.yaml": "resources: [c.yaml]\n",
}
BASE = FOLDERS | {
    "flux/base/k.yaml": FLUX % "x" + "  path: ./dev\n" + PATCHES,
    "flux/base/kustomization.yaml": "resources: [k.yaml]\n",
}


def _over(patch: str, kustomization: str = "patches: [{path: p.yaml}]\n") -> dict[str, Any]:
    return {"flux/top/kustomization.yaml": f"resources: [../base]\n{kustomization}", "flux/top/p.yaml": patch}


@pytest.mark.parametrize(
    ("over", "file"),
    [
        ({}, "flux/base/k.yaml"),
        (_over(FLUX % "x" + "  path: ./prod\n"), "dev/c.yaml"),
        (_over(FLUX % "x" + "  patches: []\n"), "dev/c.yaml"),
        (_over(FLUX % "x" + "  patches: null\n"), "dev/c.yaml"),
        (_over(FLUX % "x" + "  prune: true\n"), "flux/base/k.yaml"),
        (_over(FLUX % "x" + PATCHES), "flux/top/p.yaml"),
        (_over(FLUX.replace("spec:", "$patch: delete") % "x"), "dev/c.yaml"),
        (
            _over(
                "- {op: replace, path: /spec/path, value: ./prod}\n",
                "patches: [{path: p.yaml, target: {kind: Kustomization}}]\n",
            ),
            "dev/c.yaml",
        ),
        (
            _over(
                "- {op: replace, path: /spec, value: {path: ./prod}}\n",
                "patches: [{path: p.yaml, target: {name: x}}]\n",
            ),
            "dev/c.yaml",
        ),
        (
            _over(
                "- {op: add, path: /metadata/labels, value: {path: ./prod}}\n",
                "patches: [{path: p.yaml, target: {name: x}}]\n",
            ),
            "flux/base/k.yaml",
        ),
        (
            _over(
                "- {op: replace, path: /spec/path, value: x}\n",
                "patches: [{path: p.yaml, target: {kind: Secret}}]\n",
            ),
            "flux/base/k.yaml",
        ),
        (
            _over(FLUX % "x" + "  path: ./prod\n", "patches: [{path: p.yaml, target: {kind: Secret}}]\n"),
            "flux/base/k.yaml",
        ),
        # A build that fails deploys nothing.
        (_over(FLUX % "y" + "  path: ./prod\n"), "flux/base/k.yaml"),
    ],
)  # fmt: skip
def test_what_a_layer_makes_of_flux(over: dict[str, Any], file: str) -> None:
    assert locate(BASE | over).version.file == file
    assert edit(BASE | over).files.keys() == {file}


def test_layers_may_deploy_one_object_to_several_folders() -> None:
    files = BASE | {
        "flux/a/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
        "flux/a/p.yaml": FLUX % "x" + "  path: ./dev\n",
        "flux/b/kustomization.yaml": "resources: [../base]\nnameSuffix: -b\npatches: [{path: p.yaml}]\n",
        "flux/b/p.yaml": FLUX % "x" + "  path: ./prod\n  targetNamespace: fleet\n",
    }
    message = refusal(files, reason=SharedPlace)
    assert message.startswith("flux/base/k.yaml:9:60: /spec/patches/0/patch|/0/value: An edit here would also change")
    assert "Cluster fleet/other" in message


def test_patches_in_the_kustomization_itself() -> None:
    patch = "\n".join(f"    {line}" for line in (FLUX % "x" + PATCHES).splitlines())
    files = FOLDERS | {
        "flux/k.yaml": FLUX % "x" + "  path: ./dev\n",
        "flux/kustomization.yaml": f"resources: [k.yaml]\npatches:\n- patch: |\n{patch}\n",
    }
    located = locate(files)
    assert located.version.pointer == "/patches/0/patch|/spec/patches/0/patch|/0/value"
    assert edit(files).files.keys() == {"flux/kustomization.yaml"}


def test_applications_too() -> None:
    argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  source:\n    path: %s\n"
    patches = PATCHES.replace("\n  ", "\n      ").replace("  patches", "    kustomize:\n      patches", 1)
    files = FOLDERS | {
        "apps/a.yaml": argo % "dev" + patches,
        "apps/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "apps/p.yaml": argo % "prod",
    }
    assert locate(files | {"apps/kustomization.yaml": "resources: [a.yaml]\n"}).version.file == "apps/a.yaml"
    assert locate(files).version.file == "dev/c.yaml"


def test_two_ways_to_one_layer() -> None:
    files = BASE | _over(FLUX % "x" + "  path: ./prod\n") | {
        "flux/left/kustomization.yaml": "resources: [../base]\n",
        "flux/right/kustomization.yaml": "resources: [../base]\nnameSuffix: -r\n",
    }  # fmt: skip
    files["flux/top/kustomization.yaml"] = "resources: [../left, ../right]\npatches: [{path: p.yaml}]\n"
    assert locate(files | {"flux/top/p.yaml": FLUX % "x-r" + "  path: ./none\n"}).version.file == "flux/base/k.yaml"


def test_few_files_are_parsed_for_it() -> None:
    files = BASE | _over(FLUX % "x" + "  prune: true\n") | {"other/kustomization.yaml": "resources: [a.yaml]\n"}
    tree = MemoryTree(files | {"x.yaml": FLUX % "x" + "  path: [\n" + PATCHES, "y.yaml": "a: b\n"})
    found = [key for key, _ in Deployed(Scan(tree)).objects()]
    assert found == ["flux/base/k.yaml"]
    assert tree.reads.count("y.yaml") == 1


def test_of_many_files_the_layers_are_read_at_once() -> None:
    many = {f"flux/base/{index}.yaml": FLUX % f"m{index}" + "  path: ./none\n" for index in range(301)}
    over = _over(FLUX % "x" + "  path: ./prod\n")
    over["flux/base/kustomization.yaml"] = f"resources: [k.yaml, {', '.join(f'{index}.yaml' for index in range(301))}]"
    assert locate(BASE | over | many).version.file == "dev/c.yaml"


@pytest.mark.parametrize("target", ["{kind: Kustomization}", "{kind: Kustom.*}", "{name: x}", "\n    group: k.*"])
@pytest.mark.parametrize("inline", [True, False])
def test_operations_that_add_patches_to_what_has_none(target: str, inline: bool) -> None:
    operation = (
        "- op: add\n  path: /spec/patches\n  value:\n  - target: {kind: Cluster}\n    patch: |\n"
        "      - {op: replace, path: /spec/topology/version, value: v1.33.9}\n"
    )
    inner = "".join(f"    {line}\n" for line in operation.splitlines())
    target = target.replace("k.*", "kustomize.toolkit.fluxcd.io")
    patch = f"patch: |\n{inner}" if inline else "path: p.yaml\n"
    files = FOLDERS | {
        "flux/k.yaml": FLUX % "x" + "  path: ./dev\n",
        "flux/kustomization.yaml": f"resources: [k.yaml]\npatches:\n- target: {target}\n  {patch}",
        "flux/p.yaml": operation,
    }
    assert locate(files).version.file == ("flux/kustomization.yaml" if inline else "flux/p.yaml")


@pytest.mark.parametrize("between", [{}, {"flux/mid/kustomization.yaml": "kind: Component\ncomponents: [../part]\n"}])
def test_components_too(between: dict[str, Any]) -> None:
    patch = "patches: [{path: p.yaml, target: {kind: Kustomization}}]\n"
    files = BASE | between | {
        "flux/top/kustomization.yaml": f"resources: [../base]\ncomponents: [../{'mid' if between else 'part'}]\n",
        "flux/part/kustomization.yaml": f"kind: Component\n{patch}",
        "flux/part/p.yaml": "- {op: replace, path: /spec/path, value: ./prod}\n",
    }  # fmt: skip
    assert locate(files).version.file == "dev/c.yaml"
    assert locate(files | {"flux/part/p.yaml": "[]"}).version.file == "flux/base/k.yaml"


def test_layers_that_name_each_other_deploy_nothing() -> None:
    patch = "patches: [{path: p.yaml, target: {kind: Kustomization}}]\n"
    files = BASE | {
        "flux/base/kustomization.yaml": "resources: [k.yaml, ../top]\n",
        "flux/top/kustomization.yaml": f"resources: [../base]\n{patch}",
        "flux/top/p.yaml": "- {op: replace, path: /spec/path, value: ./prod}\n",
    }
    assert [key for key, _ in Deployed(Scan(MemoryTree(files))).objects()] == ["flux/base/k.yaml"]


def test_a_layer_that_cannot_be_read_changes_nothing_elsewhere() -> None:
    broken = {"flux/broken/kustomization.yaml": "resources: [k.yaml]\npatches: [{path: none.yaml}]\n"}
    broken |= {"flux/broken/k.yaml": FLUX % "y" + "  path: ./prod\n" + PATCHES}
    assert [key for key, _ in Deployed(Scan(MemoryTree(broken))).objects()] == ["flux/broken/k.yaml"]
    broken = _over(
        "- {op: replace, path: /spec/path/none, value: x}\n", "patches: [{path: p.yaml, target: {name: x}}]\n"
    )
    assert not list(Deployed(Scan(MemoryTree(BASE | broken))).objects())
