from __future__ import annotations

import pytest

from gitops_upgrader.errors import ProofFailed
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
        ("a: 1\nb: 1\n", "a: 2\nb: true\n", [A], "differs at /b from"),
        ("a: 1\n", "a: 2\nb: 3\n", [A], "differs at / from"),
        ("a: 1\nl: [1]\n", "a: 2\nl: [1, 2]\n", [A], "differs at /l from"),
        ("a: 1\nl: [1, 2]\n", "a: 2\nl: [1, 3]\n", [A], "differs at /l/1 from"),
        ("a: 1\nt: !!str 1\n", "a: 2\nt: 1\n", [A], "differs at /t from"),
        ("a: 1\n", "a: 2\n---\nb: 1\n", [A], "differs at / from"),
        ("a: x\n", "a: 2\n", [A], "Two YAML parsers disagree about what is there: 1 or 'x'"),
        ("b: 1\n", "b: 2\n", [A], "finds no 'a' on the way"),
        ("a: 1\n", "a: 2\n", [Expectation(((0, "a", "b"),), 1, 2)], "finds no 'b' on the way"),
        ("a: 1\n", "a: [\n", [A], "does not read the document"),
        ("a: 1\n---\nb: 1\n", "a: 2\n---\nb: 2\n", [A], "differs at /b from"),
        ('{"a": 1}', "{a: 2}", [A], "is no longer JSON"),
        ("a: 1\n", "a: 2\n", [Expectation(((0, "a"), (0, "x")), 1, 2)], "finds no text"),
        ("a: |\n  [\n", "a: 2\n", [Expectation(((0, "a"), (0, "x")), 1, 2)], "does not read the document"),
    ],
)
def test_what_was_not_meant_is_found(old: str, new: str, expectations: list[Expectation], message: str) -> None:
    with pytest.raises(ProofFailed, match=message) as caught:
        prove("a.yaml", old, new, expectations)
    assert str(caught.value).startswith("a.yaml: ")
    assert "othing was written" in caught.value.remedy


def test_nested_json_is_no_reason_to_crash() -> None:
    deep = "[" * 90 + "1" + "]" * 90
    prove("a.yaml", deep, deep, [])
