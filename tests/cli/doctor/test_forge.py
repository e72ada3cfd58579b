"""What a forge's answers mean, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_upgrader.cli.doctor.finding import Grade
from gitops_upgrader.cli.doctor.forge import judge_clock, judge_rights, judge_rules
from gitops_upgrader.forges.rights import Rights

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HINT = "Set GITEA_TOKEN."
GOOD = Rights(anonymous=False, may_push=True, is_archived=False, takes_pulls=True)


@pytest.mark.parametrize(
    ("changes", "grade", "words"),
    [
        ({}, Grade.OK, "The token may push branches."),
        ({"may_push": None}, Grade.NOTE, "does not say what it may do"),
        ({"may_push": False}, Grade.MEND, "may not push branches"),
        ({"missing_scopes": ("repo",)}, Grade.MEND, "was not given repo"),
        ({"anonymous": True}, Grade.MEND, "There is no token"),
        ({"is_archived": True, "anonymous": True}, Grade.MEND, "is archived"),
    ],
)
def test_rights(changes: dict[str, Any], grade: Grade, words: str) -> None:
    (finding,) = judge_rights("r", replace(GOOD, **changes), HINT)

    assert (finding.check, finding.grade) == ("token", grade)
    assert words in finding.message
    assert (grade is Grade.MEND) == bool(finding.remedy)


def test_nobody_is_told_how_to_give_a_token() -> None:
    (finding,) = judge_rights("r", replace(GOOD, anonymous=True), HINT)

    assert finding.remedy == HINT


def test_a_repository_without_pull_requests() -> None:
    _, finding = judge_rights("r", replace(GOOD, takes_pulls=False), HINT)

    assert (finding.check, finding.grade) == ("pull-requests", Grade.MEND)


@pytest.mark.parametrize(
    ("rules", "grade"), [(None, Grade.NOTE), ((), Grade.OK), (("nobody may push", "sign"), Grade.MEND)]
)
def test_rules(rules: tuple[str, ...] | None, grade: Grade) -> None:
    assert judge_rules("r", "gitops-upgrader/", replace(GOOD, rules=rules)).grade is grade


@pytest.mark.parametrize(
    ("apart", "grade", "words"),
    [
        (timedelta(), Grade.OK, "0 s apart"),
        (timedelta(seconds=-60), Grade.OK, "60 s apart"),
        (timedelta(seconds=61), Grade.MEND, "61 s ahead of"),
        (timedelta(seconds=-300), Grade.MEND, "300 s behind"),
    ],
)
def test_clocks(apart: timedelta, grade: Grade, words: str) -> None:
    finding = judge_clock("r", {"date": "Mon, 02 Nov 2026 12:00:00 GMT"}, NOW + apart)

    assert finding is not None
    assert finding.grade is grade
    assert words in finding.message


@pytest.mark.parametrize("headers", [{}, {"Date": "noon"}, {"Date": ""}, {"Date": "Mon, 02 Nov 2026 12:00:00 -0000"}])
def test_a_forge_that_tells_no_time(headers: dict[str, str]) -> None:
    assert judge_clock("r", headers, NOW) is None
