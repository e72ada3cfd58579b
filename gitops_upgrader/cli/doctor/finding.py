"""What one look brought: well or not, and how it is mended."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.errors import UpgraderError

UNREACHABLE: Final = "cluster"
"""The check that finds a cluster of which nothing can be known."""


class Grade(enum.StrEnum):
    """How well something is."""

    OK = "ok"
    NOTE = "note"
    """It works, and somebody should know of it; or nobody can tell."""
    MEND = "mend"
    """A run would fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look brought.

    Attributes:
        check: what was looked at: `git`, `token`, `clock` and so on; a stable word.
        subject: of which object or repository; empty where there is but one.
        message: what was seen, a sentence.
        remedy: how it is mended, an instruction; empty where there is nothing to do.
    """

    check: str
    subject: str
    grade: Grade
    message: str
    remedy: str = ""


def of_error(check: str, subject: str, error: UpgraderError) -> Finding:
    """What an error says, as a finding."""
    place = str(error.where)
    message = error.message if not place or place == subject else f"{place}: {error.message}"
    remedy = error.remedy or ("Try again later." if error.transient else "")
    return Finding(check, subject, Grade.MEND, message, remedy)


def must_mend(findings: Iterable[Finding]) -> bool:
    """Whether a run would fail."""
    return any(one.grade is Grade.MEND for one in findings)
