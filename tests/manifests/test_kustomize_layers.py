"""Edits of layers, judged by the real Kustomize: what it builds afterwards has the new values, and is else the same."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from gitops_upgrader.errors import ManifestError, OverriddenPlace, ProofFailed
from gitops_upgrader.manifests import DocumentWant, Manifests, Query, TargetWant, Values, VariableWant
from tests.manifests.layers import VERSION, Layers, layers
from tests.manifests.memory import MemoryTree
from tests.servers.kustomize_build import kustomize_build

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

BASE = "base/clusters.yaml"
NEW = "v1.34.2"
IMAGE = "image-34"


@pytest.mark.parametrize("wants_image", [False, True])
def test_layers_deploy_what_was_meant_and_nothing_else(
    wants_image: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told: Counter[str] = Counter()

    @settings(max_examples=250, suppress_health_check=list(HealthCheck))
    @given(layers())
    def judged(repository: Layers) -> None:
        folder = tmp_path_factory.mktemp("layers")
        before = kustomize_build(folder, repository.files, repository.top)
        assume(not isinstance(before, str))
        assert not isinstance(before, str)
        for index in range(len(before)):
            told[_judge(folder, repository, before, index, wants_image=wants_image)] += 1

    judged()
    proven = told.pop("proven")
    assert proven > sum(told.values()), told


def test_a_place_that_is_named_counts_or_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    told: Counter[bool] = Counter()

    @settings(max_examples=80, suppress_health_check=list(HealthCheck))
    @given(layers())
    def judged(repository: Layers) -> None:
        assume("replacements" not in repr(repository))  # they may carry a value that does not count to another place
        folder = tmp_path_factory.mktemp("layers")
        before = kustomize_build(folder, repository.files, repository.top)
        assume(not isinstance(before, str))
        texts = repository.files[BASE].split("---\n")
        for index, text in enumerate(texts):
            name = "prod" if '"name": "prod"' in text else "dev"
            target = TargetWant(BASE, "/spec/topology/version", DocumentWant(name=name))
            try:
                Manifests(MemoryTree(repository.files)).locate(Query("any", targets=(target,)))
                counts = True
            except OverriddenPlace:
                counts = False
            changed = "---\n".join([*texts[:index], text.replace(VERSION, NEW), *texts[index + 1 :]])
            after = kustomize_build(folder, {**repository.files, BASE: changed}, repository.top)
            if not isinstance(after, str):  # else a patch tests the value that was changed
                assert (after != before) is counts
                told[counts] += 1

    judged()
    assert told[True] > 20
    assert told[False] > 20


def _judge(folder: Path, repository: Layers, before: list[dict[str, Any]], index: int, *, wants_image: bool) -> str:
    """Upgrade one of the Clusters that are deployed, and see that it alone changes; or why that is refused."""
    metadata = before[index]["metadata"]
    wants = (VariableWant("imageId"),) if wants_image else ()
    query = Query(metadata["name"], metadata.get("namespace"), variables=wants)
    manifests = Manifests(MemoryTree(repository.files))
    try:
        located = manifests.locate(query)
        assert located.version_text == before[index]["spec"]["topology"]["version"]
        edited = manifests.edit(located, Values(version=NEW, variables=(IMAGE,) * len(wants)))
    except ProofFailed:
        raise  # a mistake of ours, which nothing in a repository should bring about
    except ManifestError as error:
        return error.reason
    expected = copy.deepcopy(before)
    topology = expected[index]["spec"]["topology"]
    topology["version"] = NEW
    if wants_image:
        _set(topology, "imageId", IMAGE)
    after = kustomize_build(folder, {**repository.files, **edited.files}, repository.top)
    assert not isinstance(after, str), after
    assert list(map(_by_name, after)) == list(map(_by_name, expected))
    return "proven"


def _by_name(cluster: dict[str, Any]) -> dict[str, Any]:
    """The same with its variables in order, as theirs means nothing."""
    topology = cluster["spec"]["topology"]
    variables = sorted(topology.get("variables", ()), key=lambda variable: str(variable["name"]))
    return {**cluster, "spec": {"topology": {**topology, "variables": variables}}}


def _set(topology: dict[str, Any], name: str, value: str) -> None:
    """Give a variable a value, where it is absent as well."""
    variables = topology.setdefault("variables", [])
    for variable in variables:
        if variable["name"] == name:
            variable["value"] = value
            return
    variables.append({"name": name, "value": value})
