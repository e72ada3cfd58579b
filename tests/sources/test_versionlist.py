"""Lists of versions, one a line."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidSourceVersion, Where
from gitops_upgrader.sources import parse_version_lines


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("", []),
        ("\n  \n# none yet\n", []),
        ("v1.34.1", ["v1.34.1"]),
        ("v1.34.10\nv1.34.9\n\n  v1.33.0  # the old one\r\n#v9.9.9\nv1.34.9\n", ["v1.33.0", "v1.34.9", "v1.34.10"]),
        ("1.34.1+rke2r1\nv1.34.1\nv1.34.1-rc.0", ["v1.34.1-rc.0", "v1.34.1", "1.34.1+rke2r1"]),
    ],
)
def test_it_reads(text: str, versions: list[str]) -> None:
    assert [str(version) for version in parse_version_lines(text)] == versions


def test_a_wrong_line_is_named() -> None:
    with pytest.raises(InvalidSourceVersion) as caught:
        parse_version_lines(
            "# ours\nv1.34.1\nlatest\n", where=Where(object="ConfigMap fleet/versions", field="versions")
        )
    assert caught.value.where == Where(object="ConfigMap fleet/versions", field="versions")
    assert caught.value.message.startswith("line 3 is wrong: 'latest' is no version: ")
    assert caught.value.remedy == "Write one version a line, such as v1.34.2."


def test_every_wrong_line_is_named() -> None:
    with pytest.raises(InvalidSourceVersion) as caught:
        parse_version_lines("v1.34\nv1.34.1 v1.34.2\n\nv1\u2028v2")
    assert caught.value.message.startswith("line 1 is wrong: 'v1.34' is no version: ")
    assert caught.value.message.endswith(" So are lines 2, 4.")
