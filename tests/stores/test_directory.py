"""The directory store: the contract, and what files add to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import DuplicateObject, InvalidObject, ObjectExists, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import DirectoryStore, Store
from tests.stores.contract import StoreContract, image, key

Write = Callable[[str, str], Path]

PLAN = """\
apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1
kind: Plan
metadata: {name: %s}
spec: {versionRange: v1.34.x}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def said(store: DirectoryStore, root: Path) -> list[str]:
    """The problems of a store, with the folder's own name left out."""
    return [f"{error.reason} {error}".replace(f"{root}/", "") for error in store.problems]


class TestContract(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return DirectoryStore()


def test_objects_of_all_files(write: Write, tmp_path: Path) -> None:
    write("a.yaml", PLAN % "one" + "---\n" + PLAN % "two")
    write("b/c.yml", "# a comment\n\n" + PLAN % "three")
    write("b/d.json", '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {}}')
    store = DirectoryStore.load([tmp_path])
    assert store.problems == ()
    assert [stored.key.name for stored in store.list(api.GROUP, "Plan")] == ["one", "three", "two"]
    three = store.get(key("Plan", "three"))
    assert three is not None
    assert three.origin == Where(file=str(tmp_path / "b/c.yml"), line=3, object="Plan default/three")
    assert three.content["metadata"] == {"name": "three", "namespace": "default"}
    assert store.get(ObjectKey("", "Secret", "n", "s")) is not None


def test_a_list_is_taken_apart(write: Write, tmp_path: Path) -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1
  kind: Plan
  metadata: {name: good}
  spec: {versionRange: v1.34.x}
- apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1
  kind: Plan
  metadata: {name: bad}
  spec: {versionrange: v1.34.x, versionRange: 1.x}
"""
    write("a.yaml", text)
    store = DirectoryStore.load([tmp_path])
    good = store.get(key("Plan", "good"))
    assert good is not None
    assert good.origin == Where(str(tmp_path / "a.yaml"), 4, object="Plan default/good")
    assert said(store, tmp_path) == [
        "InvalidObject a.yaml:11:10: Plan default/bad: spec.versionrange: unknown field. Did you mean versionRange?"
    ]
    assert store.broken == {key("Plan", "bad")}


def test_one_bad_object_never_stops_the_others(write: Write, tmp_path: Path) -> None:
    write("a.yaml", PLAN % "one" + "---\n" + PLAN.replace("v1.34.x", "x1") % "two" + "---\n" + PLAN % "three")
    write("b.yaml", PLAN % "four" + "---\na: [\n")
    write("c.yaml", PLAN % "five")
    store = DirectoryStore.load([tmp_path])
    assert [stored.key.name for stored in store.list(api.GROUP, "Plan")] == ["five", "four", "one", "three"]
    assert [line.partition(": ")[0] for line in said(store, tmp_path)] == [
        "InvalidRange a.yaml:9:22",
        "UnreadableFile b.yaml:7:1",
    ]


def test_two_of_one_name_are_both_left_out(write: Write, tmp_path: Path) -> None:
    write("a.yaml", PLAN % "one" + "---\n" + PLAN % "two")
    write("b.yaml", "\n" + PLAN % "{name: one, namespace: default}".removeprefix("{name: ").removesuffix("}"))
    store = DirectoryStore.load([tmp_path])
    assert said(store, tmp_path) == [
        (
            "DuplicateObject b.yaml:2: Plan default/one: The same object is at a.yaml:1 too."
            " Remove or rename one of the two; neither is used."
        )
    ]
    assert [stored.key.name for stored in store.list(api.GROUP, "Plan")] == ["two"]
    assert store.broken == {key("Plan", "one")}


def test_a_file_that_is_named_twice_is_read_once(write: Write, tmp_path: Path) -> None:
    path = write("a/b.yaml", PLAN % "one")
    assert DirectoryStore.load([tmp_path, tmp_path / "a", path]).problems == ()


def test_foreign_objects_of_one_name_matter_when_they_are_asked_for(write: Write, tmp_path: Path) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: %s}\n---\n"
    write("a.yaml", config % ("same", "x") + config % ("same", "x") + config % ("other", "x") + config % ("other", "y"))
    store = DirectoryStore.load([tmp_path])
    assert store.problems == ()
    assert store.get(key("ConfigMap", "same", group="")) is not None
    with pytest.raises(DuplicateObject, match=r"a\.yaml:16.*ConfigMap default/other.*a\.yaml:11 too"):
        store.get(key("ConfigMap", "other", group=""))
    with pytest.raises(DuplicateObject):
        store.list("", "ConfigMap")
    with pytest.raises(DuplicateObject):
        store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})
    assert store.list("", "ConfigMap", "elsewhere") == ()


def test_the_status_of_our_own_kinds_is_ignored_and_that_of_foreign_kinds_read(write: Write, tmp_path: Path) -> None:
    write("a.yaml", PLAN % "one" + "status: {phase: Nonsense, machineImageDetails: 3}\n")
    write("b.yaml", "apiVersion: example.com/v1\nkind: Releases\nmetadata: {name: r}\nstatus: {versions: [v1.34.2]}\n")
    store = DirectoryStore.load([tmp_path])
    assert store.problems == ()
    plan, releases = store.get(key("Plan", "one")), store.get(key("Releases", "r", group="example.com"))
    assert plan is not None
    assert plan.status == {}
    assert releases is not None
    assert releases.status == {"versions": ["v1.34.2"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n---\n",
        "just a text\n",
        "- a\n- list\n",
        "replicaCount: 3\nimage: {tag: v1}\n",
        "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: [a]\n",
        "apiVersion: upgrade.cattle.io/v1\nkind: Plan\nmetadata: {name: rancher}\nspec: {version: v1}\n",
        "apiVersion: v1\nkind: List\nitems: []\n",
        "apiVersion: v1\nkind: List\n",
        "apiVersion: v1\nkind: List\nitems: {a: b}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: [a]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 3}\n",
    ],
)
def test_what_is_none_of_our_objects_is_no_mistake(text: str, write: Write, tmp_path: Path) -> None:
    write("a.yaml", text)
    store = DirectoryStore.load([tmp_path])
    assert store.problems == ()
    assert store.list(api.GROUP, "Plan") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "apiVersion: kubernetesupgrade.dimitrikoshkin.com/v1alpha1\nkind: Plan\nmetadata: {name: a}\n",
            (
                "InvalidObject a.yaml:1:13: Plan default/a: apiVersion:"
                " 'kubernetesupgrade.dimitrikoshkin.com/v1alpha1' is not served;"
                " there is only kubernetesupgraded.dimitrikoshkin.com/v1alpha1."
            ),
        ),
        (
            "kind: MachineImage\nmetadata: {name: a}\n",
            (
                "InvalidObject a.yaml:1:1: MachineImage default/a: apiVersion: None is not served;"
                " there is only kubernetesupgraded.dimitrikoshkin.com/v1alpha1."
            ),
        ),
        (
            "apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1\nmetadata: {name: a}\n",
            "InvalidObject a.yaml:1:1: object default/a: kind: is required and missing.",
        ),
        (
            (PLAN % "x").replace("name: x", "nam: x"),
            "InvalidObject a.yaml:3:1: Plan: metadata.name: is required and missing. Add it.",
        ),
        (
            (PLAN % "a").replace("v1.34.x}", "v1.34.x, versionRange: v1.34.x}"),
            "DuplicateField a.yaml:4:31: The key 'versionRange' is here twice. Remove one of the two.",
        ),
    ],
)
def test_what_is_meant_as_ours_is_judged(text: str, problem: str, write: Write, tmp_path: Path) -> None:
    write("a.yaml", text)
    store = DirectoryStore.load([tmp_path])
    assert problem in said(store, tmp_path)
    assert store.list(api.GROUP, "Plan") == ()


def test_a_missing_path(tmp_path: Path) -> None:
    store = DirectoryStore.load([tmp_path / "nowhere"])
    assert said(store, tmp_path) == [
        "UnreadableFile nowhere: There is no such file or folder. Name a file or folder of custom resources."
    ]


def test_nothing_is_written_to_the_files(write: Write, tmp_path: Path) -> None:
    path = write("a.yaml", PLAN % "one")
    before = path.read_bytes()
    store = DirectoryStore.load([tmp_path])
    name = key("Plan", "one")
    store.write_status(name, {"phase": "FoundMachineImage"})
    patched = store.patch(name, {"spec": {"versionRange": "v1.35.x"}})
    assert patched.origin is not None
    store.create(image("new"))
    store.delete(name)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"apiVersion": api.API_VERSION, "kind": "Plan", "metadata": {}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": "a"},
    ],
)
def test_an_object_needs_a_name(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidObject, match="are needed"):
        DirectoryStore().create(content)


def test_a_name_is_not_patched() -> None:
    store = DirectoryStore()
    name = store.create(image("a")).key
    with pytest.raises(InvalidObject, match="cannot be changed"):
        store.patch(name, {"metadata": {"name": "b"}})


def test_foreign_objects_are_created_as_they_are() -> None:
    store = DirectoryStore()
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"versions": "v1.34.2"}}
    created = store.create(content)
    assert created.content["data"] == {"versions": "v1.34.2"}
    assert store.patch(created.key, {"data": "replaced"}).content["data"] == "replaced"
    with pytest.raises(ObjectExists):
        store.create(content)
