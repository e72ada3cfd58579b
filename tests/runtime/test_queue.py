"""The work queue's promises, on a clock that the test moves."""

from __future__ import annotations

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gitops_upgrader.runtime.backoff import Backoff, Bucket
from gitops_upgrader.runtime.queue import WorkQueue


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def queue(clock: Clock | None = None) -> WorkQueue[str]:
    return WorkQueue(Backoff(base=1, limit=60, jitter=0.0), clock or Clock())


def test_a_key_is_in_the_queue_once() -> None:
    keys = queue()
    for key in ("a", "b", "a"):
        keys.add(key)

    assert len(keys) == 2
    assert [keys.get(0), keys.get(0), keys.get(0)] == ["a", "b", None]


def test_a_key_that_is_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    keys = queue()
    keys.add("a")
    assert keys.get(0) == "a"

    keys.add("a")

    assert keys.get(0) is None
    keys.done("a")
    assert keys.get(0) == "a"


def test_a_delayed_key_comes_when_its_time_has_come() -> None:
    clock = Clock()
    keys = queue(clock)
    keys.add_after("a", 10)
    clock.now = 9.9
    assert keys.get(0) is None

    clock.now = 10

    assert keys.get(0) == "a"
    keys.done("a")
    clock.now = 100
    assert keys.get(0) is None


def test_the_sooner_of_two_delays_counts() -> None:
    clock = Clock()
    keys = queue(clock)
    keys.add_after("a", 10)
    keys.add_after("a", 30)
    keys.add_after("a", 5)
    clock.now = 5

    assert keys.get(0) == "a"
    keys.done("a")
    clock.now = 60
    assert keys.get(0) is None


def test_a_delay_of_nothing_is_now() -> None:
    keys = queue()
    keys.add_after("a", 0)

    assert keys.get(0) == "a"


def test_an_immediate_add_takes_the_place_of_a_delayed_one() -> None:
    clock = Clock()
    keys = queue(clock)
    keys.add_after("a", 10)
    keys.add("a")
    assert keys.get(0) == "a"
    keys.done("a")
    clock.now = 20

    assert keys.get(0) is None


def test_failures_come_back_later_and_later_up_to_a_limit_until_they_are_forgotten() -> None:
    keys = queue()

    delays = [keys.failed("a") for _ in range(8)]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]
    assert keys.failures("a") == 8
    keys.forget("a")
    assert keys.failures("a") == 0
    assert keys.failed("a") == 1


def test_what_fails_together_comes_back_at_a_rate() -> None:
    clock = Clock()
    keys = WorkQueue(Backoff[str](base=1, jitter=0.0), clock, Bucket(rate=10, burst=20))

    delays = [keys.failed(f"k{number}") for number in range(60)]

    assert (
        delays[:30] == [pytest.approx(1.0)] * 30
    )  # the twenty at once, and ten more within the second that all of them wait
    assert delays[30:] == [pytest.approx(1.1 + number / 10) for number in range(30)]
    clock.now = 100
    assert keys.failed("later") == 1.0


def test_timers_that_were_overtaken_do_not_pile_up() -> None:
    clock = Clock()
    keys = queue(clock)
    for _ in range(10_000):
        keys.add_after("a", 36_000)
        keys.add("a")
        assert keys.get(0) == "a"
        keys.done("a")
        clock.now += 1
    keys.add_after("a", 60)
    assert len(keys._timers) < 200
    clock.now += 60
    assert keys.get(0) == "a"


def test_the_backoff_of_a_key_that_failed_for_ever_is_still_a_number() -> None:
    backoff = Backoff[str](base=1, limit=600, jitter=0.5, chance=lambda: 0.0)

    delays = [backoff.failed("a") for _ in range(5000)]

    assert delays[-1] == 300


def test_who_waits_is_woken_by_an_add_and_by_the_end() -> None:
    keys: WorkQueue[str] = WorkQueue()
    got: list[str | None] = []
    waiting = threading.Thread(target=lambda: got.extend((keys.get(120), keys.get(120))), daemon=True)
    waiting.start()
    keys.add("a")
    keys.add_after("late", 3600)
    keys.stop()
    waiting.join(120)

    assert not waiting.is_alive()
    assert got in (["a", None], [None, None])
    assert keys.get() is None


def test_a_timer_wakes_who_waits() -> None:
    keys: WorkQueue[str] = WorkQueue()
    keys.add_after("a", 0.01)

    assert keys.get(120) == "a"


def test_nothing_is_added_after_the_end() -> None:
    keys = queue()
    keys.stop()
    keys.add("a")
    keys.add_after("b", 1)

    assert len(keys) == 0
    assert keys.get(0) is None


def test_draining_waits_for_the_workers() -> None:
    keys: WorkQueue[str] = WorkQueue()
    keys.add("a")
    assert keys.get(0) == "a"
    assert not keys.drained(0)
    finishing = threading.Thread(target=lambda: keys.done("a"), daemon=True)
    finishing.start()

    assert keys.drained(120)
    finishing.join(120)


class Queue(RuleBasedStateMachine):
    """Whatever happens in whatever order: no key with two workers, and none that was added is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.keys = queue(self.clock)
        self.working: set[str] = set()
        self.owed: set[str] = set()
        self.later: dict[str, float] = {}

    @rule(key=st.sampled_from("abc"))
    def add(self, key: str) -> None:
        self.keys.add(key)
        self.owed.add(key)
        self.later.pop(key, None)

    @rule(key=st.sampled_from("abc"), seconds=st.integers(1, 5))
    def add_after(self, key: str, seconds: int) -> None:
        self.keys.add_after(key, seconds)
        self.later[key] = min(self.later.get(key, 1e9), self.clock.now + seconds)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def take(self) -> None:
        due = {key for key, moment in self.later.items() if moment <= self.clock.now}
        self.owed |= due
        self.later = {key: moment for key, moment in self.later.items() if key not in due}
        key = self.keys.get(0)
        if key is None:
            assert self.owed <= self.working
        else:
            assert key not in self.working
            assert key in self.owed
            self.owed.discard(key)
            self.working.add(key)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.working.discard(key)
        self.keys.done(key)

    @invariant()
    def the_length_is_bounded(self) -> None:
        assert len(self.keys) <= 3


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
