from __future__ import annotations

import pytest

from gitops_upgrader.errors import AliasedValue, InvalidPatch, ManifestError, ManifestTooLarge, NestedTooDeep
from gitops_upgrader.manifests.cluster import json_value
from gitops_upgrader.manifests.json_patch import apply, read
from gitops_upgrader.manifests.node import Node, Sequence
from gitops_upgrader.model import Json
from tests.manifests.samples import root


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("{op: add, path: /a, value: 9}", {"a": 9, "l": [1, 2], "m": {"n": 3}}),
        ("{op: add, path: /z, value: 9}", {"a": 0, "l": [1, 2], "m": {"n": 3}, "z": 9}),
        ("{op: add, path: /l/-, value: 9}", {"a": 0, "l": [1, 2, 9], "m": {"n": 3}}),
        ("{op: add, path: /l/2, value: 9}", {"a": 0, "l": [1, 2, 9], "m": {"n": 3}}),
        ("{op: add, path: /l/0, value: 9}", {"a": 0, "l": [9, 1, 2], "m": {"n": 3}}),
        ("{op: replace, path: /m/n, value: 9}", {"a": 0, "l": [1, 2], "m": {"n": 9}}),
        ("{op: replace, path: /l/1, value: 9}", {"a": 0, "l": [1, 9], "m": {"n": 3}}),
        ("{op: replace, path: '', value: 9}", 9),
        ("{op: remove, path: /a}", {"l": [1, 2], "m": {"n": 3}}),
        ("{op: remove, path: /l/0}", {"a": 0, "l": [2], "m": {"n": 3}}),
        ("{op: move, from: /a, path: /m/a}", {"l": [1, 2], "m": {"n": 3, "a": 0}}),
        ("{op: copy, from: /m/n, path: /l/-}", {"a": 0, "l": [1, 2, 3], "m": {"n": 3}}),
        ("{op: test, path: /m, value: {n: 3}}", {"a": 0, "l": [1, 2], "m": {"n": 3}}),
        # What Kustomize takes though RFC 6902 does not.
        ("{op: replace, path: /z, value: 1}", {"a": 0, "l": [1, 2], "m": {"n": 3}, "z": 1}),
        ("{op: replace, path: /m/z, value: {y: 1}}", {"a": 0, "l": [1, 2], "m": {"n": 3, "z": {"y": 1}}}),
        ("{op: replace, path: /l/-1, value: 9}", {"a": 0, "l": [1, 9], "m": {"n": 3}}),
        ("{op: replace, path: /l/+1, value: 9}", {"a": 0, "l": [1, 9], "m": {"n": 3}}),
        ("{op: remove, path: /l/-2}", {"a": 0, "l": [2], "m": {"n": 3}}),
        ("{op: add, path: /l/-1, value: 9}", {"a": 0, "l": [1, 2, 9], "m": {"n": 3}}),
        ("{op: add, path: /l/-3, value: 9}", {"a": 0, "l": [9, 1, 2], "m": {"n": 3}}),
        ("{op: test, path: /z, value: null}", {"a": 0, "l": [1, 2], "m": {"n": 3}}),
        ("{op: add, path: '/m/a|~1b', value: 9}", {"a": 0, "l": [1, 2], "m": {"n": 3, "a|/b": 9}}),
    ],
)
def test_operations(operation: str, result: Json) -> None:
    assert json_value(_apply(root("{a: 0, l: [1, 2], m: {n: 3}}"), operation)) == result


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("{op: replace, path: z, value: 1}", "z does not start with a slash"),
        ("{op: add, path: /l/x, value: 1}", "which is not there"),
        ("{op: remove, path: /l/-3}", "which is not there"),
        ("{op: add, path: /l/-4, value: 1}", "which is not there"),
        ("{op: replace, path: /l/-, value: 1}", "which is not there"),
        ("{op: replace, path: /l/99999999999999999999, value: 1}", "which is not there"),
        ("{op: replace, path: /m/z/y, value: 1}", "which is not there"),
        ("{op: remove, path: /z}", "which is not there"),
        ("{op: remove, path: ''}", "removes the whole object"),
        ("{op: replace, path: /l/7, value: 1}", "which is not there"),
        ("{op: add, path: /l/7, value: 1}", "which is not there"),
        ("{op: replace, path: '/l/[x=1]', value: 1}", "which is not there"),
        ("{op: add, path: '/n/[x=1]', value: 1}", "which is not there"),
        ("{op: replace, path: /a/b, value: 1}", "leads through a single value"),
        ("{op: test, path: /a, value: 1}", "tests /a for another value"),
        ("{op: test, path: /z, value: 1}", "tests /z for another value"),
        ("{op: test, path: /l/9, value: 1}", "tests /l/9 for another value"),
        ("{op: copy, from: /z, path: /a}", "needs /z, which is not there"),
        ("{op: merge, path: /a, value: 1}", "merge is no JSON6902 operation"),
        ("{op: replace, path: /a}", "replace has no value"),
    ],
)
def test_operations_that_do_not_apply(operation: str, message: str) -> None:
    with pytest.raises(InvalidPatch, match=message):
        _apply(root("{a: 0, l: [1, 2], m: {n: 3}, n: [{x: 1}]}"), operation)


def test_a_path_deeper_than_any_object_is_refused() -> None:
    with pytest.raises(NestedTooDeep, match=r"a\.yaml:1:2: The path of an operation has more than 100 levels"):
        _apply(root("{a: 1}"), f"{{op: add, path: {'/a' * 101}, value: 1}}")


def test_copies_of_copies_are_bounded() -> None:
    tree = root("{a: {b: 1}}")
    for count in range(13):
        tree = _apply(tree, f"{{op: copy, from: /a, path: /a/c{count}}}")
    with pytest.raises(ManifestTooLarge, match=r"a\.yaml:1:2: An operation copies more than 10,000 values"):
        _apply(tree, "{op: copy, from: /a, path: /a/d}")


def test_an_operation_through_an_alias_is_refused() -> None:
    with pytest.raises(AliasedValue):
        _apply(root("{x: &x {y: 1}, z: *x}"), "{op: replace, path: /z/y, value: 2}")


@pytest.mark.parametrize("text", ["[{path: /a}]", "[x]"])
def test_items_that_are_no_operations(text: str) -> None:
    patch = root(text)
    assert isinstance(patch, Sequence)
    with pytest.raises(ManifestError, match="has no op"):
        list(read(patch))


def _apply(tree: Node, text: str) -> Node:
    patch = root(f"[{text}]")
    assert isinstance(patch, Sequence)
    (operation,) = read(patch)
    return apply(tree, operation)
