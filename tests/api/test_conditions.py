"""Conditions keep the time of their last change."""

from __future__ import annotations

from datetime import UTC, datetime

from gitops_upgrader.api.conditions import Condition, ConditionType, Status, find, merge, observe

THEN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def _ready(status: Status, now: datetime, reason: str = "Succeeded") -> Condition:
    return observe(ConditionType.READY, status, reason, "Words.", now=now, generation=3)


def test_an_unchanged_status_keeps_its_time() -> None:
    (merged,) = merge([_ready(Status.TRUE, THEN)], [_ready(Status.TRUE, NOW, "UpToDate")])
    assert (merged.last_transition_time, merged.reason) == (THEN, "UpToDate")


def test_a_changed_status_has_a_new_time() -> None:
    (merged,) = merge([_ready(Status.TRUE, THEN)], [_ready(Status.FALSE, NOW)])
    assert merged.last_transition_time == NOW


def test_what_is_not_observed_any_more_goes() -> None:
    stalled = observe(ConditionType.STALLED, Status.TRUE, "InvalidObject", "", now=THEN)
    merged = merge([stalled], [_ready(Status.TRUE, NOW)])
    assert [condition.type for condition in merged] == ["Ready"]


def test_find() -> None:
    ready = _ready(Status.TRUE, NOW)
    assert find([ready], "Ready") is ready
    assert find([ready], "Stalled") is None


def test_content() -> None:
    assert _ready(Status.TRUE, NOW).to_content() == {
        "type": "Ready",
        "status": "True",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-11-02T00:00:00Z",
        "reason": "Succeeded",
        "message": "Words.",
    }
