"""Guards the step from a forge's answer to our values, where an answer of another shape is to be told as such."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gitops_upgrader.errors import (
    ForgeAnswerUnreadable,
    ForgeConflict,
    ForgeForbidden,
    ForgeNotFound,
    ForgeRefused,
)

REFUSALS = (ForgeConflict, ForgeForbidden, ForgeNotFound, ForgeRefused)
"""Answers that mean no, as against those that mean not now."""


@contextmanager
def readable(forge: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what reading a malformed answer raises (`kinds`, and a missing or strange field) into a typed error.

    To be put around as little as reads answers, so that it hides no mistake of ours.

    Raises:
        ForgeAnswerUnreadable: a part of the answer is missing, or is of another type than the API describes.
    """
    malformed: tuple[type[Exception], ...] = (KeyError, TypeError, ValueError, AttributeError, *kinds)
    try:
        yield
    except malformed as error:
        raise ForgeAnswerUnreadable(
            f"{forge} answered something else than its API describes ({type(error).__name__}).",
            remedy="Check provider and apiURL; where they are right, the server is of a version that is not known yet.",
        ) from error
