"""A run of the program, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pulls.step import Steps
from tests.pulls.world import told

if TYPE_CHECKING:
    from tests.pulls.play import Play

step = Steps()


@step(r'propose -> (create|update|leave|close|hold)(?: (#\d+))?(?: "([^"]*)")?, (\w+)')
def _propose(play: Play, action: str, pull: str | None, title: str | None, reason: str) -> None:
    before = play.world.host.people.branches()
    done = play.propose()
    shown = told(done)
    if pull is None and done.pull is not None:
        shown = shown.replace(f" #{done.pull.number}", "")
    assert shown == f"{action}{f' {pull}' if pull else ''}, {reason}", f"it was: {told(done)}"
    if title is not None:
        assert done.pull is not None
        assert done.pull.title == title, f"its title is {done.pull.title!r}"
    assert done.decision is not None
    if action in {"leave", "hold"}:
        assert play.world.host.people.branches() == before, "something was pushed"


@step(r'it says: "(.*)"')
def _says(play: Play, words: str) -> None:
    assert play.last is not None
    assert play.last.decision is not None
    assert words in play.last.decision.message, f"it says: {play.last.decision.message}"


@step(r'it does not say: "(.*)"')
def _says_not(play: Play, words: str) -> None:
    assert play.last is not None
    assert play.last.decision is not None
    assert words not in play.last.decision.message, f"it says: {play.last.decision.message}"


@step(r"the program is started again")
def _restarted(play: Play) -> None:
    """Nothing is kept between runs, so there is nothing to do."""
