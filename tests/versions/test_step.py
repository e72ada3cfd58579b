"""Which steps are allowed."""

from __future__ import annotations

import pytest
from hypothesis import given

from gitops_upgrader.versions import StepReason, Version, flavour_words, step_problem
from tests.versions.strategies import versions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v1.33.5", "v1.34.2"),
        ("v1.33.5", "1.33.6"),
        ("v1.34.0-rc.1", "v1.34.0"),
        ("v1.33.5", "v1.34.0-rc.1"),
        ("v1.34.2+rke2r1", "v1.34.2+rke2r2"),
        ("v1.34.2+rke2r9", "v1.34.2+rke2r10"),
        ("v1.34.1---vmware.1", "v1.35.0---vmware.2-vkr.4"),
        ("v1.35.0---vmware.2-vkr.4", "v1.35.0---vmware.10-vkr.1"),
    ],
)
def test_allowed(old: str, new: str) -> None:
    assert step_problem(Version.parse(old), Version.parse(new)) is None


@pytest.mark.parametrize(
    ("old", "new", "reason", "words"),
    [
        ("1.34.2", "v1.34.2", StepReason.SAME, "v1.34.2 is the same version as 1.34.2"),
        ("v1.35.0+vmware.1", "v1.35.0---vmware.1", StepReason.SAME, "is the same version as"),
        ("v1.33.5", "v1.32.9", StepReason.DOWNGRADE, "v1.32.9 is older than v1.33.5"),
        ("v1.33.5", "v1.33.4", StepReason.DOWNGRADE, "v1.33.4 is older than v1.33.5"),
        ("v2.0.0", "v1.33.4", StepReason.DOWNGRADE, "v1.33.4 is older than v2.0.0"),
        ("v1.34.0", "v1.34.0-rc.1", StepReason.DOWNGRADE, "v1.34.0-rc.1 is older than v1.34.0"),
        ("v1.34.2+k3s2", "v1.34.2+k3s1", StepReason.DOWNGRADE, "v1.34.2+k3s1 is older than v1.34.2+k3s2"),
        ("v1.33.5", "v1.35.0", StepReason.SKIPS_MINOR, "v1.35.0 is 2 minors ahead of v1.33.5"),
        ("v1.33.5", "v2.0.0", StepReason.OTHER_MAJOR, "v2.0.0 is of another major version than v1.33.5"),
        (
            "v1.33.5+rke2r1",
            "v1.34.2+k3s1",
            StepReason.OTHER_FLAVOUR,
            "v1.34.2+k3s1 is of flavour k3s, and v1.33.5+rke2r1 is of flavour rke2",
        ),
        (
            "v1.33.5",
            "v1.33.5+rke2r1",
            StepReason.OTHER_FLAVOUR,
            "v1.33.5+rke2r1 is of flavour rke2, and v1.33.5 is plain Kubernetes",
        ),
        (
            "v1.32.0---vmware.6-fips-vkr.2",
            "v1.33.0---vmware.6-vkr.2",
            StepReason.OTHER_FLAVOUR,
            "is of flavour vmware, and v1.32.0---vmware.6-fips-vkr.2 is of flavour vmware-fips",
        ),
    ],
)
def test_refused(old: str, new: str, reason: StepReason, words: str) -> None:
    problem = step_problem(Version.parse(old), Version.parse(new))
    assert problem is not None
    assert problem.reason is reason
    assert words in str(problem)


def test_words() -> None:
    assert flavour_words(Version.parse("v1.34.2+k3s1")) == "of flavour k3s"
    assert flavour_words(Version.parse("v1.34.2")) == "plain Kubernetes"


@given(versions())
def test_standing_still_is_no_step(version: Version) -> None:
    problem = step_problem(version, version)
    assert problem is not None
    assert problem.reason is StepReason.SAME


@given(versions(), versions())
def test_an_allowed_step_is_up_by_one_minor_at_most_within_the_flavour(old: Version, new: Version) -> None:
    if step_problem(old, new) is not None:
        return
    assert new.newness > old.newness
    assert new.major == old.major
    assert new.minor - old.minor in (0, 1)
    assert new.flavour == old.flavour


@given(versions(), versions())
def test_no_step_is_allowed_both_ways(old: Version, new: Version) -> None:
    assert step_problem(old, new) or step_problem(new, old)
