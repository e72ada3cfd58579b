"""Frozen values that travel between packages. They hold no clients and have no effects."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from gitops_upgrader.versions import Version

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value, as YAML's core schema and the Kubernetes API have it."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Names one object of the store. `group` is empty for the core API group; the API version does not matter."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Release:
    """A Kubernetes release that a source has noticed."""

    version: Version
    source: str


@dataclass(frozen=True, slots=True)
class Image:
    """A machine image that is ready: its version, the infrastructure's id, and the MachineImage that says so.

    `created_at` is when the image was built, or its object created; None where that is not known.
    """

    version: Version
    id: str
    name: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a pull request moves a cluster to: version and image together. No image: the class derives it."""

    version: Version
    image: str | None = None

    def __str__(self) -> str:
        return f"{self.version} {self.image}" if self.image else str(self.version)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of bytes in a file, `start` included and `end` not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One replaced (or inserted) piece of one file.

    `document` counts from 0; `line` and `column` from 1, in the file before the edit. `pointer` is the RFC 6901 path
    inside the document. `old` and `new` are the values as text (a string as it is, anything else as JSON); `old` is
    None for an insertion. `span` and `replacement` are the bytes before and after.
    """

    file: str
    document: int
    line: int
    column: int
    pointer: str
    old: str | None
    new: str
    span: Span
    replacement: bytes


class BlobKind(enum.Enum):
    """What a tree entry is. Symbolic links and submodules are never followed."""

    FILE = "file"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Blob:
    """One entry of a Git tree: its path from the root with `/`, its object id in hex, what it is."""

    path: str
    oid: str
    kind: BlobKind


class Tree(Protocol):
    """The files of one commit, read-only."""

    def blobs(self) -> Iterable[Blob]:
        """Every entry below the root, folders left out, sorted by path."""

    def read(self, blob: Blob) -> bytes:
        """The bytes of a file (of a symbolic link: its target)."""


class PullState(enum.Enum):
    """Where a pull request is in its life."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as a forge tells it. `head` and `base` are branch names, `head_commit` an object id in hex.

    Where a forge cannot tell (`local`), `approved`, `queued` and `auto_merge` are False.
    """

    number: int
    url: str
    title: str
    body: str
    state: PullState
    head: str
    base: str
    head_commit: str
    created_at: datetime
    draft: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    closed_by: str | None = None
    merged_by: str | None = None
    labels: frozenset[str] = field(default_factory=frozenset)
    approved: bool = False
    queued: bool = False
    auto_merge: bool = False
