"""The parts of GitLab's answers that we read: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

_RUNNING = frozenset({"created", "waiting_for_resource", "preparing", "pending", "running", "scheduled"})
_CHECKING = frozenset({"unchecked", "checking", "preparing", "approvals_syncing"})
_WAITING = frozenset(
    {
        "ci_must_pass",
        "ci_still_running",
        "discussions_not_resolved",
        "draft_status",
        "not_approved",
        "requested_changes",
        "status_checks_must_pass",
    }
)
"""Values of `detailed_merge_status` for what somebody or something still has to do."""


class Record(BaseModel):
    """A part of an answer; what else is in it does not matter."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Record):
    """Somebody."""

    id: int
    username: str


class Pipeline(Record):
    """The pipeline of a merge request's head."""

    status: str = ""


class Approval(Record):
    """That somebody approved."""

    user: User


class Approvals(Record):
    """Who approved, on every tier; `approved` is true as well where nobody has to."""

    approved_by: tuple[Approval, ...] = ()


class Project(Record):
    """How a project merges."""

    merge_method: str = "merge"
    squash_option: str = "default_off"
    merge_trains_enabled: bool = False


class CommitStatus(Record):
    """A status of a commit."""

    name: str
    status: str
    description: str | None = None


class MergeRequest(Record):
    """A merge request."""

    iid: int
    web_url: str
    title: str
    description: str | None = None
    state: str
    source_branch: str
    target_branch: str
    source_project_id: int | None = None
    target_project_id: int
    sha: str | None = None
    created_at: datetime
    draft: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    closed_by: User | None = None
    merge_user: User | None = None
    merged_by: User | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[User, ...] = ()
    reviewers: tuple[User, ...] = ()
    merge_when_pipeline_succeeds: bool = False
    detailed_merge_status: str = ""
    head_pipeline: Pipeline | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open; `locked` is what it is while GitLab merges."""
        return self.state in {"opened", "locked"}

    @property
    def is_checking(self) -> bool:
        """Whether GitLab does not know yet if it can be merged."""
        return self.detailed_merge_status in _CHECKING

    @property
    def is_waiting(self) -> bool:
        """Whether something still holds it back, so that to merge when it passes is not to merge at once."""
        running = self.head_pipeline is not None and self.head_pipeline.status in _RUNNING
        return running or self.detailed_merge_status in _WAITING


def merge_request(attributes: dict[str, Any]) -> MergeRequest:
    """Return the merge request that an answer describes. Raises ValueError."""
    return MergeRequest.model_validate(attributes)
