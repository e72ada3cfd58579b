"""What `exclude` excludes."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidRange
from gitops_upgrader.plans.exclusion import parse_exclusion
from gitops_upgrader.versions import Version


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("v1.34.2", ("v1.34.2", "1.34.2", "v1.34.2+rke2r1"), ("v1.34.3", "v1.34.2-rc.1")),
        ("1.34.2", ("v1.34.2",), ("v1.34.3",)),
        ("v1.34.2+rke2r1", ("v1.34.2+rke2r1", "1.34.2+rke2r1"), ("v1.34.2", "v1.34.2+rke2r2")),
        ("v1.34.2-rc.1", ("v1.34.2-rc.1",), ("v1.34.2",)),
        ("1.34.x || <1.30", ("v1.34.9", "v1.29.0"), ("v1.33.0",)),
        ("v1.35.0---vmware.1", ("v1.35.0---vmware.1",), ("v1.35.0---vmware.2", "v1.35.0")),
    ],
)
def test_exclusions(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    excluded = parse_exclusion(text)
    assert str(excluded) == text
    assert [version for version in inside if Version.parse(version) not in excluded] == []
    assert [version for version in outside if Version.parse(version) in excluded] == []


def test_neither_version_nor_range() -> None:
    with pytest.raises(InvalidRange, match=r"^'v1\.34\.2p' is no range of versions"):
        parse_exclusion("v1.34.2p")
