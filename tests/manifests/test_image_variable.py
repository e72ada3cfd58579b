"""The guess which variables hold the image: names and values of public ClusterClasses, as tables."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from gitops_upgrader.manifests import Found, Manifests
from gitops_upgrader.manifests.image_variable import candidates, image, templated
from gitops_upgrader.versions import Version
from tests.manifests.memory import MemoryTree


def found(variables: list[dict[str, Any]], version: str = "v1.33.5", **topology: Any) -> Found:
    """A Cluster with these variables, as the inventory has it."""
    spec = {"topology": {"class": "c", "version": version, "variables": variables, **topology}}
    document = {"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "metadata": {"name": "a"}, "spec": spec}
    (item,) = Manifests(MemoryTree({"a.yaml": yaml.safe_dump(document).encode()})).clusters()
    return item


@pytest.mark.parametrize(
    ("name", "value", "place", "text"),
    [
        ("imageName", "ubuntu-v1.33.5", "imageName", "ubuntu-v1.33.5"),
        ("imageId", "8b0c0b5e", "imageId", "8b0c0b5e"),
        ("amiID", "ami-0f3c", "amiID", "ami-0f3c"),
        ("vSphereTemplate", "/DC0/vm/ubuntu-2404-kube-v1.33.5", "vSphereTemplate", "/DC0/vm/ubuntu-2404-kube-v1.33.5"),
        ("dockerImage", "kindest/node:v1.33.5", "dockerImage", "kindest/node:v1.33.5"),
        ("machine", {"image": {"type": "name", "name": "k-1.33.5"}}, "machine/image/name", "k-1.33.5"),
        ("machine", {"image": {"id": "8b0c"}}, "machine/image/id", "8b0c"),
        ("image", {"url": "http://i/k-v1.33.5.img", "checksum": "17e4"}, "image/url", "http://i/k-v1.33.5.img"),
        ("cloneSpec", {"machineSpec": [{"templateID": 102}]}, "cloneSpec/machineSpec/0/templateID", "102"),
        ("a/b", {"vm~Image": "x"}, "a/b/vm~0Image", "x"),
    ],
)
def test_an_image_is_recognised(name: str, value: Any, place: str, text: str) -> None:
    guess = image(found([{"name": "region", "value": "eu"}, {"name": name, "value": value}]))

    assert guess is not None
    assert (guess.label, guess.text) == (place, text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "eu"),
        ("imageRepository", "registry.example.com"),
        ("imageRegistry", "registry.example.com"),
        ("imagePullPolicy", "Always"),
        ("imageGallery", "ClusterAPI"),
        ("imagePullSecret", "pull"),
        ("imageBaked", True),
        ("image", {"type": "name"}),
        ("image", ""),
        ("image", None),
        ("etcdVersion", "v1.33.5"),
    ],
)
def test_what_stands_beside_an_image_is_none(name: str, value: Any) -> None:
    assert candidates(found([{"name": name, "value": value}])) == ()


def test_what_names_the_version_comes_first() -> None:
    held = found(
        [
            {"name": "imageName", "value": "latest"},
            {"name": "controlPlaneMachineImageName", "value": "cp-v1.33.5"},
            {"name": "kubernetesVersion", "value": "v1.33.5"},
            {"name": "workerMachineImageName", "value": "worker-v1.33.5"},
        ]
    )

    assert [(one.label, one.template, one.is_image) for one in candidates(held)] == [
        ("controlPlaneMachineImageName", "cp-$(KUBERNETES_VERSION)", True),
        ("workerMachineImageName", "worker-$(KUBERNETES_VERSION)", True),
        ("imageName", None, True),
        ("kubernetesVersion", "$(KUBERNETES_VERSION)", False),
    ]


def test_overrides_count_after_the_variable_itself() -> None:
    held = found(
        [{"name": "image", "value": "k-v1.33.5"}],
        controlPlane={"variables": {"overrides": [{"name": "image", "value": "cp-v1.33.5"}]}},
        workers={
            "machineDeployments": [
                {"class": "w", "name": "md-0", "variables": {"overrides": [{"name": "image", "value": "k-v1.33.5"}]}},
                {"class": "w", "name": "md-1"},
            ],
            "machinePools": [
                {"class": "w", "name": "mp-0", "variables": {"overrides": [{"name": "image", "value": "p-v1.33.5"}]}}
            ],
        },
    )

    assert [one.label for one in candidates(held)] == [
        "image",
        "image of controlPlane",
        "image of machineDeployment md-0",
        "image of machinePool mp-0",
    ]


@pytest.mark.parametrize(
    ("text", "version", "template"),
    [
        ("k-v1.33.5", "v1.33.5", "k-$(KUBERNETES_VERSION)"),
        ("k-1.33.5", "v1.33.5", "k-$(VERSION_NO_V)"),
        ("k-v1.33.5", "1.33.5", "k-$(KUBERNETES_VERSION)"),
        ("K-V1.33.5", "v1.33.5", "K-$(KUBERNETES_VERSION)"),
        ("v1.33.5/k-v1.33.5.img", "v1.33.5", "$(KUBERNETES_VERSION)/k-$(KUBERNETES_VERSION).img"),
        ("k-1-33-5", "v1.33.5", "k-$(MAJOR)-$(MINOR)-$(PATCH)"),
        ("r-v1.33.5-rke2r1", "v1.33.5+rke2r1", "r-$(VERSION_SLUG)"),
        ("r-v1.33.5+rke2r1", "v1.33.5+rke2r1", "r-$(KUBERNETES_VERSION)"),
        ("r-v1.33.5", "v1.33.5+rke2r1", "r-v$(MAJOR).$(MINOR).$(PATCH)"),
        ("rke2r1-1.33.5", "v1.33.5+rke2r1", None),
        ("$k-v1.33.5", "v1.33.5", "$$k-$(KUBERNETES_VERSION)"),
        ("k-v1.33.50", "v1.33.5", None),
        ("k-11.33.5", "v1.33.5", None),
        ("k-v1.33.5.1", "v1.33.5", None),
        ("k-v1.33.5-20260301", "v1.33.5", None),
        ("k-v1.33.5-2026-03-01", "v1.33.5", None),
        ("k-v1.33.5-1761902400", "v1.33.5", None),
        ("ami-0f3c", "v1.33.5", None),
    ],
)
def test_how_a_name_spells_the_version(text: str, version: str, template: str | None) -> None:
    assert templated(text, Version.parse(version)) == template


def test_a_version_that_is_none_tells_no_more_than_an_absent_one() -> None:
    place = found([{"name": "imageName", "value": "node-v1.33.5"}], version="latest")

    assert image(place) is not None


def test_without_a_version_names_alone_tell() -> None:
    guess = image(found([{"name": "imageId", "value": "x-v1.33.5"}], version="v1.33"))

    assert guess is not None
    assert guess.template is None
