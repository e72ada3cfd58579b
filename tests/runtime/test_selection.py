"""Label selectors: what a text selects, as kubectl's `-l` has it."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidSelector
from gitops_upgrader.runtime.selection import parse_selector

LABELS = {"team": "red", "stage": "dev", "app.example.com/name": "x"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("team=red", True),
        ("team==red", True),
        ("team = red , stage=dev", True),
        ("team=blue", False),
        ("team!=blue", True),
        ("team!=red", False),
        ("owner!=red", True),
        ("team", True),
        ("owner", False),
        ("!owner", True),
        ("!team", False),
        ("stage in (dev, test)", True),
        ("stage in (test)", False),
        ("stage notin (test),team=red", True),
        ("stage notin (dev)", False),
        ("app.example.com/name=x", True),
        ("!sharding.fluxcd.io/key", True),
    ],
)
def test_a_selector_selects_as_people_expect(text: str, selected: bool) -> None:
    assert parse_selector(text).matches(LABELS) is selected


@pytest.mark.parametrize("text", ["=red", "team=red,", "a in dev", "a in (b", "a b", "a=(b)", "team=b!d", "a>1"])
def test_what_is_no_selector_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidSelector, match="Write it like team=red"):
        parse_selector(text)
