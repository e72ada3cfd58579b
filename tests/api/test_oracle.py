"""The API server's own code takes our CRDs, and judges the table of objects as the models do."""

from __future__ import annotations

import pytest

from tests.api import oracle
from tests.api.api_server import definitions
from tests.api.samples import JOB, make
from tests.api.test_rules import BAD, GOOD, ID_CHANGES, IMAGE

pytestmark = pytest.mark.servers


def test_the_definitions_are_taken() -> None:
    """Structural, with legal defaults and patterns, and with CEL rules that compile and are cheap enough."""
    asked = list(definitions().values())
    assert oracle.ask(asked, []).definitions == [[] for _ in asked]


def test_the_table_of_objects() -> None:
    rows = [*GOOD, *BAD]
    answer = oracle.ask(list(definitions().values()), [(None, make(*row)) for row in rows])
    refused = [row for row, complaints in zip(rows, answer.changes, strict=True) if complaints]
    assert refused == BAD


def test_the_changes_of_an_id() -> None:
    images = [
        tuple(make(IMAGE, {"spec.id": value, "spec.jobTemplate": JOB}) for value in (old, new))
        for old, new, _ in ID_CHANGES
    ]
    answer = oracle.ask(list(definitions().values()), [(old, new) for old, new in images])
    assert [not complaints for complaints in answer.changes] == [allowed for _, _, allowed in ID_CHANGES]
