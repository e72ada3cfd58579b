from __future__ import annotations

import pytest

from gitops_upgrader.manifests import Query, VariableWant
from tests.manifests.samples import cluster, locate

HEAD = "apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: prod}"
SETTER = '{"$gitops-upgrader": "fleet/prod:version"}'


def test_a_comment_that_names_a_version_is_noted() -> None:
    found = locate({"a.yaml": cluster(version="v1.33.5  # then 1.34.0")})
    assert [(note.message, note.file, note.line) for note in found.notes] == [
        ("The comment beside it is left as it is: # then 1.34.0", "a.yaml", 8)
    ]


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        (cluster(version="'v1.33.5'").rstrip() + " # was v1.32.0", "# was v1.32.0"),
        (cluster(version="v1.33.5 # 1.33 until June\r"), "# 1.33 until June"),
        (cluster(version="v1.33.5 # v1.33.x only"), "# v1.33.x only"),
        (cluster(version="v1.33.5\t# img-v1.33.5"), "# img-v1.33.5"),
        (cluster(version=f"v1.33.5 # was v1.33.5 {SETTER}"), f"# was v1.33.5 {SETTER}"),
        (cluster(version="|- # v1.33.5\n      v1.33.5"), "# v1.33.5"),
        (cluster(version="&v !!str > # v1.33.5\n      v1.33.5"), "# v1.33.5"),
        (cluster(version="# still v1.33.5\n      v1.33.5"), "# still v1.33.5"),
        (f"{{{HEAD}, spec: {{topology: {{class: c, version: v1.33.5}}}}}} # pinned to v1.33.5", "# pinned to v1.33.5"),
        (f"{{{HEAD}, spec: {{topology: {{\n version: v1.33.5, # v1.33.5\n class: c}}}}}}\n", "# v1.33.5"),
        (f"{{{HEAD}, spec: {{topology: {{version: v1.33.5, a: 'b # c', d: x#y}}}}}} # v1.33.5\n", "# v1.33.5"),
    ],
)
def test_comments_that_name_the_version(text: str, comment: str) -> None:
    (note,) = locate({"a.yaml": text}, Query("prod", owner="fleet/prod")).notes
    assert note.message == f"The comment beside it is left as it is: {comment}"


@pytest.mark.parametrize(
    "text",
    [
        cluster(version="v1.33.5"),
        cluster(version="v1.33.5 # stable").rstrip(),
        cluster(version="v1.33.5 # see 10.1.33.5, 1.330, 11.33, chart 2.4 and 1.33.5.6"),
        cluster(version=f"v1.33.5 # {SETTER}"),
        cluster(version="|-\n      v1.33.5"),
        cluster(version="\n      v1.33.5"),
        cluster(version="v1.33.5", more="    # before v1.33.5\n"),
        f"{{{HEAD}, spec: {{topology: {{version: v1.33.5, a: 'b # v1.33.5'}}}}}}\n# v1.33.5\n",
    ],
)
def test_comments_that_do_not(text: str) -> None:
    assert locate({"a.yaml": text}, Query("prod", owner="fleet/prod")).notes == ()


def test_a_value_that_is_absent_has_no_comment() -> None:
    assert locate({"a.yaml": cluster()}, Query("prod", variables=(VariableWant("a"),))).notes == ()
