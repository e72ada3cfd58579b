"""One number and what it may be at most, where there is nothing of others to compare it with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What one benchmark measured.

    Attributes:
        name: what was measured.
        value: how much it is.
        unit: of what.
        most: how much it may be; None where nothing is promised.
    """

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether it is within the budget."""
        return self.most is None or self.value <= self.most

    @property
    def words(self) -> str:
        """The number beside its budget."""
        return f"{self.value:8.4g} {self.unit}" + ("" if self.most is None else f"   at most {self.most:g}")
