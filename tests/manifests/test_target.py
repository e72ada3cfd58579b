from __future__ import annotations

import json

import pytest

from gitops_upgrader.errors import (
    ManifestError,
    NotAVersion,
    SymbolicLink,
    TargetNotFound,
    TemplatedValue,
    TypeChange,
    UnreadableManifest,
    ValueMissing,
)
from gitops_upgrader.manifests import DocumentWant, Manifests, Query, Role, Shape, TargetWant, Values, VariableWant
from gitops_upgrader.model import Blob, BlobKind
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, edit, locate, refusal, text


def query(*targets: TargetWant, variables: tuple[VariableWant, ...] = ()) -> Query:
    return Query("prod", "fleet", targets=targets, variables=variables)


VERSION = TargetWant("v.yaml", "/v")


def test_a_target_needs_no_cluster() -> None:
    found = locate({"v.yaml": "v: v1.33.5\n"}, query(TargetWant("./v.yaml", "/v")))
    assert (found.version.shape, found.version_text, found.name, found.namespace) == (
        Shape.TARGET,
        "v1.33.5",
        "prod",
        "fleet",
    )
    assert (found.file, found.document, found.line) == ("v.yaml", 0, 1)
    assert found.targets == (found.version,)


def test_what_targets_leave_out_is_looked_for_in_the_cluster() -> None:
    more = "    variables: [{name: imageId, value: a}]\n"
    wants = (VariableWant("imageId"),)
    found = locate({"a.yaml": cluster(more=more), "v.yaml": "v: v1.33.5\n"}, query(VERSION, variables=wants))
    assert (found.version.file, found.file, [place.value for place in found.variables]) == ("v.yaml", "a.yaml", ["a"])
    image = TargetWant("v.yaml", "/v", template="$(IMAGE_ID)")
    found = locate({"a.yaml": cluster(), "v.yaml": "v: img\n"}, query(image, variables=wants))
    assert (found.version.file, found.version_text, found.variables, found.image_text) == (
        "a.yaml",
        "v1.33.5",
        (),
        "img",
    )
    assert [place.file for place in found.targets] == ["v.yaml"]


@pytest.mark.parametrize(
    ("values", "templates", "version"),
    [
        (["v1.33.5"], ["$(KUBERNETES_VERSION)"], "v1.33.5"),
        (["1.33.5"], ["$(VERSION_NO_V)"], "1.33.5"),
        (["node:v1.33.5-x"], ["node:$(KUBERNETES_VERSION)-x"], "v1.33.5-x"),
        (["img v1.33.5 a"], ["img $(KUBERNETES_VERSION) $(CLUSTER_NAME)"], "v1.33.5"),
        (["$5 v1.33.5 v1.33.5"], ["$$5 $(KUBERNETES_VERSION) $(KUBERNETES_VERSION)"], "v1.33.5"),
        (["1", "33", "5"], ["$(MAJOR)", "$(MINOR)", "$(PATCH)"], "v1.33.5"),
        (["1.33", "5"], ["$(MAJOR).$(MINOR)", "$(PATCH)"], "v1.33.5"),
    ],
)
def test_the_version_is_taken_out_of_its_text(values: list[str], templates: list[str], version: str) -> None:
    targets = [TargetWant("v.yaml", f"/{index}", template=template) for index, template in enumerate(templates)]
    found = locate({"v.yaml": "".join(f"- '{value}'\n" for value in values)}, query(*targets))
    if version == "v1.33.5-x":
        version = "v1.33.5"
    assert found.version_text == version


@pytest.mark.parametrize(
    ("value", "template"),
    [
        ("dl/1.33/x", "dl/$(MAJOR).$(MINOR)/x"),
        ("other", "node-$(KUBERNETES_VERSION)"),
        ("v1.33.5-rke2r1", "$(VERSION_SLUG)"),
    ],
)
def test_targets_that_do_not_tell_the_version_leave_it_to_the_cluster(value: str, template: str) -> None:
    wanted = query(TargetWant("v.yaml", "/v", template=template))
    files = {"a.yaml": cluster(), "v.yaml": f"v: {value}\n"}
    made = edit(files, wanted, Values("v1.34.2", targets=("new",)))
    assert {file: data.decode() for file, data in made.files.items()} == {
        "a.yaml": cluster(version="v1.34.2"),
        "v.yaml": "v: new\n",
    }
    assert locate(files, wanted).version_text == "v1.33.5"
    others = (TargetWant("v.yaml", "/v", template="img"), TargetWant("v.yaml", "/v", template=template))
    message = refusal({"v.yaml": files["v.yaml"]}, query(*others), reason=NotAVersion)
    assert message == (
        f"v.yaml:1:4: /v: Nothing here tells the version that the cluster is at: not {value!r} as {template} has it, "
        "and there is no Cluster fleet/prod in any file. Add a target for a place that holds the whole version."
    )


def test_setter_comments_count_for_what_targets_leave_out() -> None:
    line = '{} # {{"$gitops-upgrader": "a/b:{}"}}\n'
    files = {"v.yaml": f"v: v1.33.5\ni: {line.format('img', 'image')}m: {line.format('1.33', 'minor')}"}
    files["old.yaml"] = f"v: {line.format('v1.30.0', 'version')}"
    made = edit(
        files, Query("prod", owner="a/b", targets=(VERSION,)), Values("v1.34.2", "img-34", targets=("v1.34.2",))
    )
    assert [change.new for change in made.edits] == ["v1.34.2", "img-34", "1.34"]


def test_a_version_in_a_text_that_is_none_is_refused_in_its_place() -> None:
    target = TargetWant("v.yaml", "/v", template="node:$(KUBERNETES_VERSION)")
    message = refusal({"v.yaml": "v: node:v1.033.5\n"}, query(target), reason=NotAVersion)
    assert message.startswith("v.yaml:1:4: /v: 'v1.033.5' is no version: a number in it starts with 0.")


def test_the_target_that_tells_the_version_comes_first() -> None:
    targets = (
        TargetWant("v.yaml", "/i", template="$(IMAGE_ID)"),
        TargetWant("v.yaml", "/m", template="$(MAJOR)"),
        VERSION,
    )
    found = locate({"v.yaml": "v: v1.33.5\ni: img\nm: 1\n"}, query(*targets))
    assert [place.pointer for place in found.targets] == ["/i", "/m", "/v"]
    assert [slot.role for slot in found.slots] == [Role.VERSION, Role.TARGET, Role.IMAGE]
    assert found.version_text == "v1.33.5"


DOCUMENTS = """
a: 1
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: x}
v: v1.33.1
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: x}
v: v1.33.2
---
apiVersion: v2
kind: Secret
metadata: {name: two, namespace: y}
v: v1.33.3
---
- v: x
"""


@pytest.mark.parametrize(
    ("want", "version"),
    [
        (DocumentWant(name="one"), "v1.33.1"),
        (DocumentWant(kind="ConfigMap", name="two"), "v1.33.2"),
        (DocumentWant(api_version="v2"), "v1.33.3"),
        (DocumentWant(namespace="y"), "v1.33.3"),
    ],
)
def test_the_document_is_told_by_its_fields(want: DocumentWant, version: str) -> None:
    assert locate({"v.yaml": DOCUMENTS}, query(TargetWant("v.yaml", "/v", want))).version_text == version


@pytest.mark.parametrize(
    ("target", "reason", "message"),
    [
        (TargetWant("w.yaml", "/v"), TargetNotFound, "The target's file w.yaml is not there. Did you mean v.yaml?"),
        (TargetWant("other/place", "/v"), TargetNotFound, "Write its path from the repository's root."),
        (
            TargetWant("v.yaml", "/v"),
            TargetNotFound,
            "Several documents have /v: v.yaml:7:4, v.yaml:12:4, v.yaml:17:4.",
        ),
        (TargetWant("v.yaml", "/b"), TargetNotFound, "there is no b here. It has a."),
        (TargetWant("v.yaml", "/vv", DocumentWant(name="one")), TargetNotFound, "Did you mean v?"),
        (
            TargetWant("v.yaml", "/v/x", DocumentWant(name="one")),
            TargetNotFound,
            "there is no x here. Correct the target's",
        ),
        (TargetWant("v.yaml", "/v|/x", DocumentWant(name="one")), TargetNotFound, "which is no literal block (|)"),
        (TargetWant("v.yaml", "|/x", DocumentWant(name="one")), TargetNotFound, "which is no literal block (|)"),
        (TargetWant("v.yaml", "/v", DocumentWant(kind="Job")), TargetNotFound, "v.yaml: The file has no Job."),
        (
            TargetWant("v.yaml", "/v", DocumentWant("v1", "Job", "n", "s")),
            TargetNotFound,
            "The file has no v1 Job s/n.",
        ),
        (
            TargetWant("text.yaml", "/a"),
            TargetNotFound,
            "text.yaml: Nothing in the file has fields. Correct the target's",
        ),
        (TargetWant("v.yaml", "/0/v"), NotAVersion, "'x' is not a whole version"),
        (TargetWant("bad.yaml", "/v"), UnreadableManifest, "bad.yaml:2:1"),
        (TargetWant("link.yaml", "/v"), SymbolicLink, "link.yaml: link.yaml is a symlink, and none is followed."),
        (TargetWant("folder/v.yaml", "/v"), SymbolicLink, "folder/v.yaml: folder is a symlink, and none is followed."),
    ],
)
def test_targets_that_lead_nowhere(target: TargetWant, reason: type[ManifestError], message: str) -> None:
    files = {"v.yaml": DOCUMENTS, "bad.yaml": "a: [\n", "text.yaml": "v1.33.5\n"}
    links = {"link.yaml": "v.yaml", "folder": "."}
    assert message in refusal(files, query(target), reason=reason, links=links)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "|\n  v: v1.33.5\n  ---\n  v: v1.33.5\n",
            "which holds 2 YAML documents. Move the one that is meant to a text of",
        ),
        ("|\n  # empty\n", "which holds no YAML document. Correct the target's pointer."),
    ],
)
def test_a_text_without_one_document_is_no_place(text: str, problem: str) -> None:
    message = refusal({"v.yaml": f"a: {text}"}, query(TargetWant("v.yaml", "/a|/v")), reason=TargetNotFound)
    assert message.startswith(f"v.yaml:1:4: /a|/v goes on inside a text here, {problem}")


@pytest.mark.parametrize(
    ("before", "template", "values", "after"),
    [
        ("1.33.5", "$(KUBERNETES_VERSION)", Values(version="v1.34.2"), "1.34.2"),
        ("1.33.5", "$(KUBERNETES_VERSION)", Values(targets=("v1.34.2",)), "1.34.2"),
        ("v1.33.5", "$(KUBERNETES_VERSION)", Values(targets=("v1.34.2",)), "v1.34.2"),
        ("v1.33.5", "$(VERSION_NO_V)", Values(version="v1.34.2"), "1.34.2"),
        ("v1.33.5", "$(VERSION_NO_V)", Values(targets=("1.34.2",)), "1.34.2"),
        ("1.33.5", "v$(VERSION_NO_V)", Values(targets=("v1.34.2",)), "v1.34.2"),
        ("33", "$(MINOR)", Values(targets=("34",)), "34"),
        ("x", "$(IMAGE_ID)", Values(version="v1.34.2", image="z"), "z"),
    ],
)
def test_targets_are_written(before: str, template: str, values: Values, after: str) -> None:
    files = {"v.yaml": f"v: {before}\nw: v1.33.5\n"}
    targets = (TargetWant("v.yaml", "/v", template=template), TargetWant("v.yaml", "/w"))
    given = Values(values.version, values.image, targets=(*values.targets, "v1.33.5") if values.targets else ())
    assert text(files, query(*targets), given).startswith(f"v: {after}\n")


def test_a_value_for_each_target_is_needed() -> None:
    target = TargetWant("v.yaml", "/v", template="x$(VERSION_NO_V)")
    assert "There is no value of the target" in refusal({"v.yaml": "v: x1.33.5\n"}, query(target), reason=ValueMissing)


def test_the_file_may_be_of_any_kind() -> None:
    target = TargetWant("versions.txt", "/v")
    assert edit({"versions.txt": "v: v1.33.5\n"}, query(target)).files == {"versions.txt": b"v: v1.34.2\n"}


def test_a_file_in_a_submodule_is_in_another_repository() -> None:
    class Tree(MemoryTree):
        def blobs(self) -> list[Blob]:
            return [*super().blobs(), Blob("module", "0" * 40, BlobKind.SUBMODULE)]

    manifests = Manifests(Tree({"a.yaml": "v: v1.33.5\n"}))
    with pytest.raises(SymbolicLink, match="Upgrade it in the repository that the submodule is of") as caught:
        manifests.locate(query(TargetWant("module/a.yaml", "/v")))
    assert caught.value.message == "module is a submodule, and none is followed."
    with pytest.raises(SymbolicLink, match="Upgrade it in the repository that the submodule is of"):
        manifests.locate(Query("prod", paths=("module/clusters",)))


def test_a_file_that_the_paths_leave_out_is_told_from_one_that_is_not_there() -> None:
    tree = MemoryTree({"values/prod.yaml": "v: v1.33.5\n", "clusters/prod.yaml": "a: 1\n"})
    for file, message in (
        ("values/prod.yaml", "but the GitOpsRepository's paths leave it out. Add it to the paths."),
        ("clusters/prd.yaml", "is not there. Did you mean clusters/prod.yaml?"),
        ("x", "is not there. Write its path from the repository's root."),
    ):
        with pytest.raises(TargetNotFound) as caught:
            Manifests(tree, ("clusters",)).locate(query(TargetWant(file, "/v")))
        assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("value", "template", "remedy"),
    [
        ("${K:=v1.33.5}", "$(KUBERNETES_VERSION)", '"$${K:=$(KUBERNETES_VERSION)}"'),
        ("'${K:-v1.33.5}'", "$(KUBERNETES_VERSION)", '"$${K:-$(KUBERNETES_VERSION)}"'),
        ("${K=1.33.5}", "$(VERSION_NO_V)", '"$${K=$(VERSION_NO_V)}"'),
        ("${K-img-33}", "$(IMAGE_ID)", '"$${K-$(IMAGE_ID)}"'),
        ("${K:=kube-v1.33.5}", "kube-$(KUBERNETES_VERSION)", '"$${K:=kube-$(KUBERNETES_VERSION)}"'),
        ("${K:=none}", "$(KUBERNETES_VERSION)", ""),
        ("${K}", "$(KUBERNETES_VERSION)", ""),
        ("${K:=${L}}", "$(IMAGE_ID)", ""),
        ("${K:=v1.33.5}", "$${L:=$(KUBERNETES_VERSION)}", ""),
        ("{a: '${K:=v1.33.5}'}", "$${K:=$(KUBERNETES_VERSION)}", None),
    ],
)
def test_the_default_of_an_expression(value: str, template: str, remedy: str | None) -> None:
    files = {"a.yaml": f"v: {value}\n", "c.yaml": cluster()}
    asked = Query("prod", targets=(TargetWant("a.yaml", "/v", template=template),))
    told = refusal(files, asked, reason=TypeChange if remedy is None else TemplatedValue)
    assert ("If nobody sets it, change the default: give the target the value" in told) == bool(remedy)
    assert (remedy or "") in told
    if remedy:
        wanted = TargetWant("a.yaml", "/v", template=json.loads(remedy))
        made = "${" + value.strip("'${}").replace("33", "34") + "}"
        edited = edit(files, Query("prod", targets=(wanted,)), Values("v1.34.2", "img-34", targets=(made,)))
        assert edited.files["a.yaml"].decode() == files["a.yaml"].replace("33", "34")
