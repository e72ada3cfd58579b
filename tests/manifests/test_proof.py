from __future__ import annotations

import pytest

from gitops_upgrader.errors import ProofFailed, UnprovableManifest
from gitops_upgrader.manifests.proof import Expectation, prove

A = Expectation(((0, "a"),), 1, 2)


@pytest.mark.parametrize(
    ("old", "new", "expectations"),
    [
        ("a: 1\nb: x\n", "a: 2\nb: x\n", [A]),
        ("---\na: 1\n", "---\na: 2\n", [A]),
        ('{"a": 1}', '{"a": 2}', [A]),
        ("[a: 1]", "[a: 2]", [Expectation(((0, 0, "a"),), 1, 2)]),
        ("1: x\n", "1: y\n", [Expectation(((0, "1"),), "x", "y")]),
        ("a: .nan\nb: 1\n", "a: .nan\nb: 2\n", [Expectation(((0, "b"),), 1, 2)]),
        ("a: [1]\n", "a: [1, 2]\n", [Expectation(((0, "a"),), None, [2], inserted=True)]),
        ("a: {b: 1}\n", "a: {b: 1, c: 2}\n", [Expectation(((0, "a"),), None, {"c": 2}, inserted=True)]),
        ("a:\t1\nb: {c: 'd\ne'}\n", "a:\t2\nb: {c: 'd\ne'}\n", [A]),
        (
            "a: |\n  x: 1\n  y: 2\n",
            "a: |\n  x: 3\n  y: 4\n",
            [Expectation(((0, "a"), (0, "x")), 1, 3), Expectation(((0, "a"), (0, "y")), 2, 4)],
        ),
    ],
)
def test_what_was_meant_is_proven(old: str, new: str, expectations: list[Expectation]) -> None:
    prove("a.yaml", old, new, expectations)


@pytest.mark.parametrize(
    ("old", "new", "expectations", "message"),
    [
        ("a: 1\nb: x\n", "a: 2\nb: y\n", [A], "differs at /b from"),
        ("a: 1\n", "a: '2'\n", [A], "differs at /a from"),
        ("a: 1\n", "a: 2.0\n", [A], "differs at /a from"),
        ("a:\t1\nb: {c: 'd\ne'}\n", "a:\t2\nb: {c: 'd\n\ne'}\n", [A], "differs at /b/c from"),
        ("a: 1\nb: 1\n", "a: 2\nb: true\n", [A], "differs at /b from"),
        ("a: 1\n", "a: 2\nb: 3\n", [A], "differs at / from"),
        ("a: 1\nl: [1]\n", "a: 2\nl: [1, 2]\n", [A], "differs at /l from"),
        ("a: 1\nl: [1, 2]\n", "a: 2\nl: [1, 3]\n", [A], "differs at /l/1 from"),
        ("a: 1\nt: !!str 1\n", "a: 2\nt: 1\n", [A], "differs at /t from"),
        ("a: 1\n", "a: 2\n---\nb: 1\n", [A], "differs at / from"),
        ("a: 1\n", "a: [\n", [A], "The edited document cannot be read"),
        ('{"a": 1}', "{a: 2}", [A], "is no longer JSON"),
        ("a: |\n  x: 1\n", "a: 2\n", [Expectation(((0, "a"), (0, "x")), 1, 2)], "cannot be read: there is no text"),
    ],
)
def test_what_was_not_meant_is_found(old: str, new: str, expectations: list[Expectation], message: str) -> None:
    with pytest.raises(ProofFailed, match=message) as caught:
        prove("a.yaml", old, new, expectations)
    assert str(caught.value).startswith("a.yaml: ")
    assert "Nothing was written" in caught.value.remedy


@pytest.mark.parametrize(
    ("old", "expectations", "message"),
    [
        ("a: x\n", [A], "One YAML parser reads 1, the other 'x'"),
        ("a: 1 # x\u2028b: 2\n", [A], "a line end that not every parser"),
        ("a: 1 # x\rb: 2\n", [A], "a line end that not every parser"),
        ("b: 1\n", [A], "finds nothing at a"),
        ("a: 1\n", [Expectation(((0, "a", "b"),), 1, 2)], "finds nothing at a/b"),
        ("a: [1]\n", [Expectation(((0, "a", 3),), 1, 2)], "finds nothing at a/3"),
        ("a: [\n", [A], "does not read it"),
        ("a: 1\n---\nb: 1\n", [Expectation(((0, "b"),), 1, 2)], "finds nothing at b"),
        ("a: 1\n", [Expectation(((0, "a"), (0, "x")), 1, 2)], "there is no text where there should be YAML"),
        ("a: |\n  [\n", [Expectation(((0, "a"), (0, "x")), 1, 2)], "does not read it"),
    ],
)
def test_what_a_second_parser_reads_differently(old: str, expectations: list[Expectation], message: str) -> None:
    with pytest.raises(UnprovableManifest, match=message) as caught:
        prove("a.yaml", old, old, expectations)
    assert caught.value.remedy == "Write the document in plain YAML 1.2."


def test_where_the_second_parser_stumbles_is_told() -> None:
    with pytest.raises(UnprovableManifest) as caught:
        prove("a.yaml", "a: 1\nb: [x]#y\n", "a: 2\nb: [x]#y\n", [A], 7)
    assert str(caught.value).startswith(
        "a.yaml:8:7: An edit of this document could not be proven. A second YAML parser"
    )
    assert "does not read it: YAML parse error. Write" in str(caught.value)
    inner = "a: |\n  x: 1\n  b: [x]#y\n"
    with pytest.raises(UnprovableManifest, match="parse error at line 2, column 7"):
        prove("a.yaml", inner, inner, [Expectation(((0, "a"), (0, "x")), 1, 2)], 7)


def test_nested_json_is_no_reason_to_crash() -> None:
    deep = "[" * 90 + "1" + "]" * 90
    prove("a.yaml", deep, deep, [])
