"""MachineImageTemplate: what the MachineImages of a syncer are made from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.machine_image import JobTemplate
from gitops_upgrader.api.meta import ObjectMeta, TemplateMeta
from gitops_upgrader.api.resource import AGE, Column, Listing, Model, Resource, Rule
from gitops_upgrader.api.scalars import Generation, VersionTemplate, VersionText


class MachineImageTemplateResourceSpec(Model):
    """The spec of the MachineImages that are made; the syncer fills in the version."""

    RULES = (
        Rule(
            cel="(has(self.id) && self.id != '') || has(self.jobTemplate)",
            holds=lambda it: bool(it.id) or it.job_template is not None,
            message="an id, or a jobTemplate that builds the image, is needed",
        ),
    )

    version: VersionText | None = None
    """A Kubernetes version; the syncer puts the wanted one in its place."""
    id: VersionTemplate | None = None
    """The id of an image that somebody else publishes, with placeholders such as $(KUBERNETES_VERSION); no Job then."""
    job_template: JobTemplate | None = None
    """The Job that builds each image."""


class MachineImageTemplateResource(Model):
    """A MachineImage without its name and version."""

    metadata: TemplateMeta = Field(default_factory=TemplateMeta)
    """Labels and annotations of the MachineImages."""
    spec: MachineImageTemplateResourceSpec
    """The spec of the MachineImages."""


class MachineImageTemplateSpec(Model):
    """What MachineImages are made from."""

    template: MachineImageTemplateResource
    """The MachineImage that is copied for each version."""


class MachineImageTemplateStatus(Model):
    """Whether the template can be used."""

    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class MachineImageTemplate(Resource):
    """What the MachineImages of a MachineImageSyncer are made from."""

    KIND = "MachineImageTemplate"
    LISTING = Listing("machineimagetemplates", ("mit",), (Column("ID", ".spec.template.spec.id", priority=1), AGE))

    kind: Literal["MachineImageTemplate"] = "MachineImageTemplate"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: MachineImageTemplateSpec
    """What MachineImages are made from."""
    status: MachineImageTemplateStatus = Field(default_factory=MachineImageTemplateStatus)
    """Whether the template can be used."""
