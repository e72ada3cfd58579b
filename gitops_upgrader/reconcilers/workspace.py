"""One repository at one base branch, fetched once however many upgraders name it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gitops_upgrader.errors import BranchNotFound, Where
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Repository
from gitops_upgrader.model import PullRequest, PullState

if TYPE_CHECKING:
    from gitops_upgrader.manifests import Manifests
    from gitops_upgrader.pulls.decision import Gate
    from gitops_upgrader.pulls.identity import Family
    from gitops_upgrader.reconcilers.known_pulls import KnownPulls


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
        named: the base branch that was asked for; None for the one that the remote's HEAD names.
        limits: those of whoever uses it now. What they limit is counted over all who share the repository.
        known: what is known of pull requests from one look to the next; None where the forge is asked each time.
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
    named: str | None = None
    known: KnownPulls | None = None
    _manifests: dict[tuple[str, ...], Manifests] = field(default_factory=dict)
    _pulls: tuple[PullRequest, ...] | None = None
    _standing: dict[int, PullRequest] = field(default_factory=dict)
    _changed: dict[str, frozenset[str]] = field(default_factory=dict)
    _opened: list[datetime] | None = None
    _open: int = 0
    _button: tuple[str | None] | None = None

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
        found = _listed(url, repository, branch, prefix)
        return cls._fetched(url, repository, forge, found, named=branch, prefix=prefix, clock=clock, limits=limits)

    @classmethod
    def _fetched(
        cls,
        url: str,
        repository: Repository,
        forge: Forge,
        found: tuple[str, dict[str, str]],
        *,
        named: str | None,
        prefix: str,
        clock: Callable[[], datetime],
        limits: Limits,
    ) -> Workspace:
        """Fetch what was listed. Raises BranchNotFound where the base branch is not among it."""
        base, listed = found
        ours = sorted(name for name in listed if name != base)
        # One fetch for all; with branches of ours one commit deeper, to see what each of them was built on.
        fetched = dict(repository.fetch([base, *ours], depth=2 if ours else 1))
        commit = fetched.pop(base, None)
        if commit is None:
            raise BranchNotFound(
                f"There is no branch {base!r} to propose changes to.",
                where=Where(object=url),
                remedy="Create it, or name another with --branch or as spec.branch of the GitOpsRepository.",
            )
        return cls(url, repository, forge, base, commit, fetched, prefix, clock, limits, named=named)

    def renewed(self) -> Workspace:
        """This workspace, where every branch is as it was; else another one that has fetched what is new.

        Raises:
            BranchNotFound: the base branch is gone.
        """
        base, listed = _listed(self.url, self.repository, self.named, self.prefix)
        if (base, listed.get(base)) == (self.branch, self.commit):
            ours = {name: commit for name, commit in listed.items() if name != base}
            if ours == self.refs:
                self._pulls = None  # one may have been closed or reopened, which moves no branch
                return self
        fresh = Workspace._fetched(
            self.url,
            self.repository,
            self.forge,
            (base, listed),
            named=self.named,
            prefix=self.prefix,
            clock=self.clock,
            limits=self.limits,
        )
        unmoved = fresh.commit == self.commit
        return replace(fresh, known=self.known, _manifests=self._manifests if unmoved else {})

    def manifests(self, paths: Sequence[str]) -> Manifests:
        """The manifests on the base branch; scanned once for each set of paths."""
        key = tuple(paths)
        if key not in self._manifests:
            self._manifests[key] = self.manifests_of(self.commit, key)
        return self._manifests[key]

    def manifests_of(self, commit: str, paths: Sequence[str]) -> Manifests:
        """The manifests of a commit that is, or is to become, the base branch's."""
        from gitops_upgrader.manifests import Manifests, Origin  # here, so that a fetch need not wait for them

        return Manifests(self.repository.tree(commit), paths, origin=Origin(self.repository.remote_url, self.branch))

    def update_button(self) -> str | None:
        """What people press before a merge where the base branch takes only branches that are up to date.

        Asked once: whatever moves a branch makes another workspace. Raises ForgeError.
        """
        if self._button is None:
            self._button = (self.forge.update_button(self.branch),)
        return self._button[0]

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
        from gitops_upgrader.pulls.decision import Gate  # here, as for manifests

        if self._opened is None:
            self.survey()
        now = self.clock()
        opened = [when for when in self._opened or () if when > now - timedelta(hours=1)]
        if self._open >= self.limits.max_open:
            return Gate("LimitReached", f"{_counted(self._open)} open; maxOpen is {self.limits.max_open}.")
        hourly = self.limits.max_per_hour
        if hourly is not None and len(opened) >= hourly:
            until = min(opened) + timedelta(hours=1)
            message = f"{_counted(len(opened))} less than an hour old; maxPerHour is {hourly}."
            return Gate("LimitReached", message, until)
        return None

    def survey(self) -> tuple[PullRequest, ...]:
        """The pull requests of ours that are open or were opened within the hour; the limits count anew from them.

        Between two looks at the branches the forge is asked once, unless we have opened or closed one meanwhile.
        """
        if not self.forge.capabilities.opens_pulls:
            return ()
        if self._pulls is None:
            since = self.clock() - timedelta(hours=1)
            self._pulls = self.forge.recent(self.prefix, since)
            self._standing = {pull.number: pull for pull in self._pulls if pull.state is PullState.OPEN}
            self._open = len(self._standing)
            self._opened = [pull.created_at for pull in self._pulls if pull.created_at > since]
            if self.known is not None:
                self.known.surveyed(self._pulls)
        return self._pulls

    def find(self, branch: str) -> tuple[PullRequest, ...]:
        """Every pull request from a branch, newest first. Raises ForgeError."""
        return self.forge.find(branch) if self.known is None else self.known.find(branch)

    def confirm(self, family: Family) -> None:
        """See that what `find` told of a proposal still holds, before anything is done about it.

        Raises:
            PullRequestChanged: it does not. Propose again.
        """
        if self.known is not None:
            self.known.confirm(family)

    @property
    def open_pulls(self) -> int | None:
        """How many pull requests of ours are open; None where nobody has asked the forge."""
        return None if self._opened is None else self._open

    @property
    def standing(self) -> tuple[PullRequest, ...]:
        """The pull requests of ours that were open at the last survey; nobody is asked."""
        return tuple(pull for _, pull in sorted(self._standing.items()))

    def changed(self, head: str) -> frozenset[str]:
        """The files in which a commit differs from the base; compared once for all upgraders of a large fleet.

        Raises:
            ObjectMissing: it was not fetched.
        """
        if head not in self._changed:
            self._changed[head] = frozenset(self.repository.changed(self.commit, head))
        return self._changed[head]

    def opened(self) -> None:
        """Count a pull request that was opened just now."""
        self._pulls = None
        self._open += 1
        if self._opened is not None:
            self._opened.append(self.clock())

    def closed(self, number: int) -> None:
        """Count a pull request that was closed just now."""
        self._pulls = None
        self._standing.pop(number, None)
        self._open -= 1

    def close(self) -> None:
        """Remove what was fetched."""
        self.repository.close()


def _counted(number: int) -> str:
    return "1 pull request is" if number == 1 else f"{number} pull requests are"


def _listed(url: str, repository: Repository, branch: str | None, prefix: str) -> tuple[str, dict[str, str]]:
    """The base branch, and where it and all branches of ours are. Raises BranchNotFound."""
    patterns = [f"{prefix}*", branch] if branch is not None else []  # whose name HEAD tells only then
    listed = repository.refs(patterns, default_branch=branch is None)
    base = branch or listed.default_branch
    if base is None:
        own = repository.location.is_local
        head = "HEAD is detached here, so it names" if own else "The remote's HEAD names"
        raise BranchNotFound(
            f"{head} no branch to propose changes to.",
            where=Where(object=url),
            remedy=f"Name one with --branch, or as spec.branch of the GitOpsRepository{'; or check one out' * own}.",
        )
    return base, {name: oid for name, oid in listed.heads.items() if name == base or name.startswith(prefix)}
