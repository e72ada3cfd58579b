"""MachineImage: one image of one Kubernetes version, built by a Job or published by somebody else."""

from __future__ import annotations

import enum
from typing import Any, Literal

from pydantic import Field

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.api.resource import Column, Listing, Model, Resource, Rule, Transition
from gitops_upgrader.api.scalars import (
    Count,
    Flag,
    Generation,
    ImageId,
    Message,
    PositiveDuration,
    Timestamp,
    VersionText,
)


class JobTemplate(Model):
    """The Job that builds an image."""

    spec: dict[str, Any] = Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
    """The Pod that builds the image (core/v1 PodSpec), kept as it is written."""


class MachineImagePhase(enum.StrEnum):
    """Where a MachineImage is in its life."""

    BUILDING = "Building"
    CREATED = "Created"
    FAILED = "Failed"


class MachineImageSpec(Model):
    """The version, and either the id of the image or the Job that builds it."""

    RULES = (
        Rule(
            cel="(has(self.id) && self.id != '') || has(self.jobTemplate)",
            holds=lambda it: bool(it.id) or it.job_template is not None,
            message="an id, or a jobTemplate that builds the image, is needed",
        ),
    )
    TRANSITIONS = (
        Transition(
            cel=("!has(oldSelf.id) || oldSelf.id == '' || !has(self.id) || self.id == '' || self.id == oldSelf.id"),
            holds=lambda old, new: not old.id or not new.id or old.id == new.id,
            message="an id may be set or cleared, but not replaced: make another MachineImage",
            field="id",
        ),
    )

    version: VersionText
    """The Kubernetes version of the image."""
    id: ImageId | None = None
    """The infrastructure's id of the image; given by whoever published it, else mirrored here when it is built."""
    job_template: JobTemplate | None = None
    """The Job that builds the image; `KUBERNETES_VERSION` is in the environment of its containers."""
    retry_limit: Count = 3
    """How often a failed build is tried again."""
    timeout: PositiveDuration = Field(default="2h", validate_default=True)
    """The most time that one build may take; an integer counts nanoseconds."""
    built_at: Timestamp | None = None
    """When the image was built, where that is known and not the time this object was created."""


class MachineImageStatus(Model):
    """What became of the image."""

    ready: Flag = False
    """Whether the image can be used."""
    phase: MachineImagePhase | None = None
    """Where the image is in its life: Building, Created or Failed."""
    job_ref: ObjectReference | None = None
    """The Job that builds or has built the image."""
    id: ImageId | None = None
    """The infrastructure's id of the image; this is the one that counts."""
    attempts: Count | None = None
    """How many Jobs have been started."""
    failure_message: Message | None = None
    """What the last failed build said."""
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class MachineImage(Resource):
    """A machine image of one Kubernetes version."""

    KIND = "MachineImage"
    LISTING = Listing(
        "machineimages",
        ("mi",),
        (
            Column("ID", ".spec.id"),
            Column("Version", ".spec.version"),
            Column("Ready", ".status.ready"),
            Column("Phase", ".status.phase"),
        ),
    )

    kind: Literal["MachineImage"] = "MachineImage"
    metadata: ObjectMeta
    """The name, the namespace, and the labels that plans select by."""
    spec: MachineImageSpec
    """The version, and the id of the image or the Job that builds it."""
    status: MachineImageStatus = Field(default_factory=MachineImageStatus)
    """What became of the image."""
