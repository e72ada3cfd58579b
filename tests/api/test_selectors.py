"""Label selectors."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.api.selectors import LabelSelector

LABELS = {"os": "ubuntu", "wave": "1", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {}}, True),
        ({"matchLabels": {"os": "ubuntu"}}, True),
        ({"matchLabels": {"os": "ubuntu", "wave": "2"}}, False),
        ({"matchLabels": {"missing": ""}}, False),
        ({"matchLabels": {"empty": ""}}, True),
        ({"matchExpressions": [{"key": "os", "operator": "In", "values": ["flatcar", "ubuntu"]}]}, True),
        ({"matchExpressions": [{"key": "os", "operator": "In", "values": ["flatcar"]}]}, False),
        ({"matchExpressions": [{"key": "missing", "operator": "In", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "os", "operator": "NotIn", "values": ["ubuntu"]}]}, False),
        ({"matchExpressions": [{"key": "os", "operator": "NotIn", "values": ["flatcar"]}]}, True),
        ({"matchExpressions": [{"key": "missing", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "empty", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "missing", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "missing", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "os", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"os": "ubuntu"}, "matchExpressions": [{"key": "wave", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_matches(selector: dict[str, Any], matches: bool) -> None:
    assert LabelSelector.model_validate(selector).matches(LABELS) is matches
