"""Workflow commands: lines of a step's output by which it speaks to the runner.

A runner acts on any line that reads like a command, whoever wrote it: a manifest that is shown in a diff could set
outputs or hide words of the log. So what a step prints stands between `stop(token)` and `resume(token)`, where the
token is one that nobody can guess.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 10
"""How many annotations of one level GitHub shows for a step; what comes after them is in the log only."""


class Level(enum.Enum):
    """How grave an annotation is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on a run, and on a line of a file where there is one.

    `file` starts from the workspace's root; `line` and `column` count from 1.
    """

    level: Level
    message: str
    title: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        properties = {"file": self.file}
        if self.file is not None:
            properties |= {name: str(at) for name, at in (("line", self.line), ("col", self.column)) if at is not None}
        properties["title"] = self.title or None
        given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
        return f"::{self.level.value}{' ' + given if given else ''}::{_data(self.message)}"


def within_limit(annotations: Sequence[Annotation]) -> list[Annotation]:
    """The annotations of one level; where they are more than are shown, the last one says how many are left out."""
    if len(annotations) <= LIMIT:
        return list(annotations)
    left = len(annotations) - LIMIT + 1
    rest = Annotation(annotations[0].level, f"There are {left} more; the job summary and the log have them all.")
    return [*annotations[: LIMIT - 1], rest]


def stop(token: str) -> str:
    """The command after which a runner takes no command until `resume(token)`."""
    return f"::stop-commands::{token}"


def resume(token: str) -> str:
    """The end of what `stop(token)` has begun."""
    return f"::{token}::"


def _data(text: str) -> str:
    """Escape a message, as a runner undoes it (actions/toolkit, packages/core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape the value of a property, in which the separators count too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
