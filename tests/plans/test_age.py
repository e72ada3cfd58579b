"""The age of an image."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gitops_upgrader.plans.age import in_words, too_young
from tests.plans.images import NOW, image


@pytest.mark.parametrize(
    ("age", "minimum", "words"),
    [
        (timedelta(hours=5), None, None),
        (timedelta(hours=5), timedelta(), None),
        (None, None, None),
        (timedelta(hours=5), timedelta(hours=5), None),
        (timedelta(hours=5), timedelta(hours=6), "5 h old, and images must be 6 h old"),
        (timedelta(hours=-1), timedelta(hours=6), "0 s old, and images must be 6 h old"),
        (None, timedelta(hours=6), "of unknown age, and images must be 6 h old"),
    ],
)
def test_too_young(age: timedelta | None, minimum: timedelta | None, words: str | None) -> None:
    assert too_young(image("v1.34.1", age=age), minimum, NOW) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(milliseconds=900), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=72), "3 d"),
        (timedelta(days=1, minutes=5), "1 d"),
        (timedelta(days=1, hours=2, minutes=5), "1 d 2 h"),
    ],
)
def test_words(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words
