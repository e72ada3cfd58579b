"""The small object store over which the same reconcilers run, on files and on the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gitops_upgrader.errors import Where
from gitops_upgrader.model import ObjectKey


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as a store holds it.

    Attributes:
        key: the object's group, kind, namespace and name.
        content: the whole object as JSON. It is shared: whoever wants to change it takes a copy.
        origin: the file, line and object, where it was read from files; the same `Where` goes into errors.
    """

    key: ObjectKey
    content: Mapping[str, Any]
    origin: Where | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        labels: Mapping[str, str] = self.content["metadata"].get("labels") or {}
        return labels

    @property
    def status(self) -> Mapping[str, Any]:
        """The object's status; empty where there is none."""
        status: Mapping[str, Any] = self.content.get("status") or {}
        return status


class Reader(Protocol):
    """Objects by key. Absence is an answer, not an error; whatever keeps the reader from answering is an error.

    In a cluster this is where a cache can take the place of the API.
    """

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none."""

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key.

        Args:
            group: the API group; empty for the core API.
            kind: the kind.
            namespace: only the objects in this namespace; None for all of them.
            labels: only the objects that have all of these labels with exactly these values.
        """


class Store(Reader, Protocol):
    """Objects that can be changed."""

    def create(self, content: Mapping[str, Any]) -> Stored:
        """Add an object. Its status, if any, is left out, as the API server does it.

        Raises:
            ObjectExists: there is an object of that name already.
            InvalidObject: the object does not fit its kind's schema.
        """

    def patch(self, key: ObjectKey, changes: Mapping[str, Any]) -> Stored:
        """Change metadata or spec with a JSON merge patch (RFC 7386): null removes a field, lists are replaced.

        Raises:
            ObjectNotFound: there is no such object.
            InvalidObject: the object would not fit its kind's schema, or the kind does not allow the change.
        """

    def write_status(self, key: ObjectKey, status: Mapping[str, Any]) -> bool:
        """Replace the status, and say whether that was a change: an equal status is not written.

        Raises:
            ObjectNotFound: there is no such object.
            ObjectConflict: the object has been changed since it was read from this store; so with `patch`.
        """

    def delete(self, key: ObjectKey) -> None:
        """Remove an object; one that is not there is as good as removed."""
