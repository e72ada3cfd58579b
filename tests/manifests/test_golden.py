"""Every golden case: the bytes after the edit, its proof by a third parser, and the refusals word for word."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import diff
from gitops_upgrader.model import Edit
from tests.manifests.golden import Case, cases
from tests.manifests.memory import MemoryTree

EDITED = [case for case in cases() if not case.refused]
REFUSED = [case for case in cases() if case.refused]


@pytest.mark.parametrize("case", EDITED, ids=lambda case: case.name)
def test_the_bytes_after_the_edit(case: Case) -> None:
    edited = case.edited()
    assert edited == case.after, diff(case.after, edited)
    assert edited != case.before.files


@pytest.mark.parametrize("case", EDITED, ids=lambda case: case.name)
def test_a_second_edit_finds_nothing_to_do(case: Case) -> None:
    manifests = case.manifests(MemoryTree(case.after))
    edited = manifests.edit(manifests.locate(case.query), case.values)
    assert edited.already
    assert edited.files == {}


@pytest.mark.parametrize("case", EDITED, ids=lambda case: case.name)
def test_edits_say_what_changed_and_nothing_else_did(case: Case) -> None:
    manifests = case.manifests()
    edited = manifests.edit(manifests.locate(case.query), case.values)
    for file, new in edited.files.items():
        old = case.before.files[file]
        edits = [edit for edit in edited.edits if edit.file == file]
        assert _spliced(old, edits) == new
        for edit in edits:
            assert old[: edit.span.start].count(b"\n") + 1 == edit.line
        # A parser that took no part in the edit judges it, except inside texts, which it sees as one value.
        expected = {edit.pointer.partition("|")[0] for edit in edits}
        for pointer in _differences(_load(old), _load(new), ""):
            assert any(pointer == name or pointer.startswith(f"{name}/") for name in expected), pointer


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refusals_name_reason_place_and_remedy(case: Case) -> None:
    assert case.refused
    manifests = case.manifests()
    with pytest.raises(ManifestError) as error:
        manifests.edit(manifests.locate(case.query), case.values)
    text = str(error.value)
    assert error.value.reason == case.refused["reason"]
    assert text.startswith(f"{case.refused['at']}:"), text
    assert all(part in text for part in case.refused["says"]), text
    assert error.value.remedy


def _spliced(data: bytes, edits: list[Edit]) -> bytes:
    for edit in reversed(edits):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data


def _load(data: bytes) -> list[Any]:
    # ruamel.yaml reads directives into its own state: a parser for each document.
    return list(YAML(typ="safe", pure=True).load_all(io.BytesIO(data)))


def _differences(old: Any, new: Any, pointer: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            part = str(key).replace("~", "~0").replace("/", "~1")
            yield from _differences(old.get(key), new.get(key), f"{pointer}/{part}")
    elif isinstance(old, list) and isinstance(new, list):
        longer = max(len(old), len(new))
        padded = [*old, *[None] * (longer - len(old))], [*new, *[None] * (longer - len(new))]
        for index, pair in enumerate(zip(*padded, strict=True)):
            yield from _differences(*pair, f"{pointer}/{index}")
    elif repr(old) != repr(new):
        yield re.sub(r"\A/\d+", "", pointer)
