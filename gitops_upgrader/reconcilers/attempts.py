"""Trying again, within the run, what may pass: a lost lease at once, a failing network a little later.

The forges' own client does the same for its requests; what still fails then is for the next run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gitops_upgrader.errors import CacheBusy, CacheLost, GitError, LeaseLost, PullRequestChanged

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.propose import Proposed
    from gitops_upgrader.reconcilers.repository import Access
    from gitops_upgrader.reconcilers.request import Request
    from gitops_upgrader.reconcilers.workspace import Workspace

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, and how long is waited in between.

    Attributes:
        tries: the most tries.
        base: seconds before the second try; doubled before each further one.
        sleep, chance: time and luck, so that tests need neither. A delay is between half of it and all of it.
    """

    tries: int = 3
    base: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def attempt(self, action: Callable[[], _T]) -> _T:
        """Do something, and again while Git's errors are of the kind that passes. Raises the last one."""
        for delay in self._delays():
            try:
                return action()
            except GitError as error:
                if not error.transient or isinstance(error, LeaseLost | CacheLost | CacheBusy):
                    raise
            self.sleep(delay)
        return action()

    def _delays(self) -> Iterator[float]:
        for number in range(self.tries - 1):
            yield self.base * 2.0**number * (0.5 + 0.5 * self.chance())


def propose_with_patience(
    get: Callable[[Access], Workspace],
    refresh: Callable[[Access], Workspace],
    patience: Patience,
    place: Access,
    request: Request,
    *,
    dry_run: bool,
) -> Proposed:
    """Propose; where something has changed between our look and what we do, look again, once.

    Somebody pushed, or changed a pull request, or removed the cache.

    Args:
        get: opens the repository, or returns it as it was opened.
        refresh: opens it anew.
    """
    workspace = get(place)
    from gitops_upgrader.reconcilers.propose import propose  # here, so that a fetch need not wait for what follows it

    try:
        return patience.attempt(lambda: propose(workspace, request, dry_run=dry_run))
    except (GitError, PullRequestChanged) as error:
        overtaken = isinstance(error, LeaseLost | PullRequestChanged)
        if not overtaken and not workspace.repository.is_lost:
            raise
        fresh = refresh(place)
        return patience.attempt(lambda: propose(fresh, request, dry_run=dry_run))
