"""Which machine images the repositories name, for whoever wants to remove one.

A repository is read by one thread at a time, so the question is left here, answered by the next look at the
repository, and whoever has asked is woken. An answer holds until a branch has moved.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gitops_upgrader.model import Blob, BlobKind, ObjectKey, Target
from gitops_upgrader.reconcilers.workspace import Workspace

_LARGEST = 8 * 1024**2
"""Bytes of a file that is read; nobody keeps a manifest in a larger one, as the API server takes 3 MiB."""

_State = tuple[str, frozenset[tuple[str, str]]]
"""Where the base branch is, and where each branch of ours is."""


@dataclass(slots=True)
class _Answers:
    state: _State
    known: dict[Target, bool] = field(default_factory=dict)


class Mentions:
    """Questions and answers. Safe to share between threads."""

    def __init__(self) -> None:
        self._answers: dict[ObjectKey, _Answers] = {}
        self._asked: dict[ObjectKey, dict[ObjectKey, frozenset[Target]]] = {}
        self._lock = threading.Lock()

    def ask(self, repository: ObjectKey, images: frozenset[Target], asker: ObjectKey) -> frozenset[Target] | None:
        """The images that a repository names, by id or by version; None where that is not known yet.

        Args:
            repository: the GitOpsRepository, which has to be looked at then.
            images: version and id of each; without an id the version alone counts.
            asker: who is told of by `look` once there is an answer.
        """
        with self._lock:
            answers = self._answers.get(repository)
            if answers is not None and images <= answers.known.keys():
                return frozenset(image for image in images if answers.known[image])
            self._asked.setdefault(repository, {})[asker] = images
            return None

    def is_asked(self, repository: ObjectKey) -> bool:
        """Whether somebody waits for a look at a repository."""
        with self._lock:
            return bool(self._asked.get(repository))

    def look(self, repository: ObjectKey, workspace: Workspace) -> frozenset[ObjectKey]:
        """Answer what is asked of a repository, which the caller alone uses now; returns who has asked.

        Raises:
            ObjectMissing: a file cannot be read.
        """
        state = (workspace.commit, frozenset(workspace.refs.items()))
        with self._lock:
            answers = self._answers.get(repository)
            if answers is None or answers.state != state:
                answers = self._answers[repository] = _Answers(state)
            asked = dict(self._asked.get(repository, {}))
            open_ = frozenset().union(*asked.values()) - answers.known.keys()
        named = _named(workspace, open_) if open_ else frozenset()
        with self._lock:
            answers.known.update({image: image in named for image in open_})
            waiting = self._asked.get(repository, {})
            for asker, images in asked.items():
                if waiting.get(asker) == images:
                    del waiting[asker]
        return frozenset(asked)

    def forget(self, repository: ObjectKey) -> None:
        """A repository is gone."""
        with self._lock:
            self._answers.pop(repository, None)
            self._asked.pop(repository, None)


def _named(workspace: Workspace, images: frozenset[Target]) -> frozenset[Target]:
    """The images that a file on the base branch, or on a branch of ours, names.

    Every file counts, wherever and in whatever form it keeps versions: what is not understood is wanted.
    """
    left = {image: _needles(image) for image in images}
    for data in _files(workspace):
        for image in [image for image, needles in left.items() if any(needle.is_in(data) for needle in needles)]:
            del left[image]
        if not left:
            break
    return images - left.keys()


@dataclass(frozen=True, slots=True)
class _Needle:
    """A text, and what may not be around it. The text alone is looked for first, which is many times as quick."""

    text: bytes
    exact: re.Pattern[bytes]

    def is_in(self, data: bytes) -> bool:
        return self.text in data and self.exact.search(data) is not None


def _needles(image: Target) -> tuple[_Needle, ...]:
    """The id as it is; the version with or without `v`, and not as a part of a longer number."""
    version, identity = image.version.without_v.encode(), (image.image or "").encode()
    number = _Needle(version, re.compile(rb"(?<![0-9.])" + re.escape(version) + rb"(?![0-9])"))
    return (number, _Needle(identity, re.compile(re.escape(identity)))) if identity else (number,)


def _files(workspace: Workspace) -> Iterator[bytes]:
    """The contents of all files, each once."""
    seen = set()
    for commit in (workspace.commit, *sorted(set(workspace.refs.values()))):
        tree = workspace.repository.tree(commit)
        for blob in _regular(tree.blobs()):
            if blob.oid not in seen:
                seen.add(blob.oid)
                if tree.size(blob) <= _LARGEST:
                    yield tree.read(blob)


def _regular(blobs: Iterable[Blob]) -> Iterator[Blob]:
    return (blob for blob in blobs if blob.kind in {BlobKind.FILE, BlobKind.EXECUTABLE})
