"""What is kept of images that nothing wants any more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.model import Image
from gitops_upgrader.plans.retention import beyond_history
from gitops_upgrader.versions import Version


def images(texts: str) -> list[Image]:
    return [Image(Version.parse(text), f"img-{text}", text) for text in texts.split()]


@pytest.mark.parametrize(
    ("limit", "gone"),
    [
        (0, "v1.32.1 v1.33.0-rc.1 v1.33.9 v1.33.10"),
        (1, "v1.32.1 v1.33.0-rc.1 v1.33.9"),
        (3, "v1.32.1"),
        (4, ""),
        (9, ""),
    ],
)
def test_the_newest_stay(limit: int, gone: str) -> None:
    unwanted = images("v1.33.10 v1.32.1 v1.33.9 v1.33.0-rc.1")
    assert " ".join(image.name for image in beyond_history(unwanted, limit)) == gone


@given(st.sets(st.integers(0, 30)), st.integers(0, 40))
def test_exactly_so_many_stay_and_none_that_goes_is_newer(patches: set[int], limit: int) -> None:
    unwanted = images(" ".join(f"v1.33.{patch}" for patch in patches))
    gone = beyond_history(unwanted, limit)
    stays = set(unwanted) - set(gone)
    assert len(stays) == min(limit, len(unwanted))
    assert all(old.version.newness < new.version.newness for old in gone for new in stays)
