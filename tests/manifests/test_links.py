"""Symbolic links on the way to what kustomizations name."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import UnfollowedChange
from gitops_upgrader.manifests import Query
from gitops_upgrader.manifests.links import Links, resolve, upward
from tests.manifests.samples import cluster, locate, refusal

LINKS = Links.read(
    {
        "o/b": "../base",
        "o/file.yaml": "b/cluster.yaml",
        "root": ".",
        "out": "../elsewhere",
        "abs": "/etc",
        "x": "y",
        "y": "x",
    }
)


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("base", "base"),
        ("o/b", "base"),
        ("o/b/sub", "base/sub"),
        ("o/file.yaml", "base/cluster.yaml"),
        ("o/bee", "o/bee"),
        ("root", ""),
        ("root/o/b", "base"),
        ("out/a", "../elsewhere/a"),
        ("abs", "abs"),
        ("x/a", "x/a"),
        ("", ""),
    ],
)
def test_a_path_without_links(path: str, real: str) -> None:
    assert LINKS.real(path) == real


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("base/cluster.yaml", ["base/cluster.yaml", "o/file.yaml", "o/b/cluster.yaml", "root/base/cluster.yaml"]),
        ("base", ["base", "o/b", "root/base"]),
        ("", ["", "root"]),
    ],
)
def test_what_a_path_is_called(path: str, names: list[str]) -> None:
    assert LINKS.names(path) == names


def test_paths_from_the_root() -> None:
    assert (resolve("a/b", "../c"), resolve("a", ".."), resolve("", "./a/")) == ("a/c", "", "a")
    assert upward("a/b/c") == ["a/b/c", "a/b", "a"]


PATCH = "- op: replace\n  path: /spec/topology/version\n  value: v1.33.9\n"
BASE = {"base/cluster.yaml": cluster(), "base/kustomization.yaml": "resources: [cluster.yaml]\n", "top/p.yaml": PATCH}
TOP = "resources: [%s]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n"


@pytest.mark.parametrize(
    ("resource", "links"),
    [
        ("b", {"top/b": "../base"}),
        ("../link", {"link": "base"}),
        ("c.yaml", {"top/c.yaml": "../base/cluster.yaml"}),
        ("l/base", {"top/l": ".."}),
    ],
)
def test_an_overlay_may_name_its_base_through_a_link(resource: str, links: dict[str, str]) -> None:
    files = {**BASE, "top/kustomization.yaml": TOP % resource}
    files |= {"base/kustomization.yaml": ""} if resource == "c.yaml" else {}
    assert locate(files, links=links).version.file == "top/p.yaml"


def test_flux_may_name_a_folder_through_a_link() -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  path: ./link\n"
        "  targetNamespace: fleet\n  patches:\n  - target: {kind: Cluster}\n    patch: |\n"
        "      - {op: replace, path: /spec/topology/version, value: v1.33.9}\n"
    )
    found = locate({**BASE, "flux.yaml": flux}, links={"link": "base"})
    assert (found.namespace, found.version.file) == ("fleet", "flux.yaml")


def test_a_link_that_leads_out_of_the_repository_leads_to_nothing() -> None:
    files = {"top/kustomization.yaml": "resources: [b]\npatches: [{path: p.yaml}]\n", "top/p.yaml": cluster()}
    assert locate(files, links={"top/b": "/srv/base"}).version.file == "top/p.yaml"
    files["top/p.yaml"] = cluster().replace("version: v1.33.5", "paused: true")
    assert "(b)" in refusal(files, Query("prod"), reason=UnfollowedChange, links={"top/b": "/srv/base"})
