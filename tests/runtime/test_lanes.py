"""Lanes: one worker at a time in each."""

from __future__ import annotations

from gitops_upgrader.runtime.lanes import Lanes


def test_who_comes_second_leaves_the_key_to_who_came_first() -> None:
    lanes: Lanes[str, int] = Lanes()

    assert lanes.enter("repository", 1)
    assert not lanes.enter("repository", 2)
    assert not lanes.enter("repository", 3)
    assert lanes.enter("another", 4)
    assert [lanes.next("repository"), lanes.next("repository"), lanes.next("repository")] == [2, 3, None]


def test_a_lane_that_was_left_can_be_entered_again() -> None:
    lanes: Lanes[str, int] = Lanes()
    lanes.enter("repository", 1)
    assert lanes.next("repository") is None

    assert lanes.enter("repository", 2)
