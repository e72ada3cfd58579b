"""Other controllers at our objects: who is warned of, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from gitops_upgrader.api import API_VERSION, GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.events import Recorder
from gitops_upgrader.runtime.foreign_writers import ForeignWriters
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.stores.protocol import Stored
from tests.pulls.people import Clock
from tests.runtime.memory import MemoryStore, Server


def plan(name: str, **writes: str) -> Stored:
    """A Plan whose status was written by each of these in a certain second."""
    noted = [
        {"manager": manager.replace("_", "-"), "subresource": "status", "time": f"2026-05-01T10:00:{second}Z"}
        for manager, second in writes.items()
    ]
    metadata = {"name": name, "namespace": "fleet", "uid": f"u-{name}", "managedFields": noted}
    content: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Plan", "metadata": metadata}
    return Stored(ObjectKey(GROUP, "Plan", "fleet", name), content)


class Lead:
    """A leader that looks at objects and warns."""

    def __init__(self) -> None:
        self.clock, self.server, self.metrics = Clock(), Server(), Metrics()
        self.foreign_writers = ForeignWriters(self.clock)
        self.recorder = Recorder(lambda: MemoryStore(self.server), self.clock, "tests")

    def sees(self, *objects: Stored) -> list[str]:
        """The notes of the Events that these looks lead to."""
        for stored in objects:
            self.foreign_writers.look(stored)
        before = set(self.server.objects)
        self.foreign_writers.tell(self.recorder, self.metrics)
        return [event["note"] for key, event in self.server.objects.items() if key not in before]


@pytest.mark.parametrize(
    "looks",
    [
        [plan("a")],
        [plan("a", gitops_upgrader="01")],
        [plan("a", kubectl_edit="02", gitops_upgrader="01")],
        [plan("a", manager="01", gitops_upgrader="02")],  # upstream's, before it was ended
        [plan("a", manager="01", gitops_upgrader="02"), plan("a", manager="01", gitops_upgrader="03")],
    ],
)
def test_nobody_is_warned_of_whom_there_is_no_sign(looks: Iterable[Stored], caplog: pytest.LogCaptureFixture) -> None:
    assert Lead().sees(*looks) == []
    assert caplog.text == ""


def test_one_that_wrote_before_us_is_told_of_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    lead = Lead()
    assert lead.sees(plan("a", manager="01"), plan("b", manager="02")) == []
    assert "'manager' writes the status of Plan fleet/b (last at 2026-05-01T10:00:02Z), and 1 more" in caplog.text
    assert "If it still runs, end it" in caplog.text
    caplog.clear()
    assert lead.sees(plan("a", manager="01")) == []
    assert caplog.text == ""


def test_one_that_writes_after_us_has_an_event_a_line_in_the_log_and_a_metric(caplog: pytest.LogCaptureFixture) -> None:
    lead = Lead()
    (note,) = lead.sees(plan("a", manager="02", gitops_upgrader="01"))
    assert note == (
        "'manager' writes the status of Plan fleet/a (last at 2026-05-01T10:00:02Z), as this controller does. "
        "End one of the two: each undoes the other's work."
    )
    (event,) = lead.server.objects.values()
    assert (event["reason"], event["type"], event["regarding"]["name"]) == ("OtherController", "Warning", "a")
    assert "OtherController" in caplog.text
    assert 'gitops_upgrader_errors_total{kind="Plan",reason="OtherController"} 1.0' in lead.metrics.render().decode()


def test_one_that_writes_while_we_watch_is_noticed_whatever_the_order_of_writes() -> None:
    """Both may write within one second, and whoever was later wins: the time alone does not tell."""
    lead = Lead()
    assert lead.sees(plan("a", manager="01", gitops_upgrader="02")) == []
    assert len(lead.sees(plan("a", manager="03", gitops_upgrader="03"))) == 1


def test_one_that_appears_where_we_are_is_noticed() -> None:
    lead = Lead()
    lead.sees(plan("a", gitops_upgrader="01"))
    assert len(lead.sees(plan("a", manager="01", gitops_upgrader="01"))) == 1


def test_an_object_that_was_made_anew_is_another_one() -> None:
    lead = Lead()
    lead.sees(plan("a", gitops_upgrader="01"))
    lead.foreign_writers.forget(plan("a").key)
    assert lead.sees(plan("a", manager="02", gitops_upgrader="03")) == []


def test_a_fight_over_a_whole_fleet_is_one_warning_an_hour() -> None:
    lead = Lead()
    (note,) = lead.sees(*(plan(f"n{number}", manager="02", gitops_upgrader="01") for number in range(50)))
    assert "and 49 more of its namespace" in note
    lead.clock.advance(minutes=59)
    assert lead.sees(plan("n1", manager="04", gitops_upgrader="03")) == []
    lead.clock.advance(minutes=1)
    assert len(lead.sees(plan("n1", manager="06", gitops_upgrader="05"))) == 1


def test_without_a_new_write_nothing_is_repeated() -> None:
    lead = Lead()
    lead.sees(plan("a", manager="02", gitops_upgrader="01"))
    lead.clock.advance(minutes=61)
    assert lead.sees() == []
