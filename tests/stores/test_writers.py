"""Who else writes a status, from what the API server noted."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.api import API_VERSION, GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.stores.writers import other_writers

EARLY, LATE = "2026-05-01T10:00:00Z", "2026-05-01T10:00:01Z"


def written(*entries: tuple[str, str, str], name: str = "prod") -> Stored:
    fields = [
        {"manager": manager, "operation": "Update", "time": time, **({"subresource": part} if part else {})}
        for manager, part, time in entries
    ]
    content: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Plan", "metadata": {"managedFields": fields}}
    return Stored(ObjectKey(GROUP, "Plan", "fleet", name), content)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ((), []),
        ((("gitops-upgrader", "status", EARLY),), []),
        ((("manager", "", EARLY),), []),
        ((("kubectl-edit", "status", LATE), ("kubectl", "status", LATE)), []),
        ((("manager", "status", EARLY),), [("manager", False)]),
        ((("manager", "status", EARLY), ("gitops-upgrader", "status", LATE)), [("manager", False)]),
        ((("manager", "status", LATE), ("gitops-upgrader", "status", EARLY)), [("manager", True)]),
        ((("b", "status", LATE), ("a", "status", EARLY)), [("a", False), ("b", False)]),
    ],
)
def test_others_than_we_and_people(entries: tuple[tuple[str, str, str], ...], found: list[tuple[str, bool]]) -> None:
    assert [(writer.name, writer.since_ours) for writer in other_writers([written(*entries)])] == found


def test_in_words() -> None:
    writers = other_writers([written(("manager", "status", LATE), name=name) for name in ("b", "a")])
    assert [str(writer) for writer in writers] == [
        "'manager' writes the status of Plan fleet/a (last at 2026-05-01T10:00:01Z)",
        "'manager' writes the status of Plan fleet/b (last at 2026-05-01T10:00:01Z)",
    ]


def test_an_object_of_which_nothing_was_noted() -> None:
    stored = Stored(ObjectKey(GROUP, "Plan", "fleet", "a"), {"metadata": {}})
    assert other_writers([stored]) == ()
