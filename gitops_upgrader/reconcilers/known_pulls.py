"""What a forge has told of our branches, kept from one look at a repository to the next.

A fleet has thousands of upgraders, and most reconciles only find that nothing is to be done. They go by what is known
here; the look at the repository, once in its interval, tells what has changed. Whoever is about to act asks anew first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitops_upgrader.errors import PullRequestChanged
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.model import PullRequest
from gitops_upgrader.pulls.identity import Family


@dataclass(slots=True)
class KnownPulls:
    """The pull requests of each branch of ours that somebody has asked for.

    A pull request that was reopened and ended again between two looks is not noticed; it is when the repository is
    opened anew, which happens within the hour.
    """

    forge: Forge
    _found: dict[str, tuple[PullRequest, ...]] = field(default_factory=dict)
    _recent: dict[int, PullRequest] = field(default_factory=dict)

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Every pull request from a branch, newest first, as of the last look. Raises ForgeError."""
        if branch not in self._found:
            self._found[branch] = self.forge.find(branch, anew=False)
        return self._found[branch]

    def surveyed(self, pulls: Iterable[PullRequest]) -> None:
        """Take in a look: those that are open or young. What is not as it was at the last one is asked for anew."""
        recent = {pull.number: pull for pull in pulls}
        before = self._recent
        for number in before.keys() | recent.keys():
            if before.get(number) != recent.get(number):
                self._found.pop((recent.get(number) or before[number]).head, None)
        self._recent = recent

    def confirm(self, family: Family) -> None:
        """See that what is known of a proposal still holds, as something is about to be done about it.

        It is not known any more then: what is done changes it.

        Raises:
            PullRequestChanged: it does not; by now the new state is known.
            ForgeError: the forge does not say.
        """
        for branch in self._branches(family):
            now = self.forge.find(branch, anew=True)
            before, self._found[branch] = self._found[branch], now
            if now != before:
                raise PullRequestChanged(f"Somebody changed a pull request from {branch} in the meantime.")
        for branch in self._branches(family):
            del self._found[branch]

    def _branches(self, family: Family) -> list[str]:
        known: list[str] = []
        while (branch := family.branch(len(known) + 1)) in self._found:
            known.append(branch)
        return known
