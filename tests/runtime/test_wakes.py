"""Who is woken by what, one line for each case."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.wakes import claimants, references, upgraders_of, wakes
from gitops_upgrader.stores.keys import key_of
from gitops_upgrader.stores.protocol import Stored

OURS = "kubernetesupgraded.dimitrikoshkin.com/v1alpha1"

WORLD = (Path(__file__).parent / "wakes.yaml").read_text("utf-8")


def _world() -> dict[str, Stored]:
    found = {}
    for content in yaml.safe_load_all(WORLD.replace("OURS", OURS)):
        content["metadata"].setdefault("namespace", "fleet")
        key = key_of(content)
        assert key is not None
        found[f"{key.kind} {key.name}"] = Stored(key, content)
    return found


OBJECTS = _world()
SHORT = {"ClusterClassClusterUpgrader": "upgrader", "MachineImageSyncer": "syncer", "MachineImage": "image"}


def known(group: str, kind: str) -> Iterable[Stored]:
    return [one for one in OBJECTS.values() if (one.key.group, one.key.kind) == (group, kind)]


def names(keys: Iterable[ObjectKey]) -> str:
    return ", ".join(sorted(f"{SHORT.get(key.kind, key.kind)} {key.name}" for key in keys))


def changed(name: str, path: str, value: Any) -> Stored:
    """An object with another value at a path such as `status.versions`."""
    content = copy.deepcopy(dict(OBJECTS[name].content))
    place: Any = content
    *parents, last = path.split(".")
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return Stored(OBJECTS[name].key, content)


@pytest.mark.parametrize(
    ("name", "path", "value", "woken"),
    [
        ("DebianRepositorySource apt", "status.versions", ["v1.35.0"], "syncer debian"),
        ("DebianRepositorySource apt", "status.etag", "x", ""),
        ("DebianRepositorySource apt", "spec.interval", "1m", "DebianRepositorySource apt"),
        ("MachineImageTemplate template", "spec.template", {}, "syncer debian"),
        ("MachineImageSyncer debian", "status.latestVersion", "v1.35.0", ""),
        ("MachineImage ubuntu", "status.ready", True, "Plan ubuntu"),
        ("MachineImage ubuntu", "status.id", "ami", "Plan ubuntu"),
        ("MachineImage ubuntu", "status.attempts", 2, ""),
        ("MachineImage ubuntu", "metadata.labels", {"os": "flatcar"}, "Plan flatcar, Plan ubuntu, image ubuntu"),
        ("Plan ubuntu", "status.phase", "FoundMachineImage", "upgrader dev"),
        ("Plan ubuntu", "spec.versionRange", "v1.35.x", "Plan ubuntu"),
        ("GitOpsRepository default", "status.headCommit", "abc", ""),
        ("GitOpsRepository default", "spec.paused", True, "GitOpsRepository default, upgrader dev, upgrader shared"),
        (
            "GitOpsRepository default",
            "metadata.annotations",
            {"reconcile.gitops-upgrader/requestedAt": "now"},
            "GitOpsRepository default, upgrader dev, upgrader shared",
        ),
        ("GitRepository fleet", "spec.url", "https://new", "GitOpsRepository fluxed, upgrader prod"),
        ("GitRepository fleet", "status.artifact", "x", ""),
        ("ClusterClassClusterUpgrader dev", "status.phase", "Proposed", ""),
        ("ClusterClassClusterUpgrader dev", "metadata.deletionTimestamp", "now", "upgrader dev"),
        ("ClusterClassClusterUpgrader prod", "status.phase", "Proposed", ""),
        ("ClusterClassClusterUpgrader prod", "spec.paused", True, "upgrader prod, upgrader rival"),
        ("ClusterClassClusterUpgrader prod", "spec.clusterName", "else", "upgrader prod, upgrader rival"),
        ("ClusterClassClusterUpgrader dev", "metadata.resourceVersion", "7", ""),
        ("Cluster dev", "spec.topology.version", "v1.34.2", "upgrader dev"),
        ("Cluster dev", "metadata.labels", {"a": "b"}, ""),
        ("Cluster dev", "spec.topology.classRef.name", "docker-2", "upgrader dev"),
        ("Cluster prod", "status.observedGeneration", 2, "upgrader prod, upgrader rival"),
        ("ClusterClass docker", "spec.kubernetesVersions", ["v1.34.2"], "upgrader dev, upgrader shared"),
        ("ClusterClass docker", "spec.patches", [], ""),
        ("Job ubuntu-1", "status.succeeded", 1, "image ubuntu"),
        ("Job backup", "status.succeeded", 1, ""),
        ("Job copied", "status.succeeded", 1, ""),
        ("Secret keys", "metadata.resourceVersion", "2", "DebianRepositorySource apt"),
        ("Secret git", "metadata.resourceVersion", "2", "GitOpsRepository default, upgrader dev, upgrader shared"),
        ("Secret flux-git", "metadata.resourceVersion", "2", "GitOpsRepository fluxed, upgrader prod"),
        ("Secret signing", "metadata.resourceVersion", "2", "GitOpsRepository fluxed, upgrader prod"),
        ("Secret unrelated", "metadata.resourceVersion", "2", ""),
        ("ConfigMap releases", "metadata.resourceVersion", "2", "syncer listed"),
        ("ConfigMap keyring", "metadata.resourceVersion", "2", "DebianRepositorySource public"),
        ("Releases all", "status.versions", ["v1.35.0"], "syncer foreign"),
        ("Choice theirs", "status.machineImageDetails", {"version": "v1.35.0"}, "upgrader prod"),
        ("Choice theirs", "metadata.labels", {"a": "b"}, ""),
    ],
)
def test_a_change_wakes_whom_it_concerns(name: str, path: str, value: Any, woken: str) -> None:
    assert names(wakes(OBJECTS[name], changed(name, path, value), known)) == woken


@pytest.mark.parametrize(
    ("name", "woken"),
    [
        ("MachineImage ubuntu", "Plan ubuntu, image ubuntu, syncer debian"),
        ("MachineImage long", f"image long, syncer {'a' * 253}"),
        ("Plan ubuntu", "Plan ubuntu, upgrader dev"),
        ("GitOpsRepository default", "GitOpsRepository default, upgrader dev, upgrader shared"),
        ("Cluster dev", "upgrader dev"),
        ("ClusterClass docker", "upgrader dev, upgrader shared"),
        ("ClusterClassClusterUpgrader rival", "upgrader prod, upgrader rival"),
        ("Secret git", "GitOpsRepository default, upgrader dev, upgrader shared"),
        ("MachineImageTemplate template", "syncer debian"),
        ("GitRepository fleet", "GitOpsRepository fluxed, upgrader prod"),
        ("Job ubuntu-1", "image ubuntu"),
        ("Choice theirs", "upgrader prod"),
    ],
)
def test_what_comes_or_goes_wakes_whom_it_concerns(name: str, woken: str) -> None:
    made = names(wakes(None, OBJECTS[name], known))
    gone = names(wakes(OBJECTS[name], None, known))

    assert made == woken
    own = f"{SHORT.get(OBJECTS[name].key.kind, OBJECTS[name].key.kind)} {OBJECTS[name].key.name}"
    assert gone == ", ".join(part for part in woken.split(", ") if part != own)


def test_nothing_wakes_nobody() -> None:
    assert wakes(None, None, known) == set()


def test_upgraders_of_a_repository_are_found_in_every_namespace() -> None:
    assert names(upgraders_of(OBJECTS["GitOpsRepository default"].key, known)) == "upgrader dev, upgrader shared"


def test_the_upgraders_of_a_cluster_are_found_in_every_namespace() -> None:
    found = {name: {one.key for one in claimants(known, OBJECTS[name].key)} for name in ("Cluster prod", "Cluster dev")}
    assert {name: names(keys) for name, keys in found.items()} == {
        "Cluster prod": "upgrader prod, upgrader rival",
        "Cluster dev": "upgrader dev",
    }


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("MachineImageSyncer debian", set()),
        ("MachineImageSyncer listed", set()),
        ("MachineImageSyncer foreign", {("example.com", "Releases")}),
        ("ClusterClassClusterUpgrader dev", set()),
        ("ClusterClassClusterUpgrader prod", {("example.com", "Choice")}),
        ("GitOpsRepository default", set()),
        ("GitOpsRepository fluxed", {("source.toolkit.fluxcd.io", "GitRepository")}),
        ("Plan ubuntu", set()),
    ],
)
def test_foreign_kinds_that_objects_refer_to_are_found(name: str, kinds: set[tuple[str, str]]) -> None:
    assert references(OBJECTS[name]) == kinds
