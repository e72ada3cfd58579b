"""Where something stands in a repository's files, and what was found on the way there."""

from __future__ import annotations

import enum
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

from gitops_upgrader.errors import ManifestError, Where
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.node import Mapping, Scalar, Sequence
from gitops_upgrader.manifests.query import Query, Role, Scope
from gitops_upgrader.model import Edit, Json


class Shape(enum.Enum):
    """How a value is kept."""

    LITERAL = "literal"
    """In the Cluster itself."""
    MERGE_PATCH = "merge-patch"
    """In a Kustomize strategic-merge patch."""
    JSON_PATCH = "json-patch"
    """In a Kustomize JSON6902 patch."""
    MARKER = "marker"
    """Wherever a setter comment stands."""
    TARGET = "target"
    """Wherever a target points to."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """Where a value that is absent goes: into `parent`, under the `keys` that are missing, as `item` of a list.

    `parent` is a null where a key stands without the collection that belongs there.
    `keys` are the mapping keys to add, outermost first. `item`: the value is the `value` of a new list item with
    this `name`, as Cluster API's variables are; else it is the value of the last key itself.
    """

    parent: Mapping | Sequence | Scalar
    keys: tuple[str, ...] = ()
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One value in one file. Lines and columns count from 1, documents from 0.

    `pointer` is the JSON pointer in the document; a `|` in it goes on inside the YAML of a block scalar. `text` is
    the value as the file has it, without quotes. Where it is absent (not `present`), value and text are None, and
    line and column are those of what an edit would insert it into.
    """

    file: str
    document: int
    line: int
    column: int
    pointer: str
    shape: Shape
    value: Json
    text: str | None
    present: bool = True

    @property
    def where(self) -> Where:
        """The place for messages."""
        return Where(file=self.file, line=self.line, column=self.column, field=self.pointer)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Spot(Place):
    """A place that can be edited: `at` is what is replaced, or where something is inserted."""

    at: Scalar | Insertion = field(kw_only=True, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place together with what belongs there; `index` counts in the query's variables or targets."""

    role: Role
    place: Spot
    index: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reviewer should know about a place."""

    message: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the search, in words; with the place that it is about."""

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.file else self.message


@dataclass(frozen=True, slots=True)
class Located:
    """The places of one Cluster's version, class and variables.

    `file`, `document` and `line` are the Cluster's own; where only targets or setter comments were looked for, they
    are those of the version. `name` and `namespace` are as the Cluster has them after Kustomize (`namespace` empty
    where it has none). `class_name` is None where the Cluster itself was not looked at; `class_namespace` is empty
    where it is the Cluster's, and `class_where` is where the name stands.
    """

    query: Query
    name: str
    namespace: str
    file: str
    document: int
    line: int
    slots: tuple[Slot, ...]
    version_text: str | None
    notes: tuple[Note, ...] = ()
    trail: tuple[Step, ...] = ()
    class_name: str | None = None
    class_where: Where | None = None
    class_namespace: str = ""

    def of(self, *roles: Role) -> tuple[Place, ...]:
        """The places with one of these roles, in order."""
        return tuple(slot.place for slot in self.slots if slot.role in roles)

    @property
    def version(self) -> Place:
        """The first place of the version. Its text need not be the version alone: that is `version_text`."""
        return self.slots[0].place

    @property
    def cls(self) -> Place | None:
        """The place of the class's name; None where it was not asked for."""
        return next(iter(self.of(Role.CLASS)), None)

    @property
    def variables(self) -> tuple[Place, ...]:
        """The places of the query's variables, in its order; where others hold the image, the Cluster's own."""
        return self.of(Role.VARIABLE)

    @property
    def images(self) -> tuple[Place, ...]:
        """The places of setter comments and targets that hold the image's id."""
        return self.of(Role.IMAGE)

    @property
    def targets(self) -> tuple[Place, ...]:
        """The places of the query's targets, in its order, whatever their role."""
        found = [slot for slot in self.slots if slot.place.shape is Shape.TARGET]
        return tuple(slot.place for slot in sorted(found, key=lambda slot: slot.index))

    @property
    def image_text(self) -> str | None:
        """What the first place of the image (a setter comment's, a target's, the first variable) holds now."""
        return next((place.text for place in (*self.images, *self.variables)), None)


@dataclass(frozen=True, slots=True)
class Found:
    """One Cluster of a repository, or why its places are refused.

    `line` is where the Cluster begins. `place` is the effective place of the version; it and `version` are None where
    the version cannot be told. `refusal` is the error that `locate` would raise for the version. `variables` are those
    at the top of the topology, by name, and `overrides` those that a part of it overrides.
    """

    name: str
    namespace: str
    file: str
    document: int
    line: int
    version: str | None
    cls: str | None
    variables: MappingType[str, Json]
    labels: MappingType[str, str]
    place: Place | None
    refusal: ManifestError | None = None
    overrides: MappingType[Scope, MappingType[str, Json]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The Cluster as messages name it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def shape(self) -> Shape | None:
        """How the version is kept."""
        return self.place.shape if self.place else None


@dataclass(frozen=True, slots=True)
class Edited:
    """Files with proven edits: the new bytes of those that change, by path, what changed in them, and the old bytes.

    `notes` are those of the places, and what the new version adds to them.
    """

    files: MappingType[str, bytes]
    edits: tuple[Edit, ...]
    before: MappingType[str, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def already(self) -> bool:
        """Whether everything is as it should be, so that there is nothing to change."""
        return not self.edits


def where(document: Document, position: int) -> tuple[str, int, int, int]:
    """File, document number in the file, line and column of a position in a document's source."""
    line, column = document.source.place(position)
    return document.file, outermost(document).index, line, column


def outermost(document: Document) -> Document:
    """The document of the file itself that an embedded one stands in."""
    while document.holder is not None:
        document = document.holder.document
    return document
