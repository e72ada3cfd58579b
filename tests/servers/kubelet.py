"""The kubelet's part, where there is no node: Pods of Jobs end when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.servers.kubernetes import KubernetesServer, until


def job(server: KubernetesServer, namespace: str, name: str) -> dict[str, Any] | None:
    """A Job; None where there is none."""
    found: dict[str, Any] | None = server.api("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}")
    return found


def jobs(server: KubernetesServer, namespace: str) -> list[str]:
    """The names of all Jobs of a namespace."""
    items = server.api("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    return sorted(str(item["metadata"]["name"]) for item in items)


def pods(server: KubernetesServer, namespace: str, job_name: str) -> list[dict[str, Any]]:
    """The Pods of a Job."""
    selector = f"labelSelector=batch.kubernetes.io/job-name={job_name}"
    return list(server.api("GET", f"/api/v1/namespaces/{namespace}/pods?{selector}")["items"])


def ends(server: KubernetesServer, namespace: str, job_name: str, *, code: int = 0, message: str = "") -> None:
    """Have the Pod of a Job end with an exit code and a termination message, once there is one; wait for the Job's end.

    Every container of the Pod ends the same way; the message is the last one's. A Pod that is left over from an earlier
    Job of this name does not count.
    """
    found: list[dict[str, Any]] = []

    def has_its_pod() -> bool:
        found[:] = _own_pods(server, namespace, job_name)
        return len(found) == 1

    until(has_its_pod, f"Job {job_name} has its Pod")
    (pod,) = found
    containers = pod["spec"]["containers"]
    last = containers[-1]["name"]
    status = {
        "phase": "Failed" if code else "Succeeded",
        "containerStatuses": [
            _ended(container, code, message if container["name"] == last else "") for container in containers
        ],
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/status"
    server.api("PATCH", path, {"status": status}, content_type="application/strategic-merge-patch+json")
    until(lambda: is_done(job(server, namespace, job_name)), f"Job {job_name} is done")


def _own_pods(server: KubernetesServer, namespace: str, job_name: str) -> list[dict[str, Any]]:
    """The Pods of the Job that has this name now."""
    found = job(server, namespace, job_name)
    owner = found["metadata"]["uid"] if found else ""
    label = "batch.kubernetes.io/controller-uid"
    return [pod for pod in pods(server, namespace, job_name) if pod["metadata"]["labels"].get(label) == owner]


def is_done(found: dict[str, Any] | None) -> bool:
    """Whether a Job has completed or failed."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or []
    return any(one["type"] in {"Complete", "Failed"} and one["status"] == "True" for one in conditions)


def _ended(container: dict[str, Any], code: int, message: str) -> dict[str, Any]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reason = "Error" if code else "Completed"
    ended = {"exitCode": code, "message": message, "reason": reason, "startedAt": at, "finishedAt": at}
    status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0}
    return {**status, "state": {"terminated": ended}}
