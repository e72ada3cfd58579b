"""Which of the published versions get an image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.plans.wanted import Policy, wanted_versions
from gitops_upgrader.versions import Version, VersionRange
from tests.versions.strategies import versions

PUBLISHED = "v1.33.4 v1.34.10 v1.34.9 v1.35.0-rc.1 v1.33.5 1.33.5 v1.34.10+rke2r2 v1.34.10+rke2r10 v1.32.0"


@pytest.mark.parametrize(
    ("within", "policy", "wanted"),
    [
        ("1.33.x", Policy.ALL, "v1.33.4 v1.33.5"),
        ("1.33.x", Policy.LATEST, "v1.33.5"),
        ("1.32 - 1.33", Policy.LATEST_PER_MINOR, "v1.32.0 v1.33.5"),
        ("1.34.x", Policy.LATEST_PER_MINOR, "v1.34.10+rke2r10 v1.34.10"),
        (">=1.34", Policy.LATEST, "v1.34.10"),
        (">=1.34-0", Policy.LATEST, "v1.35.0-rc.1"),
        ("1.36.x", Policy.ALL, ""),
        ("1.36.x", Policy.LATEST, ""),
        ("1.36.x", Policy.LATEST_PER_MINOR, ""),
    ],
)
def test_wanted(within: str, policy: Policy, wanted: str) -> None:
    published = map(Version.parse, PUBLISHED.split())
    found = wanted_versions(published, VersionRange.parse(within), policy)
    assert " ".join(version.with_v for version in found) == wanted


@given(st.lists(versions(st.integers(0, 2))), st.sampled_from(("*", ">=0-0", "1.x")))
def test_each_policy_wants_some_of_what_the_next_one_wants(published: list[Version], within: str) -> None:
    allowed = VersionRange.parse(within)
    latest, per_minor, everything = (wanted_versions(published, allowed, policy) for policy in Policy)
    assert {*latest} <= {*per_minor} <= {*everything} == {version for version in published if version in allowed}
    assert bool(latest) == bool(everything)
    assert {version.line for version in per_minor} == {version.line for version in everything}
    assert everything == wanted_versions(published[::-1], allowed, Policy.ALL)
