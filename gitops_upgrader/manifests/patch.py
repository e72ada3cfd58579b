"""Kustomize's patches: what they are for, and how strategic merges change trees of nodes.

Every value in a tree that they change still knows the file that it comes from; see `patched`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from gitops_upgrader.manifests import json_patch, pointer
from gitops_upgrader.manifests.cluster import json_value
from gitops_upgrader.manifests.json_patch import Operation
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.patched import PatchedMapping, members
from gitops_upgrader.manifests.selector import Selector


class PatchKind(enum.Enum):
    """The two languages of patches that Kustomize knows."""

    MERGE = "strategic merge patch"
    JSON6902 = "JSON6902 patch"


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: an object to merge, or operations. `target` None: a merge patch names its object itself.

    `renames`: a name in it is the object's new name; else Kustomize keeps the old one.
    """

    kind: PatchKind
    node: Mapping | Sequence
    target: Selector | None
    renames: bool = False

    def operations(self) -> Iterator[Operation]:
        """The operations of a JSON6902 patch.

        Raises:
            InvalidPatch: an item is no operation.
        """
        if isinstance(self.node, Sequence):
            yield from json_patch.read(self.node)


def merge(base: Node, patch: Node) -> Node | None:
    """A strategic merge, as Kustomize makes it for custom resources: mappings merge, all else is replaced.

    A null removes; so does `$patch: delete`, and `$patch: replace` takes the patch's mapping as it is. None: the
    whole object is removed. See https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#patchstrategicmerge.
    """
    directive = pointer.peek(patch, "$patch")
    if directive == "delete":
        return None
    target, change = pointer.follow(base), pointer.follow(patch)
    if not isinstance(change, Mapping) or not isinstance(target, Mapping) or directive == "replace":
        return patch
    entries = members(target)
    removed: dict[str, Node] = {}
    for key, value in zip(change.keys, change.values, strict=True):
        if key != "$patch":
            entries[key] = _merged(entries.get(key), value)
            removed[key] = value
    return PatchedMapping(target, entries, removed)


def _merged(base: Node | None, value: Node) -> Node | None:
    if isinstance(value, Scalar) and json_value(value) is None and _is_null(value):
        return None
    return value if base is None else merge(base, value)


def _is_null(value: Scalar) -> bool:
    """A null that is written; `version: #@ expression` is none, and must be seen."""
    return value.value != "" or "#@" not in value.document.source.text[value.end : value.end + 3]
