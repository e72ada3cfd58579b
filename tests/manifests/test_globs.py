from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.manifests.globs import matches


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        (
            "clusters",
            ["clusters/a.yaml", "clusters/x/a.yaml"],
            ["cluster.yaml", "clusters2/a.yaml", "x/clusters/a.yaml"],
        ),
        ("./clusters/", ["clusters/a.yaml"], ["a.yaml"]),
        ("/clusters", ["clusters/a.yaml"], ["a.yaml"]),
        ("clusters/*", ["clusters/a.yaml", "clusters/x/y/a.yaml"], ["clusters"]),
        ("clusters/*/prod", ["clusters/eu/prod/a.yaml"], ["clusters/eu/x/prod/a.yaml", "clusters/prod/a.yaml"]),
        ("**/prod.yaml", ["prod.yaml", "a/b/prod.yaml"], ["a/xprod.yaml"]),
        ("**", ["a", "a/b"], []),
        ("**/**/a", ["a", "b/a", "b/c/a/d"], ["ba", "b/c"]),
        ("a/**/*b*c", ["a/bc", "a/x/xbxc", "a/b/bc"], ["a/b/c", "a/bcx"]),
        ("a**b/c", ["ab/c", "a/b/c", "axb/c"], ["ab/x", "b/c"]),
        ("*.*", ["a.b"], ["ab"]),
        ("[a*", ["[ab"], ["a", "ab"]),
        ("a?.yaml", ["ab.yaml"], ["a.yaml", "a/.yaml"]),
        ("[ab].yaml", ["a.yaml"], ["c.yaml"]),
        ("[!ab].yaml", ["c.yaml"], ["a.yaml"]),
        ("[^ab].yaml", ["c.yaml"], ["a.yaml"]),
        ("[a-c]/[!a-c]", ["b/d"], ["d/d", "b/b", "bxd"]),
        ("a[!b]c", ["axc"], ["a/c", "abc"]),
        ("[z-a]*", [], ["a", "z", "-"]),
        ("[!z-a]*", ["a", "z"], []),
        ("[a--b]", ["b"], ["a", "-"]),
        ("[9-0a-]", ["a", "-"], ["9", "0"]),
        ("[a&&b~~|]", ["&", "b", "|"], ["c"]),
        ("a.yaml", ["a.yaml"], ["axyaml"]),
        (".", ["a", "a/b"], []),
        ("", ["a", "a/b"], []),
    ],
)
def test_globs_mean_files_and_folders(pattern: str, inside: list[str], outside: list[str]) -> None:
    assert all(matches(path, [pattern]) for path in inside)
    assert not any(matches(path, [pattern]) for path in outside)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/" * 12 + "c", "a/" * 40 + "b"),
        ("*a" * 12 + "c", "a" * 60 + "b"),
        ("**a*" * 12 + "c", "a/a" * 40),
    ],
)
def test_no_glob_takes_long(pattern: str, path: str) -> None:
    began = time.process_time()
    assert not matches(path, [pattern])
    assert time.process_time() - began < 5


@given(st.text("abm-&|~[", min_size=1, max_size=6), st.sampled_from(["", "!"]), st.sampled_from("abmz-&|~[^"))
def test_sets_mean_what_they_mean_to_fnmatch(letters: str, negation: str, path: str) -> None:
    pattern = f"[{negation}{letters}]"
    assert matches(path, [pattern]) == fnmatch.fnmatchcase(path, pattern)


def test_without_globs_everything_is_meant() -> None:
    assert matches("a/b", [])
    assert matches("b", ["a", "b"])
