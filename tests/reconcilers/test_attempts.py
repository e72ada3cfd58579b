from __future__ import annotations

import pytest

from gitops_upgrader.errors import AuthenticationFailed, CacheBusy, GitError, LeaseLost, NetworkError
from gitops_upgrader.reconcilers.attempts import Patience


class Attempts:
    """An action that fails in a given way, and then succeeds; and a clock that only notes what it was asked."""

    def __init__(self, *failures: GitError) -> None:
        self.failures = list(failures)
        self.slept: list[float] = []
        self.patience = Patience(tries=3, base=1.0, sleep=self.slept.append, chance=lambda: 1.0)

    def __call__(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def test_what_passes_is_tried_again_later_and_later() -> None:
    attempts = Attempts(NetworkError("reset"), NetworkError("reset"))

    assert attempts.patience.attempt(attempts) == "done"
    assert attempts.slept == [1.0, 2.0]


def test_the_last_error_is_raised() -> None:
    attempts = Attempts(NetworkError("1"), NetworkError("2"), NetworkError("3"))

    with pytest.raises(NetworkError, match="3"):
        attempts.patience.attempt(attempts)


@pytest.mark.parametrize("error", [AuthenticationFailed("no"), LeaseLost("moved"), CacheBusy("hangs")])
def test_what_does_not_pass_by_waiting_is_raised_at_once(error: GitError) -> None:
    attempts = Attempts(error)

    with pytest.raises(type(error)):
        attempts.patience.attempt(attempts)
    assert attempts.slept == []


def test_delays_are_left_to_chance_between_half_and_all() -> None:
    attempts = Attempts(NetworkError("reset"))

    Patience(base=4.0, sleep=attempts.slept.append, chance=lambda: 0.0).attempt(attempts)

    assert attempts.slept == [2.0]
