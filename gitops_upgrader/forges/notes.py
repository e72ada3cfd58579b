"""Collects in words what a forge refused, where a refusal is no reason to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gitops_upgrader.forges.answers import REFUSALS


class Notes:
    """What one forge refused, in order. `told` is all of it."""

    def __init__(self, forge: str) -> None:
        self._forge = forge
        self._told: list[str] = []

    @property
    def told(self) -> tuple[str, ...]:
        """Every note, a clause each."""
        return tuple(self._told)

    def add(self, text: str) -> None:
        """Note something that the forge did not refuse in so many words."""
        self._told.append(f"{self._forge} {text}")

    @contextmanager
    def unless_refused(self, what: str) -> Iterator[None]:
        """Do something; where the forge says no to it, note `what` was refused and go on."""
        try:
            yield
        except REFUSALS as error:
            self.add(f"refused {what}: {error.message.rstrip('.')}")
