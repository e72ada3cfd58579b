"""The surprises that the module's documentation names, each by example; the oracle has everything else."""

from __future__ import annotations

import pytest

from gitops_upgrader.versions import Version, VersionRange
from gitops_upgrader.versions.comparator import OPERATORS, Condition, Operator
from gitops_upgrader.versions.intervals import NOTHING


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("^*", ("0.0.0",), ("0.0.1", "1.0.0")),
        ("^x.x", ("0.0.0",), ("0.0.1", "1.0.0")),
        ("<=*", ("0.0.0", "0.0.9"), ("0.1.0", "1.0.0")),
        ("~0.0.0", ("0.0.0", "0.0.1", "7.1.2"), ()),
        ("!=1.2-rc.1", ("1.2.0", "1.2.0-rc.2", "1.3.0-rc.1"), ("1.2.0-rc.1", "1.2.9-rc.1")),
        (">1.2", ("1.3.0",), ("1.2.9", "1.3.0-rc.1")),
        (">1.2-0", ("1.3.0", "1.3.0-0"), ("1.2.9",)),
        ("<=1.2", ("1.2.9",), ("1.3.0",)),
    ],
)
def test_surprises(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    allowed = VersionRange.parse(text)
    assert [version for version in inside if Version.parse(version) not in allowed] == []
    assert [version for version in outside if Version.parse(version) in allowed] == []


def test_every_operator_can_be_written() -> None:
    assert set(OPERATORS.values()) == set(Operator)


def test_without_prereleases() -> None:
    assert Condition().without_prereleases() == Condition(prereleases=NOTHING)
