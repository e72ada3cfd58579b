"""Fields that are defined and refused for now."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from tests.api.samples import SPECS, make


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("group", "eu"),
        ("dependsOn", [{"name": "dev"}]),
        ("soak", "24h"),
        ("windows", [{"schedule": "@daily", "duration": "1h"}]),
        ("freeze", [{"from": "2026-12-20T00:00:00Z", "until": "2027-01-06T00:00:00Z"}]),
        ("imageRefresh", True),
    ],
)
def test_fields_in_use_are_named(field: str, value: Any) -> None:
    upgrader = api.parse(make("ClusterClassClusterUpgrader", {f"spec.{field}": value}))
    ((path, message),) = api.not_available(upgrader)
    assert api.render(path) == f"spec.{field}"
    assert message.endswith("not available yet")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dependsOn", []),
        ("imageRefresh", False),
        ("soak", "0s"),
        ("hopInterval", "1h"),
        ("topologyClass", "class-$(MINOR)"),
        ("targets", [{"path": "a.yaml", "pointer": "/version"}]),
        ("imageVersionCheck", "Ignore"),
    ],
)
def test_everything_else_is_available(field: str, value: Any) -> None:
    upgrader = api.parse(make("ClusterClassClusterUpgrader", {f"spec.{field}": value}))
    assert api.not_available(upgrader) == []


def test_sets_are_not_available_at_all() -> None:
    found = api.not_available(api.parse(make("ClusterUpgraderSet", {"spec.template.spec.group": "a"})))
    assert [api.render(path) for path, _ in found] == ["kind", "spec.template.spec.group"]


@pytest.mark.parametrize("kind", [kind for kind in SPECS if kind != "ClusterUpgraderSet"])
def test_other_kinds_are_available(kind: str) -> None:
    assert api.not_available(api.parse(make(kind))) == []
