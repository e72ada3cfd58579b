"""How large layers are that stand on each other: those that would take too long, or no end, are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from gitops_upgrader.errors import InvalidPatch, ManifestTooLarge, NestedTooDeep, Where
from gitops_upgrader.manifests.kustomization import Kustomization

MAX_HEIGHT: Final = 50
"""How many layers may stand on each other."""

MAX_CHANGES: Final = 1000
"""How many components may change what a layer makes, those counted again that are named again."""


class _Size(NamedTuple):
    """How many layers stand on each other in one, and by how many components it is changed."""

    height: int
    changes: int


class Sizes:
    """The sizes of layers; `named` tells the kustomizations that one names."""

    def __init__(self, named: Callable[[Kustomization], list[Kustomization]]) -> None:
        self._named = named
        self._sizes: dict[str, _Size] = {}

    def measure(self, top: Kustomization) -> None:
        """Refuse layers that cannot be rendered, or would take too long, before anybody goes down into them.

        Raises:
            InvalidPatch: they name each other.
            NestedTooDeep, ManifestTooLarge: there are more below each other than are read.
        """
        way, pending = {top.key: top}, [iter(self._named(top))]
        while pending:
            below = next(pending[-1], None)
            if below is None:
                pending.pop()
                key, layer = way.popitem()
                self._sizes[key] = self._size(layer)
            elif below.key in way:
                keys = list(way)
                raise loop(keys[keys.index(below.key) :], way[below.key].file)
            elif below.key not in self._sizes:
                way[below.key] = below
                pending.append(iter(self._named(below)))

    def _size(self, layer: Kustomization) -> _Size:
        """The size of a layer, those that it names being known."""
        size = _Size(
            height=1 + max((self._sizes[below.key].height for below in self._named(layer)), default=0),
            changes=1 + sum(self._sizes[path].changes for path in layer.components if path in self._sizes),
        )
        where, remedy = Where(file=layer.file), "Name fewer of them in each other."
        if size.height > MAX_HEIGHT:
            raise NestedTooDeep(
                f"More than {MAX_HEIGHT} kustomizations name one another here.", where=where, remedy=remedy
            )
        if size.changes > MAX_CHANGES:
            raise ManifestTooLarge(f"More than {MAX_CHANGES:,} components are named here.", where=where, remedy=remedy)
        return size


def loop(keys: Iterable[str], file: str) -> InvalidPatch:
    """The refusal of layers that name each other."""
    names = sorted(key or "the root folder" for key in keys)
    return InvalidPatch(
        f"The kustomizations of {' and '.join(names)} name each other."
        if len(names) > 1
        else f"The kustomization of {names[0]} names itself.",
        where=Where(file=file),
        remedy="Take one of them out of the other's resources or components.",
    )
