"""The smallest objects that are good, to be spoiled by tests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from gitops_upgrader.api import API_VERSION

JOB = {"spec": {"containers": [{"name": "build", "image": "builder", "env": [{"name": "A", "value": "b"}]}]}}

SPECS: Mapping[str, Mapping[str, Any]] = {
    "DebianRepositorySource": {"url": "https://pkgs.k8s.io/core:/stable:/v1.34/deb/", "architecture": "amd64"},
    "MachineImageTemplate": {"template": {"spec": {"id": "ubuntu-$(VERSION_SLUG)"}}},
    "MachineImageSyncer": {
        "versionRange": "v1.34.x",
        "sourceRef": {"apiVersion": API_VERSION, "kind": "DebianRepositorySource", "name": "packages"},
        "machineImageTemplateRef": {"name": "images"},
    },
    "MachineImage": {"version": "v1.34.2", "id": "ubuntu-v1.34.2"},
    "Plan": {"versionRange": "v1.34.x"},
    "ClusterClassClusterUpgrader": {"clusterName": "prod", "planRef": {"name": "stable"}},
    "ClusterUpgraderSet": {"template": {"spec": {"planRef": {"name": "stable"}}}},
    "GitOpsRepository": {"url": "https://git.example.com/fleet.git"},
}


def make(kind: str, changes: Mapping[str, Any] | None = None, *, name: str = "sample") -> dict[str, Any]:
    """A good object with some fields changed; each is named by its path, `spec.url`, and None removes it."""
    spec = copy.deepcopy(dict(SPECS[kind]))
    content = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place: Any = content
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return content
