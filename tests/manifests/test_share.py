from __future__ import annotations

import pytest

from gitops_upgrader.errors import TypeChange, VersionsDisagree
from gitops_upgrader.manifests import Query, Scope, ScopeKind, TargetWant, Values, VariableWant
from tests.manifests.samples import cluster, edit, locate, refusal

IMAGE = VariableWant("imageId")
NEW = Values("v1.34.2", "img-34", "c-34", ("img-34", "img-34"), ("v1.34.2", "img-34"))
PACKAGES = TargetWant("packages.yaml", "/kubeadm", template="$(VERSION_NO_V)")
IMAGES = TargetWant("packages.yaml", "/image", template="$(IMAGE_ID)")


def variables(value: str = "img-33", version: str = "v1.33.5") -> str:
    return cluster(version=version, more=f"    variables: [{{name: imageId, value: {value}}}]\n")


def setter(role: str) -> str:
    return f'# {{"$gitops-upgrader": "fleet/prod:{role}"}}'


def written(cluster: str, packages: str, query: Query) -> list[str]:
    """The new values that go into the Cluster."""
    made = edit({"a.yaml": cluster, "packages.yaml": packages}, query, NEW)
    return [change.new for change in made.edits if change.file == "a.yaml"]


@pytest.mark.parametrize(
    ("packages", "query"),
    [
        (f"kubeadm: 1.33.5 {setter('versionNoV')}\n", Query("prod", owner="fleet/prod", variables=(IMAGE,))),
        (f"image: img-33 {setter('image')}\n", Query("prod", owner="fleet/prod", variables=(IMAGE,))),
        ("kubeadm: 1.33.5\n", Query("prod", variables=(IMAGE,), targets=(PACKAGES,))),
        ("image: img-33\n", Query("prod", variables=(IMAGE,), targets=(IMAGES,))),
    ],
)
def test_version_and_image_of_a_cluster_change_together(packages: str, query: Query) -> None:
    assert written(variables(), packages, query) == ["v1.34.2", "img-34"]


def test_the_class_changes_with_the_version() -> None:
    query = Query("prod", owner="fleet/prod", topology_class=True)
    assert written(cluster(), f"c: c-33 {setter('class')}\n", query) == ["c-34", "v1.34.2"]


@pytest.mark.parametrize(
    ("cluster", "new"),
    [
        (variables(version="${KUBERNETES_VERSION}"), ["img-34"]),
        (variables(version="'{{ .version }}'"), ["img-34"]),
        (variables(version="KUBERNETES_VERSION"), ["img-34"]),
        (variables(version="''"), ["img-34"]),
        (variables(version="#@ version"), ["img-34"]),
        (variables().replace("    version: v1.33.5\n", ""), ["img-34"]),
    ],
)
def test_a_version_that_is_filled_in_is_left_to_what_fills_it(cluster: str, new: list[str]) -> None:
    assert written(cluster, "kubeadm: 1.33.5\n", Query("prod", variables=(IMAGE,), targets=(PACKAGES,))) == new


@pytest.mark.parametrize("value", ["'${IMAGE}'", "'{{ .image }}'"])
def test_an_image_that_is_filled_in_is_left_to_what_fills_it(value: str) -> None:
    wants = (IMAGE, VariableWant("absent"), VariableWant("imageId", scope=Scope(ScopeKind.MACHINE_POOL, "none")))
    assert written(variables(value), "image: img-33\n", Query("prod", variables=wants, targets=(IMAGES,))) == [
        "v1.34.2"
    ]


def test_each_variable_that_is_there_is_written() -> None:
    manifest = cluster(more="    variables: [{name: a, value: '${A}'}, {name: b, value: img-33}]\n")
    query = Query("prod", variables=(VariableWant("a"), VariableWant("b")), targets=(IMAGES,))
    values = Values("v1.34.2", "img-34", variables=("one", "two"))
    made = edit({"a.yaml": manifest, "packages.yaml": "image: img-33\n"}, query, values)
    assert [change.new for change in made.edits] == ["v1.34.2", "two", "img-34"]


def test_a_rendered_cluster_beside_its_values_is_left_alone() -> None:
    query = Query("prod", variables=(IMAGE,), targets=(PACKAGES, IMAGES))
    made = edit({"a.yaml": variables(), "packages.yaml": "kubeadm: 1.33.5\nimage: img-33\n"}, query, NEW)
    assert list(made.files) == ["packages.yaml"]


IN_CLUSTER = TargetWant("a.yaml", "/spec/topology/variables/0/value", template="$(IMAGE_ID)")


@pytest.mark.parametrize(("paths", "new"), [((), ["v1.34.2", "img-34"]), (("other",), ["img-34"])])
def test_a_target_in_the_cluster_itself_takes_its_version_along(paths: tuple[str, ...], new: list[str]) -> None:
    files = {"a.yaml": variables(), "packages.yaml": "kubeadm: 1.33.5\n"}
    query = Query("prod", variables=(IMAGE,), targets=(IN_CLUSTER, PACKAGES), paths=paths)
    made = edit(files, query, Values("v1.34.2", targets=("img-34", "1.34.2"), variables=("img-34",)))
    assert [change.new for change in made.edits] == [*new, "1.34.2"]


def test_an_annotation_of_the_cluster_takes_its_values_along() -> None:
    target = TargetWant("a.yaml", "/metadata/annotations/image", template="$(IMAGE_ID)")
    manifest = variables().replace("  name: prod\n", "  name: prod\n  annotations: {image: img}\n")
    query = Query("prod", variables=(IMAGE,), targets=(target,))
    made = edit({"a.yaml": manifest}, query, Values("v1.34.2", targets=("img-34",), variables=("img-34",)))
    assert [change.new for change in made.edits] == ["img-34", "v1.34.2", "img-34"]


def test_places_that_targets_have_in_the_cluster_need_no_search() -> None:
    version = TargetWant("a.yaml", "/spec/topology/version")
    files = {"a.yaml": variables(), "copy.yaml": variables()}
    assert len(locate(files, Query("prod", variables=(IMAGE,), targets=(version, IN_CLUSTER))).slots) == 2


def test_a_text_that_holds_a_cluster_is_no_cluster() -> None:
    inner = "".join(f"    {line}\n" for line in variables().splitlines())
    target = TargetWant("a.yaml", "/data/c|/spec/topology/variables/0/value", template="$(IMAGE_ID)")
    files = {"a.yaml": f"data:\n  c: |\n{inner}", "packages.yaml": "kubeadm: 1.33.5\n"}
    assert len(locate(files, Query("prod", variables=(IMAGE,), targets=(target, PACKAGES))).slots) == 2


def test_a_cluster_that_is_deployed_under_another_name_is_left_alone() -> None:
    files = {
        "a.yaml": variables(),
        "kustomization.yaml": "resources: [a.yaml]\nnamePrefix: eu-\n",
        "packages.yaml": "kubeadm: 1.33.5\n",
    }
    query = Query("prod", variables=(IMAGE,), targets=(IN_CLUSTER, PACKAGES))
    assert len(locate(files, query).slots) == 2


def test_an_image_that_only_the_base_elsewhere_may_have_is_left_alone() -> None:
    files = {
        "kustomization.yaml": "resources: ['https://x.test/r?ref=1']\npatches: [{path: a.yaml}]\n",
        "a.yaml": cluster(),
        "packages.yaml": "image: img-33\n",
    }
    made = edit(files, Query("prod", variables=(IMAGE,), targets=(IMAGES,)), NEW)
    assert [change.new for change in made.edits] == ["v1.34.2", "v1.34.2"]


def test_versions_of_the_cluster_and_beside_it_that_differ_are_refused() -> None:
    files = {"a.yaml": variables(version="v1.33.4"), "packages.yaml": "kubeadm: 1.33.5\n"}
    query = Query("prod", variables=(IMAGE,), targets=(PACKAGES,))
    message = refusal(files, query, NEW, reason=VersionsDisagree)
    assert "1.33.5 at packages.yaml:1 and v1.33.4 at a.yaml:8." in message
    assert message.endswith("into all of them once: the Cluster's own is raised as well.")
    parts = tuple(TargetWant("p.yaml", f"/{name}", template=f"$({name})") for name in ("MAJOR", "MINOR", "PATCH"))
    files["p.yaml"] = "MAJOR: 1\nMINOR: 33\nPATCH: 5\n"
    message = refusal(files, Query("prod", variables=(IMAGE,), targets=parts), NEW, reason=VersionsDisagree)
    assert "v1.33.4 at a.yaml:8 and v1.33.5 at p.yaml:1." in message


def test_a_value_of_another_type_is_refused() -> None:
    files = {"a.yaml": variables("{id: img-33}"), "packages.yaml": "image: img-33\n"}
    message = refusal(files, Query("prod", variables=(IMAGE,), targets=(IMAGES,)), NEW, reason=TypeChange)
    assert "There is an object here" in message
