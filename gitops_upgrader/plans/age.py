"""How old an image is, and whether that is old enough."""

from __future__ import annotations

from datetime import datetime, timedelta

from gitops_upgrader.model import Image

_UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)


def too_young(image: Image, minimum: timedelta | None, now: datetime) -> str | None:
    """In words, why an image is too young to be used; None where it is old enough or no age is asked for.

    An image whose creation is unknown is too young: nobody can say that it has been tried for long enough.
    """
    if not minimum:
        return None
    if image.created_at is None:
        return f"of unknown age, and images must be {in_words(minimum)} old"
    age = now - image.created_at
    if age >= minimum:
        return None
    return f"{in_words(age)} old, and images must be {in_words(minimum)} old"


def in_words(duration: timedelta) -> str:
    """A duration for people, by its two largest units; what is less than a second, or below zero, is `0 s`.

    >>> in_words(timedelta(hours=26, minutes=5))
    '1 d 2 h'
    """
    parts: list[str] = []
    rest = max(duration, timedelta())
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"
