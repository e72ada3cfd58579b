"""What a Job and its Pods say about the image that they build.

Read are the conditions of the Job (batch/v1: `Complete` and `Failed` are final) and the container states of its Pods
(core/v1 ContainerStatus). The id is looked for in the order in which upstream does, and then where a build needs no
rights in the cluster at all: in the last line of a container's termination message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from gitops_upgrader.api.names import IMAGE_ID_KEY
from gitops_upgrader.images.identity import LONGEST, is_image_id, last_line

_LINES = 10
_CHARACTERS = 2000
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})

Content: TypeAlias = Mapping[str, Any]
"""An object as JSON."""


@dataclass(frozen=True, slots=True)
class Running:
    """The Job is not done; `obstacle` says what its Pod waits for, where that is more than time."""

    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """The image is there."""

    id: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The build has failed at a time, for a reason in words."""

    why: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Nameless:
    """The build has succeeded, and nobody knows the image's id, or what is said to be one is none."""

    why: str


Outcome: TypeAlias = Running | Built | Broken | Nameless


def outcome(job: Content, pods: Sequence[Content]) -> Outcome:
    """How far a build is.

    Args:
        job: the Job.
        pods: its Pods, in any order.
    """
    ordered = sorted(pods, key=lambda pod: str(_mapping(pod, "metadata").get("creationTimestamp") or ""))
    if _condition(job, "Complete") is not None:
        return _named(job, ordered)
    failed = _condition(job, "Failed")
    if failed is None:
        return Running(next((words for pod in ordered if (words := _obstacle(pod))), ""))
    return Broken(_why(job, failed, ordered), _time(failed.get("lastTransitionTime")))


# --- the id ---------------------------------------------------------------------------------------------------------


def _named(job: Content, pods: Sequence[Content]) -> Built | Nameless:
    for place, text in _ids(job, pods):
        if is_image_id(text):
            return Built(text)
        return Nameless(f"{place} is no image id: that is one printable line of at most {LONGEST:,} characters")
    return Nameless("the build succeeded without telling the image's id")


def _ids(job: Content, pods: Sequence[Content]) -> Iterator[tuple[str, str]]:
    """What is said to be an id, with where it is said; the first one counts."""
    for field in ("annotations", "labels"):
        text = str(_mapping(_mapping(job, "metadata"), field).get(IMAGE_ID_KEY) or "").strip()
        if text:
            yield f"the Job's {field.removesuffix('s')} {IMAGE_ID_KEY}", text
    for pod in reversed(pods):
        for kind in ("containerStatuses", "initContainerStatuses"):
            for name, ended in _ended(pod, kind):
                line = last_line(str(ended.get("message") or ""))
                if line and ended.get("exitCode") == 0:
                    yield f"the last line of container {name}'s termination message", line


# --- failures -------------------------------------------------------------------------------------------------------


def _why(job: Content, failed: Content, pods: Sequence[Content]) -> str:
    """The container that failed, with its exit code and last lines; without one, what the Job controller says."""
    if failed.get("reason") == "DeadlineExceeded":
        seconds = _mapping(job, "spec").get("activeDeadlineSeconds")
        return f"the build took longer than its timeout of {seconds} s"
    for pod in reversed(pods):
        for kind in ("initContainerStatuses", "containerStatuses"):
            for name, ended in _ended(pod, kind):
                if ended.get("exitCode"):
                    return _container_failure(name, ended)
        if words := _reason_and_message(_mapping(pod, "status")):  # evicted, say
            return words
    return _reason_and_message(failed) or "the Job failed"


def _reason_and_message(said: Content) -> str:
    return ": ".join(str(said[part]) for part in ("reason", "message") if said.get(part)).rstrip(".")


def _container_failure(name: str, ended: Content) -> str:
    reason = str(ended.get("reason") or "Error")
    code = f"exited with {ended['exitCode']}"
    words = f"container {name} {code}" if reason == "Error" else f"container {name} {code} ({reason})"
    tail = _tail(str(ended.get("message") or ""))
    return f"{words}: {tail}" if tail else words


def _tail(text: str) -> str:
    """The last lines of a log, without what could steer a terminal."""
    lines = [_printable(line).rstrip() for line in text.splitlines()]
    kept = "\n".join([line for line in lines if line.strip()][-_LINES:])
    return kept if len(kept) <= _CHARACTERS else f"...{kept[-_CHARACTERS:]}"


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)


# --- what is waited for ---------------------------------------------------------------------------------------------


def _obstacle(pod: Content) -> str:
    """Why a Pod does not begin, in words that stay the same while the kubelet tries again."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        for name, status in _statuses(pod, kind):
            reason = str(_mapping(_mapping(status, "state"), "waiting").get("reason") or "")
            if reason in _PULLING:
                return f"the image of container {name} cannot be pulled"
            if reason in {"CreateContainerConfigError", "CreateContainerError"}:
                return f"container {name} cannot be created ({reason})"
    scheduled = _condition(pod, "PodScheduled", "False")
    if scheduled is not None and scheduled.get("reason") == "Unschedulable":
        return "no node takes its Pod"
    return ""


# --- parts of objects -----------------------------------------------------------------------------------------------


def _mapping(content: Content, field: str) -> Content:
    found = content.get(field)
    return found if isinstance(found, Mapping) else {}


def _condition(content: Content, kind: str, status: str = "True") -> Content | None:
    conditions = _mapping(content, "status").get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if condition.get("type") == kind and condition.get("status") == status:
            return dict(condition)
    return None


def _statuses(pod: Content, kind: str) -> Iterator[tuple[str, Content]]:
    statuses = _mapping(pod, "status").get(kind)
    for status in statuses if isinstance(statuses, list) else ():
        yield str(status.get("name")), status


def _ended(pod: Content, kind: str) -> Iterator[tuple[str, Content]]:
    for name, status in _statuses(pod, kind):
        ended = _mapping(_mapping(status, "state"), "terminated")
        if ended:
            yield name, ended


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
