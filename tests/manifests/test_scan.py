from __future__ import annotations

import pytest

from gitops_upgrader.errors import NotUtf8
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.scan import Known, Scan, Trait
from gitops_upgrader.model import Blob, BlobKind
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster


def test_only_files_that_may_matter_are_read_and_each_once() -> None:
    tree = MemoryTree(
        {"a.yaml": cluster(), "b.md": "cluster.x-k8s.io/", "c.json": "{}", "d/Kustomization": "resources: []"}
    )
    scan = Scan(tree)
    assert tree.reads == ["a.yaml", "c.json", "d/Kustomization"]
    assert list(scan.having(Trait.CLUSTER)) == ["a.yaml"]
    assert list(scan.having(Trait.KUSTOMIZATION)) == ["d/Kustomization"]
    assert scan.has("a.yaml", Trait.CLUSTER)
    assert not scan.has("b.md", Trait.CLUSTER)
    assert scan.data("a.yaml") == cluster().encode()
    assert tree.reads == ["a.yaml", "c.json", "d/Kustomization"]
    assert scan.data("b.md") == b"cluster.x-k8s.io/"


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("apiVersion: infrastructure.cluster.x-k8s.io/v1\nkind: DockerCluster\n", None),
        ("apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineDeployment\n", None),
        ("cluster.x-k8s.io/v1 MyClusterList XCluster Clusters", None),
        ("cluster.x-k8s.io/v1 XCluster Cluster", Trait.CLUSTER),
        ('{"apiVersion":"cluster.x-k8s.io/v1beta1","kind":"Cluster"}', Trait.CLUSTER),
        ("apiVersion: cluster.x-k8s.io/v1beta2\nkind: ClusterList\n", Trait.CLUSTER),
        ('a: 1 # {"$gitops-upgrader": "a/b:version"}\n', Trait.MARKER),
        ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {path: x}\n", None),
        ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {patches: []}\n", Trait.DEPLOYMENT),
        ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: x}\n", Trait.DEPLOYER),
        ("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n", Trait.DEPLOYER),
        ("metadata: {annotations: {argocd.argoproj.io/sync-wave: Application}}\n", None),
        ("apiVersion: argoproj.io/v1alpha1\nspec: {source: {kustomize: {namePrefix: x}}}\n", Trait.DEPLOYMENT),
    ],
)
def test_traits_are_told_from_bytes(text: str, trait: Trait | None) -> None:
    scan = Scan(MemoryTree({"a.yaml": text}))
    assert [each for each in Trait if scan.has("a.yaml", each)] == [trait] * (trait is not None)


def test_names_are_found_by_their_key_first_and_as_words_else() -> None:
    files = {
        "a.yaml": cluster("prod"),
        "b.yaml": cluster("prod-2"),
        "c.yaml": cluster('"dev"'),
        "d.yaml": cluster(">-\n    odd"),
    }
    scan = Scan(MemoryTree(files))
    for _ in range(2):  # searched at first, looked up in an index then
        _names(scan)


def _names(scan: Scan) -> None:
    assert scan.naming("prod") == ["a.yaml"]
    assert scan.naming("dev") == ["c.yaml"]
    assert scan.naming("odd") == ["d.yaml"]
    assert scan.naming("none") == []


@pytest.mark.parametrize(
    "written",
    [
        "name: &name prod\n  labels: {x: *name}",
        "labels: {x: &name prod}\n  name: *name",
        "name: !!str prod",
        "name: >-\n    prod",
        "name: |-\n    prod",
        "name:\n    prod",
        "name:   # of the cluster\n    prod",
        "name:\r\n    prod",
        'name: "pr\\x6fd"',
        'name: "\\u0070rod"',
        'name: "pr\\\n    od"',
        'labels: {x: &name "pr\\x6fd"}\n  name: *name',
        "? name\n  : prod",
    ],
)
def test_names_that_are_written_in_another_way_are_found_beside_plain_ones(written: str) -> None:
    files = {"a.yaml": cluster("prod"), "b.yaml": cluster().replace("name: prod", written), "c.yaml": cluster("dev")}
    files |= {"d.yaml": files["b.yaml"].replace("prod", "production").replace("pr\\", "x").replace("\\u0070", "x")}
    (document,) = Scan(MemoryTree(files)).documents("b.yaml")
    assert pointer.peek(document.root, "metadata", "name") == "prod"
    scan = Scan(MemoryTree(files))
    for _ in range(5):  # searched at first, looked up in an index then
        assert scan.naming("prod") == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_files_in_utf_16_are_seen_and_cannot_be_read(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    scan = Scan(MemoryTree({"a.yaml": f"{mark}{cluster()}".encode(encoding)}))
    for _ in range(5):
        assert scan.naming("prod") == ["a.yaml"]
    with pytest.raises(NotUtf8, match="The file is UTF-16"):
        scan.documents("a.yaml")


def test_links_and_submodules_are_set_apart() -> None:
    class Tree(MemoryTree):
        def blobs(self) -> list[Blob]:
            return [*super().blobs(), Blob("module", "0" * 40, BlobKind.SUBMODULE)]

    scan = Scan(Tree({"a.yaml": cluster()}, {"b.yaml": "a.yaml"}))
    assert [link.path for link in scan.links] == ["b.yaml", "module"]
    assert list(scan.blobs) == ["a.yaml"]


def test_documents_stay_the_same_as_long_as_one_is_held() -> None:
    scan = Scan(MemoryTree({f"{index}.yaml": cluster() for index in range(10)}))
    first = scan.documents("0.yaml")[0]
    for index in range(10):
        scan.documents(f"{index}.yaml")
    assert scan.documents("0.yaml")[0] is first


def test_paths_limit_what_is_read() -> None:
    tree = MemoryTree({"a/x.yaml": cluster(), "b/x.yaml": cluster()})
    Scan(tree, ["b"])
    assert tree.reads == ["b/x.yaml"]


def test_blobs_that_do_not_matter_are_read_once_for_all_commits() -> None:
    known: Known = {}
    files = {"a.yaml": cluster(), "b.yaml": "b: 1\n", "k/kustomization.yaml": "resources: []\n"}
    Scan(MemoryTree(files), known=known)
    tree = MemoryTree(files | {"c.yaml": "c: 1\n", "d.yaml": cluster()})
    scan = Scan(tree, known=known)
    assert tree.reads == ["c.yaml"]
    assert list(scan.having(Trait.KUSTOMIZATION)) == ["k/kustomization.yaml"]
    assert scan.naming("prod") == ["a.yaml", "d.yaml"]
    assert scan.documents("a.yaml")[0].root is not None
    assert tree.reads == ["c.yaml", "a.yaml", "d.yaml"]
