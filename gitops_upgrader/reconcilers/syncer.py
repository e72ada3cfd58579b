"""MachineImageSyncer: a MachineImage for each wanted version that the source publishes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gitops_upgrader.api import MachineImage, MachineImageSyncer, MachineImageTemplate
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.names import (
    API_VERSION,
    CLONED_FROM_ANNOTATION,
    GROUP,
    KUBERNETES_VERSION_LABEL,
    NAME_LENGTH,
    SYNCER_NAME_LABEL,
    shortened,
)
from gitops_upgrader.api.placeholders import expand
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.plans.wanted import Policy, wanted_versions
from gitops_upgrader.reconcilers.history import prune
from gitops_upgrader.reconcilers.placeholders import of_version
from gitops_upgrader.reconcilers.published import published
from gitops_upgrader.reconcilers.references import follow, read
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude, key_of
from gitops_upgrader.versions import Version, VersionRange


def reconcile(scope: Scope, syncer: MachineImageSyncer) -> Result:
    """Make the MachineImages that are missing, and remove those beyond the history. None is ever changed."""
    if syncer.spec.paused:
        return conclude(scope, syncer, syncer.status, reason=ReadyReason.PAUSED, message="This syncer is paused.")
    try:
        template = template_of(scope, syncer)
        source = follow(scope, syncer, syncer.spec.source_ref, "DebianRepositorySource", "spec.sourceRef")
        versions = published(source)
        within = VersionRange.parse(syncer.spec.version_range)
        wanted = wanted_versions(versions, within, Policy(syncer.spec.policy.value))
        there = _images(scope, syncer)
        for version in wanted:
            if version not in {Version.parse(image.spec.version) for image in there}:
                scope.store.create(machine_image(scope, syncer, template, version))
        pruned = prune(scope, syncer, there, wanted)
    except UpgraderError as problem:
        return conclude(scope, syncer, syncer.status, problem=problem)
    status = syncer.status.model_copy(
        update={
            "latest_version": str(wanted[-1]) if wanted else None,
            "versions": tuple(str(version) for version in wanted),
        }
    )
    words = f"{len(wanted)} of {len(versions)} published versions are wanted."
    if pruned.doubt is not None:
        words += f" Old images are kept, as it cannot be told whether they are wanted: {pruned.doubt}"
    return replace(conclude(scope, syncer, status, message=words), news=pruned.removed, wake=pruned.unread)


def template_of(scope: Scope, syncer: MachineImageSyncer) -> MachineImageTemplate:
    """The template that a syncer's MachineImages are made from. Raises ObjectError."""
    reference, field = syncer.spec.machine_image_template_ref, "spec.machineImageTemplateRef"
    return read(follow(scope, syncer, reference, "MachineImageTemplate", field), MachineImageTemplate)


def labels_of(scope: Scope, syncer: MachineImageSyncer, template: MachineImageTemplate) -> dict[str, str]:
    """The labels of every MachineImage of a syncer, but that of its version."""
    own = {name: value for name, value in syncer.metadata.labels.items() if name in scope.handed_on}
    return {**own, **template.spec.template.metadata.labels, SYNCER_NAME_LABEL: shortened(syncer.metadata.name)}


def machine_image(
    scope: Scope, syncer: MachineImageSyncer, template: MachineImageTemplate, version: Version
) -> dict[str, Any]:
    """The MachineImage of one version, as JSON."""
    made = template.spec.template
    spec: dict[str, Any] = {"version": version.with_v}
    if made.spec.id:
        spec["id"] = expand(made.spec.id, of_version(version))
    if made.spec.job_template is not None:
        spec["jobTemplate"] = made.spec.job_template.to_content()
    slug = of_version(version)["VERSION_SLUG"]
    return {
        "apiVersion": API_VERSION,
        "kind": MachineImage.KIND,
        "metadata": {
            "name": shortened(syncer.metadata.name, f"-{slug}".lower(), longest=NAME_LENGTH),
            "namespace": key_of(syncer).namespace,
            "labels": labels_of(scope, syncer, template) | {KUBERNETES_VERSION_LABEL: shortened(slug)},
            "annotations": {**made.metadata.annotations, CLONED_FROM_ANNOTATION: template.metadata.name},
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": syncer.KIND,
                    "name": syncer.metadata.name,
                    "uid": syncer.metadata.uid or "",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": spec,
    }


def _images(scope: Scope, syncer: MachineImageSyncer) -> list[MachineImage]:
    """The MachineImages of this syncer, under whatever name (upstream adds a random suffix)."""
    label = {SYNCER_NAME_LABEL: shortened(syncer.metadata.name)}
    stored = scope.store.list(GROUP, MachineImage.KIND, key_of(syncer).namespace, label)
    return [read(image, MachineImage) for image in stored]
