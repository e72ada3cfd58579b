"""What is configured: what the plan offers, and what is asked of the upgrader and of its repository."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gitops_upgrader.forges.protocol import MergeMethod
from gitops_upgrader.forges.protocol import People as Involved
from gitops_upgrader.reconcilers.workspace import Limits
from tests.pulls.people import ROBOT_NAME
from tests.pulls.step import Steps
from tests.pulls.world import PREFIX

if TYPE_CHECKING:
    from tests.pulls.play import Play

step = Steps()


@step(r"prod is at (v\S+)")
def _at(play: Play, version: str) -> None:
    play.world.start(version)


@step(r"the plan targets (v\S+?)(?: by way of (.+))?")
def _targets(play: Play, version: str, stones: str | None) -> None:
    play.world.offer(*(stones.split(", ") if stones else ()), version)


@step(r"the plan finds nothing")
def _finds_nothing(play: Play) -> None:
    play.world.plan = None


@step(r"the plan (cannot be read|can be read again)")
def _unreadable(play: Play, which: str) -> None:
    play.world.lookup_failed = "the package repository did not answer" if which == "cannot be read" else None


@step(r"the (upgrader|repository) is (paused|resumed)")
def _paused(play: Play, what: str, which: str) -> None:
    words = "Upgrader prod" if what == "upgrader" else "The repository"
    play.world.paused = words if which == "paused" else None


@step(r"the upgrader is (deleted|there again)")
def _deleted(play: Play, what: str) -> None:
    play.world.removed = what == "deleted"


@step(r'the retry annotation is set to "(\w+)"')
def _retry(play: Play, value: str) -> None:
    play.world.retry = value


@step(r"a hop waits (\d+) hours after the last merge")
def _hop_interval(play: Play, hours: str) -> None:
    play.world.hop_interval = timedelta(hours=int(hours))


@step(r"(\d+) hours pass")
def _pass(play: Play, hours: str) -> None:
    play.world.clock.advance(hours=int(hours))


@step(r"at most (\d+) may be open")
def _max_open(play: Play, count: str) -> None:
    play.world.limits = Limits(int(count), play.world.limits.max_per_hour)


@step(r"another upgrader has one open")
def _another(play: Play) -> None:
    from gitops_upgrader.forges.protocol import NewPull

    people = play.world.host.people
    head = people.commit({"other": "x"}, branch=f"{PREFIX}fleet/other", parents=(people.tip(),), by=ROBOT_NAME)
    play.world.host.forge().create(NewPull("Upgrade other", "", f"{PREFIX}fleet/other", "main", head))


@step(r"the forge shall (label|merge) it(?: as (\w+))?")
def _involve(play: Play, what: str, label: str | None) -> None:
    if what == "label":
        play.world.involved = Involved(labels=(label or "upgrade",), reviewers=(play.world.host.person,))
    else:
        play.world.host.protect()
        play.world.auto_merge = MergeMethod.SQUASH


@step(r"drafts are (wanted|not wanted)")
def _drafts(play: Play, which: str) -> None:
    play.world.draft = which == "wanted"


@step(r"changes are proposed to (\S+)")
def _base(play: Play, branch: str) -> None:
    play.world.base = branch
