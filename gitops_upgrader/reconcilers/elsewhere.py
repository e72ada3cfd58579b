"""An open pull request of ours, by another owner, that changes the same Cluster already: two of them would conflict.

A person may propose with `--cluster` what an upgrader proposes too; an upgrader may have got another name. Their
branches differ, so neither knows of the other. The other branch itself tells: it holds the Cluster as it would be.
"""

from __future__ import annotations

from gitops_upgrader.errors import InvalidVersion, ManifestError, MarkerUnreadable
from gitops_upgrader.manifests import Located
from gitops_upgrader.model import PullRequest, Target
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.decision import Gate
from gitops_upgrader.pulls.marker import Marker
from gitops_upgrader.reconcilers.request import Request
from gitops_upgrader.reconcilers.workspace import Workspace
from gitops_upgrader.versions import Version

PROPOSED_ELSEWHERE = "ProposedElsewhere"


def proposed_elsewhere(workspace: Workspace, request: Request, located: Located | None, origin: Target) -> Gate | None:
    """Why nothing may be opened for a Cluster, if another open pull request changes it. Nobody outside is asked.

    Args:
        located: the Cluster on the base branch; None where nobody looked for it.
        origin: the version and image that it holds there.
    """
    if located is None:
        return None
    for pull in workspace.standing:
        marker = _marker(pull)
        if marker is None or request.family.generation(pull.head) is not None or pull.base != workspace.branch:
            continue
        if _changes(workspace, request, located, origin, pull, marker):
            return Gate(
                PROPOSED_ELSEWHERE,
                f"Pull request {pull.number} of {marker.proposer} changes {located.name} in {located.file} to "
                f"{marker.target} already: {pull.url}. Merge it or close it first.",
            )
    return None


def _marker(pull: PullRequest) -> Marker | None:
    try:
        return markers.read(pull.body)
    except MarkerUnreadable:
        return None  # its owner says so


def _changes(
    workspace: Workspace, request: Request, located: Located, origin: Target, pull: PullRequest, marker: Marker
) -> bool:
    """Whether a pull request's branch holds our Cluster at the target that its marker tells, and the base does not."""
    head = workspace.refs.get(pull.head)
    if head is None:
        return False
    files = {slot.place.file for slot in located.slots}
    if files.isdisjoint(workspace.changed(head)):
        return False
    try:
        found = workspace.manifests_of(head, request.scanned).locate(request.query)
        there = Target(Version.parse(found.version_text or ""), found.image_text)
    except (ManifestError, InvalidVersion):
        return False  # it has moved there, or cannot be told from others
    if there.version != marker.target.version:
        return False
    # A branch on an older base has an older version, where it does not change it.
    if there.version != origin.version:
        return there.version.newness > origin.version.newness
    return there.image == marker.target.image and there.image != origin.image
