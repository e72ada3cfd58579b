"""Who else writes the status of our custom resources: two controllers on one object undo each other's work for ever.

The API server notes who wrote what, and when (kubernetes.io/docs, "Server-Side Apply": `metadata.managedFields`), so
that this can be told without a right to see other controllers' Deployments, and whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.kubernetes import FIELD_MANAGER
from gitops_upgrader.stores.protocol import Stored

_PEOPLE = ("kubectl", "k9s", "Mozilla")
"""Clients of people begin like this; what one of them wrote by hand is no second controller."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody else who writes the status of an object.

    Attributes:
        key: the object.
        name: what the other one calls itself; `manager` is the name of many controllers written in Go.
        at: when they did so last, as the API server wrote it down.
        since_ours: whether that was after our own last write, so that both are at it.
        ours: whether we have a part in the status too.
    """

    key: ObjectKey
    name: str
    at: str
    since_ours: bool
    ours: bool = False

    def __str__(self) -> str:
        when = f" (last at {self.at})" if self.at else ""
        return f"{self.name!r} writes the status of {self.key}{when}"


def other_writers(objects: Iterable[Stored]) -> tuple[Writer, ...]:
    """Everybody but us and people who has a part in the status of an object, sorted by object and name."""
    found = [writer for stored in objects for writer in _writers(stored)]
    return tuple(sorted(found, key=lambda writer: (writer.key, writer.name)))


def _writers(stored: Stored) -> Iterable[Writer]:
    entries = stored.content["metadata"].get("managedFields") or ()
    times = {_manager(entry): _time(entry) for entry in entries if entry.get("subresource") == "status"}
    ours = times.pop(FIELD_MANAGER, "")
    for name, time in times.items():
        if not name.startswith(_PEOPLE):
            # RFC 3339 in UTC and without fractions (meta/v1 Time), so that texts compare as times do.
            yield Writer(stored.key, name, time, since_ours=bool(ours) and time > ours, ours=bool(ours))


def _manager(entry: Mapping[str, Any]) -> str:
    return str(entry.get("manager") or "unknown")


def _time(entry: Mapping[str, Any]) -> str:
    return str(entry.get("time") or "")
