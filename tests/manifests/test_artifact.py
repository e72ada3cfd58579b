"""Deployments of other repositories, of other branches and of packages, beside those of this repository."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from gitops_upgrader.errors import ClusterNotFound, ManifestError, UnfollowedChange
from gitops_upgrader.manifests import Manifests, Origin, Query
from gitops_upgrader.manifests.query import TargetWant
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster

OWN = Origin("git@github.com:me/fleet.git", "main")
OURS, THEIRS = "https://github.com/me/fleet", "https://github.com/me/apps"
CLUSTER = "clusters/prod.yaml"
OBJECT = "apiVersion: %s\nkind: %s\nmetadata: {name: %s}\nspec:\n"
VERSION = "{op: replace, path: /spec/topology/version, value: v1.33.2}"


def _patches(operation: str = VERSION) -> str:
    return f"  patches:\n  - target: {{kind: Cluster}}\n    patch: |\n      - {operation}\n"


def _flux(reference: str, adds: str = _patches()) -> str:
    head = OBJECT % ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "tenants")
    return f"{head}  path: ./\n  sourceRef: {{{reference}}}\n{adds}"


def _git(url: str, ref: str = "{branch: main}", name: str = "src", namespace: str = "") -> str:
    head = OBJECT % (
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        f"{name}{namespace and f', namespace: {namespace}'}",
    )
    return f"{head}  url: {url}\n  ref: {ref}\n"


def _argo(source: str, kind: str = "Application") -> str:
    lines = [f"path: clusters\n{source}kustomize:\n", *(f"{line}\n" for line in _patches().splitlines())]
    indent = "    " if kind == "Application" else "        "
    text = "".join(f"{indent}{line}" for part in lines for line in part.splitlines(keepends=True))
    head = OBJECT % ("argoproj.io/v1alpha1", kind, "tenants")
    return (
        f"{head}  source:\n{text}" if kind == "Application" else f"{head}  template:\n    spec:\n      source:\n{text}"
    )


def _told(files: dict[str, Any], origin: Origin = OWN, query: Query | None = None) -> str:
    """The file of the version, or the message of the refusal."""
    tree = MemoryTree({CLUSTER: cluster()} | files)
    try:
        return Manifests(tree, origin=origin).locate(query or Query("prod")).version.file
    except UnfollowedChange as error:
        return str(error)


@pytest.mark.parametrize(
    ("url", "ref", "expected"),
    [
        (OURS, "{branch: main}", "flux.yaml"),
        ("ssh://git@github.com/me/fleet.git", "{name: refs/heads/main}", "flux.yaml"),
        (OURS, "{}", "flux.yaml"),
        (OURS, "{branch: '${BRANCH}'}", "flux.yaml"),
        ("https://${HOST}/me/apps", "{branch: main}", "flux.yaml"),
        (THEIRS, "{branch: main}", CLUSTER),
        (THEIRS, "{tag: v1.0.0}", CLUSTER),
        ("https://github.com/you/fleet", "{branch: main}", "patches for github.com/you/fleet, which may be this repos"),
        (OURS, "{branch: next}", "goes through patches for next, which is not the base branch"),
        (
            OURS,
            "{branch: main, tag: v1.0.0}",
            "goes through patches for refs/tags/v1.0.0, which is not the base branch",
        ),
        (OURS, "{tag: main}", "patches for refs/tags/main,"),
        (OURS, "{branch: main, semver: '>=1.0.0', tag: main}", "patches for >=1.0.0,"),
        (OURS, "{branch: main, commit: 0123abcd}", "patches for 0123abcd,"),
    ],
)
def test_the_repository_of_a_flux_kustomization(url: str, ref: str, expected: str) -> None:
    files = {"flux.yaml": _flux("kind: GitRepository, name: src"), "src.yaml": _git(url, ref)}
    assert expected in _told(files)


@pytest.mark.parametrize("name", ["prod", "dev"])
@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("./clusters", True),
        ("fleet/../clusters/", True),
        ("clu${rest}", True),
        ("./", False),
        ("./cluster", False),
        ("clusters/prod", False),
        ("'${path}'", False),
    ],
)
def test_a_folder_that_is_here_may_be_that_of_a_repository_with_another_name(path: str, here: bool, name: str) -> None:
    adds = _patches().replace("Cluster", f"Cluster, name: {name}")
    flux = _flux("kind: GitRepository, name: src", adds).replace("./", path)
    told = _told({"flux.yaml": flux, "src.yaml": _git(THEIRS), "clusters/eu/dev.yaml": cluster("dev")})
    expected = "patches for github.com/me/apps, which may be this repository or not"
    assert expected in told if here and name == "prod" else told == CLUSTER


@pytest.mark.parametrize(
    "reference",
    ["kind: GitRepository, name: other", "kind: GitRepository", "name: other", "", "kind: '${KIND}', name: src"],
)
def test_a_repository_that_is_not_among_the_manifests_is_this_one(reference: str) -> None:
    assert _told({"flux.yaml": _flux(reference), "src.yaml": _git(THEIRS)}) in {"flux.yaml"} | (
        {CLUSTER} if "src" in reference else set()
    )


def test_where_its_own_is_among_them_one_that_is_not_may_be_another() -> None:
    files = {"flux.yaml": _flux("kind: GitRepository, name: other"), "src.yaml": _git(OURS)}
    assert "patches for GitRepository other, which may be this repository or not" in _told(files)
    assert _told(files | {"flux.yaml": _flux("kind: GitRepository, name: '${SOURCE}'")}) == "flux.yaml"
    assert _told(files | {"src.yaml": _git(OURS, "{branch: next}")}) == "flux.yaml"


def test_who_does_not_know_what_it_is_takes_all_for_its_own() -> None:
    files = {"flux.yaml": _flux("kind: GitRepository, name: src"), "src.yaml": _git(THEIRS, "{tag: v1.0.0}")}
    assert _told(files, Origin()) == _told(files, Origin("/srv/fleet.git", "main")) == "flux.yaml"


def test_the_nearest_of_several_with_one_name_is_meant() -> None:
    files = {
        "env/prod/flux.yaml": _flux("kind: GitRepository, name: src"),
        "env/prod/sync.yaml": _git(THEIRS),
        "env/dev/flux-system/sync.yaml": _git(OURS),
    }
    assert _told(files) == CLUSTER
    files["env/prod/sync.yaml"] = _git(OURS)
    assert _told(files) == "env/prod/flux.yaml"
    # Two that are as near: it may be this one.
    assert _told(files | {"env/prod/other.yaml": _git(THEIRS)}) == "env/prod/flux.yaml"


@pytest.mark.parametrize("folder", ["env/dev", "sources", "env/prod/flux-system"])
def test_one_that_is_in_no_folder_above_may_be_that_of_another_cluster(folder: str) -> None:
    files = {"env/prod/flux.yaml": _flux("kind: GitRepository, name: src"), f"{folder}/sync.yaml": _git(THEIRS)}
    assert "patches for github.com/me/apps, which may be this repository or not" in _told(files)
    assert _told(files | {f"{folder}/sync.yaml": _git(OURS)}) == "env/prod/flux.yaml"


def test_a_reference_may_name_a_namespace() -> None:
    files = {
        "flux.yaml": _flux("kind: GitRepository, name: src, namespace: a"),
        "src.yaml": _git(THEIRS, namespace="a") + "---\n" + _git(OURS, namespace="b"),
    }
    assert _told(files) == CLUSTER
    files["flux.yaml"] = _flux("kind: GitRepository, name: src, namespace: b")
    assert _told(files) == "flux.yaml"
    files["flux.yaml"] = files["flux.yaml"].replace(", namespace: b", "").replace("tenants}", "tenants, namespace: a}")
    assert _told(files) == CLUSTER


def test_a_repository_is_read_as_kustomizations_deploy_it() -> None:
    files = {
        "flux.yaml": _flux("kind: GitRepository, name: src").replace("./", "./clusters"),
        "base/src.yaml": _git(THEIRS),
        "base/kustomization.yaml": "resources: [src.yaml]\n",
    }
    assert "patches for github.com/me/apps" in _told(files)
    patch = f"- target: {{kind: GitRepository}}\n  patch: '[{{op: replace, path: /spec/url, value: \"{OURS}\"}}]'\n"
    files["top/kustomization.yaml"] = f"resources: [../base]\npatches:\n{patch}"
    assert _told(files) == "flux.yaml"
    # What cannot be built deploys nothing, so that nobody knows the repository.
    files["top/kustomization.yaml"] = "resources: [../base]\npatches: [{path: none.yaml}]\n"
    assert _told(files) == "flux.yaml"
    # A kustomization that names itself: what is written is all there is.
    files["top/kustomization.yaml"] = "resources: [../top, ../base]\n"
    files["base/kustomization.yaml"] = "resources: [src.yaml, ../top]\n"
    assert "patches for github.com/me/apps" in _told(files)


def test_thousands_of_repositories() -> None:
    files = {f"t/{index}.yaml": _git(THEIRS, name=f"t{index}") for index in range(301)}
    flux = {f"t/flux{name}.yaml": _flux(f"kind: GitRepository, name: t{name}") for name in (7, 70)}
    assert _told(files | flux) == CLUSTER


def test_a_patch_may_lead_a_kustomization_to_another_repository() -> None:
    patch = "- target: {kind: Kustomization}\n  patch: '[{op: replace, path: /spec/sourceRef/name, value: other}]'\n"
    files = {
        "flux/k.yaml": _flux("kind: GitRepository, name: src"),
        "flux/kustomization.yaml": f"resources: [k.yaml]\npatches:\n{patch}",
        "src.yaml": _git(OURS) + "---\n" + _git(THEIRS, name="other"),
    }
    assert _told(files) == CLUSTER


@pytest.mark.parametrize("kind", ["OCIRepository", "Bucket", "ExternalArtifact"])
def test_packages(kind: str) -> None:
    told = _told({"flux.yaml": _flux(f"kind: {kind}, name: fleet")})
    assert told.startswith("flux.yaml:5:3: Cluster prod goes through patches for")
    assert f"{kind} fleet, which may be a package of this repository or not; what that may change is not foll" in told


@pytest.mark.parametrize(
    "adds",
    [
        "  targetNamespace: other\n",
        "  namePrefix: x-\n",
        "  components: [../c]\n",
        _patches("{op: add, path: /metadata/labels, value: {a: b}}"),
        _patches("{op: test, path: /spec/topology/version, value: v1.33.2}"),
        _patches().replace("Cluster", "HelmRelease"),
        "  patches:\n  - patch: |\n" + cluster("dev").replace("\n", "\n      ").join(("      ", "\n")),
        "  patches:\n  - target: {name: prod}\n    patch: '{kind: x, spec: {paused: true}}'\n",
    ],
)
def test_what_a_package_may_add_to_others(adds: str) -> None:
    assert (
        _told({"flux.yaml": _flux("kind: OCIRepository, name: charts", adds)}, query=Query("prod", "fleet")) == CLUSTER
    )


@pytest.mark.parametrize(
    "adds",
    [
        _patches("{op: replace, path: /spec, value: {}}"),
        _patches("{op: replace, path: '', value: {}}"),
        _patches("{op: remove, path: /spec/topology/variables/0}"),
        "  patches:\n  - target: {name: prod}\n    patch: '{kind: x, spec: {topology: {version: v1.33.2}}}'\n",
        "  patches:\n  - target: {name: prod}\n    patch: '{kind: x, $patch: delete}'\n",
    ],
)
def test_what_a_package_may_change(adds: str) -> None:
    assert "patches for OCIRepository fleet" in _told({"flux.yaml": _flux("kind: OCIRepository, name: fleet", adds)})


@pytest.mark.parametrize(
    ("adds", "line"),
    [
        (_patches(), 10),
        ("  patches:\n  - target: {name: prod}\n    patch: |\n      spec: {topology: {version: v1.33.2}}\n", 10),
    ],
)
def test_both_that_may_count_can_be_pasted(adds: str, line: int) -> None:
    files = {"flux.yaml": _flux("kind: OCIRepository, name: fleet", adds)}
    told = _told(files)
    assert f"the value that counts: that of the patch (flux.yaml:{line}) or the Cluster's own, with targets: [" in told
    pasted = [yaml.safe_load(text)["targets"][0] for text in re.findall(r"targets: \[.*?\](?=[.;])", told)]
    assert [one["path"] for one in pasted] == ["flux.yaml", CLUSTER]
    for one in pasted:
        query = Query("prod", targets=(TargetWant(one["path"], one["pointer"]),))
        (slot,) = Manifests(MemoryTree({CLUSTER: cluster()} | files), origin=OWN).locate(query).slots
        assert (slot.place.file, slot.place.text) == (one["path"], "v1.33.2" if one is pasted[0] else "v1.33.5")


def test_a_patch_without_a_version_has_nothing_to_paste() -> None:
    flux = _flux("kind: OCIRepository, name: fleet", _patches("{op: remove, path: /spec/topology}"))
    files = {"a.yaml": flux.replace("./", "./clusters"), "clusters/kustomization.yaml": "resources: [prod.yaml]\n"}
    files[CLUSTER] = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {name: prod}\nspec: {}\n"
    assert _told(files).endswith("that of the patch (a.yaml:10) or the Cluster's own.")


def test_a_prefix_of_a_package_makes_no_cluster() -> None:
    files = {"flux.yaml": _flux("kind: OCIRepository, name: charts", "  namePrefix: x-\n")}
    with pytest.raises(ClusterNotFound):
        _told(files, query=Query("x-prod"))


@pytest.mark.parametrize("kind", ["Application", "ApplicationSet"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "argo.yaml"),
        (f"repoURL: {OURS}.git\ntargetRevision: HEAD\n", "argo.yaml"),
        (f"repoURL: {OURS}\ntargetRevision: main\n", "argo.yaml"),
        (f"repoURL: {OURS}\ntargetRevision: refs/heads/main\n", "argo.yaml"),
        ("repoURL: '{{ .repo }}'\ntargetRevision: '{{ .branch }}'\n", "argo.yaml"),
        (f"repoURL: {THEIRS}\ntargetRevision: main\n", "patches for github.com/me/apps, which may be this repos"),
        (f"repoURL: {THEIRS}\n", "patches for github.com/me/apps, which may be this repos"),
        (f"repoURL: {OURS}\ntargetRevision: staging\n", "patches for staging, which is not the base branch"),
        (f"repoURL: {OURS}\ntargetRevision: v1.0.0\n", "patches for v1.0.0, which is not the base branch"),
        ("repoURL: oci://ghcr.io/me/fleet\n", "patches for ghcr.io/me/fleet, which may be a package of this repos"),
    ],
)
def test_the_repository_of_an_application(kind: str, source: str, expected: str) -> None:
    assert expected in _told({"argo.yaml": _argo(source, kind)})


def test_each_source_of_an_application_has_a_repository_of_its_own() -> None:
    patch = "apiVersion: x, kind: Cluster, metadata: {name: prod}, spec: {topology: {version: v1.33.2}}"
    kustomize = f"kustomize: {{patches: [{{patch: {{{patch}}}, target: {{kind: Cluster}}}}]}}"
    sources = f"[{{repoURL: '{THEIRS}', path: ., {kustomize}}}, {{repoURL: '{OURS}', path: clusters, {kustomize}}}]"
    head = OBJECT % ("argoproj.io/v1alpha1", "Application", "a")
    tree = MemoryTree({CLUSTER: cluster(), "a.yaml": f"{head}  sources: {sources}\n"})
    assert Manifests(tree, origin=OWN).locate(Query("prod")).version.pointer.startswith("/spec/sources/1/")


def test_a_template_patch_for_what_may_be_another_repository_is_for_that_one() -> None:
    more = "  templatePatch: |\n    spec:\n      source:\n        kustomize:\n          patches: {{ .patches }}\n"
    theirs = _argo(f"repoURL: {OURS}\ntargetRevision: staging\n", "ApplicationSet").partition("        kustomize")[0]
    assert _told({"argo.yaml": theirs + more}) == CLUSTER
    assert "a template of what deploys it" in _told({"argo.yaml": theirs.replace("staging", "main") + more})


def test_the_inventory_knows_it_too() -> None:
    files = {CLUSTER: cluster(), "flux.yaml": _flux("kind: GitRepository, name: src"), "src.yaml": _git(THEIRS)}
    (found,) = Manifests(MemoryTree(files), origin=OWN).clusters()
    assert (found.version, found.refusal) == ("v1.33.5", None)
    files["src.yaml"] = _git(OURS, "{branch: next}")
    (found,) = Manifests(MemoryTree(files), origin=OWN).clusters()
    assert isinstance(found.refusal, ManifestError)
