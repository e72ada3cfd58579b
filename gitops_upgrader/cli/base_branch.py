"""Which branch counts, and which commits of it, where that is not what most people expect."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader.cli.run import note
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import from_command_line

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


def note_unpushed(workspaces: Workspaces) -> None:
    """Tell it at once: whoever looks for what is in such a commit gets an error next."""
    for text in unpushed(workspaces):
        note(f"note: {text}")


def unpushed(workspaces: Workspaces) -> Iterator[str]:
    """What to tell of a checkout that is ahead of its remote: it is the remote's files that are read and changed."""
    if workspaces.line.repo is None or not workspaces.all():
        return
    typed = from_command_line(workspaces.line)
    for workspace in workspaces.all():
        if typed.reference is None or workspace.repository.location.normalised != typed.location.normalised:
            continue
        branch = workspace.named or typed.reference.head_branch
        count = typed.reference.unpushed(branch, workspace.commit) if branch is not None else 0
        if count:
            commits = "1 commit" if count == 1 else f"{count} commits"
            missing = f"{commits} of {branch} in {typed.reference.root} {'is' if count == 1 else 'are'} not pushed"
            yield f"{missing}, and so left out: what counts is {workspace.branch} of {workspace.url}."
