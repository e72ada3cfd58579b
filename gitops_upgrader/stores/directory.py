"""The store of a directory of manifests: read once, then kept in memory; nothing is ever written to the files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gitops_upgrader import api
from gitops_upgrader.api.references import group_of
from gitops_upgrader.errors import DuplicateObject, UpgraderError, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import documents, files
from gitops_upgrader.stores.documents import Document
from gitops_upgrader.stores.keys import key_of
from gitops_upgrader.stores.memory import ChangesInMemory
from gitops_upgrader.stores.protocol import Stored


@dataclass(frozen=True, slots=True)
class Loaded:
    """An object of a file, whether it fits or not."""

    key: ObjectKey
    document: Document
    problems: tuple[UpgraderError, ...]

    @property
    def origin(self) -> Where:
        """The file, the line and the object."""
        return Where(file=self.document.file, line=self.document.line, object=str(self.key))


class DirectoryStore(ChangesInMemory):
    """Objects from files. What is wrong with one of them is kept in `problems` and never stops the others.

    Of our own kinds only what fits its schema is there, without its status: that is computed anew. Foreign kinds are
    there as they are. Namespaces default to `default`.

    Two objects of ours with one key are both left out, and a problem. A folder may well hold two foreign objects of one
    key (a base and a patch of it, say), so that is an error only once somebody asks for them.

    Attributes:
        loaded: every object that was found, in the order of the files.
        problems: what is wrong with the files and the objects in them, sorted by place.
        broken: the keys of the objects that are left out.
    """

    def __init__(self, loaded: Iterable[Loaded] = (), problems: Iterable[UpgraderError] = ()) -> None:
        self.loaded = tuple(loaded)
        self._objects: dict[ObjectKey, Stored] = {}
        self._ambiguous: dict[ObjectKey, DuplicateObject] = {}
        first: dict[ObjectKey, Loaded] = {}
        found = [*problems, *(problem for item in self.loaded for problem in item.problems)]
        for item in self.loaded:
            if item.key not in first:
                first[item.key] = item
                if not item.problems:
                    self._objects[item.key] = Stored(item.key, _as_read(item), item.origin)
            elif item.key.group == api.GROUP or item.document.content != first[item.key].document.content:
                duplicate = _duplicate(item, first[item.key])
                self._objects.pop(item.key, None)
                if item.key.group == api.GROUP:
                    found.append(duplicate)
                else:
                    self._ambiguous.setdefault(item.key, duplicate)
        self.problems: tuple[UpgraderError, ...] = tuple(sorted(found, key=by_place))
        self.broken: frozenset[ObjectKey] = frozenset(first) - frozenset(self._objects)

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Self:
        """Read every object in files and folders; errors are in the result's `problems`."""
        loaded: list[Loaded] = []
        problems: list[UpgraderError] = []
        for found in files.find(paths):
            if isinstance(found, UpgraderError):
                problems.append(found)
                continue
            read, errors = documents.read(found, str(found))
            problems += errors
            for document in read:
                _take(document, loaded, problems)
        return cls(loaded, problems)

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none.

        Raises:
            DuplicateObject: the files have two different ones of that name.
        """
        if key in self._ambiguous:
            raise self._ambiguous[key]
        return self._objects.get(key)

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key.

        Raises:
            DuplicateObject: the files have two different objects of that kind with one name.
        """
        for key, duplicate in sorted(self._ambiguous.items(), key=lambda item: item[0]):
            if (key.group, key.kind) == (group, kind) and namespace in {None, key.namespace}:
                raise duplicate
        wanted = (labels or {}).items()
        return tuple(
            stored
            for key, stored in sorted(self._objects.items(), key=lambda item: item[0])
            if (key.group, key.kind) == (group, kind)
            and namespace in {None, key.namespace}
            and wanted <= stored.labels.items()
        )

    def _keep(self, key: ObjectKey, stored: Stored | None) -> None:
        if stored is None:
            self._objects.pop(key, None)
        else:
            self._objects[key] = stored


def _take(document: Document, loaded: list[Loaded], problems: list[UpgraderError]) -> None:
    """Sort what a document holds: our objects and foreign ones, what is no object at all, and mistakes."""
    for item in document.items():
        if not isinstance(item.content, Mapping):
            problems += item.broken
            continue
        key = key_of(item.content)
        if api.is_ours(item.content) or _meant_as_ours(item.content):
            found = (*item.broken, *_mistakes(item))
            if key is None:
                problems += found
            else:
                loaded.append(Loaded(key, item, found))
        elif key is not None:
            loaded.append(Loaded(key, item, item.broken))


def _meant_as_ours(content: Mapping[str, Any]) -> bool:
    """Whether the group is a misspelling of ours, or one of our own kinds names no group."""
    version = content.get("apiVersion")
    if not isinstance(version, str):
        return version is None and content.get("kind") in api.KINDS
    return bool(difflib.get_close_matches(group_of(version), [api.GROUP], cutoff=0.85))


def _mistakes(document: Document) -> Iterable[UpgraderError]:
    """What does not fit an object's schema, each with its place. The status is not looked at."""
    content = {name: value for name, value in document.content.items() if name != "status"}
    for problem in api.check(content):
        place = document.where(problem.path, key=problem.unknown)
        where = Where(place.file, place.line, place.column, api.describe(content), problem.field or None)
        yield problem.error(problem.sentence, where=where, remedy=problem.remedy)


def _as_read(item: Loaded) -> dict[str, Any]:
    ours = item.key.group == api.GROUP
    content = {name: value for name, value in item.document.content.items() if not (ours and name == "status")}
    return {**content, "metadata": {**content["metadata"], "namespace": item.key.namespace}}


def _duplicate(item: Loaded, first: Loaded) -> DuplicateObject:
    place = f"{first.document.file}:{first.document.line}"
    message = f"The same object is at {place} too."
    return DuplicateObject(message, where=item.origin, remedy="Remove or rename one of the two; neither is used.")


def by_place(error: UpgraderError) -> tuple[str, int, int]:
    """Sorts errors as people read files."""
    return (error.where.file or "", error.where.line or 0, error.where.column or 0)
