"""What there is to be seen of pull requests and branches afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pulls.step import Steps
from tests.pulls.world import FILE

if TYPE_CHECKING:
    from tests.pulls.play import Play

step = Steps()


@step(r"(#\d+) is (a draft|ready for review)")
def _is_draft(play: Play, reference: str, what: str) -> None:
    assert play.world.host.pull(play.number(reference)).draft is (what == "a draft")


@step(r'(#\d+) is titled "(.*)"')
def _is_titled(play: Play, reference: str, title: str) -> None:
    found = play.world.host.pull(play.number(reference)).title
    assert found == title, found


@step(r"(#\d+) is (open|closed|merged)")
def _is(play: Play, reference: str, state: str) -> None:
    assert play.world.host.pull(play.number(reference)).state.value == state


@step(r"there (?:is|are) (\d+) pull requests?")
def _count(play: Play, count: str) -> None:
    assert len(play.world.host.pulls()) == int(count)


@step(r"(#\d+) has (no|\d+) comments?")
def _comments(play: Play, reference: str, count: str) -> None:
    said = play.world.host.comments(play.number(reference))
    assert len(said) == (0 if count == "no" else int(count)), said


@step(r'(#\d+) (says|shows) "(.*)"')
def _shows(play: Play, reference: str, where: str, words: str) -> None:
    number, host = play.number(reference), play.world.host
    text = "\n".join(host.comments(number)) if where == "says" else host.pull(number).body
    assert words in text, text


@step(r"(#\d+) (has|has not) the label (\S+)")
def _has_label(play: Play, reference: str, which: str, label: str) -> None:
    assert (label in play.world.host.pull(play.number(reference)).labels) is (which == "has")


@step(r"(#\d+) is from (\S+)")
def _from(play: Play, reference: str, branch: str) -> None:
    assert play.world.host.pull(play.number(reference)).head == branch


@step(r"(#\d+) (will|will not) merge by itself")
def _armed(play: Play, reference: str, which: str) -> None:
    assert play.world.host.pull(play.number(reference)).auto_merge is (which == "will")


@step(r"@ moves prod to (v\S+)")
def _moves(play: Play, reference: str, version: str) -> None:
    text = play.world.host.people.read(play.branch(reference), FILE)
    assert f"version: {version}" in text
    assert f"value: img-{version}" in text


@step(r"@ still has Ann's commit")
def _still_has(play: Play, reference: str) -> None:
    assert play.commits["Ann"] in play.world.host.people.history(play.branch(reference))


@step(r"@ (has its branch still|is gone)")
def _exists(play: Play, reference: str, which: str) -> None:
    name = play.branch(reference)
    assert (name in play.world.host.people.branches()) is (which != "is gone")


@step(r"@ has (\d+) commits? of its own")
def _own(play: Play, reference: str, count: str) -> None:
    people = play.world.host.people
    own = set(people.history(play.branch(reference))) - set(people.history("main"))
    assert len(own) == int(count)
