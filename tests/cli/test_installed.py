"""`status`, `uninstall` and `install --context` on a real cluster: they read it, and write nothing to it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.cli.run import run
from tests.cli.test_cluster import Cluster
from tests.reconcilers.directory import PLAN, upgrader
from tests.servers.kubernetes import PATIENCE, KubernetesServer, until

pytestmark = pytest.mark.servers

READ = [{"apiGroups": [api.GROUP], "resources": ["*"], "verbs": ["list", "get"]}]
STATUS = {
    "currentVersion": "v1.33.5",
    "targetVersion": "v1.34.2",
    "phase": "Proposed",
    "pullRequest": {
        "number": 7,
        "url": "https://git.example.org/fleet/pulls/7",
        "branch": "gitops-upgrader/fleet/dev",
        "state": "Open",
        "createdAt": "2026-05-01T10:00:00Z",
    },
}


@pytest.fixture
def cluster(kubernetes: KubernetesServer) -> Cluster:
    """An upgrader with a pull request, and one that nobody has looked at yet."""
    made = Cluster(kubernetes)
    made.apply(PLAN, upgrader("dev"), upgrader("prod", planRef="{name: absent}"))
    made.status("Plan", "newest", {"phase": "FoundMachineImage", "machineImageDetails": TARGET})
    made.status("ClusterClassClusterUpgrader", "dev", STATUS)
    return made


TARGET = {"version": "v1.35.0", "id": "img-v1.35.0"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as somebody who may read our kinds in one namespace."""

    def command(name: str, *arguments: str) -> tuple[int, str, str]:
        status = run([name, "--kubeconfig", str(cluster.kubeconfig), *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def test_the_status_of_a_cluster(cluster: Cluster, cli: Run) -> None:
    before = cluster.snapshot()
    status, out, err = cli("status", "-n", cluster.name, "-o", "json")
    assert (status, err) == (0, "")
    dev, prod = json.loads(out)["clusters"]
    assert (dev["version"], dev["hop"], dev["target"]) == ("v1.33.5", "v1.34.2", "v1.35.0")
    assert (dev["phase"], dev["since"], dev["pullRequest"]["number"]) == ("Proposed", "2026-05-01T10:00:00Z", 7)
    assert (prod["phase"], prod["target"]) == ("Pending", None)
    status, out, _ = cli("status", "-n", cluster.name, "--upgrader", "dev")
    assert [line.split()[:6] for line in out.splitlines()[1:]] == [
        [f"{cluster.name}/dev", "v1.33.5", "v1.35.0", "v1.34.2", "#7", "Proposed"]
    ]
    assert cluster.snapshot() == before


def test_a_watch_shows_what_changes(cluster: Cluster) -> None:
    """In a process of its own, which is ended as people do it."""
    order = ["status", "--kubeconfig", str(cluster.kubeconfig), "-n", cluster.name, "--watch", "-o", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gitops_upgrader", *order], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            assert phases(process.stdout.readline()) == ["Proposed", "Pending"]
            cluster.status("ClusterClassClusterUpgrader", "prod", {"phase": "UpToDate"})
            assert phases(process.stdout.readline()) == ["Proposed", "UpToDate"]
        finally:
            process.send_signal(2)
        assert process.wait(PATIENCE) == 130


def phases(line: str) -> list[Any]:
    return [found["phase"] for found in json.loads(line)["clusters"]]


def test_what_removing_takes_along(cluster: Cluster, cli: Run) -> None:
    before = cluster.snapshot()
    status, out, err = cli("uninstall", "--watch-namespace", cluster.name)
    assert (status, err) == (0, "")
    assert f"2 ClusterClassClusterUpgrader: {cluster.name}/dev, {cluster.name}/prod." in out
    assert f"the pull request https://git.example.org/fleet/pulls/7 of {cluster.name}/dev is closed" in out
    assert cluster.snapshot() == before


def test_another_controller_is_warned_of(cluster: Cluster, cli: Run) -> None:
    """The test wrote the status as another program than ours."""
    status, out, err = cli("install", "--watch-namespace", cluster.name)
    assert status == 0
    assert out.startswith("# Where the controller runs.")
    assert f"writes the status of ClusterClassClusterUpgrader {cluster.name}/dev (last at " in err
    assert "If it still runs, end it first" in err
    assert "dev" in err
    assert f"{cluster.name}/prod" not in err


def test_two_controllers_at_once_are_warned_of(cluster: Cluster, cli: Run) -> None:
    """What upstream's controller wrote before ours took over is past; what it writes after that is not."""
    path = f"/apis/{api.API_VERSION}/namespaces/{cluster.name}/clusterclassclusterupgraders/dev/status"
    cluster.server.api("PATCH", f"{path}?fieldManager=gitops-upgrader", {"status": {"phase": "Holding"}}, **MERGE)
    assert cli("status", "-n", cluster.name)[2] == ""
    versions = (f"v1.33.{patch}" for patch in itertools.count())

    def warned() -> bool:
        change = {"status": {"latestSetVersion": next(versions)}}
        cluster.server.api("PATCH", f"{path}?fieldManager=manager", change, **MERGE)
        return "Two controllers" in cli("status", "-n", cluster.name)[2]

    until(warned, "it is warned of: times of writes are whole seconds")


MERGE = {"content_type": "application/merge-patch+json"}
