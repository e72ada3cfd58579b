"""Kubernetes Events (events.k8s.io/v1): what people see under `kubectl describe`. Each is told once, not each time."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gitops_upgrader.api.names import NAME_LENGTH, shortened
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.stores.protocol import Store, Stored

logger = logging.getLogger(__name__)

CONTROLLER = "gitops-upgrader"
_NOTE = 1024
"""Characters of a note that the API server takes."""
_AGAIN = timedelta(hours=1)
"""After how long the same is told again: Events are forgotten by the cluster after about that time."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that people should see.

    Attributes:
        warning: whether it is something to worry about.
        reason: one CamelCase word.
        action: what was done about it or tried, one CamelCase word.
        note: a sentence.
    """

    reason: str
    action: str
    note: str
    warning: bool = False


class Recorder:
    """Writes Events. One that cannot be written is logged, and never stops a reconcile.

    Args:
        instance: which process this is.
    """

    def __init__(self, store: Callable[[], Store], clock: Callable[[], datetime], instance: str) -> None:
        self._store = store
        self._clock = clock
        self._instance = instance[:128]
        self._told: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()
        self._lock = threading.Lock()

    def record(self, regarding: Stored, happening: Happening) -> bool:
        """Tell of something that happened to an object, unless the same was told within the hour.

        Returns whether it is news.
        """
        if not self._is_news(regarding, happening):
            return False
        try:
            self._store().create(self._event(regarding, happening))
        except UpgraderError as error:
            logger.warning("the event %s was not written: %s", happening.reason, error)
        return True

    def _is_news(self, regarding: Stored, happening: Happening) -> bool:
        now = self._clock()
        identity = (str(regarding.content["metadata"].get("uid") or regarding.key), happening.reason, happening.note)
        with self._lock:
            told = self._told.get(identity)
            if told is not None and told <= now < told + _AGAIN:  # a clock may have been set back since
                return False
            self._told[identity] = now
            self._told.move_to_end(identity)
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
            return True

    def _event(self, regarding: Stored, happening: Happening) -> Mapping[str, Any]:
        metadata = regarding.content["metadata"]
        note = happening.note if len(happening.note) <= _NOTE else f"{happening.note[: _NOTE - 3]}..."
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": shortened(regarding.key.name, f".{secrets.token_hex(8)}", longest=NAME_LENGTH),
                "namespace": regarding.key.namespace,
            },
            "eventTime": self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "action": happening.action,
            "reason": happening.reason,
            "type": "Warning" if happening.warning else "Normal",
            "note": note,
            "regarding": {
                "apiVersion": regarding.content.get("apiVersion"),
                "kind": regarding.key.kind,
                "namespace": regarding.key.namespace,
                "name": regarding.key.name,
                "uid": metadata.get("uid"),
                "resourceVersion": metadata.get("resourceVersion"),
            },
        }
