"""A program that dies: every effect on Git and on the forge is counted, and one of them may be the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Repository

READING = frozenset({"find", "recent", "get", "branch_url", "file_url", "update_button"})
"""What the forge is only asked. Everything else is an effect, and so is whatever is new and not named here."""


class Death(BaseException):
    """The process is gone: no `except Exception` gets to see it, as none would see a power cut."""


@dataclass
class Fate:
    """Counts effects, and ends the process at one of them.

    Attributes:
        at: the effect that is the last one, counted from 1; None: none is.
        before: whether the process dies just before that effect happens, or just after.
        effects: what happened, by name.
    """

    at: int | None = None
    before: bool = True
    effects: list[str] = field(default_factory=list)

    def effect(self, name: str, act: Callable[[], Any]) -> Any:
        """Let an effect happen, unless the process dies."""
        self.effects.append(name)
        last = len(self.effects) == self.at
        if last and self.before:
            raise Death(f"before effect {self.at}, {name}")
        result = act()
        if last:
            raise Death(f"after effect {self.at}, {name}")
        return result

    def forge(self, forge: Forge) -> Forge:
        """The forge, with every effect counted."""
        return cast("Forge", _Counted(forge, self, READING))

    def repository(self, repository: Repository) -> Repository:
        """The repository, with every push counted. What is only built is in nobody's repository yet."""
        transport = repository._transport
        repository._transport = cast("Any", _Counted(transport, self, frozenset(dir(type(transport))) - {"push"}))
        return repository


class _Counted:
    """Stands before an object; methods that are not only reading are effects."""

    def __init__(self, inner: object, fate: Fate, reading: frozenset[str]) -> None:
        self._inner = inner
        self._fate = fate
        self._reading = reading

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._reading or not callable(found):
            return found

        def counted(*arguments: Any, **named: Any) -> Any:
            return self._fate.effect(name, lambda: found(*arguments, **named))

        return counted
