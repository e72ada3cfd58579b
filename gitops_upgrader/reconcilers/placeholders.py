"""The values of the placeholders that templates may hold."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_upgrader.versions import Version


def of_version(version: Version) -> Mapping[str, str]:
    """The placeholders that a version alone gives."""
    return {
        "KUBERNETES_VERSION": version.with_v,
        "VERSION_NO_V": version.without_v,
        "VERSION_SLUG": version.with_v.replace("+", "-"),
        "MAJOR": str(version.major),
        "MINOR": str(version.minor),
        "PATCH": str(version.patch),
    }


def of_hop(version: Version, image: str, origin: Version, cluster: str, upgrader: str) -> Mapping[str, str]:
    """Every placeholder, for one hop of one cluster."""
    return {
        **of_version(version),
        "IMAGE_ID": image,
        "CLUSTER_NAME": cluster,
        "FROM_VERSION": origin.with_v,
        "UPGRADER": upgrader,
    }
