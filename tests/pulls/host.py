"""A Git host as scenarios and crash tests drive it.

A host is a repository, its forge, and the buttons that people press there. Whoever adds a forge adds a host; every
scenario then runs on it too, but for those that need what it has not got.
"""

from __future__ import annotations

from typing import Protocol

from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest
from tests.pulls.people import People


class Host(Protocol):
    """A Git host. Numbers are those of pull requests.

    Attributes:
        gives: what people can do here beside pushing: `pulls`, `approvals`, `queue`, `auto-merge`; and how the host
            is: `tells-merges`, `branch-closes` or `branch-stays-open`, `up-to-date` where a base can ask for that,
            `time` where its clock is the test's.
        people: their hands on the repository.
        person: the name of somebody whom the forge knows.
    """

    name: str
    gives: frozenset[str]
    people: People
    person: str

    def location(self) -> Location:
        """Where the program finds the repository."""

    def forge(self) -> Forge:
        """The forge as the program sees it."""

    def pull(self, number: int) -> PullRequest:
        """One pull request as it is."""

    def pulls(self) -> tuple[PullRequest, ...]:
        """Every pull request, oldest first."""

    def comments(self, number: int) -> tuple[str, ...]:
        """What was said under one, oldest first."""

    def verdict(self, number: int, commit: str) -> object:
        """What the commit status of a pull request's commit says."""

    def merge(self, number: int, how: str) -> str:
        """A person presses "merge" (`merges`, `squashes`, `fast-forwards to`). Returns what came to the base."""

    def update_branch(self, number: int, how: str) -> None:
        """A person presses "Update branch" (`merges main into`, `rebases`)."""

    def restore_branch(self, number: int) -> None:
        """A person presses "Restore branch"."""

    def protect(self) -> None:
        """The base branch asks for something before a merge, so that the forge can merge by itself later."""

    def close(self, number: int) -> None:
        """A person closes it."""

    def reopen(self, number: int) -> None:
        """A person reopens it."""

    def edit(self, number: int, body: str) -> None:
        """A person edits the body."""

    def label(self, number: int, label: str) -> None:
        """A person adds a label."""

    def unlabel(self, number: int, label: str) -> None:
        """A person takes a label off."""

    def title(self, number: int, title: str) -> None:
        """A person edits the title."""

    def draft(self, number: int, draft: bool) -> None:
        """A person makes it a draft, or ready for review."""

    def retarget(self, number: int, base: str) -> None:
        """A person points it at another base."""

    def take_only_up_to_date(self) -> None:
        """The base branch takes only branches that are up to date with it."""

    def approve(self, number: int) -> None:
        """A person approves."""

    def enqueue(self, number: int) -> None:
        """A person puts it into the merge queue."""


class Hands:
    """The buttons of a host that sees what is done in its repository."""

    people: People
    person = "bob"

    def merge(self, number: int, how: str) -> str:
        """Merge in the repository, and tell the forge."""
        people, branch = self.people, self.pull(number).head
        ways = {"merges": people.merge, "squashes": people.squash, "fast-forwards to": people.fast_forward}
        commit = ways[how](branch)
        self.merged(number, commit)
        return commit

    def update_branch(self, number: int, how: str) -> None:
        """Do it in the repository, in the forge's name."""
        branch = self.pull(number).head
        if how == "rebases":
            self.people.rebase(branch)
        else:
            self.people.merge("main", branch, by="forge")

    def restore_branch(self, number: int) -> None:
        """Put it back to where it was."""
        pull = self.pull(number)
        self.people.move(pull.head, pull.head_commit)

    def protect(self) -> None:
        """Nothing is needed for that."""

    def pull(self, number: int) -> PullRequest:
        """One pull request."""
        raise NotImplementedError

    def merged(self, number: int, commit: str) -> None:
        """Take note that `commit` came to the base."""
        raise NotImplementedError
