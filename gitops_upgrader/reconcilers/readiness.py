"""What an object of any kind says about itself in its `Ready` condition (metav1.Condition)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.stores.protocol import Stored


@dataclass(frozen=True, slots=True)
class Readiness:
    """The reason and the message of a `Ready` condition; both are empty where there is none."""

    reason: str = ""
    message: str = ""

    @property
    def paused(self) -> bool:
        """Whether somebody paused the object."""
        return self.reason == ReadyReason.PAUSED.value


def readiness(stored: Stored) -> Readiness:
    """What an object says; without its own name, which whoever quotes it puts before it."""
    status = stored.content.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("type") == "Ready":
            message = str(condition.get("message") or "").removeprefix(f"{stored.key}: ")
            return Readiness(str(condition.get("reason") or ""), message)
    return Readiness()
