"""What is logged of an exchange."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest

from gitops_upgrader.errors import SourceNotFound
from gitops_upgrader.wire import LOGGER, exchange


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)


def without_duration(text: str) -> str:
    line, _, duration = text.rpartition(" in ")
    assert float(duration.removesuffix(" s")) >= 0
    return line


def test_what_needs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    with exchange("git push fleet.git main"):
        assert caplog.messages == []
    assert [without_duration(one) for one in caplog.messages] == ["git push fleet.git main: done"]


def test_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    with exchange("GET https://a.example/b") as talk:
        talk.answer = "200 OK"
    assert [without_duration(one) for one in caplog.messages] == ["GET https://a.example/b: 200 OK"]


def test_a_failure_is_logged_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with suppress(SourceNotFound), exchange("GET https://a.example/b") as talk:
        talk.answer = "404"
        raise SourceNotFound("the server answers 404.")
    with pytest.raises(KeyboardInterrupt), exchange("git fetch fleet.git"):
        raise KeyboardInterrupt
    assert [without_duration(one) for one in caplog.messages] == [
        "GET https://a.example/b: 404, SourceNotFound",
        "git fetch fleet.git: KeyboardInterrupt",
    ]
