from __future__ import annotations

import time
from typing import Any

import pytest

from gitops_upgrader.errors import TemplatedValue
from gitops_upgrader.manifests import Query, VariableWant
from gitops_upgrader.manifests.mention import mentions, remedy
from gitops_upgrader.manifests.scan import Scan
from tests.manifests.memory import MemoryTree
from tests.manifests.samples import cluster, refusal

FLUX = "{{- if .Values.on }}\napiVersion: kustomize.toolkit.fluxcd.io/v1\n%s{{- end }}\n"
WHOLE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n%s"
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
spec:
  template: {kube: '{{ .kube }}'}
  templatePatch: |
"""


def places(text: str | bytes, *keys: str, path: str = "t.yaml") -> list[str]:
    return [f"{at.line}:{at.column}" for at in mentions(Scan(MemoryTree({path: text})), keys)]


@pytest.mark.parametrize(
    ("text", "keys", "found"),
    [
        (FLUX % "substitute:\n  KUBE: {{ .Values.kube }}\n", ("KUBE",), ["4:3"]),
        (FLUX % 'substitute:\n  "KUBE": v1.33.5\n', ("KUBE",), ["4:3"]),
        (FLUX % "substitute:\r\n  KUBE:\r\n", ("KUBE",), ["4:3"]),
        (FLUX % "substitute:\n  KUBERNETES: {{ .Values.KUBE }}\n", ("KUBE",), []),
        (FLUX % "- # KUBE: x\n", ("KUBE",), []),
        (FLUX % "a:\n  b:\n    c: {{ .x }}\n    d: 1\n", ("a", "b", "c"), ["5:5"]),
        (FLUX % "a:\n  x:\n    c: {{ .x }}\n", ("a", "b", "c"), []),
        (FLUX % "c: {{ .x }}\n", ("b", "c"), []),
        (FLUX % "a:\n{{- range .b }}\n  - c: {{ .x }}\n", ("a", "c"), ["5:5"]),
        (FLUX % "p:\n- name: a.b\n  value: {{ .x }}\n- name: 'a.b'\n- name:\n", ("a", "b"), ["4:3", "6:3"]),
        (FLUX % "a: 1\na: 2\na: 3\na: 4\n", ("a",), ["3:1", "4:1", "5:1"]),
        # YAML in which the value alone is filled in.
        (WHOLE % "a: '{{ .Values.a }}'\nb: {a: 1}\n", ("a",), ["3:1"]),
        (WHOLE % "a: 1\nb: '{{ .Values.a }}'\n", ("a",), []),
        # Of an ApplicationSet, what the generators fill in is there to be found.
        (SET + "    {{- if .x }}\n    kube: {{ .y }}\n", ("kube",), ["7:5"]),
        (SET + "    kube: '{{ .y }}'\n", ("kube",), []),
        (SET.replace("templatePatch: |\n", "x: 1\n"), ("kube",), []),
        (SET.replace("ApplicationSet", "Application") + "    kube: '{{ .y }}'\n", ("kube",), ["6:5"]),
        # Neither Flux's nor Argo CD's, nor a template.
        ("a: {{ .Values.a }}\n", ("a",), []),
        (FLUX.replace("{{", "").replace("}}", "") % "a: 1\n", ("a",), []),
        (b"\xff{{ toolkit.fluxcd.io/ \n a: 1\n", ("a",), []),
        (FLUX % "a: 1\n", (), []),
    ],
)  # fmt: skip
def test_what_names_a_value(text: str | bytes, keys: tuple[str, ...], found: list[str]) -> None:
    assert places(text, *keys) == found


def test_few_files_are_looked_at() -> None:
    text = FLUX % "a: 1\na: 2\n"
    found = mentions(Scan(MemoryTree({f"{index}.yaml": text for index in range(5)})), ("a",))
    assert [f"{at.file}:{at.line}" for at in found] == ["0.yaml:3", "0.yaml:4", "1.yaml:3"]
    assert places(text, "a", path="t.tpl")
    assert not places(text, "a", path="t.md")
    assert remedy([]) == ""


def test_a_key_is_looked_for_however_far_above() -> None:
    lines = "".join(f"  x{index}: 1\n" for index in range(1000))
    assert places(FLUX % f"a:\n{lines}  c: 1\n", "a", "c")


def test_as_many_keys_as_nobody_writes_take_no_time() -> None:
    began = time.process_time()
    assert not places(FLUX % ("a:\n" + "  c: 1\n" * 100_000), "b", "c")
    assert time.process_time() - began < 5


def test_the_refusal_tells() -> None:
    files: dict[str, Any] = {
        "c.yaml": cluster(version="${KUBE}"),
        "t.yaml": FLUX % "substitute:\n  KUBE: {{ .Values.kube }}\n",
    }
    message = refusal(files, reason=TemplatedValue)
    hint = "It is named at t.yaml:4, in a template that cannot be read; if that one counts, change what fills it."
    assert message.endswith(f"filled from. {hint}")
    files["f.yaml"] = "substitute: {KUBE: v1.33.5}\n"
    assert "came from f.yaml:1 (v1.33.5) with" in refusal(files, reason=TemplatedValue)
    wants = (VariableWant("imageId"),)
    files["c.yaml"] = cluster(more="    variables:\n    - name: imageId\n      value: ${KUBE}\n")
    assert "It is named at t.yaml:4" in refusal(files, Query("prod", variables=wants), reason=TemplatedValue)
