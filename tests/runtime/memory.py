"""An API server of a few lines: objects in memory, a new version for each write, and optimistic locking."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

from gitops_upgrader.errors import KubernetesUnreachable, ObjectConflict, ObjectExists, ObjectNotFound, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.keys import key_of
from gitops_upgrader.stores.protocol import Stored


class Server:
    """What is stored, shared by everybody who talks to it."""

    def __init__(self) -> None:
        self.objects: dict[ObjectKey, dict[str, Any]] = {}
        self.writes: list[ObjectKey] = []
        self.reachable = True
        self.asked = 0
        self.lock = threading.RLock()
        self._version = 0

    def version(self) -> str:
        self._version += 1
        return str(self._version)


class MemoryStore:
    """One client of it, which writes only over what it has seen, as `KubernetesStore` does."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._seen: dict[ObjectKey, str] = {}

    def get(self, key: ObjectKey) -> Stored | None:
        with self._asked():
            found = self.server.objects.get(key)
            if found is None:
                return None
            self._seen[key] = found["metadata"]["resourceVersion"]
            return Stored(key, copy.deepcopy(found))

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        with self._asked():
            keys = [key for key in sorted(self.server.objects) if (key.group, key.kind) == (group, kind)]
        found = (self.get(key) for key in keys if namespace in {None, key.namespace})
        return tuple(one for one in found if one is not None and (labels or {}).items() <= one.labels.items())

    def create(self, content: Mapping[str, Any]) -> Stored:
        with self._asked():
            key = key_of(content)
            assert key is not None
            if key in self.server.objects:
                raise ObjectExists("There is one already.", where=Where(object=str(key)))
            new = copy.deepcopy(dict(content))
            new["metadata"]["uid"] = f"uid-{self.server.version()}"
            return self._put(key, new)

    def patch(self, key: ObjectKey, changes: Mapping[str, Any]) -> Stored:
        with self._asked():
            new = self._current(key)
            for part, values in changes.items():
                new[part] = {**new.get(part, {}), **values}
            new["metadata"] = {name: value for name, value in new["metadata"].items() if value is not None}
            return self._put(key, new)

    def write_status(self, key: ObjectKey, status: Mapping[str, Any]) -> bool:
        with self._asked():
            new = self._current(key)
            if new.get("status") == status:
                return False
            self._put(key, {**new, "status": copy.deepcopy(dict(status))})
            return True

    def delete(self, key: ObjectKey) -> None:
        with self._asked():
            self.server.objects.pop(key, None)

    def _asked(self) -> threading.RLock:
        if not self.server.reachable:
            raise KubernetesUnreachable("Nobody answers.")
        self.server.asked += 1
        return self.server.lock

    def _current(self, key: ObjectKey) -> dict[str, Any]:
        found = self.server.objects.get(key)
        if found is None:
            raise ObjectNotFound("There is none.", where=Where(object=str(key)))
        if self._seen.get(key, "") not in {"", found["metadata"]["resourceVersion"]}:
            raise ObjectConflict("It was changed in between.", where=Where(object=str(key)))
        return copy.deepcopy(found)

    def _put(self, key: ObjectKey, content: dict[str, Any]) -> Stored:
        content["metadata"]["resourceVersion"] = self._seen[key] = self.server.version()
        self.server.objects[key] = content
        self.server.writes.append(key)
        return Stored(key, copy.deepcopy(content))
