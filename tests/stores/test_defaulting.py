"""What the API server makes of a value."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.api import structural
from gitops_upgrader.stores import defaulting
from gitops_upgrader.stores.defaulting import defaulted
from tests.api.api_server import default, schema_of
from tests.api.samples import make
from tests.api.test_rules import GOOD


def test_docstrings() -> None:
    assert doctest.testmod(defaulting).failed == 0


@pytest.mark.parametrize(
    ("value", "schema", "stored"),
    [
        (None, {}, None),
        ({"a": None}, {}, {}),
        ({"a": {"b": None}}, {"properties": {"a": {}}}, {"a": {}}),
        ({"a": {"b": None}}, {"properties": {"a": {"x-kubernetes-preserve-unknown-fields": True}}}, {"a": {"b": None}}),
        ({}, {"properties": {"a": {"default": 1}}}, {"a": 1}),
        ({"a": None}, {"properties": {"a": {"default": 1}}}, {"a": 1}),
        ({"a": 0}, {"properties": {"a": {"default": 1}}}, {"a": 0}),
        ({}, {"properties": {"a": {"default": {}, "properties": {"b": {"default": 2}}}}}, {"a": {"b": 2}}),
        ({}, {"properties": {"a": {"properties": {"b": {"default": 2}}}}}, {}),
        ([{}], {"items": {"properties": {"a": {"default": 1}}}}, [{"a": 1}]),
        (({},), {}, [{}]),
        ({"x": {}}, {"additionalProperties": {"properties": {"a": {"default": 1}}}}, {"x": {"a": 1}}),
    ],
)
def test_a_value(value: Any, schema: dict[str, Any], stored: Any) -> None:
    assert defaulted(value, schema) == stored


@pytest.mark.parametrize("row", GOOD, ids=str)
def test_the_tests_own_api_server_says_the_same(row: tuple[str, dict[str, Any]]) -> None:
    content = make(*row)
    schema = structural.at(structural.schema(api.KINDS[row[0]]), ("spec",))
    assert defaulted(content["spec"], schema) == default(content, schema_of(row[0]))["spec"]
