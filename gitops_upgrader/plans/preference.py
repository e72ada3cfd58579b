"""Which of several images is preferred: the newest version, then the newest creation, then the name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gitops_upgrader.model import Image

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def ascending(images: Iterable[Image]) -> list[Image]:
    """The images without repetitions, the most preferred one last, whatever the order they came in.

    Of the same version that which was created last is preferred, an unknown creation least; then that whose name comes
    first in the alphabet.
    """
    by_name = sorted(set(images), key=lambda image: (image.name, image.id, str(image.version)), reverse=True)
    return sorted(by_name, key=lambda image: (image.version.newness, image.created_at or _LONG_AGO))
