"""The floors that `make test` holds coverage to."""

from __future__ import annotations

from typing import Any

from tests.run import FLOORS, ROOT, own_tests, shortfalls


def _file(lines: tuple[int, int], branches: tuple[int, int] = (0, 0), **missing: list[Any]) -> dict[str, Any]:
    summary = {
        "covered_lines": lines[0],
        "num_statements": lines[1],
        "covered_branches": branches[0],
        "num_branches": branches[1],
    }
    return {"summary": summary, "missing_lines": [], "missing_branches": [], **missing}


def test_a_floor_that_is_kept_says_nothing() -> None:
    assert list(shortfalls({"a/b.py": _file((3, 3), (2, 2))}, {"a/": 100.0})) == []


def test_a_line_and_a_branch_that_no_test_reaches_are_named() -> None:
    file = _file((8, 9), (4, 6), missing_lines=[7], missing_branches=[[3, 5], [7, 8], [9, -1]])
    (sentence,) = shortfalls({"a/b.py": file, "other.py": _file((0, 9))}, {"a/": 100.0})
    assert sentence.splitlines() == [
        "a/: its own tests reach 80.00 % of its lines and branches; its floor is 100 %.",
        "  a/b.py:7 is never run",
        "  a/b.py:3 never goes on to line 5",
        "  a/b.py:9 never goes on to the end of the function",
    ]


def test_a_long_list_is_counted() -> None:
    file = _file((0, 25), missing_lines=list(range(1, 26)))
    (sentence,) = shortfalls({"a.py": file}, {"a.py": 100.0})
    assert sentence.splitlines()[-2:] == ["  a.py:20 is never run", "  and 5 more"]


def test_a_floor_of_nothing_is_no_floor_that_is_kept() -> None:
    assert list(shortfalls({}, {"gone/": 100.0})) == [
        "gone/: nothing of it was measured, although its floor is 100 %. Correct FLOORS."
    ]


def test_the_floors_are_those_of_code_that_is_there() -> None:
    assert [prefix for prefix in FLOORS if not (ROOT / prefix).exists()] == []


def test_what_has_a_floor_has_tests_of_its_own() -> None:
    assert own_tests("gitops_upgrader/plans/") == "tests/plans"
    assert own_tests("gitops_upgrader/pulls/decide.py") == "tests/pulls/test_decide.py"
    assert [prefix for prefix in FLOORS if not (ROOT / own_tests(prefix)).exists()] == []
