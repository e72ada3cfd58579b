"""Changes that are kept in memory: the writing half of every store that must write to nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from gitops_upgrader.errors import ObjectExists, ObjectNotFound, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.changes import created, patched, with_status
from gitops_upgrader.stores.protocol import Stored


class ChangesInMemory(ABC):
    """The writing methods of `Store`, for whoever can look an object up and keep another one in its place."""

    @abstractmethod
    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name with the changes so far, or None where there is none."""

    @abstractmethod
    def _keep(self, key: ObjectKey, stored: Stored | None) -> None:
        """Have this object from now on; None: have none of that name."""

    def create(self, content: Mapping[str, Any]) -> Stored:
        """Add an object in memory."""
        new = created(content)
        if self.get(new.key) is not None:
            raise ObjectExists("There is an object of that name already.", where=Where(object=str(new.key)))
        self._keep(new.key, new)
        return new

    def patch(self, key: ObjectKey, changes: Mapping[str, Any]) -> Stored:
        """Change an object in memory with a JSON merge patch."""
        new = patched(self._existing(key), changes)
        self._keep(key, new)
        return new

    def write_status(self, key: ObjectKey, status: Mapping[str, Any]) -> bool:
        """Replace the status in memory, and say whether that was a change."""
        old = self._existing(key)
        if old.status == status:
            return False
        self._keep(key, with_status(old, status))
        return True

    def delete(self, key: ObjectKey) -> None:
        """Remove an object from memory."""
        self._keep(key, None)

    def _existing(self, key: ObjectKey) -> Stored:
        stored = self.get(key)
        if stored is None:
            raise ObjectNotFound("There is no such object.", where=Where(object=str(key)))
        return stored
