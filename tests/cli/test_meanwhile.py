"""Imports beside something that waits."""

from __future__ import annotations

import sys
import threading

import pytest

from gitops_upgrader.cli.meanwhile import importing


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_what_is_imported_is_there_after_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with importing("colorsys"):
        pass
    assert "colorsys" in sys.modules
    assert "importing" not in _threads()


def test_no_thread_outlives_a_block_that_fails() -> None:
    with pytest.raises(ValueError, match="no network"), importing("colorsys"):
        raise ValueError("no network")
    assert "importing" not in _threads()


def test_a_module_that_cannot_be_imported_is_left_to_whoever_needs_it() -> None:
    with importing("gitops_upgrader.no_such_module", "colorsys"):
        pass
    assert "colorsys" in sys.modules
