from __future__ import annotations

import pytest

from gitops_upgrader.plans.image_version import other_version
from gitops_upgrader.versions import Version


@pytest.mark.parametrize(
    ("image", "version", "expected"),
    [
        ("kindest/node:v1.34.2", "v1.34.2", None),
        ("kindest/node:v1.34.2", "v1.34.2+rke2r1", None),
        ("kindest/node:v1.34.20", "v1.34.2", "1.34.20"),
        ("kindest/node:v1.33.5", "v1.34.2", "1.33.5"),
        ("ubuntu-22.04.3-kube-1.34.2", "v1.34.2", None),
        ("flatcar-stable-3815.2.0-kube-v1.30.1-12", "v1.31.0", "1.30.1"),
        ("cilium-1.16.1-kube-v1.34.2", "v1.34.2", None),
        ("containerd-1.7.20", "v1.34.2", None),
        ("capi-1.34-20260901", "v1.34.2", None),
        ("11.34.5", "v1.34.2", None),
        ("1.34.5.6", "v1.34.2", None),
        ("7288e8a2-976a-4b53-8b10-0be864c94af8", "v1.34.2", None),
        ("", "v1.34.2", None),
    ],
)
def test_other_version(image: str, version: str, expected: str | None) -> None:
    assert other_version(image, Version.parse(version)) == expected
