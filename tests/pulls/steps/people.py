"""What people and the forge do to a branch or a pull request of ours, and to the base."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.pulls.step import Steps
from tests.pulls.world import BRANCH, FILE, cluster

if TYPE_CHECKING:
    from tests.pulls.play import Play

step = Steps()


@step(r"Ann (pushes to|amends|pushes an empty commit to|merges main into|merges main with a change of hers into) @")
def _pushes(play: Play, what: str, reference: str) -> None:
    people, branch = play.world.host.people, play.branch(reference)
    match what:
        case "pushes to":
            made = people.commit({"NOTES.md": "Checked.\n"}, branch=branch)
        case "amends":
            made = people.amend(branch, {FILE: re.sub(r"replicas: \d", "replicas: 5", people.read(branch, FILE))})
        case "pushes an empty commit to":
            made = people.commit({}, branch=branch, message="Trigger the checks")
        case "merges main into":
            made = people.merge("main", branch)
        case _:
            made = people.merge("main", branch, evil={"NOTES.md": "Checked.\n"})
    play.commits["Ann"] = made


@step(r"the forge (merges main into|rebases) (#\d+)")
def _update_branch(play: Play, what: str, reference: str) -> None:
    play.world.host.update_branch(play.number(reference), what)


@step(r"Ann (merges|squashes|fast-forwards to) (#\d+)")
def _merges(play: Play, how: str, reference: str) -> None:
    play.commits["merge"] = play.world.host.merge(play.number(reference), how)


@step(r"Ann (merges|squashes|fast-forwards to) the branch")
def _merges_branch(play: Play, how: str) -> None:
    people = play.world.host.people
    ways = {"merges": people.merge, "squashes": people.squash, "fast-forwards to": people.fast_forward}
    play.commits["merge"] = ways[how](BRANCH)


@step(r"Ann restores the branch of (#\d+)")
def _restores(play: Play, reference: str) -> None:
    play.world.host.restore_branch(play.number(reference))


@step(r"the branch of (#\d+) is deleted")
def _branch_deleted(play: Play, reference: str) -> None:
    play.world.host.people.delete(play.branch(reference))


@step(r"Ann deletes the branch")
def _deletes(play: Play) -> None:
    play.world.host.people.delete(BRANCH)


@step(r"Ann reverts the merge")
def _reverts(play: Play) -> None:
    play.world.host.people.revert(play.commits["merge"])


@step(r"Ann sets prod to (v\S+)(?: with image (\S+))? on main")
def _sets(play: Play, version: str, image: str | None) -> None:
    play.world.host.people.commit({FILE: cluster(version, image)})


@step(r"main moves on(, in the same lines|, in the same file|, by a forced push)?")
def _moves_on(play: Play, how: str | None) -> None:
    people = play.world.host.people
    text = people.read("main", FILE)
    match how:
        case None:
            people.commit({"README.md": people.read("main", "README.md") + "More.\n"})
        case ", in the same file":
            people.commit({FILE: text.replace("replicas: 3", "replicas: 4")})
        case ", in the same lines":
            people.commit({FILE: re.sub(r"(version: v\S+)", r"\1 # pinned", text, count=1)})
        case _:
            people.commit({"README.md": "The fleet, anew.\n"}, parents=(), over=people.tip())


@step(r"Ann (closes|reopens|approves|enqueues) (#\d+)")
def _button(play: Play, what: str, reference: str) -> None:
    host, number = play.world.host, play.number(reference)
    buttons = {"closes": host.close, "reopens": host.reopen, "approves": host.approve, "enqueues": host.enqueue}
    buttons[what](number)


@step(r'Ann writes "(.*)" (above|below) the body of (#\d+)')
def _writes(play: Play, words: str, where: str, reference: str) -> None:
    number = play.number(reference)
    body = play.world.host.pull(number).body
    play.world.host.edit(number, f"{words}\n\n{body}" if where == "above" else f"{body}\n{words}\n")


@step(r"Ann (wipes|damages) the body of (#\d+)")
def _wipes(play: Play, how: str, reference: str) -> None:
    number = play.number(reference)
    body = play.world.host.pull(number).body
    play.world.host.edit(number, "" if how == "wipes" else body.replace('"target"', '"tar'))


@step(r"Ann ticks the rebuild box of (#\d+)")
def _ticks(play: Play, reference: str) -> None:
    number = play.number(reference)
    body = play.world.host.pull(number).body
    ticked = body.replace("- [ ] <!-- gitops-upgrader:rebuild", "- [x] <!-- gitops-upgrader:rebuild")
    assert ticked != body, "there is no box that is not ticked"
    play.world.host.edit(number, ticked)


@step(r"Ann labels (#\d+) (\S+)")
def _labels(play: Play, reference: str, label: str) -> None:
    play.world.host.label(play.number(reference), label)


@step(r"Ann takes the label (\S+) off (#\d+)")
def _unlabels(play: Play, label: str, reference: str) -> None:
    play.world.host.unlabel(play.number(reference), label)


@step(r'Ann titles (#\d+) "(.*)"')
def _titles(play: Play, reference: str, title: str) -> None:
    play.world.host.title(play.number(reference), title)


@step(r"Ann marks (#\d+) as (ready for review|a draft)")
def _marks(play: Play, reference: str, what: str) -> None:
    play.world.host.draft(play.number(reference), what == "a draft")


@step(r"Ann branches (\S+) off main")
def _branches(play: Play, branch: str) -> None:
    play.world.host.people.branch(branch)


@step(r"Ann points (#\d+) at (\S+)")
def _points(play: Play, reference: str, base: str) -> None:
    play.world.host.retarget(play.number(reference), base)


@step(r"main takes only branches that are up to date")
def _takes_only(play: Play) -> None:
    play.world.host.take_only_up_to_date()
