"""What of ours was merged already, and why the next hop must wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gitops_upgrader.manifests import Located
from gitops_upgrader.model import PullRequest, PullState, Target
from gitops_upgrader.pulls.decision import Gate, Proposal
from gitops_upgrader.pulls.merges import came_with
from gitops_upgrader.reconcilers.request import Request
from gitops_upgrader.reconcilers.rollout import Rollout, Stage
from gitops_upgrader.reconcilers.workspace import Workspace
from gitops_upgrader.versions import Version


@dataclass(frozen=True, slots=True)
class Merge:
    """A hop of ours that came to the base branch.

    Attributes:
        origin: the version that it started from.
        when: the forge's time of the merge.
    """

    origin: Version
    target: Target
    when: datetime
    pull: PullRequest


def merges(proposals: Sequence[Proposal]) -> tuple[Merge, ...]:
    """The hops of ours that a forge knows to be merged, the newest first."""
    found = [
        Merge(proposal.marker.origin.version, proposal.marker.target, proposal.pull.merged_at, proposal.pull)
        for proposal in proposals
        if proposal.pull.state is PullState.MERGED and proposal.pull.merged_at is not None and proposal.marker
    ]
    return tuple(sorted(found, key=lambda merge: (merge.when, merge.pull.number), reverse=True))


def merged_at(origin: Target, merged: Sequence[Merge]) -> datetime | None:
    """When a pull request of ours brought the version that the base holds."""
    return max((merge.when for merge in merged if merge.target.version == origin.version), default=None)


def resting(
    workspace: Workspace,
    request: Request,
    origin: Target,
    located: Located,
    proposals: Sequence[Proposal],
    rollout: Rollout | None,
) -> Gate | None:
    """Why the next hop must wait: the last one is not rolled out, or it may not be, as it was merged only just.

    Cluster API refuses a change of the version during a rollout (internal/webhooks/cluster.go), and Flux then sticks.
    """
    if rollout is None or not rollout.tells:
        return _interval(workspace, request, origin, located, proposals)
    if rollout.stage is Stage.ROLLED_OUT:
        return None
    reason = "NotApplied" if rollout.stage is Stage.NOT_APPLIED else "RollingOut"
    return Gate(reason, f"{rollout.message} The next hop waits until {origin.version} is rolled out.")


def _interval(
    workspace: Workspace, request: Request, origin: Target, located: Located, proposals: Sequence[Proposal]
) -> Gate | None:
    """Where no live cluster tells, time has to."""
    if not request.hop_interval:
        return None  # a look at the base's history can be one more fetch
    now = workspace.clock()
    if workspace.forge.capabilities.opens_pulls:
        merged = merged_at(origin, merges(proposals))
    else:
        place = located.version.file
        merged = came_with(
            workspace.repository, workspace.commit, place, request.proposer, since=now - request.hop_interval
        )
    if merged is None or now >= merged + request.hop_interval:
        return None
    until = merged + request.hop_interval
    return Gate(
        "HopInterval",
        f"{origin.version} was merged at {merged:%Y-%m-%d %H:%M} UTC; so that the rollout can end, the next hop waits "
        f"until {until:%Y-%m-%d %H:%M} UTC.",
        until,
    )
