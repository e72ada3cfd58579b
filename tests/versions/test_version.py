"""Versions: what is one, how it is kept, and how two compare."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given

from gitops_upgrader.errors import InvalidVersion, UpgraderError
from gitops_upgrader.versions import Version
from tests.versions.strategies import versions

KEPT = (
    *("v1.27.3", "1.27.3", "v1.34.2+rke2r1", "v1.30.1-rc1+rke2r1", "v1.35.0---vmware.2-vkr.4", "0.0.0", "v1.34.0-rc.1"),
    *("v1.26.5+vmware.2-fips.1-tkg.1", "1.2.3--", "18446744073709551615.0.0", "1.2.3+001", "v1.2.3-" + "a" * 249),
)


@pytest.mark.parametrize("text", KEPT)
def test_the_text_survives(text: str) -> None:
    version = Version.parse(text)
    assert str(version) == text
    assert repr(version) == f"Version({text!r})"


def test_the_parts() -> None:
    version = Version.parse("v1.30.1-rc.2+rke2r1")
    assert (version.major, version.minor, version.patch) == (1, 30, 1)
    assert (version.prerelease, version.build) == ("rc.2", "rke2r1")
    assert version.line == (1, 30)


@pytest.mark.parametrize(
    ("text", "with_v", "without_v", "slug"),
    [
        ("1.34.2", "v1.34.2", "1.34.2", "1.34.2"),
        ("v1.34.2+rke2r1", "v1.34.2+rke2r1", "1.34.2+rke2r1", "v1.34.2-rke2r1"),
        ("v1.35.0---vmware.1", "v1.35.0---vmware.1", "1.35.0---vmware.1", "v1.35.0---vmware.1"),
    ],
)
def test_other_ways_to_write_it(text: str, with_v: str, without_v: str, slug: str) -> None:
    version = Version.parse(text)
    assert (version.with_v, version.without_v, version.slug) == (with_v, without_v, slug)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("v", "major, minor and patch must be numbers, and what follows them starts with - or +"),
        ("v1.32", "it has 2 of the three numbers"),
        ("1", "it has 1 of the three numbers"),
        ("v1.32-rc.1", "it has 2 of the three numbers"),
        ("1.2.3.4", "it has more than three numbers"),
        ("1.0.0p", "major, minor and patch must be numbers, and what follows them starts with - or +"),
        ("V1.2.3", "major, minor and patch must be numbers, and what follows them starts with - or +"),
        ("\u0661.2.3", "major, minor and patch must be numbers, and what follows them starts with - or +"),
        ("1.02.3", "a number in it starts with 0"),
        ("1.2.3\n", "it contains white space"),
        (" 1.2.3", "it contains white space"),
        ("1.2.18446744073709551616", "a number in it does not fit 64 bits"),
        ("1.2.3-18446744073709551616", "a number in it does not fit 64 bits"),
        (
            "1.2.3-01",
            "what follows the numbers must be letters, digits and hyphens, parted by dots, no number starting",
        ),
        ("1.2.3+a_b", "what follows the numbers must be letters, digits and hyphens, parted by dots, no number"),
        ("1.2.3-" + "a" * 251, "it has 257 characters, and the most is 256"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version.parse(text)
    assert f"is no version: {problem}" in caught.value.message
    assert caught.value.remedy.startswith("Write it as vMAJOR.MINOR.PATCH, for example v1.34.2")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, UpgraderError)


def test_an_error_shows_the_text_but_no_book() -> None:
    with pytest.raises(InvalidVersion, match=r"^'1\.32' is no version"):
        Version.parse("1.32")
    with pytest.raises(InvalidVersion) as caught:
        Version.parse("9" * 100_000)
    assert len(str(caught.value)) < 300


def test_numbers_in_build_metadata_may_be_of_any_size() -> None:
    assert Version.parse("1.2.3+99999999999999999999").build == "99999999999999999999"


ASCENDING = (
    *(
        "1.0.0-0",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
    ),
    *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.0+001", "1.0.0+1", "1.0.0+k3s9", "1.0.0+k3s10", "1.0.0+rke2r1"),
    *("1.0.1-rc.1+rke2r1", "1.0.1-rc.1+rke2r2", "1.0.1", "1.2.0", "1.10.0", "2.0.0"),
)


def test_ascending() -> None:
    parsed = [Version.parse(text) for text in ASCENDING]
    assert [str(version) for version in sorted(map(Version.parse, ASCENDING[::-1]))] == list(ASCENDING)
    assert all(old < new and new > old and old != new for old, new in pairwise(parsed))


def test_precedence_is_blind_for_build_metadata() -> None:
    assert Version.parse("1.0.0+a").precedence == Version.parse("v1.0.0+b").precedence
    assert Version.parse("1.0.0-rc.1").precedence < Version.parse("1.0.0").precedence


def test_a_version_is_no_text() -> None:
    text: object = "1.0.0"
    assert Version.parse("1.0.0") != text
    with pytest.raises(TypeError):
        assert Version.parse("1.0.0") < text


@pytest.mark.parametrize(
    "texts",
    [
        ("v1.34.2+rke2r2", "v1.34.2+rke2r10", "v1.34.3-rc2+rke2r1", "v1.34.3-rc10+rke2r1", "v1.34.3+rke2r1"),
        ("v1.35.0---vmware.1", "v1.35.0+vmware.2", "v1.35.0---vmware.2-vkr.4", "v1.35.0---vmware.10-vkr.1"),
        ("v1.27.3-gke.100", "v1.27.3-gke.1700", "v1.27.4-gke.99"),
        ("v1.34.0-alpha.2", "v1.34.0-alpha.10", "v1.34.0-beta.0", "v1.34.0-rc.0", "v1.34.0", "v1.34.1-rc.0"),
        ("v1.34.2+20240101", "v1.34.2+20240215"),
    ],
)
def test_newer_within_a_flavour(texts: tuple[str, ...]) -> None:
    parsed = [Version.parse(text) for text in texts]
    assert len({version.flavour for version in parsed}) == 1
    assert all(old.newness < new.newness for old, new in pairwise(parsed))


def test_equally_new() -> None:
    assert Version.parse("v1.35.0---vmware.1").newness == Version.parse("1.35.0+vmware.1").newness
    assert Version.parse("v1.35.0+f67aeb3").newness == Version.parse("v1.35.0").newness


@given(versions())
def test_what_is_written_can_be_read(version: Version) -> None:
    again = Version.parse(str(version))
    assert again == version
    assert again.prefix == version.prefix
    assert hash(again) == hash(version)


@given(versions())
def test_the_v_does_not_matter(version: Version) -> None:
    assert Version.parse(version.with_v) == Version.parse(version.without_v) == version
    assert Version.parse(version.with_v).newness == Version.parse(version.without_v).newness


@given(versions(), versions())
def test_order_is_total(a: Version, b: Version) -> None:
    assert [a < b, a == b, a > b].count(True) == 1
    assert (a <= b) == (not b < a)
    assert (a == b) <= (a.newness == b.newness)


@given(versions(), versions())
def test_order_refines_precedence(a: Version, b: Version) -> None:
    assert (a.precedence < b.precedence) <= (a < b)


@given(versions(), versions(), versions())
def test_order_is_transitive(a: Version, b: Version, c: Version) -> None:
    first, second, third = sorted([a, b, c])
    assert first <= second <= third
    assert first <= third


@given(versions(), versions())
@example(Version.parse("1.0.0-rc.1"), Version.parse("1.0.0+k3s1"))
def test_newness_never_goes_against_the_three_numbers(a: Version, b: Version) -> None:
    numbers_of_a, numbers_of_b = (a.major, a.minor, a.patch), (b.major, b.minor, b.patch)
    assert (numbers_of_a < numbers_of_b) <= (a.newness < b.newness)
    assert a.newness <= b.newness or b.newness <= a.newness
