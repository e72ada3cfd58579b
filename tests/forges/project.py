"""What a fake forge knows: people, branches, pull requests, and what was said about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UPGRADER = "upgrader"
PEOPLE = (UPGRADER, "ada", "grace")
TEAMS = ("platform",)


class Refusal(Exception):
    """What a forge says no to, in one word that each fake puts into its own sentence."""


@dataclass(slots=True)
class FakePull:
    """A pull request. `repository` is 1 for the project itself and 2 for a fork."""

    number: int
    title: str
    body: str
    head: str
    base: str
    sha: str
    created_at: datetime
    updated_at: datetime
    repository: int = 1
    state: str = "open"
    draft: bool = False
    closed_at: datetime | None = None
    closed_by: str | None = None
    merged_by: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    reviews: list[tuple[str, str]] = field(default_factory=list)
    auto_merge: str | None = None
    queued: bool = False
    events: list[str] = field(default_factory=list)

    @property
    def merged(self) -> bool:
        """Whether it was merged."""
        return self.merged_by is not None


@dataclass(frozen=True, slots=True)
class FakeStatus:
    """A commit status."""

    state: str
    context: str
    description: str


@dataclass(slots=True)
class Project:
    """One repository on a forge.

    Attributes:
        protected: whether its base branch asks for checks before a merge.
        strict: whether it takes only branches that are up to date with it.
    """

    owner: str = "acme"
    name: str = "fleet"
    branches: dict[str, str] = field(default_factory=lambda: {"main": sha("main")})
    pulls: dict[int, FakePull] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=lambda: {"bug": ("d73a4a", "Broken")})
    statuses: dict[str, list[FakeStatus]] = field(default_factory=dict)
    protected: bool = False
    strict: bool = False
    drafts: bool = True
    ticks: int = 0
    start: datetime = START

    def now(self) -> datetime:
        """Return a moment that is a second after the one before."""
        self.ticks += 1
        return self.start + timedelta(seconds=self.ticks)

    def branch(self, name: str) -> str:
        """Push something new to a branch; pull requests from it follow."""
        self.branches[name] = sha(f"{name} {self.now()}")
        for pull in self.pulls.values():
            if pull.head == name and pull.state == "open" and pull.repository == 1:
                pull.sha = self.branches[name]
        return self.branches[name]

    def open(self, title: str, body: str, head: str, base: str, *, draft: bool = False, fork: bool = False) -> FakePull:
        """Open a pull request. Raises Refusal."""
        if head not in self.branches and not fork:
            raise Refusal("head")
        if draft and not self.drafts:
            raise Refusal("draft")
        repository = 2 if fork else 1
        for pull in self.pulls.values():
            if (pull.head, pull.base, pull.state, pull.repository) == (head, base, "open", repository):
                raise Refusal("exists")
        number, now = len(self.pulls) + 1, self.now()
        commit = sha(f"fork {head}") if fork else self.branches[head]
        made = FakePull(number, title, body, head, base, commit, now, now, repository=repository, draft=draft)
        self.pulls[number] = made
        return made

    def touch(self, number: int) -> FakePull:
        """Return a pull request that is about to change."""
        self.pulls[number].updated_at = self.now()
        return self.pulls[number]

    def close(self, number: int, who: str) -> None:
        """Close without merging."""
        pull = self.touch(number)
        pull.state, pull.closed_at, pull.closed_by = "closed", pull.updated_at, who

    def reopen(self, number: int) -> None:
        """Open again."""
        pull = self.touch(number)
        pull.state, pull.closed_at, pull.closed_by = "open", None, None

    def merge(self, number: int, who: str) -> None:
        """Merge."""
        pull = self.touch(number)
        pull.state, pull.closed_at, pull.merged_by, pull.auto_merge = "closed", pull.updated_at, who, None
        self.branches[pull.base] = sha(f"merge {number}")

    def newest_first(self) -> list[FakePull]:
        """Return every pull request by its number, the highest first."""
        return [self.pulls[number] for number in sorted(self.pulls, reverse=True)]


def sha(text: str) -> str:
    """Return something that looks like a commit."""
    return hashlib.sha1(text.encode()).hexdigest()
