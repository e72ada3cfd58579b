"""Fields that are defined so that the API stays as it is, and that this release refuses to act on."""

from __future__ import annotations

from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgrader, UpgraderOptions
from gitops_upgrader.api.cluster_upgrader_set import ClusterUpgraderSet
from gitops_upgrader.api.problems import Path
from gitops_upgrader.api.resource import Resource

_UPGRADER_FIELDS = {
    "group": "sharing one pull request between upgraders is not available yet",
    "depends_on": "waiting for other clusters is not available yet",
    "soak": "waiting for other clusters is not available yet",
    "windows": "maintenance windows are not available yet",
    "freeze": "freezes are not available yet",
    "image_refresh": "proposing a newer image of the same version is not available yet",
}


def not_available(resource: Resource) -> list[tuple[Path, str]]:
    """The fields in use that this release refuses, each as its path and a message without a full stop.

    A field counts as used when it holds anything but what it holds when it is left out.
    """
    match resource:
        case ClusterUpgraderSet():
            message = "sets of upgraders are not available yet: write one ClusterClassClusterUpgrader for each cluster"
            return [(("kind",), message), *_in_use(resource.spec.template.spec, ("spec", "template", "spec"))]
        case ClusterClassClusterUpgrader():
            return _in_use(resource.spec, ("spec",))
        case _:
            return []


def _in_use(options: UpgraderOptions, path: Path) -> list[tuple[Path, str]]:
    fields = UpgraderOptions.model_fields
    return [
        ((*path, fields[name].alias or name), message)
        for name, message in _UPGRADER_FIELDS.items()
        if getattr(options, name)
    ]
