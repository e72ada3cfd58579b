"""Events: told once, and never in the way."""

from __future__ import annotations

import re

import pytest

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.events import Happening, Recorder
from gitops_upgrader.stores.protocol import Stored
from tests.pulls.people import Clock
from tests.runtime.memory import MemoryStore, Server

KEY = ObjectKey("g", "Plan", "fleet", "newest")
PLAN = Stored(KEY, {"apiVersion": "g/v1", "kind": "Plan", "metadata": {"name": "newest", "uid": "u-1"}})


@pytest.fixture
def server() -> Server:
    return Server()


def recorder(server: Server, clock: Clock) -> Recorder:
    return Recorder(lambda: MemoryStore(server), clock, "pod-1")


def test_an_event_says_what_happened_to_what(server: Server) -> None:
    assert recorder(server, Clock()).record(PLAN, Happening("InvalidRange", "Reconcile", "It is none.", warning=True))

    (event,) = server.objects.values()
    assert event["metadata"]["namespace"] == "fleet"
    assert event["regarding"] == {
        "apiVersion": "g/v1",
        "kind": "Plan",
        "namespace": "fleet",
        "name": "newest",
        "uid": "u-1",
        "resourceVersion": None,
    }
    told = {name: event[name] for name in ("type", "reason", "action", "note", "eventTime", "reportingInstance")}
    assert told == {
        "type": "Warning",
        "reason": "InvalidRange",
        "action": "Reconcile",
        "note": "It is none.",
        "eventTime": "2026-08-01T08:00:00.000000Z",
        "reportingInstance": "pod-1",
    }


def test_a_clock_that_is_set_back_silences_nobody(server: Server) -> None:
    clock = Clock()
    events = recorder(server, clock)
    happening = Happening("Refused", "Hold", "A person closed it.")
    assert events.record(PLAN, happening)
    clock.advance(days=-30)
    assert events.record(PLAN, happening)


def test_the_same_is_told_once_an_hour(server: Server) -> None:
    clock = Clock()
    events = recorder(server, clock)
    happening = Happening("Refused", "Hold", "A person closed it.")

    told = [events.record(PLAN, happening)]
    clock.advance(minutes=59)
    told.append(events.record(PLAN, happening))
    told.append(events.record(PLAN, Happening("Refused", "Hold", "Another one was closed.")))
    clock.advance(minutes=1)
    told.append(events.record(PLAN, happening))

    assert told == [True, False, True, True]
    assert len(server.objects) == 3


def test_a_long_note_is_cut_where_the_api_server_would_refuse_it(server: Server) -> None:
    recorder(server, Clock()).record(PLAN, Happening("Refused", "Hold", "x" * 2000))

    (event,) = server.objects.values()
    assert len(event["note"]) == 1024


@pytest.mark.parametrize("name", ["a" * 253, "a" * 199 + "-" + "b" * 53, "a" * 199 + "." + "b" * 53])
def test_an_event_of_an_object_with_a_long_name_has_a_legal_one(server: Server, name: str) -> None:
    long = Stored(ObjectKey("g", "Plan", "fleet", name), {"metadata": {"name": name}})
    recorder(server, Clock()).record(long, Happening("Refused", "Hold", "A person closed it."))

    (event,) = server.objects
    assert len(event.name) <= 253
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", event.name)


def test_an_event_that_cannot_be_written_stops_nothing(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.reachable = False

    assert recorder(server, Clock()).record(PLAN, Happening("Refused", "Hold", "A person closed it."))
    assert "the event Refused was not written" in caplog.text
