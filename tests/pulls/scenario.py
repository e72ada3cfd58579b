"""Scenarios: the life of a pull request as prose that runs.

A file holds a title, what it needs of a host, and then one event or expectation a line; `# ` begins a comment. Every
`propose -> ...` line is one run of the program, around which this driver checks what must hold always:

- a dry run before it decides the same, and changes nothing;
- there is never more than one open pull request, and it is as the branch and the marker say;
- no commit that a person made on a branch of ours is lost while a branch of ours still had it before the run;
- a branch of ours never points at a commit of the base;
- after something was proposed, another look has nothing left to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from gitops_upgrader.forges.protocol import MergeMethod
from gitops_upgrader.forges.protocol import People as Involved
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.decision import Create, Hold, Leave, Update
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.workspace import Limits
from tests.pulls.people import ROBOT_NAME
from tests.pulls.world import FILE, PREFIX, World, cluster

FOLDER = Path(__file__).parent / "scenarios"
BRANCH = f"{PREFIX}fleet/prod"


@dataclass(frozen=True)
class Scenario:
    """A file, read: `lines` with their numbers, `needs` of a host, `hosts` where only some are meant."""

    name: str
    title: str
    needs: frozenset[str]
    hosts: frozenset[str]
    lines: tuple[tuple[int, str], ...]

    def runs_on(self, host: str, gives: frozenset[str]) -> bool:
        """Whether a host can play it."""
        return self.needs <= gives and (not self.hosts or host in self.hosts)


def read(path: Path) -> Scenario:
    """Read a scenario's file."""
    needs, hosts, lines, title = {"pulls"}, set(), [], ""
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if not title:
            title = line
        elif line.startswith("Needs: "):
            needs |= set(line.removeprefix("Needs: ").split(", "))
        elif line.startswith("Hosts: "):
            hosts, needs = set(line.removeprefix("Hosts: ").split(", ")), set()
        else:
            lines.append((number, line))
            needs |= {"time"} if "hours pass" in line else set()
    return Scenario(path.stem, title, frozenset(needs), frozenset(hosts), tuple(lines))


def all_scenarios() -> list[Scenario]:
    """Every scenario there is, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.txt"))]


Step = Callable[..., None]
STEPS: list[tuple[re.Pattern[str], Step]] = []


def step(pattern: str) -> Callable[[Step], Step]:
    """Say which lines a step is for. `@` stands for a pull request `#1`, or for a branch of ours."""
    expression = pattern.replace("@", r"(#\d+|the branch|branch \S+)")

    def register(function: Step) -> Step:
        STEPS.append((re.compile(expression), function))
        return function

    return register


@dataclass
class Play:
    """A scenario under way."""

    world: World
    last: Proposed | None = None
    commits: dict[str, str] = field(default_factory=dict)
    """The newest commit of each person, by name."""

    def play(self, scenario: Scenario) -> None:
        """Run every line; a failure names the file and the line."""
        for number, line in scenario.lines:
            try:
                self.do(line)
            except AssertionError as failure:
                raise AssertionError(f"{scenario.name}.txt:{number}: {line}\n{failure}") from failure

    def do(self, line: str) -> None:
        """Run one line."""
        found = [(match, function) for pattern, function in STEPS if (match := pattern.fullmatch(line))]
        assert len(found) == 1, f"{len(found)} steps fit this line"
        match, function = found[0]
        function(self, *match.groups())

    # --- names

    def number(self, reference: str) -> int:
        """The number that `#1` is."""
        return int(reference.removeprefix("#"))

    def branch(self, reference: str) -> str:
        """The branch that `#1`, `the branch` or `branch NAME` is."""
        if reference.startswith("#"):
            return self.world.host.pull(self.number(reference)).head
        return BRANCH if reference == "the branch" else reference.removeprefix("branch ")

    # --- what the program does

    def propose(self) -> Proposed:
        """One run, with everything that must hold around it."""
        world, people = self.world, self.world.host.people
        before = self._state()
        foreseen = world.run(dry_run=True)
        assert self._state() == before, "a dry run changed something"
        heads = {name: oid for name, oid in people.branches().items() if name.startswith(PREFIX)}
        theirs = set(people.theirs) & set(people.reachable(*heads.values())) if heads else set()
        base = people.tip()
        done = world.run()
        first = done.first or done  # what makes room is foreseen, and says what follows it
        if isinstance(first.decision, Create):
            assert foreseen.pull is None
            foreseen = replace(foreseen, pull=first.pull)
        assert told(foreseen) == told(first), "a dry run foresaw something else"
        assert people.tip() == base, "the base branch was touched"
        self._check(done, theirs)
        self.last = done
        return done

    def _check(self, done: Proposed, theirs: set[str]) -> None:
        host = self.world.host
        branches = host.people.branches()
        lost = theirs - set(host.people.reachable(*branches.values()))
        merged = [pull.head_commit for pull in host.pulls() if pull.state is PullState.MERGED]
        lost -= set(host.people.reachable(*merged))
        assert not lost, f"somebody's commits were lost: {lost}"
        opened = [pull for pull in host.pulls() if pull.state is PullState.OPEN and pull.head.startswith(BRANCH)]
        assert len(opened) <= 1, f"{len(opened)} pull requests are open"
        if isinstance(done.decision, Create | Update):
            head = branches[done.decision.branch]
            assert done.commit == head
            assert head not in host.people.history("main"), "the branch points at a commit of the base"
            for pull in opened:
                marker = markers.read(pull.body)
                assert marker is not None
                assert (pull.head, pull.head_commit, marker.head) == (done.decision.branch, head, head)
            again = self.world.run(dry_run=True).decision
            assert isinstance(again, Leave | Hold), f"another look would {again}"

    def _state(self) -> object:
        host = self.world.host
        comments = [host.comments(pull.number) for pull in host.pulls()]
        return host.people.branches(), host.pulls(), comments


def told(done: Proposed) -> str:
    """What came of a run, in the words that scenarios use."""
    decision = done.decision
    assert decision is not None
    words = type(decision).__name__.lower()
    if done.pull is not None:
        words += f" #{done.pull.number}"
    return f"{words}, {decision.reason}"


# --- the program ----------------------------------------------------------------------------------------------------


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


# --- the plan and the upgrader --------------------------------------------------------------------------------------


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


# --- people ---------------------------------------------------------------------------------------------------------


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


# --- what is to be seen ---------------------------------------------------------------------------------------------


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
