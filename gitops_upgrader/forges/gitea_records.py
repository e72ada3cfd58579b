"""The parts of Gitea's and Forgejo's answers that we read: https://docs.gitea.com/api/ (swagger of each server)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

_OPINIONS = frozenset({"APPROVED", "REQUEST_CHANGES"})


class Record(BaseModel):
    """A part of an answer; what else is in it does not matter."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Record):
    """Somebody."""

    login: str


class Label(Record):
    """A label of a repository or an organisation."""

    id: int
    name: str


class Side(Record):
    """Head or base. `label` stays the branch's name when the branch is gone, and `ref` does not."""

    label: str
    sha: str
    repo_id: int


class Pull(Record):
    """A pull request."""

    number: int
    html_url: str
    title: str
    body: str | None = None
    state: str
    draft: bool = False
    merged: bool
    merged_at: datetime | None = None
    merged_by: User | None = None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    labels: tuple[Label, ...] | None = None
    assignees: tuple[User, ...] | None = None
    head: Side
    base: Side

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.state == "open"


class Team(Record):
    """A team of an organisation."""

    name: str


class Review(Record):
    """A review, or the request for one: of somebody, or of a team."""

    id: int
    user: User | None = None
    team: Team | None = None
    state: str
    dismissed: bool = False


class Event(Record):
    """Something that happened to a pull request."""

    type: str
    user: User | None = None


class Comment(Record):
    """A comment."""

    body: str = ""


class Branch(Record):
    """A branch and what protects it; the name of the rule is told to administrators of the repository alone."""

    enable_status_check: bool = False
    required_approvals: int = 0
    effective_branch_protection_name: str = ""


class Protection(Record):
    """A rule that protects branches."""

    block_on_outdated_branch: bool = False


class Status(Record):
    """A commit status; its state is called `status` here and `state` where it is set."""

    context: str
    status: str
    description: str = ""


class CombinedStatus(Record):
    """The latest status of each context."""

    statuses: tuple[Status, ...] | None = None


class Details(Record):
    """What a pull request's own record leaves out."""

    approved: bool = False
    auto_merge: bool = False
    closed_by: str | None = None
    merged_by: str | None = None


def approved(reviews: Iterable[Review]) -> bool:
    """Tell whether somebody approved and nobody wants changes, by each one's latest opinion."""
    latest: dict[str, str] = {}
    for review in sorted(reviews, key=lambda one: one.id):
        if review.user and not review.dismissed and review.state in _OPINIONS:
            latest[review.user.login] = review.state
    return "APPROVED" in latest.values() and "REQUEST_CHANGES" not in latest.values()


def scheduled(events: Iterable[Event]) -> bool:
    """Tell from what happened whether a merge is scheduled now; no record says so."""
    armed = False
    for event in events:
        armed = {"pull_scheduled_merge": True, "pull_cancel_scheduled_merge": False}.get(event.type, armed)
    return armed


def closer(events: Iterable[Event]) -> str | None:
    """Return who closed it last."""
    who = None
    for event in events:
        if event.type == "close" and event.user:
            who = event.user.login
    return who
