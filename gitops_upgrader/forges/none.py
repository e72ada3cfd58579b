"""A Git host whose pull requests are not spoken: the pushed branch is all there is."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from gitops_upgrader.errors import ForgeNotFound
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.protocol import Capabilities, MergeMethod, NewPull, People, Verdict
from gitops_upgrader.model import PullRequest


def forge(_connection: Connection) -> NoForge:
    """Return the forge that is none."""
    return NoForge()


class NoForge:
    """Finds nothing and is asked for nothing: `capabilities.opens_pulls` is False."""

    name = "none"
    capabilities = Capabilities(opens_pulls=False, tells_merges=False)

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """There are no pull requests."""
        return ()

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """There are no pull requests."""
        return ()

    def get(self, number: int) -> PullRequest:
        """There are no pull requests."""
        self._refuse(number)

    def create(self, new: NewPull) -> PullRequest:
        """There are no pull requests."""
        self._refuse(new.head)

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """There are no pull requests."""
        self._refuse(number)

    def comment(self, number: int, key: str, text: str) -> None:
        """There are no pull requests."""
        self._refuse(number)

    def close(self, number: int) -> None:
        """There are no pull requests."""
        self._refuse(number)

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """There are no pull requests."""
        self._refuse(number)

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """There are no pull requests."""
        self._refuse(number)

    def drop_label(self, number: int, label: str) -> str | None:
        """There are no pull requests."""
        self._refuse(number)

    def set_draft(self, number: int, *, draft: bool) -> None:
        """There are no pull requests."""
        self._refuse(number)

    def update_button(self, base: str) -> str | None:
        """What is pushed is merged by other means."""
        return None

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """There are no pull requests."""
        self._refuse(number)

    def disarm_auto_merge(self, number: int) -> None:
        """There are no pull requests."""
        self._refuse(number)

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """A host without pull requests shows no verdict either."""

    def branch_url(self, branch: str) -> str:
        """The branch has no page; its name has to do."""
        return branch

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """There are no pages."""
        return None

    def _refuse(self, what: int | str) -> NoReturn:
        raise ForgeNotFound(f"This Git host has no pull requests that could be asked for {what}.")
