"""MachineImages and their Jobs over a store in memory: every way that a build can go or be interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.api.names import IMAGE_ID_KEY
from gitops_upgrader.errors import ImageBuildFailed, JobNameTaken, ObjectConflict
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import machine_image
from gitops_upgrader.reconcilers.scope import Live, Result, Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores import DirectoryStore, Stored
from tests.stores.contract import image, key

NAME = key("MachineImage", "a")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 3, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Counting(DirectoryStore):
    """A store that counts what is written."""

    writes = 0

    def _keep(self, key: ObjectKey, stored: Stored | None) -> None:
        self.writes += 1
        super()._keep(key, stored)


class World:
    """A cluster in which the test is the Job controller."""

    def __init__(self, **spec: Any) -> None:
        self.clock = Clock()
        self.store = Counting()
        content = image("a", **spec)
        content["metadata"]["uid"] = "u-1"
        self.store.create(content)

    def run(self, *, jobs: bool = True, live: bool = True) -> Result:
        scope = Scope(self.store, self.clock, HttpFetch(), runs_jobs=jobs, live=Live() if live else None)
        stored = self.store.get(NAME)
        assert stored is not None
        return machine_image.reconcile(scope, api.parse_as(api.MachineImage, stored.content))

    @property
    def image(self) -> Mapping[str, Any]:
        stored = self.store.get(NAME)
        assert stored is not None
        return stored.content

    @property
    def status(self) -> dict[str, Any]:
        return {name: value for name, value in self.image["status"].items() if name != "conditions"}

    @property
    def conditions(self) -> dict[str, tuple[str, str]]:
        return {one["type"]: (one["status"], one["reason"]) for one in self.image["status"]["conditions"]}

    @property
    def jobs(self) -> list[str]:
        return [stored.key.name for stored in self.store.list("batch", "Job")]

    def job(self, attempt: int) -> ObjectKey:
        return ObjectKey("batch", "Job", "default", f"a-{attempt}")

    def ends(self, attempt: int, kind: str, **metadata: Any) -> None:
        self.store.patch(self.job(attempt), {"metadata": metadata})
        at = self.clock.now.isoformat()
        condition = {"type": kind, "status": "True", "lastTransitionTime": at, "reason": "BackoffLimitExceeded"}
        self.store.write_status(self.job(attempt), {"conditions": [condition]})

    def pod(self, attempt: int, code: int, message: str) -> None:
        name = f"a-{attempt}-x"
        labels = {"batch.kubernetes.io/job-name": f"a-{attempt}"}
        metadata = {"name": name, "namespace": "default", "labels": labels}
        self.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        ended = {"name": "build", "state": {"terminated": {"exitCode": code, "message": message}}}
        self.store.write_status(ObjectKey("", "Pod", "default", name), {"containerStatuses": [ended]})


def test_a_build_from_the_first_look_to_the_id() -> None:
    world = World()
    assert world.run().message == "Attempt 1 of 4 is being built."
    assert world.jobs == ["a-1"]
    assert world.status == {
        "ready": False,
        "phase": "Building",
        "attempts": 1,
        "jobRef": {"apiVersion": "batch/v1", "kind": "Job", "name": "a-1"},
    }
    assert world.conditions == {"Ready": ("True", "Building")}
    world.ends(1, "Complete", annotations={IMAGE_ID_KEY: "ami-1"})
    assert world.run().message == "The image is ami-1."
    assert world.image["spec"]["id"] == "ami-1"
    assert (world.status["id"], world.status["ready"], world.status["phase"]) == ("ami-1", True, "Created")
    assert world.conditions == {"Ready": ("True", "Succeeded")}


@pytest.mark.parametrize("stage", ["building", "failed", "given up", "built"])
def test_an_idle_image_is_never_written(stage: str) -> None:
    world = World(retryLimit=0 if stage == "given up" else 3)
    world.run()
    if stage == "built":
        world.ends(1, "Complete", annotations={IMAGE_ID_KEY: "ami-1"})
    elif stage != "building":
        world.pod(1, 2, "no network")
        world.ends(1, "Failed")
    world.run()
    before = world.store.writes
    for _ in range(3):
        world.clock.now += timedelta(seconds=5)
        world.run()
    assert world.store.writes == before


def test_an_id_that_is_published_needs_no_job() -> None:
    world = World(id="ami-1")
    world.run()
    assert world.jobs == []
    assert (world.status["id"], world.status["ready"]) == ("ami-1", True)


def test_the_statuss_id_has_authority_and_the_specs_is_its_mirror() -> None:
    world = World()
    world.store.write_status(NAME, {"ready": True, "phase": "Created", "id": "ami-1"})
    world.run()
    assert world.image["spec"]["id"] == "ami-1"
    world.store.patch(NAME, {"spec": {"id": None}})
    world.store.patch(NAME, {"spec": {"id": "ami-2"}})
    world.run()
    assert world.status["id"] == "ami-1"
    assert world.jobs == []


def test_a_failed_build_is_tried_again_after_a_pause() -> None:
    world = World(retryLimit=1)
    world.run()
    world.pod(1, 2, "no network")
    world.ends(1, "Failed")
    result = world.run()
    assert result.message == (
        "Attempt 1 of 2 failed: container build exited with 2: no network. "
        "The next one begins at 2026-11-03 10:01:00 UTC."
    )
    assert result.again == timedelta(minutes=1)
    assert world.jobs == ["a-1"]
    assert world.status["failureMessage"] == "container build exited with 2: no network"
    world.clock.now += timedelta(minutes=1)
    result = world.run()
    assert result.message.startswith("Attempt 2 of 2 is being built. The one before failed: container build exited")
    assert world.jobs == ["a-1", "a-2"]
    assert (world.status["attempts"], world.status["jobRef"]["name"]) == (2, "a-2")
    world.ends(2, "Failed")
    result = world.run()
    assert isinstance(result.problem, ImageBuildFailed)
    assert world.conditions == {"Ready": ("False", "ImageBuildFailed"), "Stalled": ("True", "ImageBuildFailed")}
    assert world.status["phase"] == "Failed"
    assert world.status["failureMessage"].startswith("The build failed in all 2 attempts, at last because Backoff")
    world.store.patch(NAME, {"spec": {"retryLimit": 2}})
    world.clock.now += timedelta(hours=1)
    world.run()
    assert world.jobs == ["a-1", "a-2", "a-3"]
    assert world.conditions["Ready"] == ("True", "Building")
    assert "Stalled" not in world.conditions or world.conditions["Stalled"][0] == "False"


def test_a_deleted_job_counts_as_an_attempt_and_is_made_again() -> None:
    world = World(retryLimit=1)
    world.run()
    world.store.delete(world.job(1))
    assert world.run().message == "Attempt 2 of 2 is being built. The one before failed: its Job was deleted."
    assert world.jobs == ["a-2"]
    world.store.delete(world.job(2))
    assert isinstance(world.run().problem, ImageBuildFailed)
    assert world.jobs == []


def test_success_without_an_id_says_how_to_set_one_and_is_mended_by_it() -> None:
    world = World()
    world.run()
    world.ends(1, "Complete")
    result = world.run()
    assert isinstance(result.problem, ImageBuildFailed)
    assert "/dev/termination-log, or annotate the Job" in str(result.problem)
    assert world.jobs == ["a-1"]  # the same build would end the same way
    world.store.patch(world.job(1), {"metadata": {"annotations": {IMAGE_ID_KEY: "ami-1"}}})
    world.run()
    assert world.status["ready"] is True
    assert "failureMessage" not in world.status
    assert world.conditions["Ready"] == ("True", "Succeeded")


def test_a_run_that_ended_before_it_could_tell_builds_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the Job is made, and after the id is mirrored: each time the next run goes on from there."""
    world = World()

    def lost(*_: object) -> bool:
        raise ObjectConflict("It was changed by somebody else in between.")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "write_status", lost)
        with pytest.raises(ObjectConflict):
            world.run()
    assert (world.jobs, "status" in world.image) == (["a-1"], False)
    world.run()
    assert (world.jobs, world.status["attempts"]) == (["a-1"], 1)
    world.ends(1, "Complete", annotations={IMAGE_ID_KEY: "ami-1"})
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "write_status", lost)
        with pytest.raises(ObjectConflict):
            world.run()
    assert (world.image["spec"]["id"], world.status["ready"]) == ("ami-1", False)
    world.run()
    assert (world.status["id"], world.status["ready"]) == ("ami-1", True)
    assert world.jobs == ["a-1"]


@pytest.mark.parametrize("owner", [[], [{"kind": "MachineImage", "name": "a", "uid": "u-0"}]])
def test_a_job_of_something_else_is_left_alone(owner: list[dict[str, str]]) -> None:
    world = World()
    metadata = {"name": "a-1", "namespace": "default", "ownerReferences": owner}
    world.store.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
    result = world.run()
    assert isinstance(result.problem, JobNameTaken)
    assert result.problem.transient
    assert "attempts" not in world.status
    world.store.delete(world.job(1))
    world.run()
    assert world.status["attempts"] == 1


def test_a_job_that_upstreams_controller_has_started_is_followed() -> None:
    world = World()
    owner = {"kind": "MachineImage", "name": "a", "uid": "u-1"}
    metadata = {"name": "a", "namespace": "default", "ownerReferences": [owner]}
    world.store.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
    world.store.write_status(NAME, {"ready": False, "phase": "Building", "jobRef": {"name": "a"}})
    assert world.run().message == "Attempt 1 of 4 is being built."
    assert (world.jobs, world.status["attempts"]) == (["a"], 1)


def test_without_a_cluster_it_waits_for_one() -> None:
    world = World()
    assert "there is no cluster here to run it" in world.run(jobs=False, live=False).message
    assert world.conditions == {"Ready": ("True", "WaitingForCluster")}
    assert world.jobs == []


def test_a_look_at_a_cluster_takes_its_word() -> None:
    world = World()
    assert world.run(jobs=False).message == "The controller in the cluster has not built this image yet."
    world.run()
    world.run(jobs=False)
    assert (world.jobs, world.status["phase"]) == (["a-1"], "Building")
    world.store.write_status(NAME, {"ready": True, "phase": "Created", "id": "ami-1"})
    assert world.run(jobs=False).message == "The image is ami-1."
    assert "id" not in world.image["spec"]
