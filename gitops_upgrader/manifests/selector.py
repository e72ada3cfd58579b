"""Which objects a Kustomize patch is for: `target` with its regular expressions and selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from gitops_upgrader.errors import InvalidPatch
from gitops_upgrader.manifests import label_selector, pointer
from gitops_upgrader.manifests.node import Mapping, Node, Scalar

_PLAIN: Final = re.compile(r"[A-Za-z0-9-]*")
"""A pattern that is a text, as most are."""

_MAX_MEMORY: Final = 2 * 1024 * 1024
"""Bytes that one regular expression may take; a class of all letters sixty times over takes half of it."""


Ids: TypeAlias = tuple[tuple[str, str], ...]
"""All (namespace, name) pairs that an object had, the first and the present one at the ends."""

Id: TypeAlias = tuple[str, str, str, str]
"""What Kustomize tells objects apart by: API version, kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A target (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/).

    For patches, group, version, kind, name and namespace are regular expressions of Go's for the whole text; for
    replacements they are texts. Empty ones match all.
    """

    node: Node
    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: str = ""
    annotations: str = ""

    @classmethod
    def read(cls, node: Node) -> Selector:
        """A `target` as it is in the file."""
        fields = ("group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector")
        return cls(node, *(pointer.peek(node, field) for field in fields))

    def selects(self, tree: Node, ids: Ids) -> bool:
        """Whether a patch is for an object.

        Its first and its present namespace are compared, and its first and present name, each for itself: Kustomize's
        `Select` (api/resmap/reswrangler.go).

        Raises:
            InvalidPatch: a regular expression or a selector is none.
        """
        spaces, names = zip(ids[0], ids[-1], strict=True)
        if self.name not in {"", *names} and _PLAIN.fullmatch(self.name):
            return False  # of many patches that each name one object, most are told so at once
        group, _, version = pointer.peek(tree, "apiVersion").rpartition("/")
        return (
            self._match(self.group, group)
            and self._match(self.version, version)
            and self._match(self.kind, pointer.peek(tree, "kind"))
            and any(self._match(self.namespace, _effective(space)) for space in spaces)
            and any(self._match(self.name, name) for name in names)
            and self._labelled(tree)
        )

    def picks(self, tree: Node, ids: Ids) -> bool:
        """Whether a replacement writes to an object: one of all ids that it had is compared, text by text.

        See Kustomize's `applyReplacement` (api/filters/replacement/replacement.go).

        Raises:
            InvalidPatch: a selector is none.
        """
        group, _, version = pointer.peek(tree, "apiVersion").rpartition("/")
        kept = ((self.group, group), (self.version, version), (self.kind, pointer.peek(tree, "kind")))
        return (
            all(not wanted or wanted == text for wanted, text in kept)
            and any(
                (not self.namespace or _effective(self.namespace) == _effective(space))
                and (not self.name or self.name == name)
                for space, name in ids
            )
            and self._labelled(tree)
        )

    def _labelled(self, tree: Node) -> bool:
        return self._labels(self.labels, _strings(pointer.look(tree, "metadata", "labels"))) and self._labels(
            self.annotations, _strings(pointer.look(tree, "metadata", "annotations"))
        )

    def _match(self, pattern: str, text: str) -> bool:
        if _PLAIN.fullmatch(pattern):
            return pattern in {"", text}
        try:
            return _compiled(pattern).search(text) is not None
        except ValueError as error:
            raise self._invalid(f"{pattern[:80]} is no regular expression of Go's: {str(error)[:160]}.") from error

    def _labels(self, selector: str, labels: MappingType[str, str]) -> bool:
        try:
            wanted = label_selector.parse(selector)
        except ValueError as error:
            raise self._invalid(f"{selector[:80]} is no label selector: {str(error)[:160]}.") from error
        return all(requirement.holds(labels) for requirement in wanted)

    def _invalid(self, problem: str) -> InvalidPatch:
        return InvalidPatch(problem, where=self.node.document.where(self.node.start), remedy="Mend the patch's target.")


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:
    """A pattern as Kustomize has it: Go's, put between anchors by `anchorRegex` (api/types/selector.go).

    Go's regular expressions are those of RE2, which takes time in proportion to the text; Python's would read some of
    them otherwise, and with others not end.

    Raises:
        ValueError: it is none, or takes too much memory.
    """
    import re2

    options = re2.Options()
    options.log_errors = False  # it would write to stderr itself
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(f"^(?:{pattern})$", options=options)
    except re2.error as error:
        raise ValueError(error.args[0].decode(errors="replace")) from error


def names(patch: Node, tree: Node, ids: Ids) -> bool:
    """Whether a merge patch without a target is for an object: it has one of its ids.

    Kustomize's `GetById` (api/resmap/reswrangler.go).
    """
    return named(patch) in known(tree, ids)


def named(patch: Node) -> Id:
    """The id that a merge patch without a target names.

    Group, version and kind are part of an id, and no namespace is the namespace `default`: Kustomize's `ResId.Equals`
    (kyaml/resid/resid.go).
    """
    space, name = (pointer.peek(patch, "metadata", key) for key in ("namespace", "name"))
    return pointer.peek(patch, "apiVersion"), pointer.peek(patch, "kind"), _effective(space), name


def known(tree: Node, ids: Ids) -> Iterator[Id]:
    """All ids that an object had, as `named` tells them."""
    api, kind = pointer.peek(tree, "apiVersion"), pointer.peek(tree, "kind")
    return ((api, kind, _effective(space), name) for space, name in ids)


def _effective(namespace: str) -> str:
    return namespace or "default"


def _strings(node: Node | None) -> dict[str, str]:
    if not isinstance(node, Mapping):
        return {}
    return {str(key): value.value for key, value in pointer.children(node) if isinstance(value, Scalar)}
