from __future__ import annotations

import time

import pytest

from gitops_upgrader.errors import ClusterNotFound, ManifestError, TemplatedValue
from gitops_upgrader.manifests import Query, VariableWant
from tests.manifests.samples import refusal

CLUSTER = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata:\n  {{- if .x }}\n%s"
SPACES = " " * 200_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"  name: x{SPACES}y\n", ClusterNotFound),
        (f"  name: prod\n  version:{SPACES}y\n", TemplatedValue),
        (f"  name: {{{{ .n }}}}\n  version:{SPACES}y\n", ClusterNotFound),
        ("  name: {{ .n }}\n  variables:\n  - name: imageId\n    " + "value:" * 80_000 + "y\n", ClusterNotFound),
    ],
)
def test_no_text_takes_long(text: str, reason: type[ManifestError]) -> None:
    began = time.process_time()
    refusal({"c.yaml": CLUSTER % text}, Query("prod", variables=(VariableWant("imageId"),)), reason=reason)
    assert time.process_time() - began < 5
