"""YAML as kubectl reads it, with the place of every value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.stores import documents
from gitops_upgrader.stores.documents import Document


def one(text: str) -> Document:
    (document,), problems = documents.parse(text, "a.yaml")
    assert problems == ()
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("'1'", "1"),
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("0", 0),
        ("010", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("08", 8.0),
        ("1:30", "1:30"),
        ("2026-12-20", "2026-12-20"),
        ("2026-12-20T00:00:00Z", "2026-12-20T00:00:00Z"),
        ("=", "="),
        ("v1.34", "v1.34"),
        ("1.34.2", "1.34.2"),
        ("1.34", 1.34),
        ("~", None),
        ("", None),
        ("null", None),
        ("true", True),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("!!str 1", "1"),
        ("!!int '3'", 3),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    assert one(f"key: {text}\n").content == {"key": value}


def test_keys_become_texts() -> None:
    text = "1: a\ntrue: b\noff: c\n1.5: d\n2026-01-01: e\n? f\n: g\n"
    keys = {"1": "a", "true": "b", "false": "c", "1.5": "d", "2026-01-01": "e", "f": "g"}
    assert one(text).content == keys


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", "a.yaml:2:1: The key 'a' is here twice. Remove one of the two."),
        ("a:\n  b: 1\n  'b': 2\n", "a.yaml:3:3: The key 'b' is here twice. Remove one of the two."),
        ("1: a\n'1': b\n", "a.yaml:2:1: The key '1' is here twice. Remove one of the two."),
        ("a: !vault x\n", "a.yaml:1:4: The tag '!vault' has no meaning here. Correct it, or leave it out."),
        (
            "a: !!binary aGk=\n",
            "a.yaml:1:4: The tag 'tag:yaml.org,2002:binary' has no meaning here. Correct it, or leave it out.",
        ),
        ("a: .inf\n", "a.yaml:1:4: This is no number that JSON has. Correct it, or leave it out."),
        ("a: !!int x\n", "a.yaml:1:4: This is no number that JSON has. Correct it, or leave it out."),
        ("? [a]\n: b\n", "a.yaml:1:3: A key must be a plain text. Correct it, or leave it out."),
        ("<<: text\n", "a.yaml:1:5: `<<` merges mappings only. Correct it, or leave it out."),
    ],
)
def test_mistakes_within_yaml(text: str, problem: str) -> None:
    assert [str(error) for error in one(text).broken] == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\n", "a.yaml:2:1: This is not YAML: while parsing a flow sequence did not find expected ',' or ']'."),
        ("a: *b\n", "a.yaml:1:4: This is not YAML: found undefined alias."),
        (
            "a:\n\t- b\n",
            "a.yaml:2:1: This is not YAML: while scanning for the next token found character that cannot start",
        ),
        ("a: \x01\n", "a.yaml:1"),
        ("a: &a [*a]\n", "a.yaml:1:4: This alias stands for something that holds itself."),
        ("[" * 101, "a.yaml:1:101: The nesting is deeper than 100 levels."),
        ("[" * 200_000, "a.yaml:1:101: The nesting is deeper than 100 levels."),
    ],
)
def test_what_is_not_yaml(text: str, problem: str) -> None:
    _, (error,) = documents.parse(text, "a.yaml")
    assert str(error).startswith(problem)


def test_nesting_up_to_the_limit() -> None:
    assert one("[" * 100 + "]" * 100).content


def test_alias_bombs_are_defused() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found, (error,) = documents.parse("\n".join(lines), "a.yaml")
    assert found == ()
    assert "stand for too much" in str(error)


def test_items_that_are_merged_in() -> None:
    text = "kind: ConfigMapList\n# the rest\n<<: {items: [{a: 1}, {b: 2}]}\n"
    assert [(item.content, item.line) for item in one(text).items()] == [({"a": 1}, 1), ({"b": 2}, 1)]


def test_pairs_of_surrogates_are_one_character_in_json_only() -> None:
    assert one(r"""{"a": "\ud83d\ude00 \\ud83d"}""").content == {"a": "\U0001f600 \\ud83d"}
    _, (error,) = documents.parse(r'["\ud83d\ude00", yaml]', "a.yaml")
    assert "invalid Unicode character escape" in str(error)
    _, (error,) = documents.parse("[" * 100_000 + r'"\ud83d\ude00"', "a.yaml")
    assert "deeper than 100 levels" in str(error)


def test_aliases_and_merges() -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\none: {<<: *base, b: 5}\ntwo: {<<: [*base, *more]}\n"
    content = one(text).content
    assert content["one"] == {"a": 1, "b": 5}
    assert content["two"] == {"a": 1, "b": 2, "c": 4}


def test_documents_before_a_mistake_are_kept() -> None:
    found, problems = documents.parse("a: 1\n---\nb: 2\n---\nc: [\n", "a.yaml")
    assert [document.content for document in found] == [{"a": 1}, {"b": 2}]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("path", "key", "line", "column"),
    [
        ((), False, 2, 1),
        (("a",), True, 2, 1),
        (("a",), False, 3, 3),
        (("a", "b"), True, 3, 3),
        (("a", "b"), False, 3, 6),
        (("a", "b", 1), False, 3, 10),
        (("a", "missing"), False, 2, 1),
        (("a", "b", 9), False, 3, 3),
        (("a", "é", "d"), False, 4, 10),
        (("a", "b", 0, "deeper"), False, 3, 7),
        (("a", "e"), False, 5, 6),
    ],
)
def test_places(path: tuple[str | int, ...], key: bool, line: int, column: int) -> None:
    text = "# a comment\na:\n  b: [1, 2]\n  é: {d: '\u2028'}\n  e: f\n"
    where = one(text).where(path, key=key)
    assert (where.file, where.line, where.column) == ("a.yaml", line, column)


def test_windows_files(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: d\r\n")
    (document,), problems = documents.read(path, "a.yaml")
    assert problems == ()
    assert document.content == {"a": 1, "b": {"c": "d"}}
    assert str(document.where(("b", "c"))) == "a.yaml:3:6"
    assert str(document.where(("a",), key=True)) == "a.yaml:1:1"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: 1\nb: \xff\n", "a.yaml:2: The file is not UTF-8. Correct it, or leave it out."),
        (b"a: " + b"x" * documents.MAX_BYTES, "a.yaml: The file is larger than 10 MiB. Leave it out, or split it."),
    ],
)
def test_files_that_are_not_read(data: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    found, (error,) = documents.read(path, "a.yaml")
    assert found == ()
    assert str(error) == problem


def test_a_file_that_went_away(tmp_path: Path) -> None:
    _, (error,) = documents.read(tmp_path / "a.yaml", "a.yaml")
    assert str(error) == "a.yaml: The file cannot be read: No such file or directory. Correct it, or leave it out."


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(_JSON)
def test_json_is_read_as_json(value: Any) -> None:
    assert one(json.dumps({"value": value}, ensure_ascii=True)).content == {"value": value}


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    found, problems = documents.parse(text, "a.yaml")
    assert len(problems) <= 1
    assert all(document.line >= 1 for document in found)
