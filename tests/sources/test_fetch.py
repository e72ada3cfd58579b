"""The time that one repository may take."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import SourceTimeout, Where
from gitops_upgrader.sources.fetch import Deadline


def test_a_deadline_counts_down_and_then_says_so() -> None:
    seconds = iter([100.0, 100.5, 129.0, 130.0])
    deadline = Deadline(30, where=Where(file="https://example.com/deb/"), clock=lambda: next(seconds))
    assert deadline.remaining() == 29.5
    assert deadline.remaining() == 1.0
    with pytest.raises(SourceTimeout) as caught:
        deadline.remaining()
    assert caught.value.transient
    assert str(caught.value) == (
        "https://example.com/deb/: reading the repository took longer than 30 s. "
        "Raise the source's timeout, or use a mirror that is nearer."
    )
