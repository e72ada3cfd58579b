"""What a Job and its Pods say, as the Job controller and the kubelet write it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gitops_upgrader.api.names import IMAGE_ID_KEY
from gitops_upgrader.images.outcome import Broken, Built, Nameless, Outcome, Running, outcome

AT = datetime(2026, 11, 3, 10, tzinfo=UTC)


def job(*conditions: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "a-1", **metadata},
        "spec": {"activeDeadlineSeconds": 7200},
        "status": {"conditions": list(conditions)},
    }


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "lastTransitionTime": "2026-11-03T10:00:00Z", **more}


DONE = condition("Complete")
FAILED = condition("Failed", reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit.")
BACKOFF = "BackoffLimitExceeded: Job has reached the specified backoff limit"


def pod(*containers: dict[str, Any], init: list[dict[str, Any]] | None = None, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": "2026-11-03T09:00:00Z"},
        "status": {"containerStatuses": list(containers), "initContainerStatuses": init or [], **status},
    }


def ended(code: int, message: str = "", *, name: str = "build", reason: str = "Error") -> dict[str, Any]:
    return {"name": name, "state": {"terminated": {"exitCode": code, "message": message, "reason": reason}}}


def waits(reason: str) -> dict[str, Any]:
    return {"name": "build", "state": {"waiting": {"reason": reason}}}


def saying(message: str) -> list[dict[str, Any]]:
    return [pod(ended(0, message, reason="Completed"))]


ANNOTATED = {"annotations": {IMAGE_ID_KEY: "from-annotation"}}
LABELLED = {"labels": {IMAGE_ID_KEY: "from-label"}}
NO_ID = "is no image id: that is one printable line of at most 1,024 characters"

TABLE: list[tuple[dict[str, Any], list[dict[str, Any]], Outcome]] = [
    # the id, in the order of its sources
    (job(DONE, **ANNOTATED, **LABELLED), saying("from-message"), Built("from-annotation")),
    (job(DONE, **LABELLED), saying("from-message"), Built("from-label")),
    (job(DONE), saying("from-message"), Built("from-message")),
    (job(DONE), saying("building...\ndone\n  ami-1  \n\n"), Built("ami-1")),
    (job(DONE, annotations={IMAGE_ID_KEY: " ami-1\n"}), [], Built("ami-1")),
    (job(DONE, annotations={IMAGE_ID_KEY: ""}, **LABELLED), [], Built("from-label")),
    (job(DONE), [pod(ended(0, name="a"), ended(0, "ami-1", name="b"))], Built("ami-1")),
    (job(DONE), [pod(ended(0), init=[ended(0, "from-init", name="a")])], Built("from-init")),
    (job(DONE), [pod(ended(0, "ami-1"), init=[ended(0, "from-init")])], Built("ami-1")),
    (job(DONE), [pod(ended(1, "no id"), ended(0, "ami-1", name="b"))], Built("ami-1")),
    # ids that are none
    (job(DONE), [], Nameless("the build succeeded without telling the image's id")),
    (job(DONE), saying(""), Nameless("the build succeeded without telling the image's id")),
    (job(DONE, annotations={IMAGE_ID_KEY: "a\nb"}), [], Nameless(f"the Job's annotation {IMAGE_ID_KEY} {NO_ID}")),
    (
        job(DONE),
        saying("a\x1b[31mb"),
        Nameless(f"the last line of container build's termination message {NO_ID}"),
    ),
    (job(DONE), saying("x" * 1025), Nameless(f"the last line of container build's termination message {NO_ID}")),
    (job(DONE), saying("x" * 1024), Built("x" * 1024)),
    # not done
    ({}, [], Running()),
    (job(), [], Running()),
    (job(condition("Complete", "False"), condition("FailureTarget")), [], Running()),
    (job(), [pod(ended(1, "not final until the Job says so"))], Running()),
    (job(), [pod(waits("ErrImagePull"))], Running("the image of container build cannot be pulled")),
    (job(), [pod(waits("ImagePullBackOff"))], Running("the image of container build cannot be pulled")),
    (job(), [pod(waits("ContainerCreating"))], Running()),
    (
        job(),
        [pod(waits("CreateContainerConfigError"))],
        Running("container build cannot be created (CreateContainerConfigError)"),
    ),
    (
        job(),
        [pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}])],
        Running("no node takes its Pod"),
    ),
    (job(), [{"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}}], Running()),
    (job(), [pod({"name": "build", "state": {"running": {}}})], Running()),
    # failures
    (job(FAILED), [pod(ended(0), init=[ended(0, name="a")])], Broken(BACKOFF, AT)),
    (job(FAILED), [pod(waits("ContainerCreating"))], Broken(BACKOFF, AT)),
    (job(FAILED), [pod(ended(2, "one\ntwo"))], Broken("container build exited with 2: one\ntwo", AT)),
    (job(FAILED), [pod(ended(2))], Broken("container build exited with 2", AT)),
    (job(FAILED), [pod(ended(137, reason="OOMKilled"))], Broken("container build exited with 137 (OOMKilled)", AT)),
    (
        job(FAILED),
        [pod(ended(0, name="a"), init=[ended(1, "no network", name="fetch")])],
        Broken("container fetch exited with 1: no network", AT),
    ),
    (
        job(FAILED),
        [pod(ended(2, "\n".join(f"line {number}" for number in range(99))))],
        Broken("container build exited with 2: " + "\n".join(f"line {number}" for number in range(89, 99)), AT),
    ),
    (
        job(FAILED),
        [pod(ended(2, "red \x1b[31m\n\n\nend"))],
        Broken("container build exited with 2: red  [31m\nend", AT),
    ),
    (job(FAILED), [pod(ended(2, "x" * 4096))], Broken(f"container build exited with 2: ...{'x' * 2000}", AT)),
    (
        job(FAILED),
        [pod(reason="Evicted", message="The node was low on resource: memory.")],
        Broken("Evicted: The node was low on resource: memory", AT),
    ),
    (
        job(FAILED),
        [],
        Broken(BACKOFF, AT),
    ),
    (job({"type": "Failed", "status": "True"}), [], Broken("the Job failed", None)),
    (
        job(condition("Failed", reason="DeadlineExceeded", message="Job was active longer than specified deadline")),
        [],
        Broken("the build took longer than its timeout of 7200 s", AT),
    ),
]


@pytest.mark.parametrize(("job", "pods", "expected"), TABLE)
def test_what_they_say(job: dict[str, Any], pods: list[dict[str, Any]], expected: Outcome) -> None:
    assert outcome(job, pods) == expected


def test_the_newest_pod_counts() -> None:
    older, newer = pod(ended(1, "older")), pod(ended(2, "newer"))
    newer["metadata"]["creationTimestamp"] = "2026-11-03T09:30:00Z"
    for pods in ([older, newer], [newer, older]):
        assert outcome(job(FAILED), pods) == Broken("container build exited with 2: newer", AT)
