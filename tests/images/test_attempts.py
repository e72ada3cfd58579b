"""What comes next for an image: every row of the decision, and that it always comes to an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.images.attempts import LONGEST_PAUSE, Finish, GiveUp, Seen, Start, Step, Wait, next_step, pause
from gitops_upgrader.images.outcome import Broken, Built, Nameless, Running

NOW = datetime(2026, 11, 3, 10, 0, 30, tzinfo=UTC)
LATELY, LONG_AGO = NOW - timedelta(seconds=30), NOW - timedelta(days=1)
MEND = "Mend what it says; then raise spec.retryLimit, or make the MachineImage anew."

TABLE: list[tuple[Seen, Step]] = [
    (Seen(0, 3, None), Start(1)),
    (Seen(0, 0, None), Start(1)),
    (Seen(1, 3, Running()), Wait("Attempt 1 of 4 is being built.")),
    (Seen(1, 0, Running("no node takes its Pod")), Wait("Attempt 1 of 1 is being built: no node takes its Pod.")),
    (Seen(1, 3, Built("ami-1")), Finish("ami-1")),
    (Seen(9, 3, Built("ami-1")), Finish("ami-1")),
    (
        Seen(1, 3, Broken("it broke", LATELY)),
        Wait(
            "Attempt 1 of 4 failed: it broke. The next one begins at 2026-11-03 10:01:00 UTC.",
            LATELY + timedelta(minutes=1),
            "it broke",
        ),
    ),
    (Seen(1, 3, Broken("it broke", LONG_AGO)), Start(2, "it broke")),
    (Seen(1, 3, None), Start(2, "its Job was deleted")),
    (
        Seen(4, 3, Broken("it broke", LATELY)),
        GiveUp("The build failed in all 4 attempts, at last because it broke.", MEND),
    ),
    (Seen(1, 0, None), GiveUp("The build failed in the only attempt, at last because its Job was deleted.", MEND)),
    (Seen(4, 4, Broken("it broke", LONG_AGO)), Start(5, "it broke")),
    (
        Seen(1, 3, Nameless("the build succeeded without telling the image's id")),
        GiveUp(
            "The build succeeded without telling the image's id.",
            "Let the build write the id as the last line of /dev/termination-log, or annotate the Job with it.",
        ),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), TABLE)
def test_what_comes_next(seen: Seen, expected: Step) -> None:
    assert next_step(seen, NOW) == expected


def test_a_failure_without_a_time_is_waited_for_all_the_same() -> None:
    step = next_step(Seen(1, 3, Broken("it broke", None)), NOW)
    assert isinstance(step, Wait)
    assert step.until == NOW + timedelta(minutes=1)


@given(st.integers(0, 50))
def test_there_is_an_end_to_it(retry_limit: int) -> None:
    attempts = 0
    while isinstance(
        step := next_step(Seen(attempts, retry_limit, Broken("x", LONG_AGO) if attempts else None), NOW), Start
    ):
        assert step.attempt == attempts + 1
        attempts = step.attempt
    assert isinstance(step, GiveUp)
    assert attempts == 1 + retry_limit


@given(st.integers(1, 10_000))
def test_pauses_grow_and_have_a_bound(failures: int) -> None:
    assert pause(1) <= pause(failures) <= pause(failures + 1) <= LONGEST_PAUSE
