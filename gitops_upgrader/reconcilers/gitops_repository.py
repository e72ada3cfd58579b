"""GitOpsRepository: what its status says of the base branch and of our pull requests."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_upgrader.api import GitOpsRepository
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.model import PullRequest
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import access
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude
from gitops_upgrader.reconcilers.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a repository.

    Attributes:
        pulls: our pull requests that are open or were opened within the hour.
    """

    workspace: Workspace
    pulls: tuple[PullRequest, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a reconcile of a repository came to; nothing was seen where it cannot be opened."""

    result: Result
    seen: Seen | None = None


def reconcile(scope: Scope, repository: GitOpsRepository, workspaces: Workspaces) -> Looked:
    """Look at the repository, and note what was seen."""
    seen = look(scope, repository, workspaces)
    if isinstance(seen, UpgraderError):
        return Looked(conclude(scope, repository, repository.status, problem=seen))
    return Looked(note(scope, repository, seen.workspace), seen)


def look(scope: Scope, repository: GitOpsRepository, workspaces: Workspaces) -> Seen | UpgraderError:
    """Look at the repository and write nothing; returns what stands in the way, if something does."""
    try:
        workspace = workspaces.get(access(scope, repository, workspaces.line))
        return Seen(workspace, workspace.survey())
    except UpgraderError as problem:
        return problem


def note(scope: Scope, repository: GitOpsRepository, workspace: Workspace) -> Result:
    """Write the status from what is known of the repository, asking nobody."""
    status = repository.status
    if status.head_commit != workspace.commit:
        status = status.model_copy(update={"head_commit": workspace.commit, "last_change_time": scope.clock()})
    if workspace.open_pulls is not None:
        status = status.model_copy(update={"open_pull_requests": workspace.open_pulls})
    if repository.spec.paused:
        words = "Every proposal on this repository is left alone."
        return conclude(scope, repository, status, reason=ReadyReason.PAUSED, message=words)
    return conclude(scope, repository, status, message=f"{workspace.branch} is at {workspace.commit}.")
