"""MachineImage: ready where its id is known; else a Job builds it, where there is a cluster to run one.

The Job of each attempt has a name that follows from the image's, so that a crash between its creation and the status
that tells of it never builds twice: the next run finds it there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gitops_upgrader.api import MachineImage
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.machine_image import MachineImagePhase, MachineImageStatus
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.errors import ImageBuildFailed, JobNameTaken, ObjectExists, UpgraderError, Where
from gitops_upgrader.images.attempts import Finish, GiveUp, Seen, Start, Wait, next_step
from gitops_upgrader.images.job import GROUP, KIND, job, job_name
from gitops_upgrader.images.outcome import Outcome, outcome
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude, key_of
from gitops_upgrader.stores.protocol import Stored

LOOK_AGAIN = timedelta(minutes=1)
"""How soon a running build is looked at again: what keeps its Pod from beginning does not show in the Job."""
_JOB_LABEL = "batch.kubernetes.io/job-name"


def reconcile(scope: Scope, image: MachineImage) -> Result:
    """Say whether the image can be used, and take its build one step further."""
    known = image.status.id or image.spec.id
    if known:
        return _ready(scope, image, known)
    if not scope.runs_jobs:
        return _waiting(scope, image)
    try:
        return _built(scope, image)
    except UpgraderError as problem:  # a Pod that the API server does not take, say, or a right that lacks
        return conclude(scope, image, image.status.model_copy(update={"ready": False}), problem=problem)


def _ready(scope: Scope, image: MachineImage, identity: str) -> Result:
    """The status's id has authority; the spec's is a mirror of it, for those who read upstream's objects."""
    if scope.runs_jobs and not image.spec.id:
        stored = scope.store.patch(key_of(image), {"spec": {"id": identity}})
        image = read(stored, MachineImage).model_copy(update={"status": image.status})
    status = image.status.model_copy(
        update={"ready": True, "phase": MachineImagePhase.CREATED, "id": identity, "failure_message": None}
    )
    return conclude(scope, image, status, message=f"The image is {identity}.")


def _waiting(scope: Scope, image: MachineImage) -> Result:
    message = (
        "A Job has to build this image, and there is no cluster here to run it. "
        "Give spec.id where the image exists already."
    )
    status = image.status.model_copy(update={"ready": False, "phase": None, "id": None})
    if scope.live is not None:
        message, status = "The controller in the cluster has not built this image yet.", image.status
    return conclude(scope, image, status, reason=ReadyReason.WAITING_FOR_CLUSTER, message=message)


# --- building -------------------------------------------------------------------------------------------------------


def _built(scope: Scope, image: MachineImage) -> Result:
    if image.status.job_ref is not None and not image.status.attempts:
        # Upstream's controller has started the Job, and it counts none.
        image = _updated(image, attempts=1)
    seen = Seen(image.status.attempts or 0, image.spec.retry_limit, _last_outcome(scope, image))
    match next_step(seen, scope.clock()):
        case Finish(id=found):
            return _ready(scope, _updated(image, id=found), found)
        case Start(attempt=attempt, failure=failure):
            return _start(scope, image, attempt, failure, seen)
        case Wait(message=message, until=until, failure=failure):
            return _building(scope, image, message, failure, again=until - scope.clock() if until else LOOK_AGAIN)
        case GiveUp(message=message, remedy=remedy):
            failed = _updated(image, ready=False, phase=MachineImagePhase.FAILED, failure_message=message)
            problem = ImageBuildFailed(message, where=Where(object=str(key_of(image))), remedy=remedy)
            return conclude(scope, image, failed.status, problem=problem)


def _last_outcome(scope: Scope, image: MachineImage) -> Outcome | None:
    """How far the last attempt is; None where there is no Job of it."""
    if not image.status.attempts:
        return None
    name = image.status.job_ref.name if image.status.job_ref else job_name(image.metadata.name, image.status.attempts)
    stored = scope.store.get(_key(image, name))
    if stored is None:
        return None
    _refuse_a_strangers(image, stored)
    pods = scope.store.list("", "Pod", key_of(image).namespace, {_JOB_LABEL: name})
    return outcome(stored.content, [pod.content for pod in pods])


def _start(scope: Scope, image: MachineImage, attempt: int, failure: str, seen: Seen) -> Result:
    content = job(image, attempt)
    key = _key(image, content["metadata"]["name"])
    try:
        stored = scope.store.create({**content, "metadata": {**content["metadata"], "namespace": key.namespace}})
    except ObjectExists:
        # Made by a run that ended before it could tell.
        stored = _refuse_a_strangers(image, scope.store.get(key))
    started = _updated(image, attempts=attempt, job_ref=_reference(stored))
    message = f"Attempt {attempt} of {1 + seen.retry_limit} is being built."
    if failure:
        message += f" The one before failed: {failure}."
    return _building(scope, started, message, failure, again=LOOK_AGAIN)


def _building(scope: Scope, image: MachineImage, message: str, failure: str, *, again: timedelta) -> Result:
    kept = failure or image.status.failure_message
    status = _updated(image, ready=False, phase=MachineImagePhase.BUILDING, failure_message=kept).status
    result = conclude(scope, image, status, reason=ReadyReason.BUILDING, message=message)
    return replace(result, again=max(again, timedelta(seconds=1)))


def _refuse_a_strangers(image: MachineImage, stored: Stored | None) -> Stored:
    """A Job that this image owns. Raises JobNameTaken where it is somebody else's, or is gone again."""
    owners: list[Any] = list((stored.content["metadata"].get("ownerReferences") or ()) if stored else ())
    if stored is not None and any(owner.get("uid") == (image.metadata.uid or "") for owner in owners):
        return stored
    name = str(stored.key) if stored else "The Job"
    raise JobNameTaken(
        f"{name} belongs to something else: an earlier MachineImage of this name, or a Job that somebody made.",
        where=Where(object=str(key_of(image))),
        remedy="If it does not go by itself, delete it or rename this MachineImage.",
    )


def _reference(stored: Stored) -> ObjectReference:
    metadata = stored.content["metadata"]
    return ObjectReference(api_version=f"{GROUP}/v1", kind=KIND, name=stored.key.name, uid=metadata.get("uid"))


def _key(image: MachineImage, name: str) -> ObjectKey:
    return ObjectKey(GROUP, KIND, key_of(image).namespace, name)


def _updated(image: MachineImage, **changes: object) -> MachineImage:
    status: MachineImageStatus = image.status.model_copy(update=changes)
    return image.model_copy(update={"status": status})
