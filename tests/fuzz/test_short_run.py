"""A short run of the fuzzer, the same each time; `make fuzz` goes on for minutes with new seeds."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import TARGETS, fuzz, main


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing(name: str) -> None:
    fuzz(name, 1, 150)


@pytest.mark.timeout(300)  # a thousand manifests take seconds, and a minute on a machine with much else to do
def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0", "--seed", "7"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed 7: exact\nseed 7: crash\n")
    assert told.endswith("1,000 manifests, nothing found.\n")
