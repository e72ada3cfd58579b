"""What has changed in a repository since the last look at it, so that only those it concerns are woken."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import ObjectKey, PullRequest, PullState
from gitops_upgrader.pulls.identity import upgrader_of
from gitops_upgrader.reconcilers.workspace import Workspace
from gitops_upgrader.runtime.wakes import UPGRADER


@dataclass(frozen=True, slots=True)
class News:
    """Whom a look at a repository concerns.

    Attributes:
        everybody: the base branch has moved, or a place under the limit has become free.
        upgraders: those whose branch or pull request has changed.
    """

    everybody: bool = False
    upgraders: frozenset[ObjectKey] = frozenset()


@dataclass(frozen=True, slots=True)
class _Survey:
    commit: str
    refs: Mapping[str, str]
    pulls: Mapping[int, PullRequest]

    @property
    def open(self) -> frozenset[int]:
        return frozenset(number for number, pull in self.pulls.items() if pull.state is PullState.OPEN)


@dataclass(slots=True)
class Surveys:
    """The last look at each repository. Safe to share between threads."""

    _last: dict[ObjectKey, _Survey] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def compare(
        self, repository: ObjectKey, workspace: Workspace, pulls: Sequence[PullRequest], instance: str | None
    ) -> News:
        """Compare a look with the last one, and remember it. The first look is no news: everybody is new then."""
        survey = _Survey(workspace.commit, dict(workspace.refs), {pull.number: pull for pull in pulls})
        with self._lock:
            last, self._last[repository] = self._last.get(repository), survey
        if last is None:
            return News()
        if survey.commit != last.commit or last.open - survey.open:
            return News(everybody=True)
        branches = {name for name, commit in survey.refs.items() if last.refs.get(name) != commit}
        branches |= set(last.refs) - set(survey.refs)
        branches |= {pull.head for number, pull in survey.pulls.items() if last.pulls.get(number) != pull}
        return News(upgraders=frozenset(_upgraders(branches, workspace.prefix, instance)))

    def forget(self, repository: ObjectKey) -> None:
        """A repository is not looked at any more."""
        with self._lock:
            self._last.pop(repository, None)


def _upgraders(branches: set[str], prefix: str, instance: str | None) -> set[ObjectKey]:
    found = set()
    for branch in branches:
        owner = upgrader_of(prefix, branch, instance)
        if owner is not None:
            namespace, _, name = owner.partition("/")
            found.add(ObjectKey(GROUP, UPGRADER, namespace, name))
    return found
