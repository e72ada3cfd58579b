from __future__ import annotations

import pytest

from gitops_upgrader.manifests.cluster import json_value
from gitops_upgrader.manifests.node import Mapping
from gitops_upgrader.manifests.patch import Patch, PatchKind, merge
from gitops_upgrader.model import Json
from tests.manifests.samples import root


@pytest.mark.parametrize(
    ("base", "patch", "merged"),
    [
        ("{a: 1, b: 2}", "{b: 3, c: 4}", {"a": 1, "b": 3, "c": 4}),
        ("{a: {b: 1, c: 2}}", "{a: {c: 3}}", {"a": {"b": 1, "c": 3}}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: 1, b: 2}", "{a: null}", {"b": 2}),
        ("{a: 1}", "{b: null}", {"a": 1}),
        ("{a: {b: 1}}", "{a: {$patch: delete}}", {}),
        ("{a: {b: 1}}", "{a: {$patch: replace, c: 2}}", {"a": {"$patch": "replace", "c": 2}}),
        ("{a: {b: 1}}", "{$patch: merge, a: {c: 2}}", {"a": {"b": 1, "c": 2}}),
        ("{a: {b: 1}}", "{a: x}", {"a": "x"}),
        ("{a: x}", "{a: {b: 1}}", {"a": {"b": 1}}),
        ("{a: &x {b: 1}, c: *x}", "{c: {d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_merges(base: str, patch: str, merged: Json) -> None:
    found = merge(root(base), root(patch))
    assert json_value(found) == merged


def test_a_deleted_object_is_gone() -> None:
    assert merge(root("{a: 1}"), root("{$patch: delete}")) is None


def test_an_expression_is_no_null() -> None:
    found = merge(root("a: 1\n"), root("a: #@ data.values.a\n"))
    assert isinstance(found, Mapping)
    assert found.keys == ["a"]


def test_a_merge_patch_has_no_operations() -> None:
    patch = root("{a: 1}")
    assert isinstance(patch, Mapping)
    assert list(Patch(PatchKind.MERGE, patch, None).operations()) == []
