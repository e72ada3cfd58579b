"""One repository at one base branch, fetched once however many upgraders name it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gitops_upgrader.errors import BranchNotFound, Where
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Repository
from gitops_upgrader.manifests import Manifests
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls.decision import Gate


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pull requests of ours a repository takes."""

    max_open: int = 10
    max_per_hour: int | None = None


@dataclass(slots=True)
class Workspace:
    """What a run shares between the upgraders of one repository and base branch.

    Attributes:
        url: the repository for people and for JSON, without credentials.
        branch: the base branch; `commit` is where it points, in hex.
        refs: every branch of ours on the remote with its commit in hex; kept up to date with what is pushed.
        prefix: what the names of our branches begin with.
    """

    url: str
    repository: Repository
    forge: Forge
    branch: str
    commit: str
    refs: dict[str, str]
    prefix: str
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    _manifests: dict[tuple[str, ...], Manifests] = field(default_factory=dict)
    _opened: list[datetime] | None = None
    _open: int = 0

    @classmethod
    def fetch(
        cls,
        url: str,
        repository: Repository,
        forge: Forge,
        *,
        branch: str | None,
        prefix: str,
        clock: Callable[[], datetime],
        limits: Limits,
    ) -> Workspace:
        """Look up the branches, and fetch the base branch and all of ours.

        Raises:
            BranchNotFound: the base branch is not there, or none is named and the remote's HEAD names none.
        """
        listed = repository.refs([f"{prefix}*"], default_branch=branch is None)
        base = branch or listed.default_branch
        if base is None:
            raise BranchNotFound(
                "The remote's HEAD names no branch to propose changes to.",
                where=Where(object=url),
                remedy="Name one with --branch, or as spec.branch of the GitOpsRepository.",
            )
        ours = sorted(name for name in listed.heads if name.startswith(prefix) and name != base)
        # One fetch for all; with branches of ours one commit deeper, to see what each of them was built on.
        fetched = dict(repository.fetch([base, *ours], depth=2 if ours else 1))
        commit = fetched.pop(base, None)
        if commit is None:
            raise BranchNotFound(
                f"There is no branch {base!r} to propose changes to.",
                where=Where(object=url),
                remedy="Create it, or name another with --branch or as spec.branch of the GitOpsRepository.",
            )
        return cls(url, repository, forge, base, commit, fetched, prefix, clock, limits)

    def manifests(self, paths: Sequence[str]) -> Manifests:
        """The manifests on the base branch; scanned once for each set of paths."""
        key = tuple(paths)
        if key not in self._manifests:
            self._manifests[key] = Manifests(self.repository.tree(self.commit), key)
        return self._manifests[key]

    def pushed(self, branch: str, commit: str | None) -> None:
        """Note where a branch points now (None: it is deleted)."""
        if commit is None:
            self.refs.pop(branch, None)
        else:
            self.refs[branch] = commit

    def full(self) -> Gate | None:
        """Why no further pull request may be opened now, if so."""
        if not self.forge.capabilities.opens_pulls:
            return None
        now = self.clock()
        if self._opened is None:
            pulls = self.forge.recent(self.prefix, now - timedelta(hours=1))
            self._open = sum(pull.state is PullState.OPEN for pull in pulls)
            self._opened = [pull.created_at for pull in pulls if pull.created_at > now - timedelta(hours=1)]
        if self._open >= self.limits.max_open:
            return Gate("LimitReached", f"{_counted(self._open)} open; maxOpen is {self.limits.max_open}.")
        hourly = self.limits.max_per_hour
        if hourly is not None and len(self._opened) >= hourly:
            until = min(self._opened) + timedelta(hours=1)
            message = f"{_counted(len(self._opened))} less than an hour old; maxPerHour is {hourly}."
            return Gate("LimitReached", message, until)
        return None

    def opened(self) -> None:
        """Count a pull request that was opened just now."""
        self._open += 1
        if self._opened is not None:
            self._opened.append(self.clock())

    def closed(self) -> None:
        """Count a pull request that was closed just now."""
        self._open -= 1

    def close(self) -> None:
        """Remove what was fetched."""
        self.repository.close()


def _counted(number: int) -> str:
    return "1 pull request is" if number == 1 else f"{number} pull requests are"
