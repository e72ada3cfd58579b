"""The order of preference."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.model import Image
from gitops_upgrader.plans.preference import ascending
from tests.plans.images import image
from tests.versions.strategies import versions

AGES = st.none() | st.integers(0, 3).map(lambda days: timedelta(days=days))
IMAGES = st.lists(
    st.builds(
        lambda version, name, age: image(str(version), name, age=age),
        versions(st.integers(0, 1)),
        st.sampled_from("abc"),
        AGES,
    ),
    max_size=8,
)


def test_version_then_creation_then_name() -> None:
    older, newer, unknown = timedelta(days=9), timedelta(days=1), None
    wanted = [
        image("v1.33.9", "z", age=newer),
        image("v1.34.1", "a", age=unknown),
        image("v1.34.1", "a", age=older),
        image("v1.34.1", "c", age=newer),
        image("1.34.1", "b", age=newer),
        image("v1.34.10", "z", age=unknown),
    ]
    assert ascending(wanted) == ascending(reversed(wanted)) == wanted


def test_repetitions_count_once() -> None:
    assert ascending([image("v1.34.1"), image("v1.34.1")]) == [image("v1.34.1")]


@given(IMAGES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(images: list[Image], chance: Random) -> None:
    shuffled = list(images)
    chance.shuffle(shuffled)
    assert ascending(shuffled) == ascending(images)
