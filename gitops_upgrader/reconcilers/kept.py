"""Repositories that stay open from one reconcile to the next, as a controller wants them.

Each is looked at again after its `interval`, with one question for its branches, and fetched only where one of them has
moved. Whoever calls sees to it that one repository is used by one thread at a time; different ones may be used at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.reconcilers.known_pulls import KnownPulls
from gitops_upgrader.reconcilers.opened import Workspaces, limits_of
from gitops_upgrader.reconcilers.repository import Access
from gitops_upgrader.reconcilers.workspace import Workspace

_LONGEST = timedelta(minutes=45)
"""How long one stays open: the token of a GitHub App, for one, is good for an hour."""
_FAILURE = timedelta(seconds=10)
"""How long a repository that could not be opened counts as failed, for everybody who names it."""


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Kept:
    workspace: Workspace | None
    opened: datetime
    looked: datetime
    used: datetime
    error: UpgraderError | None = None


@dataclass(slots=True)
class KeptWorkspaces(Workspaces):
    """The repositories of a process that runs on and on."""

    _kept: dict[tuple[object, ...], _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, access: Access) -> Workspace:
        """The workspace of a repository, no older than its interval. Raises what opening it raised."""
        kept = self._found(access)
        now = self.clock()
        if kept is not None:
            kept.used = now
            if kept.error is not None and _within(_FAILURE, kept.looked, now):
                raise kept.error
            # A little less, so that whoever comes once in an interval does look.
            fresh = _within(access.spec.interval * 0.9, kept.looked, now)
            if kept.error is None and fresh and not _is_lost(kept):
                return _for(access, kept)
        workspace = self._renew(access, kept)
        if kept is not None and kept.looked == _NEVER:
            workspace.survey()  # somebody wants to have everything looked at, the forge as well
        return workspace

    def refresh(self, access: Access) -> Workspace:
        """Look at the branches again, whatever the interval: somebody has pushed, or asks for it."""
        return self._renew(access, self._found(access))

    def all(self) -> tuple[Workspace, ...]:
        """Every repository that is open."""
        with self._lock:
            return tuple(kept.workspace for kept in self._kept.values() if kept.workspace is not None)

    def folders(self) -> frozenset[Path]:
        """Where what was fetched is, of every repository that is open."""
        return frozenset(workspace.repository.folder for workspace in self.all())

    def expire(self, url: str) -> None:
        """Have the branches of a repository looked at by whoever comes next, whatever the interval.

        Args:
            url: the normalised address.
        """
        with self._lock:
            for key, kept in self._kept.items():
                if key[0] == url:
                    kept.looked = _NEVER

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            kept, self._kept = self._kept, {}
        for one in kept.values():
            if one.workspace is not None:
                one.workspace.close()

    def close_unused(self, url: str, since: datetime) -> None:
        """Close what was opened with credentials or settings that nobody has used since then.

        Args:
            url: the normalised address; the caller alone uses it now.
            since: an aware time.
        """
        with self._lock:
            stale = [key for key, kept in self._kept.items() if key[0] == url and kept.used < since]
            closing = [self._kept.pop(key).workspace for key in stale]
        for workspace in closing:
            if workspace is not None:
                workspace.close()

    def _found(self, access: Access) -> _Kept | None:
        with self._lock:
            return self._kept.get(access.key)

    def _renew(self, access: Access, kept: _Kept | None) -> Workspace:
        now = self.clock()
        opened = kept.opened if kept is not None else now
        try:
            if kept is None or kept.workspace is None or _is_lost(kept) or not _within(_LONGEST, kept.opened, now):
                if kept is not None and kept.workspace is not None:
                    kept.workspace.close()
                    kept.workspace = None
                workspace, opened = self._open(access), now
                workspace.known = _known(workspace.forge)
            else:
                workspace = kept.workspace.renewed()
        except UpgraderError as error:
            # What is open already stays so: the next look may well succeed.
            still = kept.workspace if kept is not None else None
            self._keep(access, _Kept(still, opened, now, now, error))
            raise
        renewed = _Kept(workspace, opened, now, now)
        self._keep(access, renewed)
        return _for(access, renewed)

    def _keep(self, access: Access, kept: _Kept) -> None:
        with self._lock:
            self._kept[access.key] = kept


def _within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether a time is less than a span ago. A clock may be set back: what lies in the future is not known to be."""
    return since <= now < since + span


def _is_lost(kept: _Kept) -> bool:
    """Whether somebody has removed what was fetched."""
    return kept.workspace is not None and kept.workspace.repository.is_lost


def _known(forge: Forge) -> KnownPulls | None:
    """A memory for a forge's answers. A forge that has to be told of merges is on this machine, and quick to ask."""
    able = forge.capabilities
    return KnownPulls(forge) if able.opens_pulls and able.tells_merges else None


def _for(access: Access, kept: _Kept) -> Workspace:
    """The workspace, with the limits of the object that it is used for now: several may share it."""
    if kept.workspace is None:
        raise AssertionError("a repository that did not fail is open")
    kept.workspace.limits = limits_of(access)
    return kept.workspace
