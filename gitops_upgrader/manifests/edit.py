"""From places and values to new bytes: plan the splices, make them, prove them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from gitops_upgrader.errors import AmbiguousPlace, ValueMissing
from gitops_upgrader.manifests import pointer, scalar
from gitops_upgrader.manifests.class_name import class_template
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.insertion import insert
from gitops_upgrader.manifests.node import Mapping, Node, Scalar, Sequence
from gitops_upgrader.manifests.place import Edited, Insertion, Located, Note, Shape, Slot, outermost
from gitops_upgrader.manifests.proof import Expectation, prove
from gitops_upgrader.manifests.query import Role, Values
from gitops_upgrader.model import Edit, Json, Span
from gitops_upgrader.versions import Version

_MINOR: Final = re.compile(r"(v?)\d+(\.\d+)?")


class Splice(NamedTuple):
    """One edit, the document of the file that it is in, and what the proof should find."""

    document: Document
    edit: Edit
    expectation: Expectation


def edit(located: Located, values: Values) -> Edited:
    """Write values to their places. What is written already is left alone.

    All files are edited and proven, or none is.

    Raises:
        ValueMissing: a place asks for a value that `values` does not have.
        AmbiguousPlace: two different values are meant for one place.
        TypeChange, UnwritableValue: a value does not fit its place.
        UnprovableManifest: two parsers read a document differently as it is.
        ProofFailed: an edited document does not read back as intended.
    """
    found: list[tuple[Node, Splice]] = []
    absent: list[tuple[Insertion, Json]] = []
    for slot in located.slots:
        new = _value(slot, values)
        if new is None:
            continue
        if isinstance(slot.place.at, Insertion):
            absent.append((slot.place.at, new))
        else:
            found += ((slot.place.at, splice) for splice in _replacement(slot.place.pointer, slot.place.at, new))
    # Where two collections end on one line, what goes into the inner one comes first.
    parents = sorted(_grouped(absent), key=lambda group: -group[0].start)
    splices = _distinct(found) + [splice for parent, new in parents for splice in _insertion(parent, new)]
    splices.sort(key=_order)
    files = {file: _apply(list(group)) for file, group in groupby(splices, attrgetter("edit.file"))}
    before = {splice.edit.file: splice.document.source.data for splice in splices}
    notes = (*located.notes, *_class_note(located, values))
    for document in {splice.document for splice in splices}:
        if document.private:
            document.forget()  # or thousands of trees would wait for the garbage collector
    return Edited(files, tuple(splice.edit for splice in splices), before, notes)


def _order(splice: Splice) -> tuple[str, int, int]:
    """The file's order; of what is inserted at one position, the order in which it was put together stays."""
    span = splice.edit.span
    return splice.edit.file, span.start, span.end


def styled_version(version: str, old: str, role: Role) -> str:
    """A version as the file has it: with or without `v`, or its minor alone in the form that is there.

    >>> styled_version("v1.34.2", "1.33.5", Role.VERSION)
    '1.34.2'
    >>> styled_version("v1.34.2", "1.33", Role.MINOR)
    '1.34'
    """
    bare = version.removeprefix("v")
    if role is Role.MINOR:
        major, minor, *_ = bare.split(".")
        form = _MINOR.fullmatch(old)
        prefix = form[1] if form else ""
        return f"{prefix}{minor}" if form and not form[2] else f"{prefix}{major}.{minor}"
    return bare if role is Role.VERSION_NO_V or (old and not old.startswith("v")) else f"v{bare}"


def _class_note(located: Located, values: Values) -> Iterator[Note]:
    """What the reviewer should know where the class is named after the old version, and nobody changes it."""
    name, at = located.class_name, located.class_where
    if name is None or at is None or values.version is None or not located.version_text:
        return
    written = {(place.file, place.line, place.column) for place in (slot.place for slot in located.slots)}
    if located.query.topology_class or (at.file, at.line, at.column) in written:
        return
    old, new = Version.parse(located.version_text), Version.parse(values.version)
    template = class_template(name, old) if str(old.minor) in name else None
    if template is not None and class_template(name, new) is None:
        yield Note(
            f"The class {name} names the old version and is left as it is. Where each version has a class of its own, "
            f"an upgrader's topologyClass changes it too: {template}",
            at.file or located.file,
            at.line or located.line,
        )


def _value(slot: Slot, values: Values) -> Json:
    """What belongs to a place; None to leave it as it is."""
    old = slot.place.text or ""
    new: Json
    if slot.place.shape is Shape.TARGET and values.targets:
        return _target(slot, values.targets)
    match slot.role:
        case Role.VERSION | Role.VERSION_NO_V | Role.MINOR:
            return values.version and styled_version(values.version, old, slot.role)
        case Role.CLASS:
            return values.topology_class
        case Role.IMAGE:
            new, what = values.image, "image"
        case Role.VARIABLE:
            new, what = next(iter(values.variables[slot.index :]), None), "value of the variable"
        case _:
            return _target(slot, values.targets)
    return _given(slot, new, what)


def _target(slot: Slot, targets: tuple[Json, ...]) -> Json:
    new = _given(slot, next(iter(targets[slot.index :]), None), "value of the target")
    return styled_version(str(new), slot.place.text or "", slot.role) if slot.role is Role.VERSION else new


def _given(slot: Slot, new: Json, what: str) -> Json:
    if new is None:
        raise ValueMissing(
            f"There is no {what} to write here.",
            where=slot.place.where,
            remedy="Version and image change together: name an image, or take this place out.",
        )
    return new


def _replacement(place: str, node: Scalar, new: Json) -> list[Splice]:
    flow = any(parent.flow for parent, _ in pointer.path(node))
    replacement = scalar.write(node, new, flow=flow)
    old, after = scalar.read(node), scalar.reads_as(node, new)
    if old == after and type(old) is type(after):
        return []
    start, end = scalar.span(node)
    return [_splice(node, start, end, replacement, place, Expectation(_levels(node), old, after))]


def _distinct(splices: list[tuple[Node, Splice]]) -> list[Splice]:
    """Each span once: several roles may meet in one place if they agree."""
    spans: dict[tuple[str, int, int], Splice] = {}
    for node, splice in splices:
        first = spans.setdefault(_order(splice), splice)
        if first.edit.replacement != splice.edit.replacement:
            raise _two_values(node, first.edit.new, splice.edit.new)
    return list(spans.values())


def _grouped(absent: list[tuple[Insertion, Json]]) -> Iterator[tuple[Mapping | Sequence | Scalar, Json]]:
    """What goes into each collection, put together: two variables need one new list, not two."""
    groups: dict[int, tuple[Mapping | Sequence | Scalar, Json]] = {}
    seen: dict[tuple[int, tuple[str, ...], str | None], Json] = {}
    for insertion, new in absent:
        parent = insertion.parent
        place = (id(parent), insertion.keys, insertion.item)
        if place in seen:
            if seen[place] != new:
                raise _two_values(parent, seen[place], new)
            continue
        seen[place] = new
        payload: Json = new if insertion.item is None else [{"name": insertion.item, "value": new}]
        for key in reversed(insertion.keys):
            payload = {key: payload}
        before = groups.get(id(parent))
        groups[id(parent)] = (parent, _merge(before[1], payload) if before else payload)
    yield from groups.values()


def _two_values(node: Node, first: Json, second: Json) -> AmbiguousPlace:
    return AmbiguousPlace(
        f"Two values are meant for one place: {_text(first)} and {_text(second)}.",
        where=node.document.where(node.start),
        remedy="Name each variable, target and setter comment once.",
    )


def _merge(first: Json, second: Json) -> Json:
    if isinstance(first, dict) and isinstance(second, dict):
        shared = {key: _merge(first[key], second[key]) for key in first.keys() & second.keys()}
        return {**first, **second, **shared}
    return [*first, *second] if isinstance(first, list) and isinstance(second, list) else second


def _insertion(parent: Mapping | Sequence | Scalar, new: Json) -> Iterator[Splice]:
    """One splice for each new entry or item; only an empty `[]` or `{}`, or a null, takes them all at once."""
    members = pointer.children(parent)
    parts: list[tuple[str, Json, Json]]
    if not members:
        parts = [("", new, new)]
    elif isinstance(new, dict):
        parts = [(pointer.join([key]), {key: value}, value) for key, value in new.items()]
    else:
        items = new if isinstance(new, list) else [new]
        parts = [(pointer.join([len(members) + index]), [item], item) for index, item in enumerate(items)]
    texts = insert(parent, [payload for _, payload, _ in parts])
    for (key, payload, value), (start, end, text) in zip(parts, texts, strict=True):
        expectation = Expectation(_levels(parent), None, payload, inserted=True)
        yield _splice(parent, start, end, text, pointer.of(parent) + key, expectation, value)


def _splice(
    node: Node, start: int, end: int, text: str, place: str, expectation: Expectation, value: Json = None
) -> Splice:
    source = node.document.source
    line, column = source.place(start)
    made = Edit(
        file=source.file,
        document=outermost(node.document).index,
        line=line,
        column=column,
        pointer=place,
        old=None if expectation.inserted else _text(expectation.old),
        new=_text(value if expectation.inserted else expectation.new),
        span=Span(source.byte(start), source.byte(end)),
        replacement=text.replace("\n", "\n" + " " * source.indent).encode(),
    )
    return Splice(outermost(node.document), made, expectation)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _levels(node: Node) -> tuple[tuple[str | int, ...], ...]:
    """The path of a node as the proof wants it: one part for each level of text inside text."""
    keys = tuple([key for _, key in pointer.path(node)])
    holder = node.document.holder
    return ((0, *keys),) if holder is None else (*_levels(holder), (node.document.index, *keys))


def _apply(splices: list[Splice]) -> bytes:
    """A file's new bytes. Each document is spliced and proven by itself; all other bytes are taken as they are."""
    data = splices[0].document.source.data
    pieces, done = [], 0
    for document, group in groupby(splices, attrgetter("document")):
        members = list(group)
        start, end = document.source.byte(document.start), document.source.byte(document.end)
        new = _spliced(data, start, end, [member.edit for member in members])
        first, _ = document.source.place(document.start)
        prove(document.file, document.text, new.decode(), [member.expectation for member in members], first)
        pieces += [data[done:start], new]
        done = end
    return b"".join((*pieces, data[done:]))


def _spliced(data: bytes, start: int, end: int, edits: list[Edit]) -> bytes:
    pieces, done = [], start
    for made in edits:
        pieces += [data[done : made.span.start], made.replacement]
        done = made.span.end
    return b"".join((*pieces, data[done:end]))
