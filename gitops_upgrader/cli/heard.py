"""What a command tells whoever runs it inside the program, beside what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops_upgrader.errors import UpgraderError

if TYPE_CHECKING:  # so that `--help` stays quick
    from gitops_upgrader.reconcilers.fleet import Report


@dataclass(slots=True)
class Heard:
    """Filled in by the command, and by `run` where the command ended before it had a result.

    Attributes:
        report: what came of the run; None where it ended before.
        problems: what is wrong with the files.
        failure: why it ended before, as a person reads it.
        error: the same as an error with its place, where it is one.
    """

    report: Report | None = None
    problems: Sequence[UpgraderError] = ()
    failure: str | None = None
    error: UpgraderError | None = None
