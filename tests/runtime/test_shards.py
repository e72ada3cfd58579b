"""A fleet that is split by a label: one process for each part, each with a Lease of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.runtime.installation import NAME
from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged
from tests.runtime.installed import Installed
from tests.runtime.replica import Replica, replica
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.servers

KEY = "sharding.example.com/key"


@pytest.fixture
def rights(kubernetes: KubernetesServer, fleet: Forged) -> Installed:
    made = Installed(
        kubernetes, kubernetes.namespace("system"), watched=(fleet.namespace,), options=("--shard", f"{KEY}=red")
    )
    with kubernetes.alone("installation"):
        made.put()
    return made


def upgrader(name: str, **labels: str) -> str:
    text = UPGRADER.replace("NAME", name)
    given = ", ".join(f"{key}: {value}" for key, value in labels.items())
    return text.replace(f"{{name: {name}}}", f"{{name: {name}, labels: {{{given}}}}}")


def clusters(shard: Replica) -> set[str]:
    """The upgraders that a process shows in its metrics."""
    return {name for name in ("blue", "plain", "red") if shard.metric("cluster_info", upgrader=name)}


def holder(fleet: Forged, rights: Installed, lease: str) -> str:
    found = fleet.server.api("GET", fleet.path("Lease", lease, rights.namespace))
    return str(found["spec"]["holderIdentity"])


def test_each_object_has_one_process(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    """Also one with a label that no shard is named for, and one without any; a label that changes moves its object."""
    for name in ("red", "blue", "plain"):
        fleet.commit(name, "v1.33.5")
    fleet.connect()
    fleet.apply(SOURCES)
    fleet.apply(upgrader("red", **{KEY: "red"}))
    fleet.apply(upgrader("blue", **{KEY: "blue"}))
    fleet.apply(UPGRADER.replace("NAME", "plain"))
    with (
        replica(rights, tmp_path, name="rest") as rest,
        replica(rights, tmp_path, name="red", deployment=f"{NAME}-red") as red,
    ):
        for shard in (rest, red):
            shard.until("leads")
        for name in ("red", "blue", "plain"):
            fleet.proposed(name)
        # A process counts an upgrader after it has written its status, which is what was waited for.
        fleet.until(lambda: clusters(rest) >= {"blue", "plain"}, "the rest counts its own")
        fleet.until(lambda: clusters(red) >= {"red"}, "the shard counts its own")
        assert clusters(rest) == {"blue", "plain"}
        assert clusters(red) == {"red"}
        assert len(fleet.pulls()) == 3
        assert holder(fleet, rights, NAME) != holder(fleet, rights, f"{NAME}-red")

        # A merge reaches the shard that it concerns.
        (pull,) = (one for one in fleet.pulls() if one["head"]["ref"].endswith("/red"))
        fleet.merge(pull["number"])
        fleet.until(lambda: fleet.condition("red", "Merged") == ("True", "Merged"), "it is noticed")

        # Where a shard has no process, nobody does its work, until somebody moves it to another one.
        assert red.end() == 0
        for name in ("late", "later"):
            fleet.commit(name, "v1.33.5")
        fleet.apply(upgrader("late", **{KEY: "red"}))
        fleet.apply(UPGRADER.replace("NAME", "later"))
        fleet.proposed("later")
        assert fleet.status("late") == {}
        fleet.apply(upgrader("late", **{KEY: "white"}))
        fleet.proposed("late")
        assert len(fleet.pulls()) == 5
