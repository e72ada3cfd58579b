"""Opens a pull request once, on forges that refuse a second one from a branch to a base."""

from __future__ import annotations

from collections.abc import Callable

from gitops_upgrader.errors import ForgeConflict
from gitops_upgrader.forges.protocol import NewPull
from gitops_upgrader.model import PullRequest, PullState


def open_once(
    new: NewPull, make: Callable[[NewPull], PullRequest], find: Callable[[str], tuple[PullRequest, ...]]
) -> PullRequest:
    """Open a pull request; where the forge says that there is one, whoever was first, that is the one.

    Args:
        new: what to open.
        make: asks the forge to.
        find: looks up the pull requests of a branch.

    Raises:
        ForgeConflict: the forge refuses it, and there is none.
    """
    try:
        return make(new)
    except ForgeConflict as error:
        if "already exists" in error.message:
            for pull in find(new.head):
                if pull.state is PullState.OPEN and pull.base == new.base:
                    return pull
        raise
