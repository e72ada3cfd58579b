"""Whose build a version is."""

from __future__ import annotations

import pytest
from hypothesis import given

from gitops_upgrader.versions import Version
from gitops_upgrader.versions.flavour import Suffix, natural
from tests.versions.strategies import FREE, versions


@pytest.mark.parametrize(
    ("flavour", "texts"),
    [
        ("", ("v1.34.2", "1.34.2", "v1.34.0-alpha.1", "v1.34.0-beta.2", "v1.34.0-rc.1", "v1.34.0-rc1", "v1.34.0-0")),
        ("", ("v1.34.2+1", "v1.34.2+f67aeb3", "v1.30.0-alpha.1.23+0123456789abcd", "v1.34.2+20240101", "1.2.3---")),
        ("rke2", ("v1.34.2+rke2r1", "v1.34.2+rke2r2", "v1.34.2-rc1+rke2r1", "v1.34.2+RKE2R1")),
        ("k3s", ("v1.34.2+k3s1", "v1.34.2+k3s12", "v1.34.2-rc.1+k3s1")),
        ("vmware", ("v1.35.0---vmware.2-vkr.4", "v1.35.0---vmware.1", "v1.23.8+vmware.1", "v1.23.8+vmware.2-tkg.1")),
        ("vmware-fips", ("v1.26.5+vmware.2-fips.1-tkg.1", "v1.32.0---vmware.6-fips-vkr.2")),
        ("gke", ("v1.27.3-gke.100", "v1.27.3-gke.1700")),
        ("eks", ("v1.27.3-eks-a5565ad", "v1.21.2-eks-1-21-4")),
        ("eks", ("v1.27.3-eks+k3s1",)),
    ],
)
def test_flavours(flavour: str, texts: tuple[str, ...]) -> None:
    assert {text: Version.parse(text).flavour for text in texts} == dict.fromkeys(texts, flavour)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.0.0", False), ("1.0.0-rc.1", True), ("1.0.0-0", True), ("1.0.0---vmware.1", False), ("1.0.0-rc1+k3s1", True)],
)
def test_prereleases(text: str, expected: bool) -> None:
    assert Version.parse(text).is_prerelease is expected


def test_stage_and_mark() -> None:
    assert Suffix.of("rc1", "rke2r1") == Suffix("rc1", "rke2r1")
    assert Suffix.of("--vmware.2-vkr.4", "") == Suffix("", "vmware.2-vkr.4")
    assert Suffix.of("eks-a5565ad", "k3s1") == Suffix("", "eks-a5565ad+k3s1")


@given(FREE, FREE)
def test_nothing_comes_first(text: str, more: str) -> None:
    assert natural("") <= natural(text) <= natural(f"{text}.{more}")


@given(versions())
def test_a_flavour_is_told_for_every_version(version: Version) -> None:
    assert version.flavour == version.flavour.lower().strip("-")
