"""MachineImageSyncer: a MachineImage for each wanted version that a source publishes."""

from __future__ import annotations

import enum
from typing import Literal

from pydantic import Field

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.api.resource import Column, Listing, Model, Resource, many
from gitops_upgrader.api.scalars import Count, Flag, Generation, PositiveDuration, RangeText, Text


class SyncPolicy(enum.StrEnum):
    """Which of the versions in the range get an image."""

    LATEST = "Latest"
    LATEST_PER_MINOR = "LatestPerMinor"
    ALL = "All"


class MachineImageSyncerSpec(Model):
    """Which versions get a MachineImage, and what it is made from."""

    paused: Flag = False
    """Whether this syncer is left alone: no MachineImage is made and none removed."""
    version_range: RangeText
    """The range of Kubernetes versions that get a MachineImage, such as v1.34.x."""
    source_ref: ObjectReference
    """Where versions come from: any kind with `status.versions`, or a ConfigMap with one a line in `versions`."""
    machine_image_template_ref: ObjectReference
    """The MachineImageTemplate that MachineImages are made from."""
    interval: PositiveDuration = Field(default="1h", validate_default=True)
    """The time between two looks at the source; an integer counts nanoseconds."""
    policy: SyncPolicy = SyncPolicy.LATEST
    """Which versions in the range are wanted; upgrades across several minors need LatestPerMinor or All."""
    history_limit: Count | None = None
    """How many MachineImages that nothing wants any more are kept in a cluster; without it all of them are. Wanted is
    what the policy, a plan's target, an upgrader whose cluster is not past it, or a file of its repository names. The
    infrastructure's image is never deleted."""


class MachineImageSyncerStatus(Model):
    """The versions that are wanted."""

    latest_version: Text | None = None
    """The highest version in the range that the source publishes."""
    versions: tuple[Text, ...] = many("The versions that are wanted, ascending.", at_most=4096)
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class MachineImageSyncer(Resource):
    """Makes a MachineImage for each wanted version that a source publishes."""

    KIND = "MachineImageSyncer"
    LISTING = Listing("machineimagesyncers", ("mis",), (Column("Latest Version", ".status.latestVersion"),))

    kind: Literal["MachineImageSyncer"] = "MachineImageSyncer"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: MachineImageSyncerSpec
    """Which versions get a MachineImage."""
    status: MachineImageSyncerStatus = Field(default_factory=MachineImageSyncerStatus)
    """The versions that are wanted."""
