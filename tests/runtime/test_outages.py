"""The API server, or what it keeps everything in, is killed and comes back: a control plane of this file's own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.runtime.between import Asked, HungUp, Proxy, between
from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged, are_built, building, forged
from tests.runtime.installed import Installed
from tests.runtime.replica import Replica, replica
from tests.servers import control_plane, kubelet
from tests.servers.control_plane import ControlPlane
from tests.servers.gitea import GiteaServer
from tests.servers.kubernetes import KubernetesServer, Refused, until

pytestmark = pytest.mark.servers


@dataclass
class Management:
    """A management cluster that may be broken, with all that `install` prints in it, for all namespaces."""

    plane: ControlPlane
    server: KubernetesServer
    installed: Installed


@pytest.fixture(scope="module")
def management(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Management]:
    control_plane.build()
    folder = tmp_path_factory.mktemp("plane")
    with control_plane.running(folder) as plane:
        server = KubernetesServer.of(plane.about(), folder)
        installed = Installed(server, "gitops-upgrader", definitions=True)
        installed.put()
        names = [definition["metadata"]["name"] for definition in installed.of("CustomResourceDefinition")]
        until(lambda: all(server.serves(name) for name in names), "all kinds are served")
        yield Management(plane, server, installed)


@pytest.fixture
def fleet(management: Management, gitea: GiteaServer, tmp_path: Path) -> Iterator[Forged]:
    with forged(management.server, gitea, tmp_path) as made:
        yield made


@pytest.fixture
def proxy(management: Management) -> Iterator[Proxy]:
    with between(management.server.url, management.server.certificate_authority) as made:
        yield made


def test_an_api_server_that_is_killed_while_a_build_begins(
    management: Management, fleet: Forged, proxy: Proxy, tmp_path: Path
) -> None:
    """At the worst moment: the Job is there, and nobody has heard of it. Meanwhile people go on working."""
    fleet.commit("prod", "v1.33.5")
    fleet.flux("prod")
    fleet.rolls("prod", done=True)
    fleet.connect()
    fleet.apply(building(SOURCES))
    fleet.apply(UPGRADER.replace("NAME", "prod"))

    once = threading.Lock()  # two Jobs may be made at the same moment

    def kill(asked: Asked, status: int) -> None:
        made = asked.method == "POST" and asked.path.endswith("/jobs") and status == 201
        if made and once.acquire(blocking=False):
            proxy.after = lambda *_: None
            management.plane.api_server.stop(signal.SIGKILL)
            raise HungUp

    proxy.after = kill
    kubeconfig = proxy.kubeconfig(management.installed, tmp_path)
    with replica(management.installed, tmp_path, "--no-leader-elect", kubeconfig=kubeconfig) as controller:
        until(lambda: not management.plane.api_server.runs, "the API server is gone")
        until(lambda: controller.said("cannot be reached"), "it is noticed")
        management.plane.api_server.start()
        for version in ("v1.33.5", "v1.34.2"):
            kubelet.ends(fleet.server, fleet.namespace, f"images-{version}-1", message=f"ami-{version}")
        fleet.proposed("prod")
        assert kubelet.jobs(fleet.server, fleet.namespace) == ["images-v1.33.5-1", "images-v1.34.2-1"]
        fleet.until(lambda: are_built(fleet), "both images are there")
        assert [found["status"]["attempts"] for found in fleet.items("MachineImage")] == [1, 1]
        merged_while_the_api_is_gone(management, fleet, controller)


def merged_while_the_api_is_gone(management: Management, fleet: Forged, controller: Replica) -> None:
    (pull,) = fleet.pulls()
    management.plane.api_server.stop(signal.SIGKILL)
    fleet.merge(pull["number"])
    management.plane.api_server.start()
    fleet.until(lambda: fleet.condition("prod", "Merged") == ("True", "Merged"), "it is heard of")
    fleet.flux("prod")
    fleet.rolls("prod", done=True)
    fleet.until(lambda: fleet.condition("prod", "RolledOut") == ("True", "RolledOut"), "it is there")
    assert len(fleet.pulls()) == 1
    assert controller.runs


def test_an_api_server_without_its_memory_for_a_while(management: Management, fleet: Forged, tmp_path: Path) -> None:
    """It answers with 5xx or not at all while etcd is gone, and then as before."""
    fleet.commit("prod", "v1.33.5")
    fleet.connect()
    fleet.apply(SOURCES)
    with replica(management.installed, tmp_path, "--no-leader-elect") as controller:
        fleet.until(lambda: len(fleet.items("MachineImage")) == 2, "it works")
        management.plane.etcd.stop(signal.SIGKILL)
        management.plane.etcd.start()
        until(management.plane.api_server.ready, "the API server has found its memory again")
        until(lambda: is_applied(fleet, UPGRADER.replace("NAME", "prod")), "it takes objects")
        fleet.proposed("prod")
        assert len(fleet.pulls()) == 1
        assert controller.runs


def is_applied(fleet: Forged, text: str) -> bool:
    """Whether the API server has taken an object; just after it has found its memory it may still refuse, or hang."""
    try:
        fleet.apply(text)
    except (Refused, requests.ConnectionError, requests.Timeout):
        return False
    return True
