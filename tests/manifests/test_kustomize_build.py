"""The golden cases of Kustomize, judged by the real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.manifests.scan import KUSTOMIZATION_NAMES
from tests.manifests.golden import Case, cases
from tests.servers.kustomize_build import kustomize_build

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


def _layered() -> list[Case]:
    """The golden cases that are edited, and in which a kustomization makes the Cluster what it is."""
    return [case for case in cases() if not case.refused and case.name.startswith("kustomize-")]


@pytest.mark.parametrize("case", _layered(), ids=lambda case: case.name)
def test_golden_layers_are_edited_to_what_is_deployed(case: Case, tmp_path: Path) -> None:
    files = case.before.files
    folders = {file.rpartition("/")[0] or "." for file in files if file.rpartition("/")[2] in KUSTOMIZATION_NAMES}
    changed: list[dict[str, Any]] = []
    for layer in sorted(folders):
        before = kustomize_build(tmp_path / "before", files, layer)
        after = kustomize_build(tmp_path / "after", case.after, layer)
        if isinstance(before, str) or isinstance(after, str):
            assert isinstance(before, str) == isinstance(after, str), (before, after)  # a layer may be of use to others
            continue
        changed += [new for old, new in zip(before, after, strict=True) if old != new]
    assert {item["kind"] for item in changed} == {"Cluster"}
    versions = {item["metadata"]["name"]: item["spec"]["topology"]["version"] for item in changed}
    assert case.values.version is not None
    assert versions[case.query.name].removeprefix("v") == case.values.version.removeprefix("v")
    assert len(set(versions.values())) == 1


def test_a_patch_without_match_fails_the_build(tmp_path: Path) -> None:
    (case,) = (case for case in cases() if case.name == "refused-patch-without-match")
    complaint = kustomize_build(tmp_path, case.before.files, "prod")
    assert isinstance(complaint, str)
    assert "no matches for Id Cluster.v1beta1.cluster.x-k8s.io/prod" in complaint
