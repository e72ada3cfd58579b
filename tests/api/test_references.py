"""What a reference means where parts of it are left out."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.api.references import ObjectReference, group_of


@pytest.mark.parametrize(
    ("reference", "group", "kind"),
    [
        ({}, GROUP, "Plan"),
        ({"kind": "Plan"}, GROUP, "Plan"),
        ({"kind": "MachineImage"}, GROUP, "MachineImage"),
        ({"kind": "ConfigMap"}, "", "ConfigMap"),
        ({"kind": "ConfigMap", "apiVersion": "v1"}, "", "ConfigMap"),
        ({"kind": "Plan", "apiVersion": "example.com/v1"}, "example.com", "Plan"),
        ({"apiVersion": "example.com/v1"}, "example.com", "Plan"),
    ],
)
def test_target(reference: dict[str, Any], group: str, kind: str) -> None:
    parsed = ObjectReference.model_validate({"name": "a", **reference})
    assert parsed.target("Plan") == (group, kind)


@pytest.mark.parametrize(("version", "group"), [("v1", ""), ("batch/v1", "batch"), ("a.b/v1beta1", "a.b")])
def test_group_of(version: str, group: str) -> None:
    assert group_of(version) == group
