"""Which machine images that nothing wants any more are kept for a while, and which may go."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_upgrader.model import Image
from gitops_upgrader.plans.preference import ascending


def beyond_history(unwanted: Iterable[Image], limit: int) -> tuple[Image, ...]:
    """The images that go where only so many are kept, ascending: the newest stay.

    Args:
        unwanted: images that nothing wants, in any order.
        limit: how many of them stay.
    """
    ordered = ascending(unwanted)
    return tuple(ordered[: max(0, len(ordered) - limit)])
