"""The Job that builds a machine image: one for each attempt, with a name that is known before it is made."""

from __future__ import annotations

import copy
import math
from typing import Any

from gitops_upgrader.api import API_VERSION, MachineImage
from gitops_upgrader.api.names import MACHINE_IMAGE_NAME_LABEL, shortened
from gitops_upgrader.versions import Version

GROUP, KIND = "batch", "Job"
VERSION_VARIABLE = "KUBERNETES_VERSION"
"""The environment variable that tells a build which version it is of."""


def job_name(image: str, attempt: int) -> str:
    """The name of the Job of an attempt, counted from 1. The Job controller makes a label's value of it.

    >>> job_name("ubuntu-v1.34.2", 1)
    'ubuntu-v1.34.2-1'
    """
    return shortened(image, f"-{attempt}")


def job(image: MachineImage, attempt: int) -> dict[str, Any]:
    """The Job of an attempt, as JSON.

    The Pod is the one of the image's template. What is added: the version in the environment of containers that do not
    set it themselves; `restartPolicy: Never`, as a Job needs one; and that a container that fails without a word is
    asked for the end of its log, which is then the reason that people read.
    """
    metadata = image.metadata
    labels = {MACHINE_IMAGE_NAME_LABEL: shortened(metadata.name)}
    template = image.spec.job_template
    if template is None:
        raise AssertionError("an image without an id has a jobTemplate, as its schema asks")
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": KIND,
        "metadata": {
            "name": job_name(metadata.name, attempt),
            "namespace": metadata.namespace,
            "labels": labels,
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": MachineImage.KIND,
                    "name": metadata.name,
                    "uid": metadata.uid or "",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "backoffLimit": 0,  # each attempt is a Job of its own
            "activeDeadlineSeconds": max(1, math.ceil(image.spec.timeout.total_seconds())),
            "template": {"metadata": {"labels": labels}, "spec": _pod(template.spec, image.spec.version)},
        },
    }


def _pod(spec: dict[str, Any], version: str) -> dict[str, Any]:
    pod = copy.deepcopy(spec)
    pod.setdefault("restartPolicy", "Never")
    for kind in ("initContainers", "containers"):
        containers = pod.get(kind)
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict):
                _prepare(container, Version.parse(version).with_v)
    return pod


def _prepare(container: dict[str, Any], version: str) -> None:
    container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")
    given = container.get("env") or []
    if not any(isinstance(entry, dict) and entry.get("name") == VERSION_VARIABLE for entry in given):
        container["env"] = [*given, {"name": VERSION_VARIABLE, "value": version}]
