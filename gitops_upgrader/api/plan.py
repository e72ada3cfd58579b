"""Plan: the newest image in a range, and the stepping stones to it."""

from __future__ import annotations

import enum
from typing import Literal

from pydantic import Field

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.api.resource import Column, Listing, Model, Resource, many
from gitops_upgrader.api.scalars import Duration, Generation, ImageId, ObjectName, RangeText, Text, Timestamp
from gitops_upgrader.api.selectors import LabelSelector


class PlanPhase(enum.StrEnum):
    """Whether the plan has found an image."""

    NO_SUITABLE_MACHINE_IMAGE = "NoSuitableMachineImage"
    FOUND_MACHINE_IMAGE = "FoundMachineImage"


class PlanSpec(Model):
    """Which images may be a cluster's target."""

    version_range: RangeText
    """The range that the target has to be in, such as v1.34.x; stepping stones on the way may lie below it."""
    machine_image_selector: LabelSelector = Field(default_factory=LabelSelector)
    """Selects MachineImages by their labels; without it every MachineImage of the namespace is selected."""
    exclude: tuple[RangeText, ...] = many("Versions, or ranges of them, that are never a target or a stepping stone.")
    minimum_image_age: Duration | None = None
    """How old an image has to be before it is used; one whose age is unknown is too young."""


class MachineImageDetails(Model):
    """The version and id of an image."""

    version: Text | None = None
    """The Kubernetes version of the image."""
    id: ImageId
    """The infrastructure's id of the image."""


class Candidate(Model):
    """A ready image that a cluster can be moved to."""

    version: Text
    """The Kubernetes version of the image."""
    id: ImageId
    """The infrastructure's id of the image."""
    name: ObjectName
    """The name of the MachineImage."""
    created_at: Timestamp | None = None
    """When the image was built or its object created, where that is known."""


class PlanStatus(Model):
    """The target, and the stepping stones to it."""

    phase: PlanPhase | None = None
    """Whether an image was found: NoSuitableMachineImage or FoundMachineImage."""
    machine_image_details: MachineImageDetails | None = None
    """The newest ready image in the range."""
    machine_image_ref: ObjectReference | None = None
    """The MachineImage that is the target."""
    candidates: tuple[Candidate, ...] = many(
        "Every ready selected image up to the target, in or out of the range, ascending by version.", at_most=4096
    )
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class Plan(Resource):
    """Chooses the image that clusters are moved to."""

    KIND = "Plan"
    LISTING = Listing(
        "plans",
        ("kplan",),
        (
            Column("Version Range", ".spec.versionRange"),
            Column("Latest Version", ".status.machineImageDetails.version"),
            Column("Phase", ".status.phase"),
        ),
    )

    kind: Literal["Plan"] = "Plan"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: PlanSpec
    """Which images may be a cluster's target."""
    status: PlanStatus = Field(default_factory=PlanStatus)
    """The target, and the stepping stones to it."""
