"""Names that are too long for where they go: shortened, legal, and apart."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.api import names
from gitops_upgrader.api.names import LABEL_LENGTH, NAME_LENGTH, shortened

_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
"""A label's value (k8s.io/apimachinery, util/validation: IsValidLabelValue), but for its length."""
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?){0,3}", fullmatch=True)


def test_docstrings() -> None:
    result = doctest.testmod(names)
    assert (result.failed, result.attempted > 0) == (0, True)


@given(NAMES, st.sampled_from(["", "-1", "-v1.35.0---vmware.2-vkr.4"]), st.sampled_from([LABEL_LENGTH, NAME_LENGTH]))
def test_what_is_made_is_legal_and_no_longer_than_it_may_be(name: str, suffix: str, longest: int) -> None:
    made = shortened(name, suffix, longest=longest)
    assert _VALUE.fullmatch(made)
    assert len(made) <= longest
    assert made.endswith(suffix)
    assert (made == name + suffix) == (len(name + suffix) <= longest)


@pytest.mark.parametrize(("length", "kept"), [(63, True), (64, False), (253, False)])
def test_what_fits_stays_as_it_is(length: int, kept: bool) -> None:
    name = "a" * length
    assert (shortened(name) == name) is kept
    assert len(shortened(name)) == LABEL_LENGTH


def test_long_names_that_begin_alike_stay_apart() -> None:
    one, other = "a" * 252 + "b", "a" * 252 + "c"
    assert shortened(one) != shortened(other)
    assert shortened(one).startswith("a" * 54 + "-")


def test_no_dot_or_dash_is_left_before_the_hash() -> None:
    assert re.fullmatch(r"a{52}-[0-9a-f]{8}", shortened("a" * 52 + "-." + "b" * 100))
