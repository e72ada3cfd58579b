"""A clock that jumps, as with a wrong time server: what waits goes on, and nobody else takes over for that."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitops_upgrader.api.names import REQUESTED_AT_ANNOTATION
from gitops_upgrader.runtime.installation import NAME
from tests.runtime.cluster import SOURCES, UPGRADER, running, settings
from tests.runtime.forge import Forged
from tests.runtime.installed import Installed
from tests.runtime.replica import replica
from tests.servers import kubelet

pytestmark = pytest.mark.servers

BUILT = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: built}
spec: {version: v1.34.9, jobTemplate: {spec: {containers: [{name: build, image: builder}]}}}
"""


class Jumping:
    """The machine's clock, and how far it is off."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


def ask(fleet: Forged, kind: str, name: str, value: str) -> None:
    """Have an object looked at now, as people do it."""
    change = {"metadata": {"annotations": {REQUESTED_AT_ANNOTATION: value}}}
    fleet.server.api("PATCH", fleet.path(kind, name), change, content_type="application/merge-patch+json")


def test_a_clock_that_jumps_forward_and_back(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        fleet.commit(name, "v1.33.5")
    fleet.connect()
    fleet.apply(SOURCES)
    fleet.apply(BUILT)
    clock = Jumping()
    chosen = settings(fleet, kubeconfig=rights.kubeconfig(), lease_namespace=rights.namespace)
    with running(chosen, clock), ExitStack() as later:
        fleet.apply(UPGRADER.replace("NAME", "one"))
        fleet.proposed("one")
        standby = later.enter_context(replica(rights, tmp_path, name="standby"))
        standby.until("ready")
        kubelet.ends(fleet.server, fleet.namespace, "built-1", code=1)
        fleet.until(
            lambda: "failureMessage" in (fleet.get("MachineImage", "built") or {}).get("status", {}), "it has failed"
        )

        # A month ahead: what was to wait for a minute need not wait any more.
        clock.off = timedelta(days=30)
        ask(fleet, "MachineImage", "built", "once")
        fleet.until(lambda: kubelet.job(fleet.server, fleet.namespace, "built-2"), "it is built again")
        fleet.apply(UPGRADER.replace("NAME", "two"))
        fleet.proposed("two")

        # Back, and then behind: looks that lie in the future count for nothing.
        clock.off = timedelta()
        merged(fleet, "one")
        clock.off = timedelta(days=-365)
        merged(fleet, "two")
        fleet.apply(UPGRADER.replace("NAME", "three"))
        fleet.proposed("three")

        assert len(fleet.pulls()) == 3
        assert kubelet.jobs(fleet.server, fleet.namespace) == ["built-1", "built-2"]
        lease = fleet.server.api("GET", fleet.path("Lease", NAME, rights.namespace))["spec"]
        assert lease["leaseTransitions"] == 0
        assert not standby.leads


def merged(fleet: Forged, name: str) -> None:
    """Merge the pull request of an upgrader, and wait until that is noticed."""
    (pull,) = (one for one in fleet.pulls() if one["head"]["ref"].endswith(f"/{name}"))
    fleet.merge(pull["number"])
    fleet.until(lambda: fleet.condition(name, "Merged") == ("True", "Merged"), f"{name} is seen")
