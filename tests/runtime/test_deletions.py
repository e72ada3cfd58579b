"""Objects that are deleted in the middle of what is done for them, in each phase on the way of a hop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged, building, is_its_own
from tests.runtime.installed import Installed
from tests.runtime.replica import replica
from tests.servers import kubelet

pytestmark = pytest.mark.servers

KIND = "ClusterClassClusterUpgrader"
TEXT = UPGRADER.replace("NAME", "prod")


@pytest.fixture(autouse=True)
def _controller(fleet: Forged, rights: Installed, tmp_path: Path) -> Iterator[None]:
    fleet.commit("prod", "v1.33.5")
    fleet.flux("prod")
    fleet.rolls("prod", done=True)
    fleet.connect()
    with replica(rights, tmp_path) as controller:
        yield
        assert controller.runs
        assert controller.end() == 0


def uid(found: dict[str, Any] | None) -> str:
    return str((found or {"metadata": {"uid": ""}})["metadata"]["uid"])


def gone(fleet: Forged, kind: str, name: str) -> None:
    """Delete an object, and wait until it is gone."""
    before = uid(fleet.get(kind, name))
    fleet.delete(kind, name)
    fleet.until(lambda: uid(fleet.get(kind, name)) != before, f"{name} is gone")


def test_while_an_image_is_built(fleet: Forged) -> None:
    """The build goes with its image. One that is still wanted is made and built again, under the same names."""
    fleet.apply(building(SOURCES))
    fleet.apply(TEXT)
    name, job = "images-v1.34.2", "images-v1.34.2-1"
    fleet.until(lambda: kubelet.pods(fleet.server, fleet.namespace, job), "it is being built")
    first = uid(kubelet.job(fleet.server, fleet.namespace, job))
    gone(fleet, KIND, "prod")  # nothing keeps it: nothing was made outside
    gone(fleet, "MachineImage", name)
    fleet.until(
        lambda: is_its_own(fleet, name, job) and uid(kubelet.job(fleet.server, fleet.namespace, job)) != first,
        "it is built again",
    )
    fleet.until(lambda: len(kubelet.pods(fleet.server, fleet.namespace, job)) == 1, "the old Pod is gone")
    kubelet.ends(fleet.server, fleet.namespace, job, message="ami-v1.34.2")
    fleet.until(lambda: (fleet.get("MachineImage", name) or {}).get("status", {}).get("ready"), "it is there")
    assert fleet.get("MachineImage", name)["status"]["attempts"] == 1
    fleet.apply(TEXT)
    fleet.proposed("prod")


def test_while_it_is_planned(fleet: Forged) -> None:
    """Without its plan an upgrader stalls, and says what lacks; its pull request, if there is one, is left alone."""
    fleet.apply(SOURCES)
    fleet.delete("GitOpsRepository", "default")
    fleet.apply(TEXT)
    fleet.until(
        lambda: (fleet.get("Plan", "newest") or {}).get("status", {}).get("machineImageRef"), "an image is found"
    )
    fleet.until(lambda: fleet.condition("prod", "Stalled") == ("True", "ObjectNotFound"), "there is no repository")
    gone(fleet, "Plan", "newest")
    fleet.connect()
    fleet.until(lambda: "Plan" in message(fleet), "it is told")
    assert fleet.condition("prod", "Stalled") == ("True", "ObjectNotFound")
    fleet.apply(SOURCES)
    fleet.proposed("prod")
    gone(fleet, "Plan", "newest")
    fleet.until(lambda: fleet.condition("prod", "Stalled") == ("True", "ObjectNotFound"), "it stalls")
    (pull,) = fleet.pulls()
    assert pull["state"] == "open"
    fleet.apply(SOURCES)
    fleet.proposed("prod")
    assert [found["head"]["sha"] for found in fleet.pulls()] == [pull["head"]["sha"]]


def message(fleet: Forged) -> str:
    return " ".join(str(one["message"]) for one in fleet.status("prod").get("conditions", []))


def test_while_it_is_proposed(fleet: Forged) -> None:
    """Its pull request is closed and its branch goes before it does; made again, it proposes again."""
    fleet.apply(SOURCES)
    fleet.apply(TEXT)
    fleet.proposed("prod")
    gone(fleet, KIND, "prod")
    (pull,) = fleet.pulls()
    assert (pull["state"], pull["merged"]) == ("closed", False)
    assert set(fleet.people.branches()) == {"main"}
    fleet.apply(TEXT)
    fleet.proposed("prod")
    assert [found["state"] for found in fleet.pulls()] == ["closed", "open"]

    # Without its repository nobody could ever close anything: that must not keep it for ever.
    gone(fleet, "GitOpsRepository", "default")
    gone(fleet, KIND, "prod")
    assert [found["state"] for found in fleet.pulls()] == ["closed", "open"]


def test_while_it_is_rolled_out(fleet: Forged) -> None:
    """What was merged stays merged; the one that takes its place knows how far the cluster is."""
    fleet.apply(SOURCES)
    fleet.apply(TEXT)
    fleet.proposed("prod")
    fleet.merge(1)
    fleet.until(lambda: fleet.condition("prod", "Merged") == ("True", "Merged"), "the merge is noticed")
    fleet.flux("prod")
    fleet.rolls("prod", done=False)
    fleet.until(lambda: fleet.condition("prod", "RolledOut") == ("False", "RollingOut"), "it rolls")
    gone(fleet, KIND, "prod")
    (pull,) = fleet.pulls()
    assert pull["merged"]
    assert "version: v1.34.2" in fleet.people.read("main", "clusters/prod.yaml")
    fleet.apply(TEXT)
    fleet.until(lambda: fleet.condition("prod", "RolledOut") == ("False", "RollingOut"), "it rolls")
    gone(fleet, "Plan", "newest")
    fleet.rolls("prod", done=True)
    fleet.apply(SOURCES)
    fleet.until(lambda: fleet.condition("prod", "RolledOut") == ("True", "RolledOut"), "it is there")
    assert len(fleet.pulls()) == 1
