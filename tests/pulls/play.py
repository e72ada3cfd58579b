"""A scenario as it is played, and what must hold around each run of the program:

- a dry run before it decides the same, and changes nothing;
- there is never more than one open pull request, and it is as the branch and the marker say;
- no commit that a person made on a branch of ours is lost while a branch of ours still had it before the run;
- a branch of ours never points at a commit of the base;
- after something was proposed, another look has nothing left to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gitops_upgrader.model import PullState
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.decision import Create, Hold, Leave, Update
from gitops_upgrader.reconcilers.propose import Proposed
from tests.pulls.scenario import Scenario
from tests.pulls.steps import STEPS
from tests.pulls.world import BRANCH, PREFIX, World, told


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
