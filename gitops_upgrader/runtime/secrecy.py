"""The values of Secrets that this process has read, so that its logs can be kept clean of them whatever goes wrong."""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Mapping

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.protocol import Reader, Stored

_SHORTEST = 8
"""Shorter values are words rather than secrets; hiding `git` or `true` would blank half of the log."""
_MOST = 1000


class Secrecy:
    """Values that must not be shown; of many, those that were read last. Safe to share between threads."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, secret: Stored) -> None:
        """Remember the values of a Secret. A user name, an address and a public key are no secrets."""
        for name, value in (secret.content.get("data") or {}).items():
            if name in _PUBLIC or not isinstance(value, str):
                continue
            try:
                text = base64.b64decode(value, validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue
            if len(text) >= _SHORTEST:
                with self._lock:
                    self._values[text] = None
                    self._values.move_to_end(text)
                    while len(self._values) > _MOST:
                        self._values.popitem(last=False)

    def values(self) -> tuple[str, ...]:
        """What must not be shown."""
        with self._lock:
            return tuple(self._values)


_PUBLIC = frozenset(
    {"username", "address", "known_hosts", "identity.pub", "ca.crt", "caFile", "tls.crt", "githubAppBaseURL"}
)


class NotingReader:
    """Reads through another reader, and remembers the values of the Secrets that come by."""

    def __init__(self, reader: Reader, secrecy: Secrecy) -> None:
        self._reader = reader
        self._secrecy = secrecy

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none."""
        found = self._reader.get(key)
        if found is not None and (key.group, key.kind) == ("", "Secret"):
            self._secrecy.note(found)
        return found

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key."""
        return self._reader.list(group, kind, namespace, labels)
