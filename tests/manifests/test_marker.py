from __future__ import annotations

from dataclasses import replace

import pytest

from gitops_upgrader.errors import (
    AliasedValue,
    AmbiguousCluster,
    AmbiguousPlace,
    DuplicateKey,
    InvalidMarker,
    ManifestError,
    NestedTooDeep,
    NotAVersion,
    TemplatedValue,
    UnreadableManifest,
    ValueMissing,
    VersionNotFound,
)
from gitops_upgrader.manifests import Query, Shape, Values, VariableWant
from tests.manifests.samples import cluster, locate, nested_texts, refusal, text

OWNED = Query("prod", owner="fleet/prod")


def marker(role: str = "version", owner: str = "fleet/prod") -> str:
    return f'# {{"$gitops-upgrader": "{owner}:{role}"}}'


def test_a_comment_wins_over_the_cluster() -> None:
    files = {"a.yaml": cluster(), "v.yaml": f"v: 1.33.4 {marker()}\n"}
    found = locate(files, OWNED)
    assert (found.version.shape, str(found.version), found.version_text) == (Shape.MARKER, "v.yaml:1", "1.33.4")
    assert (found.name, found.namespace, found.file, found.line) == ("prod", "", "v.yaml", 1)
    assert locate(files, Query("prod")).version.shape is Shape.LITERAL
    assert locate(files, Query("prod", owner="fleet/other")).version.shape is Shape.LITERAL


def test_a_comment_outside_of_the_paths_is_told_of() -> None:
    version, image = f"v: v1.33.4 {marker()}\n", f"i: x {marker('image')}\n"
    query = Query("prod", owner="fleet/prod", paths=("a",))
    files = {"a/c.yaml": cluster(), "b/v.yaml": version}
    message = refusal(files, query, reason=AmbiguousPlace)
    assert message.startswith("b/v.yaml:1:4: /v: A setter comment names fleet/prod here, outside of the path that says")
    refusal({"a/c.yaml": cluster(), "a/v.yaml": version, "b/v.yaml": image}, query, reason=AmbiguousPlace)
    copied = {"a/v.yaml": version + image, "b/v.yaml": (version + image).replace("v1.33.4", "v1.30.0")}
    assert locate(copied, query).version.file == "a/v.yaml"
    assert locate(files, replace(query, paths=("b",))).version.file == "b/v.yaml"
    assert locate(files, replace(query, owner="fleet/other")).version.file == "a/c.yaml"


@pytest.mark.parametrize(
    ("namespaces", "commented", "asked", "is_meant"),
    [
        (["fleet"], "fleet", None, True),
        (["fleet"], "fleet", "fleet", True),
        (["fleet"], "-", None, True),
        (["fleet"], "-", "fleet", True),
        ([""], "fleet", None, True),
        ([""], "fleet", "fleet", True),
        ([""], "-", None, True),
        ([""], "-", "fleet", True),
        (["fleet"], "other", None, False),
        (["fleet"], "other", "fleet", False),
        (["fleet", "other"], "other", "other", True),
        (["fleet", "other"], "other", "fleet", False),
        (["fleet", "other"], "-", "fleet", False),
        ([], "fleet", None, True),
        ([], "-", "fleet", True),
    ],
)
def test_a_comment_that_names_a_cluster_counts_however_it_is_asked_for(
    namespaces: list[str], commented: str, asked: str | None, is_meant: bool
) -> None:
    files = {"v.yaml": f"v: v1.33.4 {marker(owner=f'cluster/{commented}/prod')}\n"}
    for namespace in namespaces:
        stated = f"  namespace: {namespace}\n" if namespace else ""
        files[f"c-{namespace}.yaml"] = cluster(metadata=stated)
    found = locate(files, Query("prod", asked, f"cluster/{asked or '-'}/prod"))
    assert (found.version.file == "v.yaml") is is_meant


def test_comments_for_clusters_in_several_namespaces_are_for_none_without() -> None:
    comments = "".join(f"- v1.33.4 {marker(owner=f'cluster/{name}/prod')}\n" for name in ("fleet", "other"))
    query = Query("prod", None, "cluster/-/prod")
    assert locate({"v.yaml": comments, "c.yaml": cluster()}, query).version.file == "c.yaml"
    one, other = (cluster(metadata=f"  namespace: {name}\n") for name in ("fleet", "other"))
    refusal({"v.yaml": comments, "a.yaml": one, "b.yaml": other}, query, reason=AmbiguousCluster)
    broken = {"v.yaml": comments, "a.yaml": one, "b.yaml": other + "\tx"}
    assert locate(broken, Query("prod", "fleet", "cluster/fleet/prod")).version.file == "v.yaml"


def test_what_comments_leave_out_is_looked_for_in_the_cluster() -> None:
    files = {"a.yaml": cluster(), "v.yaml": f"i: x {marker('image')}\n"}
    query = Query("prod", owner="fleet/prod", variables=(VariableWant("imageId"),), topology_class=True)
    found = locate(files, query)
    assert (found.version.file, found.version_text) == ("a.yaml", "v1.33.5")
    assert (found.variables, [place.value for place in found.images], found.image_text) == ((), ["x"], "x")
    assert found.cls is not None


@pytest.mark.parametrize(
    ("before", "role", "after"),
    [
        ("v1.33.5", "version", "v1.34.2"),
        ("1.33.5", "version", "1.34.2"),
        ("v1.33.5", "versionNoV", "1.34.2"),
        ("'v1.33'", "minor", "'v1.34'"),
        ("'33'", "minor", "'34'"),
        ("img", "image", "img-34"),
        ("c-33", "class", "c-34"),
    ],
)
def test_each_role_writes_its_value(before: str, role: str, after: str) -> None:
    both = f"v: v1.33.5 {marker()}\nx: {before} {marker(role)}\n"
    values = Values(version="v1.34.2", image="img-34", topology_class="c-34")
    assert text({"v.yaml": both}, OWNED, values) == f"v: v1.34.2 {marker()}\nx: {after} {marker(role)}\n"


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        (f"v: v1.33 {marker()}", NotAVersion, "v.yaml:1:4: /v: 'v1.33' is not a whole version"),
        (f"v: x {marker('minor')}", InvalidMarker, "'x' is no minor version"),
        (f"v: v1.33.5 {marker('versoin')}", InvalidMarker, "v.yaml:1:12: The setter comment asks for 'versoin'"),
        ('v: v1.33.5 # {"$gitops-upgrader": "fleet/prod:version"', InvalidMarker, "This setter comment is no JSON"),
        (f"{marker()}\nv: v1.33.5", InvalidMarker, "v.yaml:1:1: No value stands beside this setter comment"),
        (f"v: {marker()}\n  v1.33.5", InvalidMarker, "No value stands beside"),
        (f"v: [ {marker()}", UnreadableManifest, "v.yaml:2:1"),
        (f"v: |\n  some prose, no YAML: [ {marker()}", UnreadableManifest, "v.yaml:3:1"),
        (f"v: v1.33.5 {marker('version:x')}", InvalidMarker, "The setter comment asks for 'version:x'"),
        (
            "v: v1.33.5 # {'$gitops-upgrader': 'fleet/prod:version'}",
            InvalidMarker,
            "v.yaml:1:12: This setter comment is",
        ),
        ("v: v1.33.5 # {$gitops-upgrader: fleet/prod:version}", InvalidMarker, "is no JSON"),
        ("v: v1.33.5 # $gitops-upgrader: fleet/prod:version", InvalidMarker, "is no JSON"),
        (f"v: >\n  version: v1.33.5 {marker()}", InvalidMarker, "v.yaml:2:20: This setter comment stands in a quoted"),
        (f"v: 'x: v1.33.5 {marker()}'", InvalidMarker, "Write that text as a literal block (|), or take"),
        (
            'v: v1.33.5#{"$gitops-upgrader":"fleet/prod:version"}',
            InvalidMarker,
            "v.yaml:1:11: This setter comment stands in a quoted",
        ),
        ('{"v": "x: v1.33.5 # {\\"$gitops-upgrader\\": \\"fleet/prod:version\\"}\\n"}', InvalidMarker, "v.yaml:1:19"),
        (f"v: &v # a\n  v1.33.5\nw: {{a: v1.33.5, b: *v}} {marker()}", AliasedValue, "The alias *v stands here"),
        (f"v: &v {marker()}\n  |-\n  v1.33.5", InvalidMarker, "No value stands beside"),
        (f"v: |- {marker()}\n  v1.33.5\n  v1.33.6", NotAVersion, "is not a whole version"),
        (
            f"v: v1.33.1\nv: v1.33.5 {marker()}",
            DuplicateKey,
            "v.yaml:2:1: The key v is there twice, first at v.yaml:1:1",
        ),
        (f"a: |\n  v: v1.33.5 {marker()}\na: x", DuplicateKey, "The key a is there twice"),
        (f"a: {{{{ .v }}}} {marker()}", TemplatedValue, "v.yaml:1:4: A template expression stands here: {{ .v }}."),
        (f"a: v1.33.5\n{marker()}", InvalidMarker, "v.yaml:2:1: No value stands beside this setter comment."),
        (f"a: v1.33.5\n# {marker()}", InvalidMarker, "v.yaml:2:3: No value stands beside this setter comment."),
    ],
)
def test_comments_that_do_not_work(line: str, reason: type[ManifestError], message: str) -> None:
    assert message in refusal({"v.yaml": line + "\n"}, OWNED, reason=reason)


@pytest.mark.parametrize(
    "line",
    [
        'v: v1.33.5 # {"$gitops-upgrader": broken} fleet/prod',
        'v: v1.33.5 # {"$gitops-upgrader": 1} fleet/prod',
        f"v: v1.33.5 {marker(owner='fleet/production')} fleet/prod",
        f"v: '{marker()}'",
        f'v: "{marker().replace(chr(34), "")} fleet/prod"',
        '{"$gitops-upgrader": "fleet/prod:version"}',
        'v: v1.33.5 # {"$gitops-upgrader": "a/b:version", "not": "fleet/prod:version"}',
        f"v: >\n  {marker()}\n  v1.33.5",
        f"#v: v1.33.5 {marker()}",
        f"a: 1\n  # - v: v1.33.5 {marker()}\nb: 2",
        f"v: |\n  some prose, no YAML: [ {marker(owner='a/b')}\nw: fleet/prod",
    ],
)
def test_what_is_no_comment_of_ours(line: str) -> None:
    assert locate({"v.yaml": line + "\n", "a.yaml": cluster()}, OWNED).version.shape is Shape.LITERAL


@pytest.mark.parametrize(
    "before",
    [
        f"v: |- {marker()}\n  v1.33.5\n",
        f"v: >  {marker()}\n  v1.33.5\n",
        f"v: 'a # b'\nw: v1.33.5 # see #3 {marker()}\n",
        f"v: ['a # b', v1.33.5] {marker()}\n",
        f"v: v1.33.5 {marker(owner='fleet/dev')}, {marker()[2:]}\n",
    ],
)
def test_comments_stand_wherever_yaml_has_them(before: str) -> None:
    assert text({"v.yaml": before, "a.yaml": cluster()}, OWNED) == before.replace("1.33.5", "1.34.2")


def test_a_block_scalar_without_a_line_has_no_value() -> None:
    assert "There is no version here" in refusal({"v.yaml": f"v: |- {marker()}"}, OWNED, reason=VersionNotFound)


def test_comments_inside_texts_inside_texts() -> None:
    inner = f"a: |\n  b: |\n    c: 1.33.5 {marker()}\n  d: >\n    {marker()}\n"
    found = locate({"v.yaml": inner}, OWNED)
    assert (found.version.pointer, found.version.line) == ("/a|/b|/c", 3)
    assert text({"v.yaml": inner}, OWNED) == inner.replace("1.33.5", "1.34.2")


def test_a_comment_deeper_in_texts_than_is_read_is_refused() -> None:
    files = {"a.yaml": cluster(), "v.yaml": nested_texts(500, f"v: v1.33.5 {marker()}")}
    assert "v.yaml:11:11: The document nests deeper than 100 levels" in refusal(files, OWNED, reason=NestedTooDeep)
    files["v.yaml"] = nested_texts(9, f"v: v1.33.5 {marker()}")
    assert locate(files, OWNED).version.file == "v.yaml"


def test_as_many_comments_as_nobody_writes_are_refused() -> None:
    files = {"a.yaml": cluster(), "v.yaml": f"- v1.33.5 {marker()}\n" * 1000}
    assert len(locate(files, OWNED).slots) == 1000
    files["v.yaml"] += f"- v1.33.5 {marker()}\n"
    assert "v.yaml:1:13: More than 1,000 setter comments" in refusal(files, OWNED, reason=InvalidMarker)


def test_only_the_documents_with_a_comment_are_read() -> None:
    files = {"v.yaml": f"broken: [\n---\nv: 1.33.5 {marker()}\n"}
    assert locate(files, OWNED).version.document == 1


def test_an_image_that_is_not_given_is_refused() -> None:
    both = f"v: v1.33.5 {marker()}\nx: img {marker('image')}\n"
    assert "There is no image to write here" in refusal({"v.yaml": both}, OWNED, reason=ValueMissing)
