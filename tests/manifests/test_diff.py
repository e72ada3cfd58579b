from __future__ import annotations

import random
import re
import subprocess
import time
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
        (None, b""),
        (b"", None),
        (b"a\n" * 9 + b"b\n" + b"c\n" * 9, b"a\n" * 10 + b"c\n" * 9),
    ],
)
def test_git_applies_a_diff(tmp_path: Path, old: bytes | None, new: bytes | None) -> None:
    file = tmp_path / "f.yaml"
    if old is not None:
        file.write_bytes(old)
    text = diff({} if old is None else {"f.yaml": old}, {} if new is None else {"f.yaml": new})
    subprocess.run(["git", "apply", "-p1", "-"], cwd=tmp_path, input=text.encode(), check=True)
    assert (file.read_bytes() if file.exists() else None) == new


def test_git_applies_the_diffs_of_any_texts(tmp_path: Path) -> None:
    chance = random.Random(5)
    old, new = {}, {}
    for number in range(400):
        lines = [chance.choice([b"a\n", b"b\n", b"c\n", b"\n"]) for _ in range(chance.randrange(1, 60))]
        after = list(lines)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(after) + 1)
            put = [chance.choice([b"a\n", b"x\n"]) for _ in range(chance.choice([0, 1, 1, 2, 30]))]
            after[place : place + chance.choice([0, 1, 1, 2, 30])] = put
        old[f"f{number}"] = b"".join(lines)[: None if number % 3 else -1]
        new[f"f{number}"] = b"".join(after)[: None if number % 5 else -1]
    for name, data in old.items():
        (tmp_path / name).write_bytes(data)
    text = diff(old, new)
    subprocess.run(["git", "apply", "-p1", "--whitespace=nowarn", "-"], cwd=tmp_path, input=text.encode(), check=True)
    assert {name: (tmp_path / name).read_bytes() for name in new} == new


def test_of_lines_that_repeat_only_those_that_change_are_shown() -> None:
    lines = ["- version: v1.33.5\n", "  region: eu\n"] * 3000
    changed = [*lines]
    for index in (0, 2000, 2002, 5998):
        changed[index] = "- version: v1.34.2\n"
    text = diff({"a": "".join(lines).encode()}, {"a": "".join(changed).encode()})
    assert len(re.findall(r"(?m)^-(?!--)", text)) == 4
    assert len(re.findall(r"(?m)^\+(?!\+\+)", text)) == 4
    assert re.findall(r"@@ .*", text) == ["@@ -1,4 +1,4 @@", "@@ -1998,9 +1998,9 @@", "@@ -5996,5 +5996,5 @@"]


@pytest.mark.parametrize("count", [50, 1500])
def test_what_is_inserted_takes_nothing_out(count: int) -> None:
    old = b"a:\n" + b"- b\n" * 5000 + b"z:\n"
    new = old.replace(b"z:\n", b"".join(b"- c%d\n" % index for index in range(count)) + b"z:\n")
    text = diff({"a": old}, {"a": new})
    assert f"@@ -4999,4 +4999,{count + 4} @@" in text
    assert not re.search(r"(?m)^-(?!--)", text)


def test_millions_of_lines_take_no_time() -> None:
    old = b"a: 1\n" + b"\n" * 9_000_000 + b"b: 1\n"
    began = time.process_time()
    text = diff({"a": old}, {"a": old.replace(b"1", b"2")})
    assert time.process_time() - began < 5
    assert text.count("\n") == 3 + 2 * 6


def test_names_are_quoted_as_git_quotes_them(tmp_path: Path) -> None:
    names = ["a b", "ä", "ä b", 'a"b', "a\\b", "a\tb", "a\nb", "a\rb", "a\x01b", "a\x7fb", "\udcff", "a'b", "a/$b.yaml"]
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    for data in (b"1\n", b"2\n"):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
        if data == b"1\n":
            subprocess.run([*git, "add", "."], check=True)
    for name in names:
        shown = subprocess.run([*git, "diff", "--", name], capture_output=True, check=True, text=True).stdout
        assert diff({name: b"1\n"}, {name: b"2\n"}) == re.sub(r"(?m)^index .*\n", "", shown)


def test_bytes_that_are_no_text_are_shown() -> None:
    assert "+\ufffd" in diff({"a": b"\n"}, {"a": b"\xff\n"})


def test_equal_files_have_no_diff() -> None:
    assert diff({"a": b"1"}, {"a": b"1"}) == ""
