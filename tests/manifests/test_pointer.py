from __future__ import annotations

import pytest

from gitops_upgrader.errors import AliasedValue, DuplicateKey, InvalidPointer, ManifestError, MergeKey
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Mapping, Scalar
from tests.manifests.samples import root


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("", [[]]),
        ("/", [[""]]),
        ("/a/0/b~1c~0d~01", [["a", "0", "b/c~d~1"]]),
        ("/data/values.yaml|/a/[name=x~1y]", [["data", "values.yaml"], ["a", "[name=x/y]"]]),
        ("/a||/b", [["a|"], ["b"]]),
        ("/a|b/c", [["a|b", "c"]]),
        ("/a|", [["a"], []]),
    ],
)
def test_pointers_are_parsed(text: str, levels: list[list[str]]) -> None:
    assert pointer.parse(text) == levels


@pytest.mark.parametrize("text", ["a", "a/b", "/a~", "/a~2b", "/~"])
def test_bad_pointers_are_refused(text: str) -> None:
    with pytest.raises(InvalidPointer):
        pointer.parse(text)


TREE = "a: {b: [x, {name: n, v: 1}, {name: m, v: 2}], 1: one}\ns: text\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/a/b/0", "x"),
        ("/a/b/1/v", "1"),
        ("/a/b/[name=m]/v", "2"),
        ("/a/1", "one"),
        ("/a/b/3", None),
        ("/a/b/00", None),
        pytest.param("/a/b/" + "9" * 5000, None, id="more digits than Python reads"),
        ("/a/b/-", None),
        ("/a/b/[name=x]", None),
        ("/a/c/d", None),
        ("/s/x", None),
    ],
)
def test_paths_are_walked(text: str, value: str | None) -> None:
    node = pointer.walk(root(TREE), pointer.parse(text)[0])
    assert (node.value if isinstance(node, Scalar) else node) == value
    if node is not None and "[" not in text:
        assert pointer.of(node) == text


@pytest.mark.parametrize(
    ("text", "path", "reason", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "/a", DuplicateKey, r"a\.yaml:3:1: The key a is there twice, first at a\.yaml:1:1"),
        ("x: &x {a: 1}\nb: *x\n", "/b/a", AliasedValue, r"a\.yaml:2:4: The alias \*x stands here; .* a\.yaml:1:4"),
        ("x: &x {a: 1}\nb:\n  <<: *x\n", "/b/a", MergeKey, r"a\.yaml:3:3: a is not here itself"),
        ("- {name: a}\n- {name: a}\n", "/[name=a]", DuplicateKey, r"a\.yaml:2:3: Two items of the list have name a"),
    ],
)
def test_ways_that_an_edit_must_not_take(text: str, path: str, reason: type[ManifestError], message: str) -> None:
    with pytest.raises(reason, match=message):
        pointer.walk(root(text), pointer.parse(path)[0])


def test_a_key_beside_a_merge_key_is_found() -> None:
    node = pointer.walk(root("x: &x {a: 1}\nb:\n  <<: *x\n  a: 2\n"), ["b", "a"])
    assert isinstance(node, Scalar)
    assert node.value == "2"


@pytest.mark.parametrize(
    ("text", "keys", "value"),
    [
        ("x: &x {a: 1}\nb: *x\n", ("b", "a"), "1"),
        ("x: &x {a: 1}\nb: {<<: *x}\n", ("b", "a"), "1"),
        ("x: &x {a: 1}\ny: &y {c: 2}\nb: {<<: [*x, *y]}\n", ("b", "c"), "2"),
        ("x: &x {a: 1}\nb: {<<: *x}\n", ("b", "z"), ""),
        ("x: &x {a: 1}\nb: {c: 3, <<: *x}\n", ("b", "a"), "1"),
        ("a: 1\na: 2\n", ("a",), "2"),
        ("a: 1\n", ("a", "b"), ""),
    ],
)
def test_a_look_follows_aliases_and_merges(text: str, keys: tuple[str, ...], value: str) -> None:
    assert pointer.peek(root(text), *keys) == value


def test_an_item_is_chosen_among_all_kinds_of_items() -> None:
    text = "base: &b {name: m}\nlist: [m, [m], {x: m}, {name: n}, {name: [m]}, {&k name: o}, {<<: *b, x: 1}]\n"
    found = pointer.walk(root(text), ("list", "[name=m]"))
    assert isinstance(found, Mapping)
    assert found.keys == ["<<", "x"]
    assert pointer.peek(pointer.walk(root(text), ("list", "[name=o]")), "name") == "o"
    assert pointer.walk(root(text), ("list", "[name=p]")) is None
    assert pointer.walk(root("list: [m, [m], {x: m}, {name: n}, {name: [m]}]\n"), ("list", "[name=m]")) is None


def test_the_way_is_found_in_a_tree_that_was_forgotten() -> None:
    tree = root("a: {b: [1, {c: 2}]}\n")
    nodes = {path: pointer.walk(tree, pointer.parse(path)[0]) for path in ("", "/a", "/a/b", "/a/b/1", "/a/b/1/c")}
    tree.document.forget()
    assert tree.document.root is not tree
    assert {path: pointer.of(node) for path, node in nodes.items() if node} == {path: path for path in nodes}
    stranger = root("x: 1\nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy: 2\n")
    assert isinstance(tree, Mapping)
    assert isinstance(stranger, Mapping)
    with pytest.raises(LookupError):
        tree.index(stranger.values[1])


def test_the_way_to_a_node_is_found_by_its_place() -> None:
    node = root("- \n- \n- {a: , b: }\n-\n  - x\n")
    for path in ("/0", "/1", "/2/a", "/2/b", "/3/0"):
        found = pointer.walk(node, pointer.parse(path)[0])
        assert found is not None
        assert pointer.of(found) == path
    assert pointer.path(node) == ()
    assert pointer.children(None) == []
    assert isinstance(pointer.follow(root("a: 1")), Mapping)
