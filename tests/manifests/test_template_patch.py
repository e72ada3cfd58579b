"""What an ApplicationSet's `templatePatch` does to values of its template, through the front door."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import OverriddenPlace, TemplatedValue, UnfollowedChange
from gitops_upgrader.manifests import Query, TargetWant
from gitops_upgrader.manifests.template_patch import of
from tests.manifests.samples import cluster, edit, locate, refusal, root

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: fleet}
spec:
  generators:
  - list: {elements: [{cluster: prod, kube: v1.33.4}]}
  template:
    metadata: {labels: {version: v1.33.6}}
    spec:
      source:
        path: %s
        helm:
          valuesObject: {kube: v1.33.5}
          parameters: [{name: kube, value: v1.33.5}]
  templatePatch: |
"""
OBJECT = "/spec/template/spec/source/helm/valuesObject/kube"
PARAMETER = "/spec/template/spec/source/helm/parameters/0/value"
HELM = "spec:\n  source:\n    helm:\n"
IF = "{{- if .kube }}\n%s{{- end }}\n"


def _files(patch: str, path: str = "charts/c") -> dict[str, Any]:
    return {"set.yaml": SET % path + "".join(f"    {line}\n" for line in patch.splitlines())}


def _query(pointer: str) -> Query:
    return Query("prod", targets=(TargetWant("set.yaml", pointer),))


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ("", OBJECT),
        ("spec: {syncPolicy: {}}\n", OBJECT),
        (HELM + "      valuesObject: {other: x}\n", OBJECT),
        (HELM + "      parameters: [{name: kube, value: v1.33.1}]\n", OBJECT),
        (IF % "spec: {syncPolicy: {}}\n", OBJECT),
        (IF % (HELM + "      valueFiles:\n      - {{ .file }}\n"), PARAMETER),
        (IF % (HELM + "      parameters:\n      - name: kube\n"), "/spec/generators/0/list/elements/0/kube"),
        (IF % (HELM + "      parameters:\n      - name: kube\n"), "/spec/template/metadata/labels/version"),
        (HELM + "      valuesObject: {kube: v1.33.1}\n", "/spec/templatePatch|/spec/source/helm/valuesObject/kube"),
        ("- a list\n", OBJECT),
        ("a: 1\n---\nb: 1\n", OBJECT),
    ],
)
def test_what_counts(patch: str, pointer: str) -> None:
    assert locate(_files(patch), _query(pointer)).version.present


@pytest.mark.parametrize(
    ("patch", "pointer", "message"),
    [
        (
            HELM + "      valuesObject: {kube: v1.33.1}\n",
            OBJECT,
            "An edit here would change nothing: ApplicationSet fleet has v1.33.1 from set.yaml:19. Point targets at",
        ),
        (
            HELM + "      valuesObject: {kube: v1.33.1}\n",
            OBJECT,
            'targets: [{path: "set.yaml", pointer: "/spec/templatePatch|/spec/source/helm/valuesObject/kube"}]',
        ),
        (
            HELM + "      parameters: [{name: kube, value: v1.33.1}]\n",
            PARAMETER,
            'pointer: "/spec/templatePatch|/spec/source/helm/parameters/0/value"}]',
        ),
        (
            HELM + "      valuesObject: {kube: '{{ .kube }}'}\n",
            OBJECT,
            "has {{ .kube }} from set.yaml:19. Point targets at the generator, with targets: [{path:",
        ),
        (
            HELM + "      parameters: []\n",
            PARAMETER,
            "a patch (set.yaml:15) takes it out of ApplicationSet fleet. Take the patch out, or leave out this place.",
        ),
        ("$patch: delete\n", OBJECT, "a patch (set.yaml:15) takes it out of ApplicationSet fleet."),
        (
            IF % (HELM + "      valuesObject: {{ .values }}\n"),
            OBJECT,
            "might change nothing: the templatePatch of ApplicationSet fleet names values too (set.yaml:20), and is no",
        ),
        (IF % (HELM + "      parameters:\n      - name: kube\n"), OBJECT, "names values too (set.yaml:20)"),
        (IF % (HELM + '      "values": |\n        kube: {{ .x }}\n'), PARAMETER, "names values too (set.yaml:20)"),
    ],
)  # fmt: skip
def test_what_does_not_count(patch: str, pointer: str, message: str) -> None:
    assert message in refusal(_files(patch), _query(pointer), reason=OverriddenPlace)


def test_a_generator_that_is_not_known_is_to_be_written() -> None:
    files = _files(HELM + "      valuesObject: {kube: '{{ .kube }}'}\n")
    files["set.yaml"] = files["set.yaml"].replace("- list: {elements: [{cluster: prod, kube: v1.33.4}]}", "- git: {}")
    assert "Write the value into one of the generators" in refusal(files, _query(OBJECT), reason=OverriddenPlace)


def test_the_hint_shows_what_counts() -> None:
    files = _files(HELM + "      valuesObject: {kube: v1.33.1}\n") | {"c.yaml": cluster(version="{{ .Values.kube }}")}
    message = refusal(files, reason=TemplatedValue)
    assert "from set.yaml:19 (v1.33.1) with" in message
    assert OBJECT not in message
    files |= _files(IF % (HELM + "      valuesObject:\n        kube: {{ .kube }}\n"))
    message = refusal(files, reason=TemplatedValue)
    assert "came from set.yaml:6 (v1.33.4) with" in message
    assert "It is named at set.yaml:21, in a template that cannot be read" in message
    assert OBJECT not in message


@pytest.mark.parametrize(
    "text", ["{kind: A}", "{kind: ApplicationSet}", "{kind: ApplicationSet, apiVersion: argoproj.io/v1}"]
)
def test_what_has_none(text: str) -> None:
    assert of(root(text)) is None


KUSTOMIZE = "spec:\n  source:\n    kustomize:\n      %s\n"


@pytest.mark.parametrize("patch", [KUSTOMIZE, IF % KUSTOMIZE])
@pytest.mark.parametrize(
    ("change", "path", "refused"),
    [
        ("patches: []", "k", True),
        ("namePrefix: a-", "k", True),
        ("patches: []", "{{ .path }}", True),
        ("patches: []", "other", False),
        ("images: []", "k", False),
    ],
)
def test_what_it_adds_to_a_kustomization_is_not_followed(patch: str, change: str, path: str, refused: bool) -> None:
    files = _files(patch % change, f"'{path}'") | {
        "k/kustomization.yaml": "resources: [c.yaml]\n",
        "k/c.yaml": cluster(),
    }
    if refused:
        message = refusal(files, reason=UnfollowedChange)
        assert message.startswith("set.yaml:15:18: Cluster prod goes through a template of what deploys it")
    else:
        assert edit(files).files.keys() == {"k/c.yaml"}


def test_a_source_that_is_no_folder_deploys_none() -> None:
    files = _files(KUSTOMIZE % "patches: []") | {"kustomization.yaml": "resources: [c.yaml]\n", "c.yaml": cluster()}
    files["set.yaml"] = files["set.yaml"].replace("path: charts/c", "chart: c")
    assert edit(files).files.keys() == {"c.yaml"}
