"""Where each cluster of a fleet is, as rows of a table: from the status of its upgrader, or from a dry run."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.api.cluster_upgrader import (
    ClusterClassClusterUpgraderStatus,
    PullRequestStatus,
    UpgraderPhase,
)
from gitops_upgrader.api.conditions import Condition, ConditionType, PlannedReason, Status, find
from gitops_upgrader.errors import ObjectNotFound
from gitops_upgrader.pulls.decision import Create
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.scope import key_of
from gitops_upgrader.reconcilers.upgrader_query import cluster_of
from gitops_upgrader.reconcilers.upgrader_status import summarise

PENDING: Final = "Pending"
"""The phase of an upgrader that no controller has looked at yet."""
PLANNED: Final = "Planned"
"""The phase, in a dry run, of a hop that is due and for which nothing is open yet."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cluster.

    Attributes:
        cluster, upgrader: namespace and name of each.
        version: the version on the base branch; None where it is not known.
        target: the version that the plan leads to; None where it is not known.
        hop: the version of the next hop; None where there is none.
        pull: the pull request that was seen last.
        phase: where the cluster is in the life of a hop.
        since: since when it is so; None where nothing tells.
        reason: why, as one CamelCase word.
        message: why, in words.
        failed: whether something is wrong, rather than to be waited for.
    """

    cluster: str
    upgrader: str
    version: str | None
    target: str | None
    hop: str | None
    pull: PullRequestStatus | None
    phase: str
    since: datetime | None
    reason: str
    message: str
    failed: bool


def row_of(upgrader: ClusterClassClusterUpgrader, target: str | None) -> Row:
    """A row from what the controller wrote into the status.

    Args:
        target: the version that the plan leads to.
    """
    return _row(upgrader, upgrader.status, target, _since(upgrader.status))


def row_of_run(upgrader: ClusterClassClusterUpgrader, proposed: Proposed, target: str | None, now: datetime) -> Row:
    """A row from a dry run, which keeps no times but those of pull requests."""
    status = summarise(upgrader, proposed, now=now, apply_deadline=timedelta())
    row = _row(upgrader, status, target, _pull_since(status))
    if isinstance(proposed.decision, Create):
        return replace(row, phase=PLANNED, reason=PlannedReason.HOP_FOUND.value)
    return row


def _row(
    upgrader: ClusterClassClusterUpgrader,
    status: ClusterClassClusterUpgraderStatus,
    target: str | None,
    since: datetime | None,
) -> Row:
    telling, ready = _telling(status), find(status.conditions, ConditionType.READY)
    hop = status.target_version if status.target_version != status.current_version else None
    return Row(
        cluster=f"{cluster_of(upgrader).namespace}/{upgrader.spec.cluster_name}",
        upgrader=f"{key_of(upgrader).namespace}/{upgrader.metadata.name}",
        version=status.current_version,
        target=target,
        hop=hop,
        pull=status.pull_request,
        phase=status.phase.value if status.phase else PENDING,
        since=since,
        reason=telling.reason if telling else "",
        message=ready.message if ready else "",
        failed=ready is not None and ready.status is Status.FALSE,
    )


_TELLING: Final = {
    UpgraderPhase.UP_TO_DATE: (ConditionType.PLANNED,),
    UpgraderPhase.HOLDING: (ConditionType.PLANNED, ConditionType.PROPOSED),
    UpgraderPhase.PROPOSED: (ConditionType.MERGED,),
    UpgraderPhase.MERGED: (ConditionType.APPLIED, ConditionType.PLANNED),
    UpgraderPhase.ROLLING_OUT: (ConditionType.ROLLED_OUT,),
}
"""The conditions that say what each phase waits for; the first one that does not hold does."""


def _telling(status: ClusterClassClusterUpgraderStatus) -> Condition | None:
    """The condition that says most about why the cluster is where it is."""
    ready = find(status.conditions, ConditionType.READY)
    if status.phase is None or ready is None or ready.status is not Status.TRUE:
        return ready
    found = (find(status.conditions, type_) for type_ in _TELLING.get(status.phase, ()))
    return next((one for one in found if one is not None and one.status is not Status.TRUE), ready)


def _since(status: ClusterClassClusterUpgraderStatus) -> datetime | None:
    """Since when the cluster waits for what it waits for."""
    telling = _telling(status)
    return _pull_since(status) or (telling.last_transition_time if telling else None)


def _pull_since(status: ClusterClassClusterUpgraderStatus) -> datetime | None:
    """The time of a pull request, where the phase begins with it."""
    pull = status.pull_request
    if pull is None:
        return None
    if status.phase is UpgraderPhase.PROPOSED:
        return pull.created_at
    return pull.merged_at if status.phase in {UpgraderPhase.MERGED, UpgraderPhase.ROLLING_OUT} else None


def age(since: datetime | None, now: datetime) -> str:
    """How long ago something was, in its largest unit, as kubectl shows it; `-` where that is not known.

    >>> from datetime import UTC
    >>> now = datetime(2026, 5, 2, 12, tzinfo=UTC)
    >>> age(datetime(2026, 5, 2, 9, 30, tzinfo=UTC), now), age(None, now)
    ('2h', '-')
    """
    if since is None:
        return "-"
    seconds = max(0, int((now - since).total_seconds()))  # another machine's clock may be ahead
    units = ((86400, "d"), (3600, "h"), (60, "m"))
    return next((f"{seconds // size}{unit}" for size, unit in units if seconds >= 2 * size), f"{seconds}s")


def changed(before: Iterable[Row], after: Iterable[Row]) -> tuple[Row, ...]:
    """The rows that are new or not as they were."""
    known = set(before)
    return tuple(row for row in after if row not in known)


def chosen(rows: Collection[Row], only: Collection[str]) -> tuple[Row, ...]:
    """The rows of some upgraders, named as `name` or `namespace/name`; without any name all rows.

    Raises:
        ObjectNotFound: there is none of that name.
    """
    for name in only:
        if not any(_is_called(row, name) for row in rows):
            names = ", ".join(row.upgrader for row in rows)
            raise ObjectNotFound(
                f"There is no ClusterClassClusterUpgrader {name!r}.", remedy=f"Name one of {names or 'none'}."
            )
    return tuple(row for row in rows if not only or any(_is_called(row, name) for name in only))


def _is_called(row: Row, name: str) -> bool:
    return name in {row.upgrader, row.upgrader.partition("/")[2]}
