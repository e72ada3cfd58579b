"""Edits that a JSON6902 patch would undo, fail on, or take for another one."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidPatch, ManifestError, PatchIndexMismatch, VariableNotFound, VersionNotFound
from gitops_upgrader.manifests import Query, Values, VariableWant
from gitops_upgrader.manifests.query import Scope, ScopeKind
from tests.manifests.samples import cluster, edit, refusal

LISTS = """\
    variables:
    - name: region
      value: {zones: [a, b]}
    - name: imageId
      value: img-33
    workers:
      machineDeployments:
      - class: d
        name: md-0
        variables:
          overrides:
          - name: size
            value: s
"""
IMAGE = VariableWant("imageId")
NEW = VariableWant("new")
SIZE = VariableWant("size", scope=Scope(ScopeKind.MACHINE_DEPLOYMENT, "md-0"))
NEW_OVERRIDE = VariableWant("new", scope=Scope(ScopeKind.MACHINE_DEPLOYMENT, "md-0"))
OVERRIDES = "/spec/topology/workers/machineDeployments/0/variables/overrides"
MERGE = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: prod}\nspec: {topology: {%s}}\n"


def _files(patch: str) -> dict[str, str]:
    return {
        "k/cluster.yaml": cluster(more=LISTS),
        "k/kustomization.yaml": "resources: [cluster.yaml]\npatches: [{path: p.yaml, target: {kind: Cluster}}]\n",
        "k/p.yaml": patch,
    }


def _ops(*operations: str) -> str:
    return "".join(f"- {{{operation}}}\n" for operation in operations)


@pytest.mark.parametrize(
    ("patch", "variable", "edited"),
    [
        # A test of what the edit leaves as it is.
        (
            _ops(
                "op: test, path: /spec/topology/variables/1/name, value: imageId",
                "op: replace, path: /spec/topology/variables/1/value, value: img-p",
            ),
            IMAGE,
            {"k/cluster.yaml", "k/p.yaml"},
        ),
        (
            _ops(
                "op: test, path: /spec/topology/version, value: v1.33.5",
                "op: replace, path: /spec/topology/version, value: v1.33.7",
            ),
            IMAGE,
            {"k/cluster.yaml", "k/p.yaml"},
        ),
        (_ops("op: test, path: /spec/topology/variables/0/name, value: region"), NEW, {"k/cluster.yaml"}),
        # An index into another list, or one that no added item moves.
        (_ops(f"op: replace, path: {OVERRIDES}/0/value, value: L"), NEW, {"k/cluster.yaml"}),
        (_ops(f"op: replace, path: {OVERRIDES}/-1/value, value: L"), NEW, {"k/cluster.yaml"}),
        (_ops("op: replace, path: /spec/topology/variables/0/value, value: L"), NEW_OVERRIDE, {"k/cluster.yaml"}),
        (_ops("op: replace, path: /spec/topology/variables/-1/value, value: L"), SIZE, {"k/cluster.yaml"}),
        (_ops("op: add, path: /spec/topology/variables/-, value: {name: a, value: b}"), NEW, {"k/cluster.yaml"}),
        (_ops("op: add, path: /spec/topology/variables/0, value: {name: a, value: b}"), NEW, {"k/cluster.yaml"}),
        (_ops("op: remove, path: /spec/topology/variables/1"), NEW, {"k/cluster.yaml"}),
        # What is taken away and set again stands in the patch.
        (
            _ops(
                "op: remove, path: /spec/topology/variables/1",
                "op: add, path: /spec/topology/variables/0, value: {name: imageId, value: b}",
            ),
            IMAGE,
            {"k/cluster.yaml", "k/p.yaml"},
        ),
        (
            _ops(
                "op: remove, path: /spec/topology/version",
                "op: add, path: /spec/topology/version, value: v1.33.7",
            ),
            IMAGE,
            {"k/cluster.yaml", "k/p.yaml"},
        ),
        (MERGE % "variables: [{name: a, value: b}]", NEW, {"k/cluster.yaml", "k/p.yaml"}),
        # A copy to where it is not read.
        (
            _ops(
                "op: add, path: /metadata/annotations, value: {}",
                "op: copy, from: /spec/topology/version, path: /metadata/annotations/version",
                "op: copy, from: /spec/topology/variables/1/value, path: /metadata/annotations/image",
            ),
            IMAGE,
            {"k/cluster.yaml"},
        ),
    ],
)
def test_a_patch_beside_an_edit(patch: str, variable: VariableWant, edited: set[str]) -> None:
    query, values = Query("prod", variables=(variable,)), Values(version="v1.34.2", variables=("img-34",))
    assert edit(_files(patch), query, values).files.keys() == edited


@pytest.mark.parametrize(
    ("patch", "variable", "reason", "message"),
    [
        (
            _ops("op: test, path: /spec/topology/variables/1, value: {name: imageId, value: img-33}"),
            IMAGE,
            InvalidPatch,
            "k/p.yaml:1:3: A patch tests /spec/topology/variables/1 for",
        ),
        (
            _ops(f"op: test, path: {OVERRIDES}, value: [{{name: size, value: s}}]"),
            NEW_OVERRIDE,
            InvalidPatch,
            "would fail after the edit",
        ),
        (
            _ops(
                "op: replace, path: /spec/topology/version, value: v1.33.7",
                "op: test, path: /spec/topology/version, value: v1.33.7",
            ),
            IMAGE,
            InvalidPatch,
            "k/p.yaml:2:3: A patch tests",
        ),
        (
            _ops("op: replace, path: /spec/topology/variables/0/value, value: L"),
            NEW,
            PatchIndexMismatch,
            "sets /spec/topology/variables/0, the variable region",
        ),
        (
            _ops(f"op: add, path: {OVERRIDES}/0/value, value: L"),
            NEW_OVERRIDE,
            PatchIndexMismatch,
            "the variable size; the variable that is meant is absent",
        ),
        (
            _ops("op: remove, path: /spec/topology/variables/-1"),
            NEW,
            PatchIndexMismatch,
            "k/p.yaml:1:3: /spec/topology/variables/-1 counts from the end of a list",
        ),
        (
            _ops("op: copy, from: /spec/topology/variables/-1/value, path: /spec/topology/variables/0/value"),
            NEW,
            PatchIndexMismatch,
            "counts from the end of a list",
        ),
        (
            _ops("op: copy, from: /spec/topology/variables/1/value, path: /spec/topology/variables/0/value"),
            IMAGE,
            InvalidPatch,
            "k/p.yaml:1:3: A patch copies /spec/topology/variables/1/value to /spec/topology/variables/0/value",
        ),
        (
            _ops(f"op: copy, from: {OVERRIDES}, path: /spec/topology/variables"),
            NEW,
            InvalidPatch,
            "would change more than is meant",
        ),
        (
            _ops("op: remove, path: /spec/topology/variables/1"),
            IMAGE,
            VariableNotFound,
            "k/p.yaml:1:3: This patch takes [name=imageId] out of Cluster prod. Take the removal out of the patch.",
        ),
        (
            _ops("op: remove, path: /spec/topology/variables/1", "op: remove, path: /spec/topology/variables/0"),
            IMAGE,
            VariableNotFound,
            "k/p.yaml:1:3: This patch takes [name=imageId]",
        ),
        (
            _ops("op: replace, path: /spec/topology/variables/1, value: {name: a, value: b}"),
            IMAGE,
            VariableNotFound,
            "takes [name=imageId] out",
        ),
        (
            _ops("op: replace, path: /spec/topology/variables/1/name, value: a"),
            IMAGE,
            VariableNotFound,
            "takes [name=imageId] out",
        ),
        (_ops("op: remove, path: /spec/topology/variables"), IMAGE, VariableNotFound, "takes variables out"),
        (MERGE % "variables: null", NEW, VariableNotFound, "k/p.yaml:4:30: This patch takes variables out"),
        (_ops("op: remove, path: /spec/topology/variables/1/value"), IMAGE, VariableNotFound, "takes value out"),
        (
            _ops("op: remove, path: /spec/topology/version"),
            IMAGE,
            VersionNotFound,
            "k/p.yaml:1:3: This patch takes version out of Cluster prod.",
        ),
        (MERGE % "version: null", IMAGE, VersionNotFound, "k/p.yaml:4:28: This patch takes version out"),
    ],
)
def test_a_patch_that_stands_in_the_way(
    patch: str, variable: VariableWant, reason: type[ManifestError], message: str
) -> None:
    query, values = Query("prod", variables=(variable,)), Values(version="v1.34.2", variables=("img-34",))
    assert message in refusal(_files(patch), query, values, reason=reason)


def test_a_value_that_is_copied_for_another_variable_that_is_meant() -> None:
    patch = _ops("op: copy, from: /spec/topology/variables/1/value, path: /spec/topology/variables/0/value")
    query = Query("prod", variables=(IMAGE, VariableWant("region")))
    assert edit(_files(patch), query, Values("v1.34.2", variables=("img-34", "img-34"))).files.keys() == {
        "k/cluster.yaml"
    }


def test_a_patch_of_another_cluster_tests_what_is_to_change() -> None:
    """Its own value comes from a patch above, so it does not share the place; but its build would fail."""
    version = "{op: replace, path: /spec/topology/version, value: v1.33.7}"
    test = "{op: test, path: /spec/topology/version, value: v1.33.7}"
    files = {
        "k/clusters.yaml": cluster() + "---\n" + cluster("dev"),
        "k/kustomization.yaml": "resources: [clusters.yaml]\npatches:\n"
        "- {target: {kind: Cluster}, path: all.yaml}\n- {target: {name: dev}, path: dev.yaml}\n",
        "k/all.yaml": f"[{version}]\n",
        "k/dev.yaml": f"- {test}\n- {version}\n",
    }
    assert "k/dev.yaml:1:3: A patch tests /spec/topology/version" in refusal(files, reason=InvalidPatch)
    assert edit(files, Query("dev")).files.keys() == {"k/dev.yaml"}
