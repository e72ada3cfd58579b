"""The algebra of sets of versions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.versions import Version
from gitops_upgrader.versions.intervals import EVERYTHING, NOTHING, TOP, Intervals, after, line_start
from gitops_upgrader.versions.version import MAX_NUMBER
from tests.versions.strategies import versions

VERSIONS = versions(st.integers(0, 2))
KEYS = VERSIONS.map(lambda version: version.precedence)
SETS = st.lists(st.tuples(KEYS, KEYS | st.just(TOP)), max_size=4).map(Intervals.union)


@given(SETS, SETS, KEYS)
def test_membership_decides(
    a: Intervals, b: Intervals, key: tuple[int, int, int, tuple[tuple[int, int, str], ...]]
) -> None:
    assert (key in (a & b)) == (key in a and key in b)
    assert (key in (a | b)) == (key in a or key in b)
    assert (key in ~a) == (key not in a)


@given(SETS, SETS, SETS)
def test_laws(a: Intervals, b: Intervals, c: Intervals) -> None:
    assert a & b == b & a
    assert a | b == b | a
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert ~~a == a
    assert ~(a & b) == ~a | ~b
    assert a & ~a == NOTHING
    assert a | ~a == EVERYTHING
    assert hash(a | b) == hash(b | a)


@given(SETS, VERSIONS)
def test_released_and_prereleased_part_a_set(a: Intervals, version: Version) -> None:
    part = a.prereleased() if version.prerelease else a.released()
    assert (version.precedence in part) == (version.precedence in a)


@given(VERSIONS, VERSIONS)
def test_nothing_lies_between_a_key_and_the_next(a: Version, b: Version) -> None:
    assert a.precedence < after(a.precedence)
    assert not a.precedence < b.precedence < after(a.precedence)


def test_the_ends() -> None:
    lowest, highest = Version.parse("0.0.0-0"), Version(MAX_NUMBER, MAX_NUMBER, MAX_NUMBER)
    assert lowest.precedence in EVERYTHING
    assert highest.precedence in EVERYTHING
    assert highest.precedence not in ~Intervals.between(line_start(MAX_NUMBER))
    assert Intervals.between(line_start(1), line_start(MAX_NUMBER + 1)) == Intervals.between(line_start(1))
    assert EVERYTHING
    assert not NOTHING
