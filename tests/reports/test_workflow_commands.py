"""Annotations arrive as they were meant, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.reports.workflow_commands import LIMIT, Annotation, Level, resume, stop, within_limit
from tests.reports.runner import Runner

TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@pytest.mark.parametrize(
    ("annotation", "line"),
    [
        (Annotation(Level.ERROR, "gone"), "::error::gone"),
        (Annotation(Level.NOTICE, "100 %\r\nsure"), "::notice::100 %25%0D%0Asure"),
        (
            Annotation(Level.WARNING, "a: b, c", "X: y, z", "a,b:c.yaml", 3, 14),
            "::warning file=a%2Cb%3Ac.yaml,line=3,col=14,title=X%3A y%2C z::a: b, c",
        ),
        (Annotation(Level.ERROR, "gone", "X", None, 3, 14), "::error title=X::gone"),
        (Annotation(Level.ERROR, "gone", file="a.yaml"), "::error file=a.yaml::gone"),
    ],
)
def test_an_annotation_is_one_line(annotation: Annotation, line: str) -> None:
    assert str(annotation) == line


@given(TEXT, TEXT, TEXT)
def test_a_runner_reads_what_was_written(message: str, title: str, file: str) -> None:
    runner = Runner()
    runner.read(str(Annotation(Level.ERROR, message, title, file, 7)))
    assert runner.commands == [("error", {"file": file, "line": "7", "title": title}, message)]


def test_nothing_between_stop_and_resume_is_a_command() -> None:
    runner = Runner()
    runner.read(f"::notice::1\n{stop('t')}\n::error::2\n  ::x::\n::stop-commands::u\n{resume('t')}\n::notice::3\n")
    assert [data for _, _, data in runner.commands] == ["1", "3"]


@pytest.mark.parametrize(("count", "shown", "last"), [(0, 0, ""), (LIMIT, LIMIT, "9"), (LIMIT + 5, LIMIT, "6 more")])
def test_no_more_than_a_runner_shows(count: int, shown: int, last: str) -> None:
    found = within_limit([Annotation(Level.ERROR, str(number)) for number in range(count)])
    assert len(found) == shown
    assert last in "".join(one.message for one in found[-1:])
