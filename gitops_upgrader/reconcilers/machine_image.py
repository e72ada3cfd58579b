"""MachineImage: ready where its id is given; else it waits for a cluster that can run the Job."""

from __future__ import annotations

from gitops_upgrader.api import MachineImage
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.machine_image import MachineImagePhase
from gitops_upgrader.images.state import Published, state_of
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude


def reconcile(scope: Scope, image: MachineImage) -> Result:
    """Say whether the image can be used."""
    match state_of(image.spec.id):
        case Published(id=published):
            status = image.status.model_copy(
                update={"ready": True, "phase": MachineImagePhase.CREATED, "id": published}
            )
            return conclude(scope, image, status, message=f"The image is {published}.")
        case _:
            status = image.status.model_copy(update={"ready": False, "phase": None, "id": None})
            return conclude(
                scope,
                image,
                status,
                reason=ReadyReason.WAITING_FOR_CLUSTER,
                message="A Job has to build this image, and there is no cluster here to run it. "
                "Give spec.id where the image exists already.",
            )
