"""Which branch changes are proposed to, where that is not what most people expect."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader.reconcilers.opened import Workspaces

_USUAL = frozenset({"main", "master"})


def unusual_bases(workspaces: Workspaces) -> Iterator[str]:
    """What to tell of checkouts without a remote: what they have checked out is proposed to, if nobody says otherwise.

    Of a remote repository, and of a checkout of one, it is the remote's own HEAD, which is the same for everybody.
    """
    for workspace in workspaces.all():
        followed = workspace.named is None and workspace.branch == workspace.repository.checked_out
        if followed and workspace.branch not in _USUAL:
            yield (
                f"changes are proposed to {workspace.branch}, the branch that {workspace.url} has checked out. Name "
                "another one with --branch."
            )
