"""Leaders that are killed at the worst moments: another one takes over within the Lease, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.runtime.installation import NAME
from tests.runtime.between import Asked, HungUp, Proxy, between
from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged, are_built, building
from tests.runtime.installed import Installed
from tests.runtime.replica import Replica, replica
from tests.servers import kubelet

pytestmark = pytest.mark.servers

LEASE = timedelta(seconds=9)
"""Long enough for leaders that a busy machine holds up, and no longer: the next one waits for its end."""


@pytest.fixture
def to_kubernetes(fleet: Forged) -> Iterator[Proxy]:
    with between(fleet.server.url, fleet.server.certificate_authority) as made:
        yield made


@pytest.fixture
def to_gitea(fleet: Forged) -> Iterator[Proxy]:
    with between(fleet.forge.server.url) as made:
        yield made


def lease(fleet: Forged, rights: Installed) -> dict[str, Any]:
    found = fleet.server.api("GET", fleet.path("Lease", NAME, rights.namespace))
    return dict(found["spec"])


def kill_after(proxy: Proxy, path: str, victim: Replica, then: Callable[[], None] = lambda: None) -> None:
    """Have a leader killed as soon as something was made for it, before it hears of that; do something at once then."""

    def strike(asked: Asked, status: int) -> None:
        if asked.method == "POST" and asked.path.endswith(path) and status == 201:
            proxy.after = lambda *_: None
            victim.kill()
            then()
            raise HungUp

    proxy.after = strike


def test_what_killed_leaders_have_begun_is_gone_on_with(
    fleet: Forged, rights: Installed, to_kubernetes: Proxy, to_gitea: Proxy, tmp_path: Path
) -> None:
    fleet.commit("prod", "v1.33.5")
    fleet.connect(url=fleet.url.replace(fleet.forge.server.url, to_gitea.url))
    kubeconfig = to_kubernetes.kubeconfig(rights, tmp_path)
    with ExitStack() as running:

        def started(name: str) -> Replica:
            return running.enter_context(
                replica(rights, tmp_path, name=name, kubeconfig=kubeconfig, lease=f"{LEASE.seconds}s")
            )

        first = started("first")
        first.until("leads")
        second = started("second")
        second.until("ready")

        # The first one is killed when the first Job is there.
        last_signs: list[dict[str, Any]] = []
        kill_after(to_kubernetes, "/jobs", first, lambda: last_signs.append(lease(fleet, rights)))
        fleet.apply(building(SOURCES))
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        fleet.until(lambda: bool(last_signs), "the first one is gone")
        last_sign = datetime.fromisoformat(last_signs[0]["renewTime"])
        second.until("leads")
        taken = lease(fleet, rights)
        assert taken["holderIdentity"] != last_signs[0]["holderIdentity"]
        assert datetime.fromisoformat(taken["acquireTime"]) >= last_sign + LEASE, "two may have led"
        assert taken["leaseTransitions"] == 1
        third = started("third")
        third.until("ready")
        assert not third.leads

        # The second one is killed when the pull request is there.
        kill_after(to_gitea, "/pulls", second)
        for version in ("v1.33.5", "v1.34.2"):
            kubelet.ends(fleet.server, fleet.namespace, f"images-{version}-1", message=f"ami-{version}")
        fleet.until(lambda: not second.runs, "the second one is gone")
        third.until("leads")
        fleet.proposed("prod")

        assert kubelet.jobs(fleet.server, fleet.namespace) == ["images-v1.33.5-1", "images-v1.34.2-1"]
        fleet.until(lambda: are_built(fleet), "both images are there")
        assert [found["status"]["attempts"] for found in fleet.items("MachineImage")] == [1, 1]
        (pull,) = fleet.pulls()
        assert fleet.status("prod")["pullRequest"]["number"] == pull["number"]
        assert set(fleet.people.branches()) == {"main", pull["head"]["ref"]}
        assert lease(fleet, rights)["leaseTransitions"] == 2
        assert third.end() == 0
        assert lease(fleet, rights)["holderIdentity"] == ""
