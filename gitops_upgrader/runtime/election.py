"""Leader election over a Lease, so that of several replicas one works and the others wait.

The rules are client-go's (`tools/leaderelection`): who holds the Lease renews it; another one may take it when it has
seen no change for as long as the Lease says, by its own clock. The Python client's `kubernetes.leaderelection` is not
used: it waits in `time.sleep` and cannot be stopped, so nothing can be released at the end; it measures with the wall
clock, which jumps; its requests have no time-out; a connection error ends its thread in silence; and it calls
`sys.exit` for a wrong setting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gitops_upgrader.errors import (
    KubernetesForbidden,
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    UpgraderError,
    Where,
)
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.protocol import Store

logger = logging.getLogger(__name__)

GROUP = "coordination.k8s.io"
KIND = "Lease"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things may take, in seconds; client-go's defaults.

    Attributes:
        duration: how long others wait for a sign of life before they take over.
        deadline: how long the leader tries to renew before it gives up; shorter than `duration`, so that it has
            stopped before another one starts.
        retry: the time between two attempts.
    """

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        if not self.duration > self.deadline > self.retry > 0:
            raise ValueError("the terms of a lease need duration > deadline > retry > 0")


def seconds_awake_or_asleep() -> float:
    """Seconds that only go forward, and also while the machine is suspended: others do not sleep along with it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Election:
    """One candidate.

    Args:
        store: where the Lease is, read from the API itself.
        namespace: the Lease's namespace.
        name: the Lease's name.
        identity: who this is; no two candidates have the same.
        now: the time for the Lease's records, which nobody decides by.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        store: Store,
        namespace: str,
        name: str,
        identity: str,
        now: Callable[[], datetime],
        *,
        terms: Terms | None = None,
        clock: Callable[[], float] = seconds_awake_or_asleep,
    ) -> None:
        self.identity = identity
        self.terms = terms or Terms()
        self._store = store
        self._key = ObjectKey(GROUP, KIND, namespace, name)
        self._now = now
        self._clock = clock
        self._seen: tuple[str, float] | None = None
        self._renewed: float | None = None
        self._told = ""

    @property
    def leads(self) -> bool:
        """Whether this candidate may act now: it has renewed the Lease recently enough."""
        renewed = self._renewed
        return renewed is not None and self._clock() < renewed + self.terms.deadline

    def acquire(self, stop: threading.Event) -> bool:
        """Wait until the Lease is ours; False where `stop` was set first."""
        while not stop.is_set():
            if self.attempt():
                logger.info("leading as %s", self.identity)
                return True
            stop.wait(self.terms.retry)
        return False

    def keep(self, stop: threading.Event) -> None:
        """Renew until `stop` is set, or until the Lease is lost."""
        while not stop.wait(self.terms.retry):
            if not self.attempt() and not self.leads:
                return

    def attempt(self) -> bool:
        """Take or renew the Lease, if that is possible now. An API that does not answer is no reason to raise."""
        begun = self._clock()
        try:
            held = self._attempt()
        except (ObjectConflict, ObjectExists):
            held = False  # another candidate was quicker
        except KubernetesForbidden as error:
            logger.warning("lease: %s", self._with_ways_out(error))
            return False
        except UpgraderError as error:
            logger.warning("lease: %s", error)
            return False
        if held:
            self._renewed = begun
        elif self._renewed is not None:
            self._renewed = None
        return held

    def release(self) -> None:
        """Give the Lease back, so that the next one need not wait. What goes wrong here costs that wait, no more."""
        if self._renewed is None:
            return
        self._renewed = None
        try:
            stored = self._store.get(self._key)
            if stored is not None and (stored.content.get("spec") or {}).get("holderIdentity") == self.identity:
                freed = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._time()}
                self._store.patch(self._key, {"spec": freed})
        except UpgraderError as error:
            logger.warning("lease: %s", error)

    # --- one attempt

    def _attempt(self) -> bool:
        return (self._renewed is not None and self._renew()) or self._look_and_take()

    def _renew(self) -> bool:
        """Renew what is ours, if nobody has written to it since: half of the requests that a look first would take."""
        try:
            self._store.patch(self._key, {"spec": self._taken({}, self.identity)})
        except (ObjectConflict, ObjectNotFound):
            return False
        return True

    def _look_and_take(self) -> bool:
        stored = self._store.get(self._key)
        if stored is None:
            self._create()
            return True
        spec: Mapping[str, Any] = stored.content.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if holder not in {"", self.identity} and not self._expired(
            spec, str(stored.content["metadata"].get("resourceVersion"))
        ):
            if holder != self._told:
                logger.info("%s leads; waiting", holder)
                self._told = holder
            return False
        self._store.patch(self._key, {"spec": self._taken(spec, holder)})
        return True

    def _create(self) -> None:
        taken = self._taken({}, "")
        self._store.create(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": KIND,
                "metadata": {"name": self._key.name, "namespace": self._key.namespace},
                "spec": taken,
            }
        )

    def _with_ways_out(self, refused: KubernetesForbidden) -> KubernetesForbidden:
        """A refusal with all that it takes, as the rights are for Leases of certain names."""
        rules = (
            f'{{apiGroups: ["{GROUP}"], resources: ["leases"], resourceNames: ["{self._key.name}"], '
            f'verbs: ["get", "patch"]}} and {{apiGroups: ["{GROUP}"], resources: ["leases"], verbs: ["create"]}}'
        )
        remedy = (
            "Name a Lease that it may have with --lease-name, one for each shard (`install` grants gitops-upgrader "
            "and, with --shard, the name of each shard's Deployment); or give it a Role in namespace "
            f"{self._key.namespace} with the rules {rules}; or, where no other replica works on these objects, run it "
            "with --no-leader-elect."
        )
        return KubernetesForbidden(refused.message, where=Where(object=str(self._key)), remedy=remedy)

    def _taken(self, spec: Mapping[str, Any], holder: str) -> dict[str, Any]:
        changes = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, round(self.terms.duration)),
            "renewTime": self._time(),
        }
        if holder != self.identity:
            changes["acquireTime"] = changes["renewTime"]
            changes["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (1 if spec else 0)
        return changes

    def _expired(self, spec: Mapping[str, Any], version: str) -> bool:
        """Whether the holder has given no sign of life for as long as its Lease says, since we first saw it so."""
        now = self._clock()
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, now)
        return now >= self._seen[1] + float(spec.get("leaseDurationSeconds") or self.terms.duration)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
