"""Informers over real HTTP: what they see, and what they do when the API server misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from kubernetes import client as official

from gitops_upgrader.runtime import informers
from gitops_upgrader.runtime.informers import Informer, Wanted
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery
from gitops_upgrader.stores.protocol import Stored
from tests.runtime.api import END, Api, item, serving

_PATIENCE = 120.0


class Sight:
    """What an informer has told of, as lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.objects: dict[str, Stored] = {}
        self.bugs: list[BaseException] = []
        self.interrupted = 0
        self.changed = threading.Condition()

    def seen(self, stored: Stored) -> None:
        with self.changed:
            self.lines.append(f"{stored.key.name} {stored.content['metadata']['resourceVersion']}")
            self.objects[stored.key.name] = stored
            self.changed.notify_all()

    def gone(self, stored: Stored) -> None:
        with self.changed:
            self.lines.append(f"{stored.key.name} gone")
            self.objects.pop(stored.key.name, None)
            self.changed.notify_all()

    def fatal(self, bug: BaseException) -> None:
        with self.changed:
            self.bugs.append(bug)
            self.changed.notify_all()

    def interruption(self, _kind: str) -> None:
        with self.changed:
            self.interrupted += 1
            self.changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, _PATIENCE)


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as made:
        yield made


@contextmanager
def informing(api: Api, sight: Sight, *, wanted: Wanted | None = None) -> Iterator[Informer]:
    configuration = official.Configuration(host=api.url)
    opened = official.ApiClient(configuration)
    connection = Connection(opened)
    informer = Informer(
        opened,
        connection,
        Discovery(connection),
        wanted or Wanted("g", "Thing"),
        seen=sight.seen,
        gone=sight.gone,
        fatal=sight.fatal,
        interrupted=sight.interruption,
    )
    informer.start()
    try:
        yield informer
    finally:
        informer.stop()
        opened.close()


def event(type_: str, content: dict[str, object]) -> dict[str, object]:
    return {"type": type_, "object": content}


def test_what_is_there_and_what_changes_is_seen(api: Api) -> None:
    api.items = [item("a"), item("b")]
    sight = Sight()
    with informing(api, sight) as informer:
        sight.until(lambda: len(sight.lines) == 2)
        api.events.put(event("ADDED", item("c", 11)))
        api.events.put(event("MODIFIED", item("a", 12)))
        api.events.put(event("DELETED", item("b", 13)))
        sight.until(lambda: len(sight.lines) == 5)
        assert informer.synced

    assert sight.lines == ["a 1", "b 1", "c 11", "a 12", "b gone"]
    found = sight.objects["a"].content
    assert (found["apiVersion"], found["kind"]) == ("g/v1", "Thing")
    assert "managedFields" not in found["metadata"]


def test_long_lists_come_in_pages(api: Api) -> None:
    api.items, api.page = [item(f"n{number}") for number in range(7)], 3
    sight = Sight()
    with informing(api, sight):
        sight.until(lambda: len(sight.lines) == 7)

    assert api.verbs()[:3] == ["list", "list", "list"]


def test_a_watch_goes_on_where_the_last_one_ended(api: Api) -> None:
    sight = Sight()
    with informing(api, sight):
        api.events.put(event("ADDED", item("a", 11)))
        api.events.put(event("BOOKMARK", {"kind": "Thing", "metadata": {"resourceVersion": "40"}}))
        api.events.put(END)
        api.events.put(event("ADDED", item("b", 41)))
        sight.until(lambda: sight.lines == ["a 11", "b 41"])

    watches = [one for one in api.asked if one["verb"] == "watch"]
    assert [one["resourceVersion"] for one in watches[:2]] == ["10", "40"]
    assert watches[0]["allowWatchBookmarks"] == "true"
    assert int(watches[0]["timeoutSeconds"]) <= 60
    assert api.verbs().count("list") == 1


@pytest.mark.parametrize("how", ["status", "event"])
def test_what_happened_while_the_history_was_lost_is_found_by_listing_anew(api: Api, how: str) -> None:
    api.items = [item("a"), item("b")]
    sight = Sight()
    with informing(api, sight):
        sight.until(lambda: len(sight.lines) == 2)
        api.items, api.version = [item("b", 20), item("c", 21)], 30
        gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
        if how == "event":
            api.events.put(event("ERROR", gone))
            api.events.put(event("ERROR", gone))
        else:
            api.status["watch"] = 410
            api.events.put(END)
        sight.until(lambda: "c 21" in sight.lines)
        api.status.clear()
        api.events.put(event("ADDED", item("d", 31)))
        sight.until(lambda: "d 31" in sight.lines)

    assert {"a gone", "b 20"} <= set(sight.lines)
    assert set(sight.objects) == {"b", "c", "d"}


def test_a_connection_without_a_byte_is_dead_within_a_minute(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The API server ends each watch sooner than that by itself, so only a dead one is silent for so long."""
    assert informers.WATCH_SECONDS < informers.SILENCE < 60
    monkeypatch.setattr(informers, "SILENCE", 0.1)
    sight = Sight()
    with informing(api, sight):
        sight.until(lambda: sight.interrupted > 1)

    assert "The watch of Thing is silent; it is begun anew" in caplog.text
    assert api.verbs().count("watch") > 1


def test_a_refusal_is_told_in_words_and_tried_again(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.status["watch"] = 503
    sight = Sight()
    with informing(api, sight) as informer:
        sight.until(lambda: sight.interrupted >= 2)
        assert informer.error is not None
        api.status.clear()
        api.events.put(event("ADDED", item("a", 11)))
        sight.until(lambda: sight.lines == ["a 11"])

    assert "cannot watch things.g in all namespaces now" in caplog.text
    assert "Traceback" not in caplog.text


def test_watches_that_are_refused_do_not_become_a_busy_loop(api: Api) -> None:
    api.status["watch"] = 500
    sight = Sight()
    with informing(api, sight):
        sight.until(lambda: sight.interrupted >= 3)
        assert api.verbs().count("watch") <= 6


def test_what_is_wanted_is_asked_for(api: Api) -> None:
    sight = Sight()
    wanted = Wanted("g", "Thing", "fleet", "team=red", outline=True)
    api.items = [item("a")]
    with informing(api, sight, wanted=wanted):
        sight.until(lambda: sight.lines == ["a 1"])

    asked = api.asked[0]
    assert asked["path"] == "/apis/g/v1/namespaces/fleet/things"
    assert asked["labelSelector"] == "team=red"
    assert asked["accept"].startswith("application/json;as=PartialObjectMetadataList")


def test_a_kind_that_is_not_installed_has_no_objects_and_keeps_nobody_waiting(api: Api) -> None:
    sight = Sight()
    synced = threading.Event()
    with informing(api, sight, wanted=Wanted("absent", "Other", needed=False)) as informer:
        for _ in range(3000):
            if informer.synced:
                break
            synced.wait(0.01)
        assert informer.synced

    assert sight.lines == []


def test_a_bug_in_a_handler_is_not_swallowed(api: Api) -> None:
    sight = Sight()
    api.items = [{"metadata": {"namespace": "fleet"}}]  # what no API server sends: an object without a name
    with informing(api, sight):
        sight.until(lambda: bool(sight.bugs))

    assert isinstance(sight.bugs[0], KeyError)
