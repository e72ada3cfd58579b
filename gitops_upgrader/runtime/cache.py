"""What informers have seen of a cluster, as a reader for stores. What nobody watches is read from the API."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.protocol import Reader, Stored

_Kind = tuple[str, str]
_WHOLE = 1_000
"""How many whole objects are kept of the kinds that are watched as outlines: those that somebody names."""
_GRAVES = 10_000
"""How many deleted objects are remembered, so that a late answer about one does not bring it back."""


class Cache:
    """Objects of the kinds that are watched. Safe to share between threads.

    Args:
        beyond: where everything else is read from.
        namespaces: those that are watched; none for all that there are.
    """

    def __init__(self, beyond: Reader, namespaces: tuple[str, ...] = ()) -> None:
        self._beyond = beyond
        self._namespaces = namespaces
        self._kinds: dict[_Kind, dict[ObjectKey, Stored]] = {}
        self._ready: dict[_Kind, Callable[[], bool]] = {}
        self._outlines: set[_Kind] = set()
        self._partial: set[_Kind] = set()
        self._buried: dict[ObjectKey, int] = {}
        self._whole: OrderedDict[ObjectKey, Stored] = OrderedDict()
        self._lock = threading.Lock()

    def watch(
        self,
        group: str,
        kind: str,
        *,
        outline: bool = False,
        partial: bool = False,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """Answer for a kind from now on.

        Args:
            group: the API group.
            kind: the kind.
            outline: only the metadata is here; whoever wants the whole object is sent to the API, once for each of its
                versions.
            partial: only some objects are here, so for those that are not, and for all of them, the API is asked.
            ready: whether everything that there was has been listed; until then the API is asked.
        """
        with self._lock:
            self._kinds.setdefault((group, kind), {})
            self._ready[group, kind] = ready
            if outline:
                self._outlines.add((group, kind))
            if partial:
                self._partial.add((group, kind))

    def watches(self, key: ObjectKey) -> bool:
        """Whether looks at an object are wanted: its kind is watched in its namespace."""
        with self._lock:
            return (key.group, key.kind) in self._ready and self._is_here(key)

    def is_ready(self, key: ObjectKey) -> bool:
        """Whether everything of an object's kind that there was at the start is here."""
        with self._lock:
            ready = self._ready.get((key.group, key.kind))
        return ready is not None and ready()

    def put(self, stored: Stored) -> tuple[Stored | None, bool]:
        """Take in an object as somebody has seen it. An older look than the last one changes nothing.

        An equal one takes its place: of an answer to a write and the watch's event of it, whoever brings events keeps
        the latter anyway, and two of everything would be twice the memory.

        Returns:
            the object as it was before, and whether this look is newer.
        """
        version = _version(stored)
        with self._lock:
            known = self._kinds.setdefault((stored.key.group, stored.key.kind), {})
            before = known.get(stored.key)
            if version <= self._buried.get(stored.key, -1):
                return before, False
            newer = before is None or not _same(before, stored) or version > _version(before)
            if newer or (before is not None and version == _version(before)):
                known[stored.key] = stored
            return before, newer

    def remove(self, stored: Stored) -> Stored | None:
        """Drop an object that was deleted, as it was last. Returns it as it was here.

        One that we have made in its place stays: that it is there we know from the answer, before we hear of the end
        of the other one.
        """
        with self._lock:
            if len(self._buried) >= _GRAVES:
                self._buried.clear()
            self._buried[stored.key] = _version(stored)
            known = self._kinds.setdefault((stored.key.group, stored.key.kind), {})
            here = known.get(stored.key)
            if here is not None and not _same(here, stored) and _version(here) > _version(stored):
                return None
            return known.pop(stored.key, None)

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none. Raises what the API raises where it is not watched."""
        if self._answers(key.group, key.kind) and self._is_here(key):
            with self._lock:
                found = self._kinds[key.group, key.kind].get(key)
                if found is not None or (key.group, key.kind) not in self._partial:
                    return found
        if not self._is_outlined(key):
            return self._beyond.get(key)
        return self._unchanged(key) or self._remembered(self._beyond.get(key))

    def afresh(self, key: ObjectKey) -> Stored | None:
        """The object as the API itself has it, whatever is here. Raises what the API raises."""
        return self._beyond.get(key)

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key. Raises what the API raises where it is not watched."""
        here = namespace is None or not self._namespaces or namespace in self._namespaces
        if not here or (group, kind) in self._partial or not self._answers(group, kind):
            return self._beyond.list(group, kind, namespace, labels)
        objects = self.known(group, kind)
        wanted = (labels or {}).items()
        return tuple(
            sorted(
                (
                    stored
                    for stored in objects
                    if namespace in {None, stored.key.namespace} and wanted <= stored.labels.items()
                ),
                key=lambda stored: stored.key,
            )
        )

    def known(self, group: str, kind: str) -> tuple[Stored, ...]:
        """The objects of a kind that are here, outlines too; nobody is asked."""
        with self._lock:
            return tuple(self._kinds.get((group, kind), {}).values())

    # --- inside

    def _is_outlined(self, key: ObjectKey) -> bool:
        with self._lock:
            return (key.group, key.kind) in self._outlines and self._is_here(key)

    def _unchanged(self, key: ObjectKey) -> Stored | None:
        """The whole object as it was read last, if its outline is still of that very version."""
        with self._lock:
            outline = self._kinds[key.group, key.kind].get(key)
            whole = self._whole.get(key)
            if outline is None or whole is None or not _same(outline, whole) or _version(outline) != _version(whole):
                self._whole.pop(key, None)
                return None
            self._whole.move_to_end(key)
            return whole

    def _remembered(self, whole: Stored | None) -> Stored | None:
        if whole is not None and _version(whole):
            with self._lock:
                self._whole[whole.key] = whole
                while len(self._whole) > _WHOLE:
                    self._whole.popitem(last=False)
        return whole

    def _answers(self, group: str, kind: str) -> bool:
        """Whether the whole objects of a kind are here, all of them."""
        with self._lock:
            ready = None if (group, kind) in self._outlines else self._ready.get((group, kind))
        return ready is not None and ready()

    def _is_here(self, key: ObjectKey) -> bool:
        return not self._namespaces or key.namespace in self._namespaces


def _version(stored: Stored) -> int:
    """The object's resourceVersion as a number, which they all are (KEP-5504 made that a promise); else 0."""
    text: Any = stored.content["metadata"].get("resourceVersion")
    return int(text) if isinstance(text, str) and text.isdecimal() else 0


def _same(one: Stored, other: Stored) -> bool:
    uids = one.content["metadata"].get("uid"), other.content["metadata"].get("uid")
    return bool(uids[0] == uids[1])
