"""What later steps read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.reports.step_outputs import LIMIT, encoded, outputs
from tests.reports import runner
from tests.reports.proposals import proposal, pull


@pytest.mark.parametrize(
    ("proposals", "changed", "number"),
    [
        ([], "false", ""),
        ([proposal("a", "hold")], "false", ""),
        ([proposal("a", "leave", pullRequest=pull(4))], "false", "4"),
        ([proposal("a", "leave", pullRequest=pull(4)), proposal("b", "create", pullRequest=pull(5))], "true", "5"),
        ([proposal("a", "update", pullRequest=pull(4)), proposal("b", "create", pullRequest=pull(5))], "true", "4"),
        ([proposal("a", "close", pullRequest=pull(4, "closed"))], "true", ""),
        ([proposal("a", "hold", pullRequest=pull(4, "merged"))], "false", ""),
        ([proposal("a", "create", pullRequest=None)], "true", ""),
        ([proposal("a", "error", pullRequest=None)], "false", ""),
    ],
)
def test_the_pull_request_that_matters(proposals: list[dict[str, Any]], changed: str, number: str) -> None:
    found = outputs(proposals)
    assert (found["changed"], found["pull-request-number"]) == (changed, number)
    assert found["pull-request-url"] == (f"https://example.org/fleet/pulls/{number}" if number else "")


def test_proposals_come_without_their_diffs() -> None:
    found = json.loads(outputs([proposal()])["proposals"])
    assert found == [{name: value for name, value in proposal().items() if name != "diff"}]


def test_of_a_large_fleet_only_what_happened_is_told() -> None:
    quiet = [proposal(f"fleet/c{number}", "hold") for number in range(2_000)]
    loud = [proposal("fleet/x", "create"), proposal("fleet/y", "error")]
    text = outputs([*quiet, *loud])["proposals"]
    assert [one["cluster"] for one in json.loads(text)] == ["fleet/x", "fleet/y"]


def test_however_much_happened_the_output_stays_within_the_limit() -> None:
    text = outputs([proposal(f"fleet/c{number}") for number in range(5_000)])["proposals"]
    assert LIMIT * 0.99 < len(text) <= LIMIT
    assert json.loads(text)[0]["cluster"] == "fleet/c0"


@given(
    st.dictionaries(st.sampled_from(["a", "b-c", "d"]), st.text(st.characters(codec="utf-8", exclude_characters="\r")))
)
def test_a_runner_reads_what_was_written(values: dict[str, str]) -> None:
    plain = {name: " ".join(value.splitlines()) for name, value in values.items()}
    assert runner.outputs(encoded(plain)) == plain


def test_a_value_cannot_end_itself_and_set_another() -> None:
    tokens = iter(["guessed", "other"])
    hostile = "x\nend-guessed\nchanged<<y\ntrue\ny"
    assert runner.outputs(encoded({"proposals": hostile}, lambda: next(tokens))) == {"proposals": hostile}


def test_no_two_delimiters_are_the_same() -> None:
    lines = [line for line in encoded({"a": "", "b": ""}).splitlines() if "<<" in line]
    assert len({line.partition("<<")[2] for line in lines}) == 2
