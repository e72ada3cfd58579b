"""Ranges as people write them: errors, equality, and the newest inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import InvalidRange, UpgraderError
from gitops_upgrader.versions import Version, VersionRange, latest
from tests.versions.oracle import OPERANDS, OPERATORS
from tests.versions.strategies import versions

COMPARISONS = st.builds(str.__add__, st.sampled_from(OPERATORS), st.sampled_from(OPERANDS))
ALTERNATIVES = st.lists(COMPARISONS, min_size=1, max_size=3)
RANGES = st.lists(ALTERNATIVES, min_size=1, max_size=3)


def write(alternatives: list[list[str]]) -> str:
    return " || ".join(", ".join(comparisons) for comparisons in alternatives)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("1.2 ||", "an alternative of `||` is empty"),
        ("a", "'a' does not begin with a comparison"),
        ("-1", "'-1' does not begin with a comparison"),
        ("x1", "'x1' mixes a number with something else"),
        (">=1x", "'>=1x' mixes a number with something else"),
        ("1.0.0p", "'p' cannot follow '1.0.0'"),
        (">=1.2<1.4", "'<1.4' cannot follow '>=1.2'"),
        ("1.2,", "it ends in a comma"),
        ("1,,2", "',2' does not begin with a comparison"),
        ("1.2.3-01", "a number in the prerelease of '1.2.3-01' starts with 0"),
        ("18446744073709551616", "a number of '18446744073709551616' does not fit 64 bits"),
        ("1.x-" + "a" * 300, "a version in it has more than 256 characters"),
        ("1" * 513, "it has more than 512 bytes"),
        ("\u00e9" * 257, "it has more than 512 bytes"),
        ("||".join("1" * 33), "it has 33 alternatives, and the most is 32"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(InvalidRange) as caught:
        VersionRange.parse(text)
    assert f"is no range of versions: {problem}." in caught.value.message
    assert caught.value.remedy.startswith("Write for example `1.34.x`")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, UpgraderError)


@pytest.mark.parametrize("text", ["1.0.0p", "1x", "x1", "-1", "a", ""])
def test_an_error_shows_the_text(text: str) -> None:
    with pytest.raises(InvalidRange) as caught:
        VersionRange.parse(text)
    assert str(caught.value).startswith(f"{text!r} is no range of versions: ")


def test_an_error_shows_no_book() -> None:
    with pytest.raises(InvalidRange) as caught:
        VersionRange.parse("1 " * 100_000)
    assert len(str(caught.value)) < 300


def test_the_text_is_kept() -> None:
    assert str(VersionRange.parse(" >=1.2,  <1.4 ")) == " >=1.2,  <1.4 "
    assert repr(VersionRange.parse("1.x")) == "VersionRange('1.x')"


@pytest.mark.parametrize(
    "texts",
    [
        ("1.34.x", "~1.34", "~>v1.34.0", "=1.34.*", "1.34", ">=1.34.0 <1.35.0", ">=1.34.0, <=1.34", "1.34 - 1.34"),
        ("*", "x", "X.1.2", ">=0.0.0", "~0.0.0", ">=0.0.0 || 1.2.3", ">0.0.0 || 0.0.0", "<1 || >=1"),
        ("1.2.3", "=v1.2.3", "1.2.3+k3s1", ">=1.2.3 <1.2.4", ">1.2.2 <=1.2.3", "1.2.3 || 1.2.3"),
        ("1.2 || 1.4", "1.4||1.2", ">=1.2 <1.5 !=1.3"),
        (">1.2.3-rc.1", ">=1.2.3-rc.1.0"),
        (">=1.2.3-0", ">=1.2.3-0 || >=1.2.3"),
        (">1 <1", ">=2 <2", "1.2.3, 1.2.4"),
        ("!=1.2-rc.1", "!=1.2.x-rc.1", "!=1.2-rc.1 || !=1.2-rc.1"),
    ],
)
def test_the_same_versions_are_equal_ranges(texts: tuple[str, ...]) -> None:
    ranges = [VersionRange.parse(text) for text in texts]
    assert len(set(ranges)) == 1
    assert all(allowed == ranges[0] for allowed in ranges)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.34.x", "1.34.x-0"), (">=1.2.3", ">=1.2.3-0"), ("1.2", "1.3"), ("*", ">=0-0"), ("!=1.2-rc.1", "!=1.2-rc.2")],
)
def test_other_versions_are_other_ranges(one: str, other: str) -> None:
    assert VersionRange.parse(one) != VersionRange.parse(other)


def test_vendors_that_write_a_prerelease_need_one_in_the_range() -> None:
    vmware = Version.parse("v1.35.0---vmware.2-vkr.4")
    assert vmware not in VersionRange.parse("1.35.x")
    assert vmware in VersionRange.parse("1.35.x-0")


@given(RANGES, st.randoms(use_true_random=False))
def test_the_order_in_writing_does_not_matter(alternatives: list[list[str]], chance: object) -> None:
    mirrored = [list(reversed(comparisons)) for comparisons in reversed(alternatives)]
    one, other = VersionRange.parse(write(alternatives)), VersionRange.parse(write(mirrored))
    assert one == other
    assert hash(one) == hash(other)


@given(RANGES)
def test_saying_it_twice_does_not_matter(alternatives: list[list[str]]) -> None:
    assert VersionRange.parse(write(alternatives)) == VersionRange.parse(write(alternatives * 2))


@given(RANGES, RANGES, versions(st.integers(0, 3)))
def test_equal_ranges_have_the_same_versions(one: list[list[str]], other: list[list[str]], version: Version) -> None:
    a, b = VersionRange.parse(write(one)), VersionRange.parse(write(other))
    both = VersionRange.parse(write(one + other))
    assert (version in both) == (version in a or version in b)
    assert (a == b) <= ((version in a) == (version in b))


@given(RANGES, versions(st.integers(0, 3)))
def test_neither_v_nor_build_matters(alternatives: list[list[str]], version: Version) -> None:
    allowed = VersionRange.parse(write(alternatives))
    bare = Version(version.major, version.minor, version.patch, version.prerelease, prefix="")
    assert (version in allowed) == (bare in allowed)


@given(st.text(max_size=40) | st.text("1x*.|,-+ <>=!~^v\t", max_size=40))
def test_any_text_is_a_range_or_an_error(text: str) -> None:
    try:
        kept = str(VersionRange.parse(text))
    except InvalidRange as error:
        kept = error.message.partition(" is no range")[0]
    assert kept in (text, repr(text))


def test_latest() -> None:
    texts = ["1.0.0", "1.0.0.1", "1.0.0p", "1.0.1", "1.2.0"]
    assert latest(VersionRange.parse("1.0.x"), texts) == Version.parse("1.0.1")
    assert latest(VersionRange.parse("1.3.x"), texts) is None
    assert latest(VersionRange.parse("*"), []) is None


def test_latest_counts_revisions_as_numbers() -> None:
    texts = ["v1.34.2+rke2r9", "v1.34.2+rke2r10", "v1.34.2+rke2r2"]
    assert str(latest(VersionRange.parse("1.34.x"), texts)) == "v1.34.2+rke2r10"
