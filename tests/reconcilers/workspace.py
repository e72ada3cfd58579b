"""The part of a workspace in which images are looked for, without Git."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import Blob, BlobKind, ObjectKey
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.reconcilers.workspace import Workspace

REPOSITORY = ObjectKey(GROUP, "GitOpsRepository", "fleet", "default")
SYNCER_KEY = ObjectKey(GROUP, "MachineImageSyncer", "fleet", "images")


@dataclass
class Files:
    """The files of a commit, and the repository that has nothing else."""

    files: Mapping[str, bytes]

    def tree(self, _commit: str) -> Files:
        return self

    def blobs(self) -> Iterator[Blob]:
        for path in self.files:
            kind = BlobKind.SYMLINK if path.endswith(".link") else BlobKind.FILE
            yield Blob(path, path, kind)

    def size(self, blob: Blob) -> int:
        return 2**30 if blob.path.endswith(".iso") else len(self.files[blob.path])

    def read(self, blob: Blob) -> bytes:
        return self.files[blob.path]


@dataclass
class Seen:
    """The part of a workspace that is read."""

    repository: Files
    commit: str = "c1"
    refs: dict[str, str] = field(default_factory=dict)


def look(mentions: Mentions, seen: Seen) -> frozenset[ObjectKey]:
    return mentions.look(REPOSITORY, cast("Workspace", seen))
