"""What comes next for an image that has to be built: a pure decision about what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from gitops_upgrader.images.outcome import Broken, Built, Nameless, Outcome, Running

FIRST_PAUSE = timedelta(minutes=1)
"""Between the first failure and the second attempt; each further pause is twice as long."""
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an image's builds.

    Attributes:
        attempts: how many Jobs have been started.
        retry_limit: how often a failed build is tried again.
        outcome: how far the last of them is; None where it has been deleted, or where there was none yet.
    """

    attempts: int
    retry_limit: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Start:
    """Make the Job of this attempt, counted from 1. `failure` is what the one before said."""

    attempt: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """The build runs, or its next attempt begins at a time."""

    message: str
    until: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """The image is there."""

    id: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Only a person can help."""

    message: str
    remedy: str


Step: TypeAlias = Start | Wait | Finish | GiveUp


def next_step(seen: Seen, now: datetime) -> Step:
    """What to do about an image that has no id yet."""
    allowed = 1 + seen.retry_limit
    match seen.outcome:
        case Built(id=found):
            return Finish(found)
        case Running(obstacle=obstacle):
            what = f"Attempt {seen.attempts} of {allowed} is being built"
            return Wait(f"{what}: {obstacle}." if obstacle else f"{what}.")
        case Nameless(why=why):
            return GiveUp(
                f"{why[:1].upper()}{why[1:]}.",
                "Let the build write the id as the last line of /dev/termination-log, or annotate the Job with it.",
            )
        case Broken(why=why, at=at):
            return _after_failure(seen, allowed, why, at or now, now)
    if not seen.attempts:
        return Start(1)
    return _again(seen, allowed, "its Job was deleted")


def _after_failure(seen: Seen, allowed: int, why: str, at: datetime, now: datetime) -> Step:
    due = at + pause(seen.attempts)
    if seen.attempts < allowed and now < due:
        message = (
            f"Attempt {seen.attempts} of {allowed} failed: {why}. The next one begins at {due:%Y-%m-%d %H:%M:%S} UTC."
        )
        return Wait(message, due, why)
    return _again(seen, allowed, why)


def _again(seen: Seen, allowed: int, why: str) -> Step:
    if seen.attempts < allowed:
        return Start(seen.attempts + 1, why)
    attempts = f"all {seen.attempts} attempts" if seen.attempts > 1 else "the only attempt"
    return GiveUp(
        f"The build failed in {attempts}, at last because {why}.",
        "Mend what it says; then raise spec.retryLimit, or make the MachineImage anew.",
    )


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures.

    >>> [str(pause(failures)) for failures in (1, 2, 3, 99)]
    ['0:01:00', '0:02:00', '0:04:00', '1:00:00']
    """
    doubled = FIRST_PAUSE
    for _ in range(failures - 1):
        doubled = min(LONGEST_PAUSE, doubled * 2)
    return doubled
