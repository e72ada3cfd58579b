from __future__ import annotations

import re
import time
from typing import Any

import pytest

from gitops_upgrader.errors import (
    AliasedValue,
    AmbiguousCluster,
    ClusterNotFound,
    DuplicateKey,
    ManifestError,
    ManifestTooLarge,
    NotAVersion,
    NotUtf8,
    ScopeNotFound,
    SharedAnchor,
    SymbolicLink,
    TemplatedValue,
    TypeChange,
    UnreadableManifest,
    UnwritableValue,
    VariableNotFound,
    VersionNotFound,
    YttTemplate,
)
from gitops_upgrader.manifests import Manifests, Query, Scope, ScopeKind, Shape, TargetWant, VariableWant
from gitops_upgrader.manifests.source import MAX_BYTES
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, locate, refusal

NAMESPACE = "  namespace: %s\n"


def test_what_is_located() -> None:
    variables = "    variables:\n    - {name: imageId, value: img}\n    - {name: size, value: {cpu: 4}}\n"
    found = locate(
        {"c/prod.yaml": "---\n# nothing\n---\n" + cluster(more=variables, metadata=NAMESPACE % "fleet")},
        Query("prod", "fleet", variables=(VariableWant("imageId"), VariableWant("size", "/cpu")), topology_class=True),
    )
    assert (found.name, found.namespace, found.file, found.document, found.line) == (
        "prod",
        "fleet",
        "c/prod.yaml",
        1,
        4,
    )
    assert found.version_text == "v1.33.5"
    assert str(found.version) == "c/prod.yaml:12"
    assert (found.version.line, found.version.column, found.version.pointer) == (12, 14, "/spec/topology/version")
    assert str(found.version.where) == "c/prod.yaml:12:14: /spec/topology/version"
    assert found.cls is not None
    assert found.cls.value == "quick-start"
    assert [place.value for place in found.variables] == ["img", 4]
    assert [place.pointer for place in found.variables] == [
        "/spec/topology/variables/0/value",
        "/spec/topology/variables/1/value/cpu",
    ]
    assert found.image_text == "img"
    assert (found.images, found.targets, found.notes) == ((), (), ())


def test_an_absent_variable_has_a_place_without_a_value() -> None:
    found = locate({"a.yaml": cluster()}, Query("prod", variables=(VariableWant("imageId"),)))
    (place,) = found.variables
    assert (place.present, place.value, place.text, place.line) == (False, None, None, 7)
    assert place.pointer == "/spec/topology/variables/0/value"
    assert found.image_text is None
    assert found.cls is None
    assert "absent and to be inserted" in str(found.trail[-1])


@pytest.mark.parametrize(
    ("stated", "asked", "found"),
    [("fleet", "fleet", True), ("fleet", None, True), ("", "fleet", True), ("", None, True), ("fleet", "other", False)],
)
def test_an_absent_namespace_matches(stated: str, asked: str | None, found: bool) -> None:
    files = {"a.yaml": cluster(metadata=NAMESPACE % stated if stated else "")}
    if found:
        assert locate(files, Query("prod", asked)).namespace == stated
    else:
        refusal(files, Query("prod", asked), reason=ClusterNotFound)


def test_namespaces_tell_clusters_apart() -> None:
    files = {"a.yaml": cluster(metadata=NAMESPACE % "a"), "b.yaml": cluster(metadata=NAMESPACE % "b")}
    assert locate(files, Query("prod", "b")).file == "b.yaml"
    both = refusal(files, reason=AmbiguousCluster)
    assert "Clusters prod: a.yaml:1, b.yaml:1" in both
    assert "Name the namespace of the one that is meant: a/prod or b/prod." in both
    assert locate(files, Query("prod", paths=("a.yaml",))).file == "a.yaml"
    third = refusal(files | {"c.yaml": cluster(metadata=NAMESPACE % "b")}, reason=AmbiguousCluster)
    assert "Remove the copy" in third


@pytest.mark.parametrize("written", ["&name prod", "!!str prod", ">-\n    prod", '"pr\\x6fd"'])
def test_a_copy_whose_name_is_written_in_another_way_is_seen(written: str) -> None:
    other = cluster(written, version="v1.30.0")
    for files in ({"a.yaml": cluster(), "b.yaml": other}, {"a.yaml": f"{cluster()}---\n{other}"}):
        assert "There are several Clusters prod" in refusal(files, reason=AmbiguousCluster)
    broken = other.replace("v1.30.0", "{{ .Values.version }}")
    if "x6f" not in written:
        refusal({"a.yaml": cluster(), "b.yaml": broken + "\t- x"}, reason=AmbiguousCluster)


def test_a_refusal_has_the_way_up_to_it() -> None:
    files = {"a.yaml": cluster(), "b.yaml": cluster(), "k/kustomization.yaml": "resources: [../a.yaml]\n"}
    assert trail(files) == [
        "2 of 3 files name prod and Cluster API",
        "b.yaml:1: a Cluster prod begins here",
        "a.yaml:1: a Cluster prod begins here",
        "k/kustomization.yaml:1: Kustomize begins here",
    ]
    files = {"a.yaml": cluster(), "k/kustomization.yaml": "resources: [../a.yaml]\npatches: [{path: p.yaml}]\n"}
    files["k/p.yaml"] = "[{op: nonsense, path: /a}]\n"
    assert trail(files)[1:] == ["k/kustomization.yaml:1: Kustomize begins here"]


def trail(files: dict[str, Any]) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        Manifests(MemoryTree(files)).locate(Query("prod"))
    return [str(step) for step in caught.value.trail]


def test_two_clusters_in_one_file_are_refused() -> None:
    files = {"a.yaml": f"{cluster()}---\n{cluster(version='v1.30.0')}"}
    assert "a.yaml:1, a.yaml:10" in refusal(files, reason=AmbiguousCluster)


def test_a_cluster_that_is_nowhere() -> None:
    message = refusal({"a.yaml": cluster("dev")}, Query("prod", "fleet", paths=("x", "y")), reason=ClusterNotFound)
    assert message.startswith("x, y: No file has a Cluster fleet/prod.")


def test_links_are_not_followed() -> None:
    query = Query("prod", paths=("b",))
    message = refusal({"a/c.yaml": cluster()}, query, reason=SymbolicLink, links={"b": "a"})
    assert "b is a symlink, which is not followed" in message
    message = refusal({"a/c.yaml": cluster()}, Query("prod", paths=("b/c",)), reason=SymbolicLink, links={"b": "a"})
    assert "b is a symlink" in message
    assert message.endswith("Name the folder that it leads to with path.")
    assert locate({"a.yaml": cluster()}, links={"b.yaml": "a.yaml"}).file == "a.yaml"
    refusal({"a.yaml": "x"}, reason=ClusterNotFound, links={"b.yaml": "a.yaml"})


HELM = cluster(version="{{ .Values.version }}", metadata="  {{- with .Values.x }}\n  {{ end }}\n")


@pytest.mark.parametrize(
    ("file", "reason", "message"),
    [
        (
            HELM,
            TemplatedValue,
            "bad.yaml:10:14: This Cluster is in a Helm template, .* elsewhere: {{ .Values.version }}.",
        ),
        (
            cluster(version="") + "{{ x }}\n  - y: [\n",
            TemplatedValue,
            "bad.yaml:9:1: This Cluster is in a Helm template, so its values",
        ),
        (
            cluster(version="'v1.33.5' # x") + "{{ x }}\n  - y: [\n",
            UnwritableValue,
            "bad.yaml:8:15: This Cluster is in a Helm template, which is not edited; its version, v1.33.5, stands",
        ),
        (cluster() + "x: [\n", UnreadableManifest, "bad.yaml:10:1: This is not YAML"),
        (cluster().encode() + b"# \xff\n", NotUtf8, "bad.yaml:9: Byte 0xff"),
        (cluster().encode() + b"#" * MAX_BYTES, ManifestTooLarge, "bad.yaml: The file has"),
    ],
    ids=["helm", "helm elsewhere", "literal in helm", "syntax", "encoding", "size"],
)
def test_files_that_cannot_be_read(file: Any, reason: type[ManifestError], message: str) -> None:
    assert re.match(message, refusal({"bad.yaml": file}, reason=reason))
    # It is passed over where it is not in the way ...
    assert locate({"bad.yaml": file, "dev.yaml": cluster("dev")}, Query("dev")).file == "dev.yaml"
    assert locate({"bad.yaml": file, "x/a.yaml": cluster()}, Query("prod", paths=("x",))).file == "x/a.yaml"
    # ... and cannot be told from a second Cluster where it is.
    both = refusal({"bad.yaml": file, "good.yaml": cluster()}, reason=AmbiguousCluster)
    assert both.startswith("good.yaml:1: Cluster prod is here, and in bad.yaml")


def test_a_file_that_only_mentions_the_name_is_no_obstacle() -> None:
    broken = "# kind: Cluster, name: prod\napiVersion: cluster.x-k8s.io/v1\nx: [\n"
    latin = b"kind: Cluster\napiVersion: cluster.x-k8s.io/v1\n# name: prod \xff\n"
    assert locate({"a.yaml": cluster(), "bad.yaml": broken, "latin.yaml": latin}).file == "a.yaml"


@pytest.mark.parametrize(
    ("version", "reason", "message"),
    [
        ("", VersionNotFound, "There is no version here"),
        ("''", VersionNotFound, "There is no version here"),
        ("{{ .Values.v }}", TemplatedValue, "{{ .Values.v }}"),
        ('"{{ .Values.v }}"', TemplatedValue, ".Values.v"),
        ("$(VERSION)", TemplatedValue, "VERSION"),
        ("$VERSION", TemplatedValue, "VERSION"),
        ("<%= version %>", TemplatedValue, "version"),
        ("((version))", TemplatedValue, "version"),
        (
            "v1.033.5",
            NotAVersion,
            "a.yaml:8:14: /spec/topology/version: 'v1.033.5' is no version: a number in it starts",
        ),
        ("v1.33.5-01", NotAVersion, "a.yaml:8:14: /spec/topology/version: 'v1.33.5-01' is no version"),
        (f"v1.33.{2**64}", NotAVersion, "a.yaml:8:14"),
        ("(@= data.values.v @)", YttTemplate, "A ytt expression stands here: (@= data.values.v @)"),
        ("[v1.33.5]", TypeChange, "There is a list here"),
        ("{a: 1}", TypeChange, "There is an object here"),
    ],
)
def test_versions_that_are_none(version: str, reason: type[ManifestError], message: str) -> None:
    assert message in refusal({"a.yaml": cluster(version=version)}, reason=reason)


IMG = "    variables: [{name: imageId, value: '${IMG}'}, {name: other, value: '${OTHER}'}]\n"
FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: prod}\nspec:\n"
SUBSTITUTE = (
    FLUX + "  path: clusters\n  postBuild: {substitute: {K8S: v1.33.5, IMG: img-33, CLASS: c, OTHER: '${K8S}'}}\n"
)


@pytest.mark.parametrize(
    ("manifest", "query", "hint"),
    [
        (cluster(version="${K8S}", more=IMG), Query("prod"), 'pointer: "/spec/postBuild/substitute/K8S"}].'),
        (
            cluster(more=IMG),
            Query("prod", variables=(VariableWant("imageId"),)),
            'f.yaml:6 (img-33) with targets: [{path: "f.yaml", pointer: "/spec/postBuild/substitute/IMG", value: "$(IM',
        ),
        (
            cluster(version="${K8S}", more=IMG),
            Query(
                "prod",
                variables=(VariableWant("imageId"),),
                targets=(TargetWant("f.yaml", "/spec/postBuild/substitute/K8S"),),
            ),
            'substitute/IMG", value: "$(IMAGE_ID)"}]. Add it to the targets that are there.',
        ),
        (cluster(more=IMG), Query("prod", variables=(VariableWant("other"),)), "the place that it is filled from."),
        (
            cluster(more=IMG.replace("${IMG}", "{{ }}")),
            Query("prod", variables=(VariableWant("imageId"),)),
            "the place that it is filled from.",
        ),
        (
            cluster(more=IMG).replace("quick-start", "${CLASS}"),
            Query("prod", topology_class=True, variables=(VariableWant("imageId"),)),
            "the place that it is filled from.",
        ),
    ],
)
def test_the_hint_is_about_the_value_that_is_templated(manifest: str, query: Query, hint: str) -> None:
    told = refusal({"a.yaml": manifest, "f.yaml": SUBSTITUTE}, query, reason=TemplatedValue)
    assert hint in told
    assert ("It looks as if" in told) == ("substitute" in hint)


def test_the_hint_is_about_the_layer_whose_value_is_templated() -> None:
    layer = "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n"
    patch = "- {op: replace, path: /spec/topology/variables/0/value, value: %s}\n"
    files = {
        "base/cluster.yaml": cluster(more=IMG),
        "base/kustomization.yaml": "resources: [cluster.yaml]\n",
        "a/kustomization.yaml": layer,
        "a/p.yaml": patch % "img-33",
        "b/kustomization.yaml": layer,
        "b/p.yaml": patch % "'${IMG}'",
        "f.yaml": SUBSTITUTE,
    }
    query = Query("prod", variables=(VariableWant("imageId"), VariableWant("imageId", "/x")))
    assert "substitute/IMG" not in refusal(files, query, reason=VariableNotFound)
    files["b/kustomization.yaml"] += (
        "replacements:\n- source: {kind: Cluster, fieldPath: metadata.name}\n"
        "  targets: [{select: {kind: Cluster}, fieldPaths: [spec.topology.version]}]\n"
    )
    assert "substitute/IMG" in refusal(files, Query("prod", variables=query.variables[:1]), reason=TemplatedValue)


def test_a_cluster_without_version_or_class() -> None:
    text = cluster().replace("    version: v1.33.5\n", "    x: 1\n")
    assert "has no spec.topology.version" in refusal({"a.yaml": text}, reason=VersionNotFound)
    text = cluster().replace("    class: quick-start\n", "")
    assert "names no class" in refusal({"a.yaml": text}, Query("prod", topology_class=True), reason=VersionNotFound)


@pytest.mark.parametrize(
    ("api", "fields", "name", "namespace"),
    [
        ("v1beta1", "class: a\n    classRef: {name: b, namespace: n}", "a", ""),
        ("v1beta1", "classRef: {name: b}\n    class: a\n    classNamespace: m", "a", "m"),
        ("v1beta2", "class: a\n    classNamespace: m\n    classRef: {name: b, namespace: n}", "b", "n"),
        ("v1beta2", "class: a\n    classNamespace: m\n    classRef: {name: b}", "b", ""),
        ("v1beta1", "classRef: {name: b, namespace: n}", "b", "n"),
        ("v1beta2", "class: a", "a", ""),
    ],
)
def test_the_class_is_named_in_the_field_of_the_api_version(api: str, fields: str, name: str, namespace: str) -> None:
    manifest = cluster().replace("v1beta1", api).replace("class: quick-start", fields)
    found = locate({"a.yaml": manifest}, Query("prod", topology_class=True))
    assert found.cls is not None
    assert (found.cls.text, found.class_name, found.class_namespace) == (name, name, namespace)


@pytest.mark.parametrize(
    ("more", "want", "reason", "message"),
    [
        (
            "    variables: x\n",
            VariableWant("a"),
            VariableNotFound,
            "a.yaml:9:16: The variable a of Cluster prod cannot",
        ),
        (
            "    variables: !!null\n",
            VariableWant("a"),
            VariableNotFound,
            "there is no list of variables here. Write it",
        ),
        ("    variables: &v\n", VariableWant("a"), VariableNotFound, "there is no list of variables here. Write it"),
        ("    x: {variables}\n    ? variables\n", VariableWant("a"), VariableNotFound, "there is no list of variables"),
        ("    variables: ${LIST}\n", VariableWant("a"), TemplatedValue, "a.yaml:9:16: A template expression stands"),
        ("    variables: #@ data.values.list\n", VariableWant("a"), YttTemplate, "#@ data.values.list"),
        ("", VariableWant("a", "/b"), VariableNotFound, "it is absent, and /b alone would be no whole value"),
        (
            "    variables: [{name: a, value: x}]\n",
            VariableWant("a", "/b"),
            VariableNotFound,
            "a.yaml:9:34: The variable a of Cluster prod cannot be set: /b leads nowhere in its value. Correct the",
        ),
        (
            "    variables: [{name: a, value: {b: x}}]\n",
            VariableWant("a", "/b|/c"),
            VariableNotFound,
            "is no JSON pointer",
        ),
        ("    variables: [{name: a, value: [x]}]\n", VariableWant("a", "/3"), VariableNotFound, "/3 leads nowhere"),
        ("    variables: [{name: a, value: {b: x}}]\n", VariableWant("a"), TypeChange, "There is an object here"),
        (
            "    variables: [{name: a}, {name: a}]\n",
            VariableWant("a"),
            DuplicateKey,
            "Two items of the list have name a",
        ),
        (
            "    variables: &v [{name: b, value: 1}]\n    x: *v\n",
            VariableWant("a"),
            SharedAnchor,
            "The anchor &v is used",
        ),
        ("    x: &v []\n    variables: *v\n", VariableWant("a"), AliasedValue, "The alias *v stands here"),
        (
            "    x: &v y\n    variables: [{name: a, value: *v}]\n",
            VariableWant("a"),
            AliasedValue,
            "The alias *v stands",
        ),
        ("    ? {*v : 1}\n    : x\n", VariableWant("a"), UnreadableManifest, "anchor &v"),
        (
            "",
            VariableWant("a", scope=Scope(ScopeKind.MACHINE_DEPLOYMENT, "md-9")),
            ScopeNotFound,
            "has no machineDeployment md-9",
        ),
        (
            "    controlPlane: x\n",
            VariableWant("a", scope=Scope(ScopeKind.CONTROL_PLANE)),
            VariableNotFound,
            "of controlPlane of Cluster prod",
        ),
    ],
)
def test_variables_that_cannot_be_set(more: str, want: VariableWant, reason: type[ManifestError], message: str) -> None:
    assert message in refusal({"a.yaml": cluster(more=more)}, Query("prod", variables=(want,)), reason=reason)


def test_an_anchor_that_a_complex_key_uses_is_shared() -> None:
    text = cluster(version="&v v1.33.5", more="    ? [*v]\n    : x\n")
    assert "&v is used at a.yaml:9:8" in refusal({"a.yaml": text}, reason=SharedAnchor)


def test_of_a_long_key_the_beginning_is_quoted() -> None:
    key = "k" * 100_000
    for text, pointer in ((f"{key}: ${{X}}\n", f"/{key}"), (f"{key}: 1\n{key}: 2\n", f"/{key}"), (f"{key}: 1\n", "/x")):
        with pytest.raises(ManifestError) as caught:
            locate({"v.yaml": text}, Query("prod", targets=(TargetWant("v.yaml", pointer),)))
        assert len(str(caught.value)) < 10_000


def test_anchors_are_looked_for_once_in_a_large_document() -> None:
    nested = "".join(f"{'  ' * level}a: &a{level}\n" for level in range(1, 80))
    text = f"r: &r\n{nested}{'  ' * 80}v: v1.33.5\ns: &s 1\nt: [{'0,' * 90_000}*s]\n"
    query = Query("prod", targets=(TargetWant("a.yaml", f"/r{'/a' * 79}/v"),))
    start = time.process_time()
    assert locate({"a.yaml": text}, query).version_text == "v1.33.5"
    assert time.process_time() - start < 3  # 80 walks over the document took ten times that


def test_an_anchor_that_nobody_uses_is_no_obstacle() -> None:
    assert locate({"a.yaml": cluster(version="&v v1.33.5", more="    x: &w 1\n    y: *w\n")}).version_text == "v1.33.5"


def test_a_topology_that_only_a_patch_would_have() -> None:
    text = cluster().replace("spec:\n  topology:\n", "spec:\n  topology: &t\n") + "x: *t\n"
    refusal({"a.yaml": text}, reason=SharedAnchor)


def test_a_field_called_sops_alone_is_no_encryption() -> None:
    assert locate({"a.yaml": cluster() + "sops: off\n"}).version.shape is Shape.LITERAL


def test_a_topology_by_alias_is_refused() -> None:
    text = "x: &t {class: c, version: v1.33.5}\n" + cluster().partition("  topology:")[0] + "  topology: *t\n"
    refusal({"a.yaml": text}, reason=AliasedValue)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (cluster() + "\n" * 300_000 + "{{ end }}\n{", UnwritableValue),
        (cluster(version="{{ x" + " " * 300_000 + "y"), TemplatedValue),
    ],
    ids=["lines", "spaces"],
)
def test_a_text_that_is_no_yaml_takes_time_as_its_length(text: str, reason: type[ManifestError]) -> None:
    began = time.process_time()
    refusal({"a.yaml": text}, reason=reason)
    assert time.process_time() - began < 5
