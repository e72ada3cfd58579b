"""What goes wrong between the controller and the Kubernetes API: it goes on by itself, and does nothing twice."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.between import Answer, Asked, Proxy, between
from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged, building, is_its_own
from tests.runtime.installed import Installed
from tests.runtime.replica import Replica, replica
from tests.servers import kubelet

pytestmark = pytest.mark.servers

Start = Callable[[], AbstractContextManager[Replica]]


@pytest.fixture
def proxy(fleet: Forged) -> Iterator[Proxy]:
    server = fleet.server
    with between(server.url, server.certificate_authority) as made:
        yield made


@pytest.fixture
def start(fleet: Forged, rights: Installed, proxy: Proxy, tmp_path: Path) -> Start:
    """Starts the controller on its way through the proxy, without an election, which is another test's business."""
    kubeconfig = proxy.kubeconfig(rights, tmp_path)
    fleet.commit("prod", "v1.33.5")
    fleet.connect()
    fleet.apply(SOURCES)
    return lambda: replica(rights, tmp_path, "--no-leader-elect", kubeconfig=kubeconfig)


def settled(fleet: Forged) -> None:
    """Wait for the pull request, which has to be the only one."""
    fleet.proposed("prod")
    assert len(fleet.pulls()) == 1


TROUBLE = (
    Answer(429, {"Retry-After": "1"}),
    Answer(503, {"Retry-After": "1"}),
    Answer(500),
    Answer(429),
    Answer(504),
)


def test_an_api_that_is_busy_or_broken_is_waited_for(fleet: Forged, proxy: Proxy, start: Start) -> None:
    """Of the first requests every third one is refused, from the very first on and whatever it is for."""
    numbers, troubles = itertools.count(), itertools.cycle(TROUBLE)
    chance, lock = random.Random(7), threading.Lock()

    def refused(_: Asked) -> Answer | None:
        with lock:
            number, unlucky = next(numbers), chance.random() < 1 / 3
            return next(troubles) if number < 100 and (number == 0 or unlucky) else None

    proxy.instead = refused
    fleet.apply(UPGRADER.replace("NAME", "prod"))
    with start() as controller:
        settled(fleet)
        fleet.merge(fleet.pulls()[0]["number"])
        fleet.until(lambda: fleet.condition("prod", "Merged") == ("True", "Merged"), "it is merged")
        assert len(fleet.items("MachineImage")) == 2
        assert len(fleet.pulls()) == 1
        assert controller.said("The Kubernetes API has too much to do")
        assert not controller.said("cannot be reached")


def test_what_somebody_else_has_changed_is_never_overwritten(fleet: Forged, proxy: Proxy, start: Start) -> None:
    """Each of the first writes to the upgrader comes when a person has just changed it."""
    path, left = fleet.path("ClusterClassClusterUpgrader", "prod"), iter(range(4))
    answered: list[int] = []

    def is_a_write(asked: Asked) -> bool:
        return asked.method == "PATCH" and asked.path.startswith(path)

    def intervene(asked: Asked) -> None:
        if is_a_write(asked) and (number := next(left, None)) is not None:
            change = {"metadata": {"annotations": {"example.com/note": str(number)}}}
            fleet.server.api("PATCH", path, change, content_type="application/merge-patch+json")

    def note(asked: Asked, status: int) -> None:
        if is_a_write(asked):
            answered.append(status)

    proxy.before, proxy.after = intervene, note
    fleet.apply(UPGRADER.replace("NAME", "prod"))
    with start() as controller:
        settled(fleet)
        found = fleet.get("ClusterClassClusterUpgrader", "prod")
        assert found["metadata"]["annotations"]["example.com/note"] == "3"
        assert found["metadata"]["finalizers"]
        assert answered[:4] == [409] * 4
        # A fifth one may be refused as well, where the controller does not know yet what the person has changed.
        assert set(answered[4:]) | {409} == {200, 409}
        assert controller.metric("errors_total", reason="ObjectConflict") > 0


def test_a_watch_that_is_cut_misses_nothing(fleet: Forged, proxy: Proxy, start: Start) -> None:
    with start():
        fleet.until(lambda: len(fleet.items("MachineImage")) == 2, "there are images")
        for _ in range(3):
            proxy.cut()
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        settled(fleet)


def test_a_history_that_the_api_server_has_forgotten_is_read_anew(fleet: Forged, proxy: Proxy, start: Start) -> None:
    """410 Gone, from the API server itself: it is asked for a time that is before its memory. Nothing is missed.

    While nobody watches, one object comes, another one changes, and a third one goes.
    """
    with start():
        fleet.until(lambda: len(fleet.items("MachineImage")) == 2, "there are images")
        listed: set[str] = set()

        def long_ago(asked: Asked) -> str:
            if asked.method == "GET" and "limit=" in asked.target:
                listed.add(asked.path)
            if not asked.watches or asked.path in listed:
                return asked.target
            return re.sub(r"resourceVersion=\d+", "resourceVersion=1", asked.target)

        proxy.instead = lambda asked: Answer(503) if asked.watches else None
        proxy.cut()
        fleet.apply(SOURCES.replace("v1.34.2", "v1.34.3"))
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        fleet.delete("MachineImage", "images-v1.33.5")
        proxy.rewrite, proxy.instead = long_ago, lambda _: None
        fleet.until(lambda: fleet.status("prod").get("targetVersion") == "v1.34.3", "the change is seen")
        fleet.until(lambda: fleet.get("MachineImage", "images-v1.33.5") is not None, "what went is made again")
        settled(fleet)
        kinds = {path.rpartition("/")[2] for path in listed}
        assert {"machineimages", "machineimagesyncers", "clusterclassclusterupgraders"} <= kinds


def test_an_image_that_has_gone_unheard_of_is_made_again(
    fleet: Forged, rights: Installed, proxy: Proxy, tmp_path: Path
) -> None:
    """No watch tells of it; that its status has nowhere to go does, when the end of its Job has it looked at."""
    name, job = "images-v1.34.2", "images-v1.34.2-1"
    fleet.apply(building(SOURCES))
    with replica(rights, tmp_path, "--no-leader-elect", kubeconfig=proxy.kubeconfig(rights, tmp_path)):
        fleet.until(lambda: is_its_own(fleet, name, job), "it is being built")
        first = fleet.get("MachineImage", name)["metadata"]["uid"]
        proxy.instead = lambda asked: Answer(503) if asked.watches and "/machineimages" in asked.path else None
        proxy.cut()
        fleet.delete("MachineImage", name)
        fleet.until(lambda: is_there(fleet.get("MachineImage", name), other_than=first), "it is made again")
        fleet.until(lambda: is_its_own(fleet, name, job), "it is being built again")
        proxy.instead = lambda _: None
        kubelet.ends(fleet.server, fleet.namespace, job, message="ami-v1.34.2")
        fleet.until(lambda: fleet.get("MachineImage", name)["status"].get("ready"), "it is there")
        assert fleet.get("MachineImage", name)["status"]["attempts"] == 1


def is_there(found: dict[str, Any] | None, *, other_than: str) -> bool:
    return found is not None and found["metadata"]["uid"] != other_than
