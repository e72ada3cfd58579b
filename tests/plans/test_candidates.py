"""What a plan finds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.model import Image
from gitops_upgrader.plans.candidates import Selection, SelectionReason, select
from gitops_upgrader.plans.exclusion import parse_exclusion
from gitops_upgrader.versions import VersionRange
from tests.plans.images import NOW, image, images, texts
from tests.plans.test_preference import IMAGES

DAY = timedelta(days=1)


def choose(ready: list[Image], within: str, *exclude: str, minimum_age: timedelta | None = None) -> Selection:
    return select(ready, VersionRange.parse(within), [parse_exclusion(text) for text in exclude], minimum_age, NOW)


@pytest.mark.parametrize(
    ("ready", "within", "exclude", "candidates", "left_out"),
    [
        ("v1.33.5 v1.34.1 v1.34.2", "1.34.x", (), "v1.33.5 v1.34.1 v1.34.2", ""),
        ("v1.34.2 v1.32.1 v1.33.5", "1.34.x", (), "v1.32.1 v1.33.5 v1.34.2", ""),
        ("v1.33.5 v1.34.2 v1.35.0", "1.34.x", (), "v1.33.5 v1.34.2", "v1.35.0"),
        ("v1.33.5 v1.34.1 v1.34.2", "1.34.x", ("v1.34.2",), "v1.33.5 v1.34.1", "v1.34.2"),
        ("v1.33.5 v1.34.1 v1.34.2", "1.34.x", ("1.33.x",), "v1.34.1 v1.34.2", "v1.33.5"),
        ("v1.34.2+rke2r1 v1.34.2+rke2r2", "1.34", ("v1.34.2+rke2r2",), "v1.34.2+rke2r1", "v1.34.2+rke2r2"),
        ("v1.34.9 v1.34.10", "1.34.x", (), "v1.34.9 v1.34.10", ""),
        ("v1.34.2 v1.35.0-rc.1", ">=1.34", (), "v1.34.2", "v1.35.0-rc.1"),
        ("v1.34.2 v1.35.0-rc.1", ">=1.34-0", (), "v1.34.2 v1.35.0-rc.1", ""),
        (
            "v1.35.0---vmware.2-vkr.4 v1.35.0---vmware.10-vkr.1",
            "1.35.x-0",
            (),
            "v1.35.0---vmware.2-vkr.4 v1.35.0---vmware.10-vkr.1",
            "",
        ),
        ("v1.35.0---vmware.1", "1.35.x", (), "", "v1.35.0---vmware.1"),
        ("", "1.35.x", (), "", ""),
    ],
)
def test_candidates(ready: str, within: str, exclude: tuple[str, ...], candidates: str, left_out: str) -> None:
    selection = choose(images(ready), within, *exclude)
    assert texts(selection.candidates) == candidates
    assert texts([other.image for other in selection.left_out]) == left_out
    assert selection.target == (selection.candidates[-1] if candidates else None)


def test_of_the_same_version_the_newest_is_the_target_and_then_the_first_by_name() -> None:
    old, new = image("v1.34.2", "a", age=2 * DAY), image("v1.34.2", "c", age=DAY)
    tied = image("v1.34.2", "b", age=DAY)
    selection = choose([tied, new, old], "1.34.x")
    assert selection.target == tied
    assert selection.candidates == (old, new, tied)


@pytest.mark.parametrize(
    ("ready", "within", "exclude", "words"),
    [
        (
            "v1.33.5 v1.34.2",
            "1.34.x",
            (),
            "FoundMachineImage: the only image in 1.34.x is v1.34.2 (node-v1.34.2)",
        ),
        (
            "v1.33.5 v1.34.2",
            ">1.30",
            (),
            "FoundMachineImage: the newest of 2 images in >1.30 is v1.34.2 (node-v1.34.2)",
        ),
        ("", "1.34.x", (), "NoMachineImage: no image that the plan selects is ready"),
        (
            "v1.33.5 v1.33.4",
            "1.34.x",
            (),
            "NoMachineImageInRange: no ready image is in 1.34.x; the newest of 2 is v1.33.5",
        ),
        (
            "v1.34.1",
            "1.34.x",
            ("v1.34.1",),
            "AllMachineImagesLeftOut: no ready image in 1.34.x may be used: v1.34.1: excluded by v1.34.1",
        ),
        (
            "v1.34.1 v1.34.2 v1.34.3 v1.34.4 v1.34.5",
            "1.34.x",
            (">=1",),
            (
                "AllMachineImagesLeftOut: no ready image in 1.34.x may be used: v1.34.5: excluded by >=1; "
                "v1.34.4: excluded by >=1; v1.34.3: excluded by >=1; and 2 more"
            ),
        ),
    ],
)
def test_messages(ready: str, within: str, exclude: tuple[str, ...], words: str) -> None:
    selection = choose(images(ready), within, *exclude)
    assert f"{selection.reason}: {selection.message}" == words


def test_what_is_left_out_and_why() -> None:
    ready = [*images("v1.33.5 v1.34.2 v1.35.0 v1.33.6"), image("v1.34.3", age=DAY), image("v1.32.0", age=None)]
    selection = choose(ready, "1.34.x", "v1.33.6", minimum_age=2 * DAY)
    assert [str(other) for other in selection.left_out] == [
        "v1.32.0: of unknown age, and images must be 2 d old",
        "v1.33.6: excluded by v1.33.6",
        "v1.34.3: 1 d old, and images must be 2 d old",
        "v1.35.0: newer than the target, and outside of 1.34.x",
    ]
    assert texts(selection.candidates) == "v1.33.5 v1.34.2"


def test_outside_of_the_range_is_said_when_there_is_no_target() -> None:
    selection = choose(images("v1.33.5"), "1.34.x")
    assert [str(other) for other in selection.left_out] == ["v1.33.5: outside of 1.34.x"]


def test_when_to_look_again() -> None:
    young, younger = image("v1.34.2", age=5 * DAY), image("v1.34.3", age=DAY)
    assert choose([young, younger], "1.34.x", minimum_age=7 * DAY).recheck_at == NOW + 2 * DAY
    assert choose([young, younger], "1.34.x", "v1.34.2", minimum_age=7 * DAY).recheck_at == NOW + 6 * DAY
    assert choose([young, younger], "1.34.x", "v1.34.2").recheck_at is None
    assert choose([image("v1.34.2", age=None)], "1.34.x", minimum_age=DAY).recheck_at is None
    assert choose([young], "1.34.x", minimum_age=DAY).recheck_at is None


def test_once_it_is_old_enough_an_image_is_used() -> None:
    ready = [image("v1.34.1"), image("v1.34.2", age=DAY)]
    waiting = choose(ready, "1.34.x", minimum_age=2 * DAY)
    assert texts(waiting.candidates) == "v1.34.1"
    assert waiting.recheck_at is not None
    later = select(ready, VersionRange.parse("1.34.x"), [], 2 * DAY, waiting.recheck_at)
    assert texts(later.candidates) == "v1.34.1 v1.34.2"


WITHIN = st.sampled_from(("*", ">=0-0", "0.x", "1.0.x-0", ">0.0.0", "9.x"))
EXCLUDED = st.lists(st.sampled_from(("0.0.0", "1.x", "1.1.1+rke2r1", ">0-0")), max_size=2)


@given(IMAGES, WITHIN, EXCLUDED, st.none() | st.just(2 * DAY))
def test_laws(ready: list[Image], within: str, exclude: list[str], minimum_age: timedelta | None) -> None:
    selection = choose(ready, within, *exclude, minimum_age=minimum_age)
    assert {*selection.candidates} | {other.image for other in selection.left_out} == set(ready)
    assert len(selection.candidates) + len(selection.left_out) == len(set(ready))
    assert selection == choose(ready[::-1], within, *exclude, minimum_age=minimum_age)
    assert (selection.target is not None) == (selection.reason is SelectionReason.FOUND)
    for usable in selection.candidates:
        assert not any(usable.version in parse_exclusion(text) for text in exclude)
        assert minimum_age is None or (usable.created_at is not None and NOW - usable.created_at >= minimum_age)
    if selection.target:
        assert selection.target.version in VersionRange.parse(within)
        assert selection.target == selection.candidates[-1]
        assert max(usable.version.newness for usable in selection.candidates) == selection.target.version.newness
    else:
        assert selection.candidates == ()
