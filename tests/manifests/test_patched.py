from __future__ import annotations

from gitops_upgrader.manifests import json_patch, pointer
from gitops_upgrader.manifests.node import Node, Sequence
from gitops_upgrader.manifests.patch import merge
from gitops_upgrader.manifests.patched import PatchedMapping, PatchedSequence
from tests.manifests.samples import root


def test_what_is_patched_knows_its_origin() -> None:
    base = root("{a: {b: [1, {c: 2}]}}")
    once = _apply(base, "{op: replace, path: /a/b/1/c, value: 3}")
    twice = _apply(once, "{op: replace, path: /a/b/0, value: 4}")
    changed = pointer.walk(twice, ["a", "b"])
    assert isinstance(changed, PatchedSequence)
    assert changed.origin is pointer.walk(base, ["a", "b"])
    outer = merge(twice, root("{a: {d: 5}}"))
    assert isinstance(outer, PatchedMapping)
    assert outer.origin is base


def _apply(tree: Node, text: str) -> Node:
    patch = root(f"[{text}]")
    assert isinstance(patch, Sequence)
    (operation,) = json_patch.read(patch)
    return json_patch.apply(tree, operation)
