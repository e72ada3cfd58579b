"""The controller on a real API server, with a repository over loopback HTTP."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import Counter

from gitops_upgrader.errors import LeadershipLost
from gitops_upgrader.runtime.election import Terms
from gitops_upgrader.runtime.process import Process
from gitops_upgrader.runtime.secrecy import Secrecy
from tests.gitserver import GitServer, Seen, git_http_server
from tests.runtime.cluster import RESOURCES, UPGRADER, Management, managed, running, settings
from tests.runtime.relay import relay
from tests.servers.kubernetes import PATIENCE, KubernetesServer

pytestmark = pytest.mark.servers


@pytest.fixture
def management(kubernetes: KubernetesServer, tmp_path: Path) -> Iterator[Management]:
    with managed(kubernetes, tmp_path, git_http_server) as made:
        yield made


def branch_of(management: Management, name: str) -> str:
    return f"gitops-upgrader/{management.namespace}/{name}"


def test_the_whole_way_from_a_release_to_the_end_of_its_rollout(management: Management) -> None:
    management.commit("prod", "v1.33.5")
    management.live("prod", "v1.33.5", rolled_out=True)
    management.apply(RESOURCES)
    management.apply(UPGRADER.replace("NAME", "prod"))
    branch = branch_of(management, "prod")
    with running(settings(management)) as process:
        assert process._workspaces.line.environ == {}, "a token of the environment could be used"
        management.until(lambda: branch in management.people.branches(), "the branch is pushed")
        management.until(lambda: management.condition("prod", "Proposed") == ("True", "Unchanged"), "it says so")
        assert management.status("prod")["targetVersion"] == "v1.34.2"
        assert management.get("ClusterClassClusterUpgrader", "prod")["metadata"]["finalizers"]

        management.people.merge(branch)
        management.until(lambda: management.condition("prod", "Merged") == ("True", "Merged"), "the merge is noticed")
        assert management.condition("prod", "Applied") == ("False", "NotApplied")
        assert management.status("prod")["phase"] == "Merged"
        management.live("prod", "v1.34.2", rolled_out=False)
        management.until(lambda: management.condition("prod", "RolledOut") == ("False", "RollingOut"), "it rolls")
        management.live("prod", "v1.34.2", rolled_out=True)
        management.until(lambda: management.condition("prod", "RolledOut") == ("True", "RolledOut"), "it is there")
        status = management.status("prod")
        assert (status["phase"], status["latestSetVersion"]) == ("UpToDate", "v1.34.2")
        assert "finalizers" not in management.get("ClusterClassClusterUpgrader", "prod")["metadata"]

        # Events and metrics follow the status that they are about.
        told = {"PullRequestOpened", "Merged", "RolledOut"}
        management.until(lambda: told <= {event["reason"] for event in management.items("Event")}, "people are told")
        phase = f'namespace="{management.namespace}",phase="UpToDate"'
        management.until(lambda: phase in metrics(process), "it is counted")
        assert "gitops_upgrader_leader 1.0" in metrics(process)


def metrics(process: Process) -> str:
    return requests.get(f"http://127.0.0.1:{process.port}/metrics", timeout=30).text


def test_an_idle_cluster_sees_no_writes(management: Management) -> None:
    management.commit("prod", "v1.33.5")
    management.apply(RESOURCES)
    management.apply(UPGRADER.replace("NAME", "prod"))
    with running(settings(management)) as process:
        management.until(lambda: management.condition("prod", "Proposed") == ("True", "Unchanged"), "it is proposed")
        management.until(lambda: process.workers.idle, "everything is settled")
        before = versions(management)
        lists = process.metrics.git.labels("list")
        looked = count(lists)
        management.until(lambda: count(lists) >= looked + 3, "the repository was looked at again and again")
        management.until(lambda: process.workers.idle, "nothing is under way")
        assert versions(management) == before


def count(counter: Counter) -> float:
    return float(next(iter(counter.collect())).samples[0].value)


def versions(management: Management) -> dict[str, str]:
    """Every object of ours, and each Event, with the version that the API server gave to its last write."""
    kinds = (
        *("DebianRepositorySource", "MachineImageTemplate", "MachineImageSyncer", "MachineImage", "Plan"),
        *("GitOpsRepository", "ClusterClassClusterUpgrader", "Event", "Cluster"),
    )
    return {
        f"{kind} {found['metadata']['name']}": found["metadata"]["resourceVersion"]
        for kind in kinds
        for found in management.items(kind)
    }


def test_a_deleted_upgrader_takes_its_branch_along(management: Management) -> None:
    management.commit("prod", "v1.33.5")
    management.apply(RESOURCES)
    management.apply(UPGRADER.replace("NAME", "prod"))
    branch = branch_of(management, "prod")
    with running(settings(management)):
        management.until(lambda: branch in management.people.branches(), "the branch is pushed")
        management.delete("Plan", "newest")  # what it would do next does not matter any more
        management.delete("ClusterClassClusterUpgrader", "prod")
        management.until(lambda: management.get("ClusterClassClusterUpgrader", "prod") is None, "it is gone")
        assert branch not in management.people.branches()


def test_a_new_release_and_a_deleted_image_are_noticed_without_waiting_for_an_interval(management: Management) -> None:
    management.apply(RESOURCES)
    with running(settings(management)):
        management.until(lambda: len(management.items("MachineImage")) == 2, "there are images")
        management.apply(RESOURCES.replace("v1.34.2", "v1.34.2\\nv1.35.0"))
        management.until(lambda: latest(management) == "v1.35.0", "the plan has found the new image")
        management.delete("MachineImage", "images-v1.35.0")
        management.until(
            lambda: latest(management) == "v1.35.0" and management.get("MachineImage", "images-v1.35.0") is not None,
            "the image is made again",
        )


def latest(management: Management) -> str:
    status = (management.get("Plan", "newest") or {}).get("status", {})
    return str(status.get("machineImageDetails", {}).get("version", ""))


def test_a_watch_that_is_cut_goes_on(management: Management) -> None:
    management.commit("dev", "v1.33.5")
    management.commit("prod", "v1.33.5")
    management.apply(RESOURCES)
    management.apply(UPGRADER.replace("NAME", "dev"))
    with relay(management.server.url) as cable, running(settings(management, kubeconfig=cable.kubeconfig(management))):
        management.until(lambda: branch_of(management, "dev") in management.people.branches(), "it works")
        cable.cut()
        management.apply(UPGRADER.replace("NAME", "prod"))
        management.until(lambda: branch_of(management, "prod") in management.people.branches(), "it goes on")


def test_another_one_takes_over_from_a_leader_that_was_killed(management: Management) -> None:
    management.commit("dev", "v1.33.5")
    management.commit("prod", "v1.33.5")
    management.apply(RESOURCES)
    management.apply(UPGRADER.replace("NAME", "dev"))
    with replica(management, "first") as first:
        management.until(lambda: branch_of(management, "dev") in management.people.branches(), "it works")
        leader = holder(management)
        with replica(management, "second") as second:
            tips = management.people.branches()
            first.kill()
            management.apply(UPGRADER.replace("NAME", "prod"))
            management.until(lambda: branch_of(management, "prod") in management.people.branches(), "it took over")
            assert holder(management) not in {"", leader}
            assert management.people.branches()[branch_of(management, "dev")] == tips[branch_of(management, "dev")]
            assert len(management.items("MachineImage")) == 2

            second.terminate()
            assert second.wait(PATIENCE) == 0
            assert holder(management) == ""


def holder(management: Management) -> str:
    return str(management.get("Lease", "gitops-upgrader")["spec"].get("holderIdentity", ""))


@contextmanager
def replica(management: Management, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A controller in a process of its own."""
    options = {
        "--kubeconfig": str(management.server.kubeconfig),
        "--namespace": management.namespace,
        "--lease-namespace": management.namespace,
        "--lease-duration": "9s",
        "--listen": "127.0.0.1:0",
    }
    command = [
        sys.executable,
        "-m",
        "gitops_upgrader",
        "controller",
        *(part for pair in options.items() for part in pair),
    ]
    with (management.people.path.parent / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_what_cannot_be_read_is_said_in_the_status(management: Management) -> None:
    management.commit("dev", "v1.33.5")
    management.apply(RESOURCES.replace("URL", "file:///etc"))
    management.apply(UPGRADER.replace("NAME", "prod"))
    with running(settings(management)):
        management.until(
            lambda: management.condition("prod", "Stalled") == ("True", "LocalRepositoryRefused"), "it is refused"
        )
        assert management.status("prod")["phase"] == "Failed"
        management.apply(RESOURCES)  # a person mends it
        management.until(
            lambda: management.condition("prod", "Stalled") == ("True", "ClusterNotFound"), "it is woken, and gets on"
        )
        management.commit("prod", "v1.33.5")
        management.until(lambda: management.condition("prod", "Proposed") == ("True", "Unchanged"), "all is well")


def test_a_leader_that_cannot_renew_its_lease_ends(management: Management) -> None:
    with relay(management.server.url) as cable:
        terms = Terms(duration=8, deadline=5, retry=0.2)
        process = Process(settings(management, kubeconfig=cable.kubeconfig(management), terms=terms), Secrecy())
        failures: list[BaseException] = []
        thread = threading.Thread(target=run, args=(process, failures))
        thread.start()
        management.until(lambda: process.metrics.leads._value.get() == 1, "it leads")
        cable.plugged = False
        cable.cut()
        thread.join(PATIENCE)
        process.workers.stop(PATIENCE)
        process.watching.stop()

    assert [type(failure) for failure in failures] == [LeadershipLost]


def run(process: Process, failures: list[BaseException]) -> None:
    try:
        process.run(threading.Event())
    except LeadershipLost as failure:
        failures.append(failure)


def test_names_as_long_as_the_api_server_takes_them(management: Management) -> None:
    """A label's value is shorter: the images of a syncer, and the Job of an image, are found all the same."""
    name = "s" * 253
    resources = RESOURCES.replace("kind: MachineImageSyncer\nmetadata: {name: images}", SYNCER_NAMED.format(name))
    management.apply(resources)
    pod = "{containers: [{name: build, image: builder}]}"
    management.apply(
        f"apiVersion: OURS\nkind: MachineImage\nmetadata: {{name: {'i' * 253}}}\n"
        f"spec: {{version: v1.32.1, retryLimit: 1, jobTemplate: {{spec: {pod}}}}}\n"
    )
    with running(settings(management)):
        management.until(lambda: latest(management) == "v1.34.2", "there are images, and a plan has found them")
        made = [found["metadata"]["name"] for found in management.items("MachineImage")]
        (newest,) = (name for name in made if name.endswith("-v1.34.2"))
        management.delete("MachineImage", newest)
        management.until(lambda: management.get("MachineImage", newest) is not None, "the image is made again")
        management.until(lambda: job_of(management, 1), "the long image has its Job")
        management.server.api("DELETE", job_of(management, 1) + "?propagationPolicy=Background")
        management.until(lambda: job_of(management, 2), "the deleted Job is noticed, and the next one made")


SYNCER_NAMED = "kind: MachineImageSyncer\nmetadata: {{name: {}}}"


def job_of(management: Management, attempt: int) -> str:
    """The path of the Job of an attempt; empty where it is not there."""
    base = f"/apis/batch/v1/namespaces/{management.namespace}/jobs"
    names = [found["metadata"]["name"] for found in management.server.api("GET", base)["items"]]
    return next((f"{base}/{name}" for name in names if name.endswith(f"-{attempt}")), "")


def test_images_beyond_the_history_go_and_those_that_are_named_stay(management: Management) -> None:
    """And the infrastructure's images stay, as their Jobs know nothing of it."""
    management.commit("prod", "v1.33.5")
    releases = "v1.32.1\\nv1.33.5\\nv1.34.2"
    management.apply(RESOURCES.replace("v1.33.5\\nv1.34.2", releases).replace(">=1.33", ">=1.32"))
    with running(settings(management)):
        management.until(lambda: len(management.items("MachineImage")) == 3, "there are images")
        syncer = management.get("MachineImageSyncer", "images")
        change = {"spec": {"policy": "Latest", "historyLimit": 0}}
        path = management.path("MachineImageSyncer", syncer["metadata"]["name"])
        management.server.api("PATCH", path, change, content_type="application/merge-patch+json")
        management.until(lambda: management.get("MachineImage", "images-v1.32.1") is None, "the oldest one goes")
    assert {found["metadata"]["name"] for found in management.items("MachineImage")} == {
        "images-v1.33.5",
        "images-v1.34.2",
    }
    (event,) = (event for event in management.items("Event") if event["reason"] == "MachineImageRemoved")
    assert event["regarding"]["kind"] == "MachineImageSyncer"


@pytest.mark.parametrize("kind", ["GitOpsRepository", "ClusterClassClusterUpgrader"])
def test_who_asks_for_a_run_gets_one_now(management: Management, kind: str) -> None:
    """As with Flux's objects: an annotation with a new value, and nobody waits for an interval of an hour."""
    management.commit("prod", "v1.33.5")
    management.apply(RESOURCES.replace("interval: 1s", "interval: 1h"))
    management.apply(UPGRADER.replace("NAME", "prod"))
    with running(settings(management)) as process:
        management.until(lambda: branch_of(management, "prod") in management.people.branches(), "the branch is pushed")
        management.until(lambda: process.workers.idle, "everything is settled")
        management.people.merge(branch_of(management, "prod"))
        path = management.path(kind, "default" if kind == "GitOpsRepository" else "prod")
        change = {"metadata": {"annotations": {"reconcile.gitops-upgrader/requestedAt": "2026-11-03T10:00:00Z"}}}
        management.server.api("PATCH", path, change, content_type="application/merge-patch+json")
        management.until(lambda: management.condition("prod", "Merged") == ("True", "Merged"), "the merge is noticed")


def test_what_takes_too_long_at_the_end_is_abandoned_and_taken_up_by_the_next_one(
    kubernetes: KubernetesServer, tmp_path: Path
) -> None:
    """A push hangs when the process is asked to end: it ends in time, and nothing is proposed twice."""
    served: list[GitServer] = []
    pushing, go_on, pushed = threading.Event(), threading.Event(), threading.Event()

    @contextmanager
    def serve(folder: Path) -> Iterator[GitServer]:
        with git_http_server(folder) as git:
            served.append(git)
            yield git

    def hang(seen: Seen) -> None:
        if seen.is_push:
            pushing.set()
            go_on.wait(10 * PATIENCE)
            pushed.set()

    with managed(kubernetes, tmp_path, serve) as management:
        management.commit("prod", "v1.33.5")
        management.apply(RESOURCES)
        management.apply(UPGRADER.replace("NAME", "prod"))
        served[0].before = hang
        with running(settings(management, shutdown_timeout=timedelta(seconds=0.2))):
            assert pushing.wait(PATIENCE)
        assert not pushed.is_set(), "it was waited for"
        assert holder(management) == ""
        go_on.set()
        with running(settings(management)):
            management.until(lambda: management.condition("prod", "Proposed") == ("True", "Unchanged"), "it goes on")
        assert len(management.people.history(branch_of(management, "prod"))) == 2


def test_another_controller_at_the_same_objects_is_warned_of(management: Management) -> None:
    management.apply(RESOURCES)
    with running(settings(management)) as process:
        management.until(lambda: latest(management) == "v1.34.2", "the plan has chosen")
        management.until(lambda: process.workers.idle, "everything is settled")
        path = f"{management.path('Plan', 'newest')}/status?fieldManager=manager"
        merge = "application/merge-patch+json"
        management.server.api("PATCH", path, {"status": {"phase": "NoSuitableMachineImage"}}, content_type=merge)
        management.until(lambda: warnings(management), "people are warned")
    (event,) = warnings(management)
    assert (event["type"], event["regarding"]["name"]) == ("Warning", "newest")
    assert event["note"].startswith(f"'manager' writes the status of Plan {management.namespace}/newest")


def warnings(management: Management) -> list[dict[str, Any]]:
    return [event for event in management.items("Event") if event["reason"] == "OtherController"]
