from __future__ import annotations

import pytest

from gitops_upgrader.errors import (
    AmbiguousPlace,
    ManifestError,
    TypeChange,
    UnprovableManifest,
    UnwritableValue,
    ValueMissing,
)
from gitops_upgrader.manifests import Query, Role, Scope, ScopeKind, TargetWant, Values, VariableWant
from gitops_upgrader.manifests.edit import styled_version
from gitops_upgrader.model import Json, Span
from tests.manifests.samples import cluster, edit, refusal, text

IMAGE = Query("prod", variables=(VariableWant("imageId"),))


def with_variables(lines: str) -> dict[str, str]:
    return {"a.yaml": cluster(more=lines)}


def test_what_an_edit_says() -> None:
    made = edit(
        with_variables("    variables:\n    - name: other\n      value: 1\n"),
        IMAGE,
        Values("v1.34.2", variables=("x",)),
    )
    version, image = made.edits
    assert (version.file, version.document, version.line, version.column) == ("a.yaml", 0, 8, 14)
    assert (version.pointer, version.old, version.new) == ("/spec/topology/version", "v1.33.5", "v1.34.2")
    assert (version.span, version.replacement) == (Span(128, 135), b"v1.34.2")
    assert (image.line, image.pointer, image.old) == (11, "/spec/topology/variables/1", None)
    assert image.new == '{"name": "imageId", "value": "x"}'
    assert image.replacement == b"\n    - name: imageId\n      value: x"
    assert not made.already


def test_nothing_to_do_is_no_edit() -> None:
    made = edit({"a.yaml": cluster()}, values=Values("v1.33.5"))
    assert (made.files, made.edits, made.already) == ({}, (), True)
    # The value counts, not how it is written.
    assert edit({"a.yaml": cluster(version='"v1.33\\x2e5"')}, values=Values("v1.33.5")).already
    assert edit({"a.yaml": cluster()}, values=Values()).already
    assert edit({"a.yaml": cluster()}, Query("prod", topology_class=True), Values("v1.33.5")).already


def _of_class(name: str, version: str = "v1.33.5") -> dict[str, str]:
    return {"a.yaml": cluster(version=version).replace("class: quick-start", f"class: {name}")}


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("docker-1-33-v1", "docker-$(MAJOR)-$(MINOR)-v1"),
        ("rke2-1.33", "rke2-$(MAJOR).$(MINOR)"),
        ("class-v1.33.5", "class-$(KUBERNETES_VERSION)"),
    ],
)
def test_a_class_that_names_the_old_version_is_noted(name: str, template: str) -> None:
    (note,) = edit(_of_class(name)).notes
    assert (note.file, note.line) == ("a.yaml", 7)
    assert note.message == (
        f"The class {name} names the old version and is left as it is. Where each version has a class of its own, an "
        f"upgrader's topologyClass changes it too: {template}"
    )
    whole = "KUBERNETES" in template
    assert bool(edit(_of_class(name), values=Values("v1.33.9")).notes) is whole  # a patch release keeps the minor


def test_a_class_in_a_patch_is_noted_in_its_place() -> None:
    files = {
        "k/cluster.yaml": cluster(),
        "k/kustomization.yaml": "resources: [cluster.yaml]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n",
        "k/p.yaml": "- op: replace\n  path: /spec/topology/class\n  value: c-1-33\n",
    }
    assert [(note.file, note.line) for note in edit(files).notes] == [("k/p.yaml", 3)]


@pytest.mark.parametrize(
    ("files", "query"),
    [
        (_of_class("quick-start"), Query("prod")),
        (_of_class("team-31-33"), Query("prod")),
        (_of_class('c-1-33 # {"$gitops-upgrader": "a/b:class"}'), Query("prod", owner="a/b")),
        (_of_class("c-1-33"), Query("prod", topology_class=True)),
        (_of_class("c-1-33"), Query("prod", targets=(TargetWant("a.yaml", "/spec/topology/version"),))),
    ],
)
def test_what_is_no_such_class_is_not_noted(files: dict[str, str], query: Query) -> None:
    assert edit(files, query, Values("v1.34.2", topology_class="c-1-34", targets=("v1.34.2",))).notes == ()


@pytest.mark.parametrize(
    ("version", "old", "role", "new"),
    [
        ("v1.34.2", "v1.33.5", Role.VERSION, "v1.34.2"),
        ("1.34.2", "v1.33.5", Role.VERSION, "v1.34.2"),
        ("v1.34.2", "1.33.5", Role.VERSION, "1.34.2"),
        ("1.34.2", "", Role.VERSION, "v1.34.2"),
        ("v1.34.2", "v1.33.5", Role.VERSION_NO_V, "1.34.2"),
        ("v1.34.2+rke2r1", "33", Role.MINOR, "34"),
        ("v1.34.2", "v33", Role.MINOR, "v34"),
        ("v1.34.2", "v1.33", Role.MINOR, "v1.34"),
        ("v1.34.2", "other", Role.MINOR, "1.34"),
    ],
)
def test_versions_are_written_in_the_files_style(version: str, old: str, role: Role, new: str) -> None:
    assert styled_version(version, old, role) == new


@pytest.mark.parametrize(
    ("lines", "value", "after"),
    [
        # The list's own style: dashes, gaps, quotes.
        (
            "    variables:\n      -   name: a\n          value: 1\n",
            "x",
            "      -   name: imageId\n          value: x\n",
        ),
        ("    variables:\n    -\n      name: a\n      value: 1\n", "x", "    - name: imageId\n      value: x\n"),
        ("    variables:\n    - name: 'a'\n      value: 'b'\n", "x", "    - name: 'imageId'\n      value: 'x'\n"),
        ('    variables:\n    - name: a\n      value: "b"\n', "x", '    - name: imageId\n      value: "x"\n'),
        ("    variables:\n    - {name: a, value: 1}\n", "x", "    - name: imageId\n      value: x\n"),
        ("    variables:\n    - &v\n      name: a\n", "x", "    - name: imageId\n      value: x\n"),
        ("    variables: &v\n    - name: a\n", "x", "    - name: imageId\n      value: x\n"),
        # What ends the last item.
        (
            "    variables:\n    - name: a\n      value: |\n        b\n\n\n",
            "x",
            "    - name: imageId\n      value: x\n\n\n",
        ),
        (
            "    variables:\n    - name: a\n      value: |+ # keep\n        b\n\n",
            "x",
            "\n    - name: imageId\n      value: x\n",
        ),
        ("    variables:\n    - name: a\n      value: >-\n        b\n", "x", "    - name: imageId\n      value: x\n"),
        (
            "    variables:\n    - name: a # c\n    # outside\n",
            "x",
            "    - name: imageId\n      value: x\n    # outside\n",
        ),
        (
            "    variables:\n    - name: a\n      # inside\n",
            "x",
            "      # inside\n    - name: imageId\n      value: x\n",
        ),
        ("    variables:\n    - name: a\n      value:\n", "x", "      value:\n    - name: imageId\n      value: x\n"),
        ("    variables:\n    - name: a\n      value: [1,\n        2]\n", "x", "    - name: imageId\n      value: x\n"),
        # Values of other types.
        ("    variables:\n    - name: a\n", 3, "    - name: imageId\n      value: 3\n"),
        ("    variables:\n    - name: a\n", "3", '    - name: imageId\n      value: "3"\n'),
        (
            "    variables:\n    - name: a\n",
            {"b": [1, {"c": "d"}], "e": []},
            ("    - name: imageId\n      value:\n        b:\n        - 1\n        - c: d\n        e: []\n"),
        ),
        # Flow style, on one line and on several.
        ("    variables: [ ]\n", "x", "    variables: [ {name: imageId, value: x}]\n"),
        ("    variables: [{name: a}]\n", [1, "y"], ', {name: imageId, value: [1, "y"]}]\n'),
        (
            '    variables: [\n      {"name": "a"}\n    ]\n',
            "x",
            ('      {"name": "a"},\n      {"name": "imageId", "value": "x"}\n    ]\n'),
        ),
        (
            '    variables: [\n      {\n        "name": "a"\n      }\n    ]\n',
            "x",
            ('      },\n      {\n        "name": "imageId",\n        "value": "x"\n      }\n    ]\n'),
        ),
        (
            "    variables: [\n      {\n        name: a,\n        value: 'b'\n      }]\n",
            ["x", []],
            (
                "      },\n      {\n        name: imageId,\n        value: [\n          x,\n"
                "          []\n        ]\n      }]\n"
            ),
        ),
        ("    variables: [{name: 'a', value: \"b\"}]\n", "x", ", {name: 'imageId', value: \"x\"}]\n"),
        ("    variables: [{name: a}, ]\n", "x", "    variables: [{name: a}, {name: imageId, value: x}, ]\n"),
        # Comments and commas stay beside what they belong to.
        (
            "    variables: [\n      {name: a}, # one\n      {name: c} # two\n    ]\n",
            "x",
            "      {name: a}, # one\n      {name: c}, # two\n      {name: imageId, value: x}\n    ]\n",
        ),
        (
            "    variables: [\n      {name: a}, # one\n    ]\n",
            "x",
            "      {name: a}, # one\n      {name: imageId, value: x},\n    ]\n",
        ),
        (
            "    variables: [\n      {name: a},\n    ]\n",
            "x",
            "      {name: a},\n      {name: imageId, value: x},\n    ]\n",
        ),
        (
            "    variables: [{name: a}, # one\n      {name: c} # two\n    ]\n",
            "x",
            "      {name: c}, # two\n      {name: imageId, value: x}\n    ]\n",
        ),
        ("    variables: [ {name: a} # one\n    ]\n", "x", "[ {name: a}, {name: imageId, value: x} # one\n    ]\n"),
        (
            "    variables: [ # none yet\n      # or ever\n    ]\n",
            "x",
            "      # or ever\n      {name: imageId, value: x}\n    ]\n",
        ),
        # A key alone, or null beside it.
        (
            "    variables: # none\n    # - name: b\n    x: {y: [1]}\n",
            "x",
            "    variables: # none\n      - name: imageId\n        value: x\n    # - name: b\n    x: {y: [1]}\n",
        ),
        ("    x:\n    - 1\n    variables:\n", "x", "    variables:\n    - name: imageId\n      value: x\n"),
        ("    variables: null # none\n", "x", "    variables: [{name: imageId, value: x}] # none\n"),
        ("    variables:", "x", "    variables:\n      - name: imageId\n        value: x"),
    ],
)
def test_a_variable_is_inserted(lines: str, value: Json, after: str) -> None:
    files = with_variables(lines)
    made = text(files, IMAGE, Values("v1.34.2", variables=(value,)))
    assert made.endswith(after), made
    again = edit({"a.yaml": made}, Query("prod"), Values("v1.33.5"))
    assert again.files["a.yaml"].decode().startswith(files["a.yaml"].partition("variables:")[0])


@pytest.mark.parametrize(
    ("lines", "want", "after"),
    [
        (
            "    controlPlane: # later\n",
            VariableWant("a", scope=Scope(ScopeKind.CONTROL_PLANE)),
            " # later\n      variables:\n        overrides:\n          - name: a\n            value: x\n",
        ),
        (
            "    controlPlane: {variables: }\n",
            VariableWant("a", scope=Scope(ScopeKind.CONTROL_PLANE)),
            "    controlPlane: {variables: {overrides: [{name: a, value: x}]}}\n",
        ),
        (
            '    controlPlane: {"variables":}\n',
            VariableWant("a", scope=Scope(ScopeKind.CONTROL_PLANE)),
            '    controlPlane: {"variables": {"overrides": [{"name": "a", "value": "x"}]}}\n',
        ),
        (
            "    variables:\n    - name: a\n      value:\n    - name: b\n",
            VariableWant("a", "/url"),
            "    - name: a\n      value:\n        url: x\n    - name: b\n",
        ),
        (
            '    "x": {"variables": 1}\n    variables: [{"name": "a", "value": null}]\n',
            VariableWant("a", "/url"),
            '    variables: [{"name": "a", "value": {"url": "x"}}]\n',
        ),
    ],
)
def test_a_null_is_filled_as_if_it_were_absent(lines: str, want: VariableWant, after: str) -> None:
    query = Query("prod", variables=(want,))
    made = text({"a.yaml": cluster(more=lines)}, query, Values("v1.34.2", variables=("x",)))
    assert made.endswith(after), made


def test_an_insertion_keeps_windows_line_ends_before_comments() -> None:
    lines = "    variables:\n    - name: a\n      # inside\n    # outside\n"
    files = {"a.yaml": cluster(more=lines).replace("\n", "\r\n")}
    made = edit(files, IMAGE, Values("v1.34.2", variables=("x",))).files["a.yaml"]
    assert made.count(b"\n") == made.count(b"\r\n")
    assert b"# inside\r\n    - name: imageId\r\n      value: x\r\n    # outside\r\n" in made
    for lines in ("    variables: [ # none\n    ]\n", "    variables:\n", "    variables: [\n      a, # one\n    ]\n"):
        files = {"a.yaml": cluster(more=lines).replace("\n", "\r\n")}
        made = edit(files, IMAGE, Values("v1.34.2", variables=("x",))).files["a.yaml"]
        assert made.count(b"\n") == made.count(b"\r\n") > files["a.yaml"].count("\n")


def test_an_insertion_into_json_over_several_lines() -> None:
    document = (
        '{\n\t"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "metadata": {"name": "prod"},\n'
        '\t"spec": {\n\t\t"topology": {\n\t\t\t"class": "c",\n\t\t\t"version": "v1.33.5"\n\t\t}\n\t}\n}\n'
    )
    query = Query("prod", variables=(VariableWant("a"), VariableWant("b")))
    made = text({"a.json": document.replace("\n", "\r\n")}, query, Values("v1.34.2", variables=("x", 1)))
    assert made.replace("\r\n", "\n").endswith(
        '\t\t\t"version": "v1.34.2",\n\t\t\t"variables": [\n\t\t\t\t{\n\t\t\t\t\t"name": "a",\n\t\t\t\t\t"value": "x"\n'
        '\t\t\t\t},\n\t\t\t\t{\n\t\t\t\t\t"name": "b",\n\t\t\t\t\t"value": 1\n\t\t\t\t}\n\t\t\t]\n\t\t}\n\t}\n}\n'
    )


def test_several_absent_values_of_one_part_go_together() -> None:
    scope = Scope(ScopeKind.MACHINE_DEPLOYMENT, "md-0")
    lines = "    workers:\n      machineDeployments:\n      - class: w\n        name: md-0\n"
    query = Query("prod", variables=(VariableWant("a", scope=scope), VariableWant("b", scope=scope)))
    made = edit(with_variables(lines), query, Values("v1.34.2", variables=(1, 2)))
    assert (
        made.files["a.yaml"]
        .decode()
        .endswith(
            "        name: md-0\n        variables:\n          overrides:\n          - name: a\n            value: 1\n"
            "          - name: b\n            value: 2\n"
        )
    )
    assert made.edits[-1].pointer == "/spec/topology/workers/machineDeployments/0/variables"


@pytest.mark.parametrize(
    ("variables", "values", "reason", "message"),
    [
        (("imageId",), (), ValueMissing, "There is no value of the variable to write here"),
        (("imageId", "imageId"), ("x", "y"), AmbiguousPlace, "Two values are meant for one place: x and y"),
        (("imageId",), ({"a": 1},), TypeChange, "is of type object"),
        (("imageId",), ("a\nb",), UnwritableValue, "is not one printable line"),
    ],
)
def test_values_that_do_not_fit(
    variables: tuple[str, ...], values: tuple[Json, ...], reason: type[ManifestError], message: str
) -> None:
    files = with_variables("    variables: [{name: imageId, value: z}]\n")
    query = Query("prod", variables=tuple(map(VariableWant, variables)))
    assert message in refusal(files, query, Values("v1.34.2", variables=values), reason=reason)


def test_two_wants_that_agree_are_one_edit() -> None:
    files = with_variables("    variables: [{name: imageId, value: z}]\n")
    query = Query("prod", variables=(VariableWant("imageId"), VariableWant("imageId")))
    assert len(edit(files, query, Values("v1.34.2", variables=("x", "x"))).edits) == 2


def test_a_repeated_insertion_would_be_two_variables_of_one_name() -> None:
    query = Query("prod", variables=(VariableWant("a"), VariableWant("a")))
    refusal({"a.yaml": cluster()}, query, Values("v1.34.2", variables=(1, 2)), reason=AmbiguousPlace)
    same = text({"a.yaml": cluster()}, query, Values("v1.34.2", variables=("x", "x")))
    assert same.count("name: a") == 1


def test_all_files_are_edited_or_none() -> None:
    targets = (TargetWant("a.yaml", "/v"), TargetWant("b.yaml", "/v"))
    made = edit({"a.yaml": "v: v1.33.5\n", "b.yaml": "v: 1.33.5\n"}, Query("prod", targets=targets))
    assert made.files == {"a.yaml": b"v: v1.34.2\n", "b.yaml": b"v: 1.34.2\n"}
    # libyaml takes this comment for one, the second parser does not.
    files = {"a.yaml": "v: v1.33.5\n", "b.yaml": "v: 1.33.5\nw: [x]#y\n"}
    refusal(files, Query("prod", targets=targets), reason=UnprovableManifest)


@pytest.mark.parametrize(
    "old",
    [
        cluster(version="v1.33.5").replace("version: ", "version:\t"),
        cluster(metadata='  annotations:\n    x: "one\n     two"\n'),
        cluster(metadata='  annotations:\n    x: "one\n    two"\n'),
        cluster(metadata="  finalizers: [\n  a # b\n  ]\n"),
    ],
)
def test_white_space_that_not_every_parser_takes_is_no_obstacle(old: str) -> None:
    assert text({"a.yaml": old}) == old.replace("v1.33.5", "v1.34.2")


def test_several_places_in_several_documents_of_one_file() -> None:
    files = {"a.yaml": f"é: 1\nv: v1.33.5\nw: v1.33.5 # é\n---\nx: y\n---\n{cluster()}"}
    targets = (TargetWant("a.yaml", "/v"), TargetWant("a.yaml", "/w"), TargetWant("a.yaml", "/spec/topology/version"))
    assert text(files, Query("prod", targets=targets)) == files["a.yaml"].replace("1.33.5", "1.34.2")
