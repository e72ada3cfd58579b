"""Symbolic links on the way to what a kustomization names.

Kustomize follows them (`CleanedAbs` of its kyaml/filesys), so a base may be named through one. No file is read or
written through a link: what it leads to in the repository stands for it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_HOPS: Final = 40
"""After how many links a path leads nowhere, as in Linux."""


def resolve(folder: str, path: str) -> str:
    """A path that is named in a folder as one from the root; the root itself is empty."""
    resolved = posixpath.normpath(posixpath.join(folder, path))
    return "" if resolved == "." else resolved.lstrip("/")


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a repository: where each leads, from the root. Those that lead out of it lead nowhere."""

    targets: Mapping[str, str] = field(default_factory=dict)
    leading: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The links that lead to a path without links."""

    @classmethod
    def read(cls, written: Mapping[str, str]) -> Links:
        """From what is written in each link; absolute ones lead out of the repository."""
        known = cls(
            {
                link: resolve(link.rpartition("/")[0], target)
                for link, target in written.items()
                if not target.startswith("/")
            }
        )
        leading: dict[str, tuple[str, ...]] = {}
        for link in known.targets:
            real = known.real(link)
            leading[real] = (*leading.get(real, ()), link)
        return cls(known.targets, leading)

    def real(self, path: str) -> str:
        """The path without links. One that leads round in a circle stays as it is, and names nothing."""
        real = path
        for _ in range(_HOPS if self.targets else 0):
            link = next((one for one in upward(real) if one in self.targets), None)
            if link is None:
                return real
            real = resolve(self.targets[link], real[len(link) :].lstrip("/"))
        return path

    def names(self, path: str) -> list[str]:
        """The path, and what it is called through links."""
        names = [path]
        for above in dict.fromkeys((*upward(path), "")) if self.leading else ():
            rest = path[len(above) :].lstrip("/")
            names += [f"{link}/{rest}".rstrip("/") for link in self.leading.get(above, ())]
        return names


def upward(path: str) -> list[str]:
    """A path, and the folders that it is in, without the root."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
