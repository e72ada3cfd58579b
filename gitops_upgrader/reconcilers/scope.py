"""What every reconciler needs, and how each one ends: with a status that says what was read and done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from gitops_upgrader.api.conditions import Condition, ConditionType, ReadyReason, Status, merge, observe
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.resource import Model
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.model import ObjectKey

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.mentions import Mentions
    from gitops_upgrader.sources.fetch import Fetch
    from gitops_upgrader.stores.protocol import Store, Stored


_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """What holds where the store is a management cluster's API.

    Attributes:
        cross_namespace: whether a Cluster in another namespace than its upgrader's may be read.
        apply_deadline: how long after a merge the live Cluster has to ask for the new version.
    """

    cross_namespace: bool = False
    apply_deadline: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where objects are, what time it is, how an index is brought.

    Attributes:
        runs_jobs: whether there is a cluster that builds images.
        doubt: in words, what of the files could not be read, so that what seems to be gone may be there.
        live: what holds where the store is a cluster's API; None where objects come from files, in which a Cluster is
            a manifest like any other, and no live one.
        claimants: the upgraders of a Cluster, where that is known without a look at all of them.
        mentions: what repositories name, for removing images; None where nobody removes any.
        handed_on: the labels that an object has from the one that wants it, as this process acts on those with them.
    """

    store: Store
    clock: Callable[[], datetime]
    fetch: Fetch
    runs_jobs: bool = False
    live: Live | None = None
    doubt: str | None = None
    claimants: Callable[[ObjectKey], Iterable[Stored]] | None = None
    handed_on: frozenset[str] = frozenset()
    mentions: Mentions | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How one reconcile ended: with a problem, or ready for a reason, in words.

    Attributes:
        again: when to look at the object again although nothing may have changed; None for its kind's own habit.
        news: what was done that people should see, in sentences.
        wake: other objects to look at now, as this one waits for what is seen there.
    """

    key: ObjectKey
    reason: str
    message: str
    problem: UpgraderError | None = None
    again: timedelta | None = None
    news: tuple[str, ...] = ()
    wake: frozenset[ObjectKey] = frozenset()


class Named(Protocol):
    """A custom resource, as far as every kind is alike."""

    KIND: ClassVar[str]
    GROUP: ClassVar[str]

    @property
    def metadata(self) -> ObjectMeta:
        """Name, namespace, labels, annotations."""


class Conditioned(Protocol):
    """A status, as far as every kind's is alike."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What was observed last."""


class Reconcilable(Named, Protocol):
    """A custom resource with a status."""

    @property
    def status(self) -> Conditioned:
        """What was observed last."""


def key_of(resource: Named) -> ObjectKey:
    """The key of an object of ours; in files the namespace is `default` where none is given."""
    return ObjectKey(resource.GROUP, resource.KIND, resource.metadata.namespace or "default", resource.metadata.name)


def conclude(
    scope: Scope,
    resource: Reconcilable,
    status: Model,
    *,
    reason: ReadyReason = ReadyReason.SUCCEEDED,
    message: str = "",
    problem: UpgraderError | None = None,
    also: tuple[Condition, ...] = (),
) -> Result:
    """Write the status: `Ready` (and `Stalled` where only a person can help) before the kind's own conditions.

    Nothing is written where nothing differs, so an idle object stays untouched.
    """
    now, generation = scope.clock(), resource.metadata.generation

    def observed(type_: ConditionType, holds: Status, why: str, words: str) -> Condition:
        return observe(type_, holds, why, words, now=now, generation=generation)

    conditions: tuple[Condition, ...]
    if problem is None:
        conditions = (observed(ConditionType.READY, Status.TRUE, reason.value, message),)
    else:
        conditions = (observed(ConditionType.READY, Status.FALSE, problem.reason, str(problem)),)
        if not problem.transient:
            conditions += (observed(ConditionType.STALLED, Status.TRUE, problem.reason, str(problem)),)
    settled = status.model_copy(
        update={
            "conditions": merge(resource.status.conditions, conditions + also),
            "observed_generation": generation,
        }
    )
    _logger.debug("%s: %s", key_of(resource), problem or message or reason.value)
    scope.store.write_status(key_of(resource), settled.to_content())
    return Result(key_of(resource), problem.reason if problem else reason.value, message, problem)
