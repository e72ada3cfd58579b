"""MachineImages with the real Job controller. There is no node, so the tests play the kubelet in the Pods' statuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.api.names import IMAGE_ID_KEY
from gitops_upgrader.errors import ImageBuildFailed
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import machine_image
from gitops_upgrader.reconcilers.scope import Live, Result, Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores import KubernetesStore
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from tests.servers import kubelet
from tests.servers.kubernetes import KubernetesServer, until

pytestmark = pytest.mark.servers

RIGHTS = [
    {"apiGroups": [api.GROUP], "resources": ["machineimages"], "verbs": ["get", "patch"]},
    {"apiGroups": [api.GROUP], "resources": ["machineimages/status"], "verbs": ["patch"]},
    {"apiGroups": [api.GROUP], "resources": ["machineimages/finalizers"], "verbs": ["update"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "create"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
]
"""All that building images takes."""


class World:
    """A namespace with one MachineImage, a person at it, and a controller with no more rights than it needs."""

    def __init__(self, server: KubernetesServer, **spec: Any) -> None:
        self.server = server
        self.namespace = server.namespace("jobs")
        self.now = datetime.now(UTC)
        self._connection = Connection(
            open_client(server.kubeconfig_for(self.namespace, server.service_account(self.namespace, RIGHTS)))
        )
        pod = {"containers": [{"name": "build", "image": "builder"}]}
        content = {
            "apiVersion": api.API_VERSION,
            "kind": "MachineImage",
            "metadata": {"name": "image-v1.34.2"},
            "spec": {"version": "v1.34.2", "jobTemplate": {"spec": pod}, **spec},
        }
        self.path = f"/apis/{api.API_VERSION}/namespaces/{self.namespace}/machineimages"
        server.api("POST", self.path, content)

    def close(self) -> None:
        self._connection.close()

    def run(self) -> Result:
        """Reconcile with a store of its own, as the controller does."""
        store = KubernetesStore(self._connection)
        scope = Scope(store, lambda: self.now, HttpFetch(), runs_jobs=True, live=Live())
        stored = store.get(ObjectKey(api.GROUP, "MachineImage", self.namespace, "image-v1.34.2"))
        assert stored is not None
        return machine_image.reconcile(scope, api.parse_as(api.MachineImage, stored.content))

    @property
    def image(self) -> dict[str, Any]:
        return dict(self.server.api("GET", f"{self.path}/image-v1.34.2"))

    def job(self, attempt: int = 1) -> dict[str, Any] | None:
        return kubelet.job(self.server, self.namespace, f"image-v1.34.2-{attempt}")

    def annotate(self, field: str, value: str) -> None:
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs/image-v1.34.2-1"
        change = {"metadata": {field: {IMAGE_ID_KEY: value}}}
        self.server.api("PATCH", path, change, content_type="application/merge-patch+json")

    def pods(self, attempt: int = 1) -> list[dict[str, Any]]:
        return kubelet.pods(self.server, self.namespace, f"image-v1.34.2-{attempt}")

    def ends(self, code: int, message: str = "", attempt: int = 1) -> None:
        """The Pod of an attempt ends, and then its Job."""
        kubelet.ends(self.server, self.namespace, f"image-v1.34.2-{attempt}", code=code, message=message)


@pytest.fixture
def world(kubernetes: KubernetesServer) -> Iterator[World]:
    made = World(kubernetes, retryLimit=1)
    yield made
    made.close()


def test_a_build_that_tells_its_id_in_the_termination_message(world: World) -> None:
    world.run()
    job = world.job()
    assert job is not None
    assert job["spec"]["backoffLimit"] == 0
    (pod,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "KUBERNETES_VERSION", "value": "v1.34.2"} in pod["env"]
    assert world.image["status"]["phase"] == "Building"
    world.ends(0, "built in 9 minutes\nami-0abc\n")
    world.run()
    image = world.image
    assert (image["spec"]["id"], image["status"]["id"], image["status"]["ready"]) == ("ami-0abc", "ami-0abc", True)
    assert image["status"]["observedGeneration"] == image["metadata"]["generation"]
    before = image["metadata"]["resourceVersion"]
    world.run()
    assert world.image["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("field", ["annotations", "labels"])
def test_a_build_that_tells_its_id_on_the_job(world: World, field: str) -> None:
    world.run()
    world.annotate(field, "ami-0abc")
    world.ends(0, "something else")
    world.run()
    assert world.image["status"]["id"] == "ami-0abc"


def test_a_build_that_fails_twice(world: World) -> None:
    world.run()
    world.ends(2, "E: no network\n")
    message = world.run().message
    assert message.startswith(
        "Attempt 1 of 2 failed: container build exited with 2: E: no network. The next one begins"
    )
    assert world.job(2) is None
    world.now = datetime.now(UTC) + timedelta(minutes=2)
    world.run()
    world.ends(1, "E: no disk\n", attempt=2)
    result = world.run()
    assert isinstance(result.problem, ImageBuildFailed)
    status = world.image["status"]
    assert (status["phase"], status["attempts"]) == ("Failed", 2)
    assert status["failureMessage"] == (
        "The build failed in all 2 attempts, at last because container build exited with 1: E: no disk."
    )


def test_a_build_that_takes_too_long(kubernetes: KubernetesServer) -> None:
    world = World(kubernetes, retryLimit=0, timeout="1s")
    world.run()
    until(lambda: kubelet.is_done(world.job()), "the Job has run out of time")
    result = world.run()
    assert "the build took longer than its timeout of 1 s" in str(result.problem)
    world.close()


def test_a_deleted_job_is_made_again(world: World) -> None:
    world.run()
    path = f"/apis/batch/v1/namespaces/{world.namespace}/jobs/image-v1.34.2-1"
    world.server.api("DELETE", path, {"propagationPolicy": "Background"})
    until(lambda: world.job() is None, "the Job is gone")
    world.run()
    assert world.job(2) is not None
    assert world.image["status"]["attempts"] == 2


def test_an_image_that_is_deleted_takes_its_build_along(world: World) -> None:
    world.run()
    until(lambda: len(world.pods()) == 1, "the Job has its Pod")
    world.server.api("DELETE", f"{world.path}/image-v1.34.2")
    until(lambda: world.job() is None and not world.pods(), "the Job and its Pod are gone")


def test_a_pod_template_that_the_api_server_refuses_is_told_of(kubernetes: KubernetesServer) -> None:
    """Its own words, with the field; nothing was started, so nothing is counted."""
    world = World(kubernetes, jobTemplate={"spec": {"containers": [{"name": "build"}]}})
    result = world.run()
    assert "spec.template.spec.containers[0].image: Required value" in str(result.problem)
    assert "attempts" not in world.image["status"]
    world.close()
