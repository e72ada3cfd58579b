"""Objects straight from the Kubernetes API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops_upgrader.errors import KubernetesExpired, KubernetesUnavailable
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery, Resource
from gitops_upgrader.stores.protocol import Stored

PAGE = 500
"""Objects in one answer, as kubectl has it, so that a large fleet does not come in one piece."""


_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


class _Gone(Exception):
    """The path of a kind is not served."""


class ApiReader:
    """Reads with one request each. Absence is an answer, of a foreign kind that the cluster does not have as well.

    Args:
        connection: the API.
        discovery: its kinds.
        namespaces: those that a list without a namespace is of; none for all that there are, which takes the right
            to list in the whole cluster.
    """

    def __init__(self, connection: Connection, discovery: Discovery, namespaces: Sequence[str] = ()) -> None:
        self._connection = connection
        self._discovery = discovery
        self._namespaces = tuple(sorted(set(namespaces)))

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none.

        Raises:
            KubernetesError: the API does not say.
        """
        if not is_name(key.name) or not is_name(key.namespace):
            return None
        resource = self._discovery.find(key.group, key.kind)
        if resource is None:
            return None
        asked = resource.asked("get", key.namespace, key)
        answered = self._connection.ask("GET", resource.path(key.namespace, key.name), asked)
        if answered.refusal is None:
            return Stored(key, answered.content)
        if answered.refusal.code != 404:
            raise self._connection.error(answered.refusal, asked)
        if answered.refusal.is_about or not self._moved(resource):
            return None
        return self.get(key)

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key. Raises KubernetesError."""
        resource = self._discovery.find(group, kind)
        if resource is None or (namespace is not None and not is_name(namespace)):
            return ()
        if not all(_LABEL_VALUE.fullmatch(value) for value in (labels or {}).values()):
            return ()  # no object can have such a label, and a comma in it would mean something else
        selector = ",".join(f"{name}={value}" for name, value in sorted((labels or {}).items()))
        within: tuple[str | None, ...] = (namespace,) if namespace is not None else self._namespaces or (None,)
        try:
            found = [stored for place in within for stored in self._all(resource, place, selector)]
        except _Gone:
            return self.list(group, kind, namespace, labels) if self._moved(resource) else ()
        return tuple(sorted(found, key=lambda stored: stored.key))

    def _all(self, resource: Resource, namespace: str | None, selector: str) -> Sequence[Stored]:
        try:
            return tuple(self._paged(resource, namespace, selector, PAGE))
        except KubernetesExpired:
            # The pages took so long that the API server has forgotten the state they are of: take it in one piece.
            return tuple(self._paged(resource, namespace, selector, 0))

    def _paged(self, resource: Resource, namespace: str | None, selector: str, limit: int) -> Iterator[Stored]:
        asked = resource.asked("list", namespace)
        query = [("limit", str(limit))] if limit else []
        query += [("labelSelector", selector)] if selector else []
        token = ""
        while True:
            page = [*query, ("continue", token)] if token else query
            answered = self._connection.ask("GET", resource.path(namespace), asked, query=page)
            if answered.refusal is not None:
                if answered.refusal.code == 404:
                    raise _Gone
                raise self._connection.error(answered.refusal, asked)
            for item in answered.content.get("items") or ():
                yield stored(resource, item)
            token = str(answered.content.get("metadata", {}).get("continue") or "")
            if not token:
                return

    def _moved(self, resource: Resource) -> bool:
        """Whether a kind whose path is not served any more is served in another version.

        Raises:
            KindNotInstalled: it is one of ours, and is not served at all.
            KubernetesUnavailable: the cluster tells of the path and does not serve it: its CRD comes or goes just now.
        """
        self._discovery.forget(resource)
        found = self._discovery.find(resource.group, resource.kind)
        if found == resource:
            raise KubernetesUnavailable(f"The kind {resource.kind} is just being installed or removed.")
        return found is not None


def stored(resource: Resource, item: Mapping[str, Any]) -> Stored:
    """An object of a list, in which built-in kinds do not say what they are."""
    metadata = item["metadata"]
    key = ObjectKey(resource.group, resource.kind, metadata.get("namespace", ""), metadata["name"])
    return Stored(key, {"apiVersion": resource.api_version, "kind": resource.kind, **item})


def is_name(text: str) -> bool:
    """Whether a text can be part of a path and stay what it is; anything else names no object."""
    return bool(text) and "/" not in text and text not in {".", ".."}
