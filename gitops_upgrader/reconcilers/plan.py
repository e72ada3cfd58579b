"""Plan: the newest ready image in a range, and the stepping stones to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitops_upgrader.api import MachineImage, Plan
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.names import API_VERSION, GROUP
from gitops_upgrader.api.plan import Candidate, MachineImageDetails, PlanPhase
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.errors import ObjectNotReady, ObjectPaused, UpgraderError, Where
from gitops_upgrader.model import Image
from gitops_upgrader.plans.candidates import Selection, select
from gitops_upgrader.plans.exclusion import parse_exclusion
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude, key_of
from gitops_upgrader.versions import Version, VersionRange


@dataclass(frozen=True, slots=True)
class Gap:
    """MachineImages that would be here, had their syncer been able to say which: their labels, and why it was not.

    No labels: nobody knows them.
    Where objects are derived anew in each run, a source that cannot be read must not look like images withdrawn.
    """

    namespace: str
    labels: Mapping[str, str] | None
    why: UpgraderError


def reconcile(scope: Scope, plan: Plan, gaps: Sequence[Gap] = ()) -> Result:
    """Choose the target and list the candidates."""
    namespace, selector = key_of(plan).namespace, plan.spec.machine_image_selector
    for gap in gaps:
        if gap.namespace == namespace and (gap.labels is None or selector.matches(gap.labels)):
            kind = ObjectPaused if isinstance(gap.why, ObjectPaused) else ObjectNotReady
            problem = kind(f"Its machine images are not known: {gap.why}", where=Where(object=str(key_of(plan))))
            return conclude(scope, plan, plan.status, problem=problem)
    try:
        images = _ready_images(scope, plan)
        chosen = select(
            images,
            VersionRange.parse(plan.spec.version_range),
            exclude=tuple(parse_exclusion(text) for text in plan.spec.exclude),
            minimum_age=plan.spec.minimum_image_age,
            now=scope.clock(),
        )
    except UpgraderError as problem:
        return conclude(scope, plan, plan.status, problem=problem)
    waiting = _waiting_for_cluster(scope, plan, chosen.target)
    if waiting is not None:
        # Elsewhere the image may be built and proposed already: an answer without it could take that back.
        words = f"{waiting} has to be built by a Job, and there is no cluster here to run it."
        empty = plan.status.model_copy(update={"phase": None, "machine_image_details": None, "candidates": ()})
        return conclude(scope, plan, empty, reason=ReadyReason.WAITING_FOR_CLUSTER, message=words)
    status = plan.status.model_copy(update=_found(chosen))
    reason = ReadyReason.SUCCEEDED if chosen.target else ReadyReason.WAITING
    return conclude(scope, plan, status, reason=reason, message=f"{chosen.message[:1].upper()}{chosen.message[1:]}.")


def _selected(scope: Scope, plan: Plan) -> list[MachineImage]:
    stored = scope.store.list(GROUP, MachineImage.KIND, key_of(plan).namespace)
    selector = plan.spec.machine_image_selector
    return [read(found, MachineImage) for found in stored if selector.matches(found.labels)]


def _waiting_for_cluster(scope: Scope, plan: Plan, target: Image | None) -> str | None:
    """The first selected image that would be the target, were there a cluster to build it; None where there is none."""
    if scope.runs_jobs or scope.live is not None:
        return None  # a cluster says what is built
    within = VersionRange.parse(plan.spec.version_range)
    for image in _selected(scope, plan):
        version = Version.parse(image.spec.version)
        newer = target is None or version.newness > target.version.newness
        if not image.status.ready and newer and version in within:
            return f"{MachineImage.KIND} {image.metadata.name} ({version})"
    return None


def _ready_images(scope: Scope, plan: Plan) -> list[Image]:
    found = []
    for image in _selected(scope, plan):
        identity = image.status.id or image.spec.id
        if image.status.ready and identity:
            created = image.spec.built_at or image.metadata.creation_timestamp
            found.append(Image(Version.parse(image.spec.version), identity, image.metadata.name, created))
    return found


def _found(chosen: Selection) -> dict[str, object]:
    target = chosen.target
    candidates = tuple(
        Candidate(version=str(image.version), id=image.id, name=image.name, created_at=image.created_at)
        for image in chosen.candidates
    )
    if target is None:
        return {
            "phase": PlanPhase.NO_SUITABLE_MACHINE_IMAGE,
            "machine_image_details": None,
            "machine_image_ref": None,
            "candidates": candidates,
        }
    return {
        "phase": PlanPhase.FOUND_MACHINE_IMAGE,
        "machine_image_details": MachineImageDetails(version=str(target.version), id=target.id),
        "machine_image_ref": ObjectReference(api_version=API_VERSION, kind=MachineImage.KIND, name=target.name),
        "candidates": candidates,
    }
