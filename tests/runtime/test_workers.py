"""Workers: who works when, and when a key comes again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from gitops_upgrader.errors import (
    ForgeRateLimited,
    KubernetesUnreachable,
    LeaseLost,
    NetworkError,
    ObjectConflict,
    UpgraderError,
)
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.dispatch import Outcome
from gitops_upgrader.runtime.lanes import Lane
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.workers import Workers
from tests.servers.kubernetes import until

KINDS = ("Plan", "ClusterClassClusterUpgrader")
_PATIENCE = 120.0


def key(name: str, kind: str = "ClusterClassClusterUpgrader") -> ObjectKey:
    return ObjectKey("g", kind, "fleet", name)


def lane(name: str = "repository", repository: str = "default") -> Lane:
    return Lane(name, key(repository, "GitOpsRepository"))


class Dispatch:
    """Reconciles as a test says, and remembers what it was asked for."""

    def __init__(
        self,
        answer: Callable[[ObjectKey, int], Outcome] = lambda _key, _times: Outcome("succeeded"),
        lanes: Callable[[ObjectKey], Lane | None] = lambda _: None,
    ) -> None:
        self.answer = answer
        self.lanes = lanes
        self.seen: list[ObjectKey] = []
        self.changed = threading.Condition()

    def lane(self, key: ObjectKey) -> Lane | None:
        return self.lanes(key)

    def reconcile(self, key: ObjectKey) -> Outcome:
        with self.changed:
            self.seen.append(key)
            times = self.seen.count(key)
            self.changed.notify_all()
        return self.answer(key, times)

    def until(self, holds: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, _PATIENCE)


@contextmanager
def working(dispatch: Dispatch, *, each: int = 2) -> Iterator[tuple[Workers, Metrics]]:
    metrics = Metrics()
    workers = Workers(dispatch, metrics, KINDS, each)
    workers.start()
    try:
        yield workers, metrics
    finally:
        assert workers.stop(_PATIENCE)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"gitops_upgrader_{name}", labels) or 0.0


def test_every_key_that_is_woken_is_reconciled() -> None:
    dispatch = Dispatch()
    with working(dispatch) as (workers, _):
        workers.wake([key("a"), key("b"), key("p", "Plan"), key("x", "Unknown")])
        dispatch.until(lambda: len(dispatch.seen) == 3)

    assert {found.name for found in dispatch.seen} == {"a", "b", "p"}


def test_one_repository_is_worked_on_by_one_worker_and_the_others_stay_free() -> None:
    inside, most, free = 0, 0, threading.Event()
    lock = threading.Lock()

    def answer(found: ObjectKey, _times: int) -> Outcome:
        nonlocal inside, most
        if found.name.startswith("other"):
            free.set()
            return Outcome("succeeded")
        with lock:
            inside += 1
            most = max(most, inside)
        assert free.wait(_PATIENCE)  # comes to an end only if another repository gets a worker meanwhile
        with lock:
            inside -= 1
        return Outcome("succeeded")

    dispatch = Dispatch(answer, lambda found: lane(found.name.partition("-")[0]))
    with working(dispatch) as (workers, _):
        workers.wake(key(f"fleet-{number}") for number in range(20))
        dispatch.until(lambda: len(dispatch.seen) >= 1)
        workers.wake([key("other-1")])
        dispatch.until(lambda: len(dispatch.seen) == 21)

    assert most == 1


@pytest.mark.parametrize(
    "problem",
    [LeaseLost("Somebody pushed."), NetworkError("No connection."), ForgeRateLimited("Wait.", retry_after=0.01)],
)
def test_what_failed_comes_again(problem: UpgraderError) -> None:
    def answer(_key: ObjectKey, times: int) -> Outcome:
        return Outcome("failed", None, problem) if times == 1 else Outcome("succeeded")

    dispatch = Dispatch(answer, lambda _: lane())
    with working(dispatch) as (workers, metrics):
        workers.wake([key("a")])
        dispatch.until(lambda: len(dispatch.seen) == 2)

    kind = "ClusterClassClusterUpgrader"
    assert value(metrics, "errors_total", kind=kind, reason=problem.reason) == 1
    assert value(metrics, "reconciles_total", kind=kind, result="failed") == 1
    assert value(metrics, "reconciles_total", kind=kind, result="succeeded") == 1


@pytest.mark.parametrize(
    ("problem", "at_once"),
    [
        (LeaseLost("Somebody pushed."), 4),
        (ObjectConflict("Somebody has written."), 4),
        (NetworkError("No connection."), 1),
    ],
)
def test_what_somebody_else_has_overtaken_is_tried_again_at_once_and_then_with_pauses(
    problem: UpgraderError, at_once: int
) -> None:
    """No time goes by here, so that what has to wait never comes."""

    def answer(found: ObjectKey, _times: int) -> Outcome:
        return Outcome("succeeded") if found.kind == "Plan" else Outcome("failed", None, problem)

    dispatch = Dispatch(answer)
    workers = Workers(dispatch, Metrics(), KINDS, 1, clock=lambda: 0.0)
    workers.start()
    workers.wake([key("a")])
    dispatch.until(lambda: dispatch.seen.count(key("a")) == at_once)
    workers.wake([key("p", "Plan")])
    dispatch.until(lambda: key("p", "Plan") in dispatch.seen)
    until(lambda: workers.idle, "whatever comes at once has come")
    assert workers.stop(_PATIENCE)

    assert dispatch.seen.count(key("a")) == at_once


def test_a_rate_limit_holds_for_the_whole_repository() -> None:
    def answer(_key: ObjectKey, _times: int) -> Outcome:
        return Outcome("failed", None, ForgeRateLimited("Wait.", retry_after=3600))

    dispatch = Dispatch(answer, lambda found: None if found.kind == "Plan" else lane())
    with working(dispatch) as (workers, _):
        workers.wake([key("a")])
        dispatch.until(lambda: len(dispatch.seen) == 1)
        workers.wake(key(f"b{number}") for number in range(5))
        workers.wake([key("p", "Plan")])
        dispatch.until(lambda: key("p", "Plan") in dispatch.seen)
        until(lambda: workers.idle, "each of the others had its turn")

    assert [found.name for found in dispatch.seen if found.kind != "Plan"] == ["a"]


def test_a_rate_limit_of_other_credentials_holds_for_nobody_else() -> None:
    """One repository, but another object for it, with credentials and perhaps a forge of its own."""

    def answer(found: ObjectKey, _times: int) -> Outcome:
        problem = ForgeRateLimited("Wait.", retry_after=3600) if found.name.startswith("theirs") else None
        return Outcome("succeeded", None, problem)

    dispatch = Dispatch(answer, lambda found: lane(repository=found.name.partition("-")[0]))
    with working(dispatch) as (workers, _):
        workers.wake([key("theirs-1")])
        dispatch.until(lambda: len(dispatch.seen) == 1)
        workers.wake([key("theirs-2"), key("ours-1"), key("ours-2")])
        dispatch.until(lambda: {key("ours-1"), key("ours-2")} <= set(dispatch.seen))
        until(lambda: workers.idle, "each of the others had its turn")

    assert key("theirs-2") not in dispatch.seen


def test_an_outcome_says_when_to_look_again_and_whom_to_wake() -> None:
    def answer(found: ObjectKey, times: int) -> Outcome:
        if found.kind == "Plan":
            return Outcome("succeeded", wake=frozenset({key("a")}))
        return Outcome("succeeded", timedelta(milliseconds=5) if times < 3 else None)

    dispatch = Dispatch(answer)
    with working(dispatch) as (workers, _):
        workers.wake([key("p", "Plan")])
        dispatch.until(lambda: dispatch.seen.count(key("a")) == 3)

    assert dispatch.seen.count(key("p", "Plan")) == 1


def test_a_bug_is_shown_counted_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def answer(found: ObjectKey, times: int) -> Outcome:
        if found.name == "bad" and times == 1:
            raise ZeroDivisionError("a bug")
        return Outcome("succeeded")

    dispatch = Dispatch(answer)
    with caplog.at_level(logging.ERROR), working(dispatch, each=1) as (workers, metrics):
        workers.wake([key("bad"), key("good")])
        dispatch.until(lambda: key("good") in dispatch.seen and dispatch.seen.count(key("bad")) == 2)

    assert value(metrics, "reconciles_total", kind="ClusterClassClusterUpgrader", result="bug") == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_store_that_does_not_answer_is_tried_again() -> None:
    def answer(_key: ObjectKey, times: int) -> Outcome:
        if times == 1:
            raise KubernetesUnreachable("Nobody answers.")
        return Outcome("succeeded")

    dispatch = Dispatch(answer)
    with working(dispatch) as (workers, _):
        workers.wake([key("a")])
        dispatch.until(lambda: len(dispatch.seen) == 2)


def test_stopping_finishes_what_is_under_way_and_begins_nothing_more() -> None:
    begun, finish = threading.Event(), threading.Event()

    def answer(_key: ObjectKey, _times: int) -> Outcome:
        begun.set()
        assert finish.wait(_PATIENCE)
        return Outcome("succeeded")

    dispatch = Dispatch(answer, lambda _: lane())
    workers = Workers(dispatch, Metrics(), KINDS, 1)
    workers.start()
    workers.wake(key(f"a{number}") for number in range(3))
    assert begun.wait(_PATIENCE)

    assert not workers.stop(0.01)
    finish.set()
    assert workers.stop(_PATIENCE)

    assert len(dispatch.seen) == 1


def test_queues_are_measured_and_idleness_is_known() -> None:
    metrics = Metrics()
    workers = Workers(Dispatch(), metrics, KINDS, 1)
    assert workers.idle
    workers.wake([key("a"), key("b")])

    workers.measure()

    assert value(metrics, "queue_depth", kind="ClusterClassClusterUpgrader") == 2
    assert not workers.idle
