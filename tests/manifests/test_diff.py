from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitops_upgrader.manifests import diff


def test_a_diff_looks_as_git_shows_it() -> None:
    assert diff({"b": b"x\n", "a": b"1\n2\n3\n"}, {"b": b"x\n", "a": b"1\nzwei\n3\n"}) == (
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+zwei\n 3\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\rb\x0cc\xe2\x80\xa8d\nx\n", b"a\rb\x0cc\xe2\x80\xa8e\nx\n"),
        (b"", b"a\n"),
        (None, b"a\nb\n"),
        (b"a\nb", None),
    ],
)
def test_git_applies_a_diff(tmp_path: Path, old: bytes | None, new: bytes | None) -> None:
    file = tmp_path / "f.yaml"
    if old is not None:
        file.write_bytes(old)
    text = diff({} if old is None else {"f.yaml": old}, {} if new is None else {"f.yaml": new})
    subprocess.run(["git", "apply", "-p1", "-"], cwd=tmp_path, input=text.encode(), check=True)
    assert (file.read_bytes() if file.exists() else None) == new


def test_bytes_that_are_no_text_are_shown() -> None:
    assert "+\ufffd" in diff({"a": b"\n"}, {"a": b"\xff\n"})


def test_equal_files_have_no_diff() -> None:
    assert diff({"a": b"1"}, {"a": b"1"}) == ""
