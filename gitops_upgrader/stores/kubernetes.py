"""The store of a Kubernetes cluster: reads from the API or a cache of it, writes with optimistic locking.

A write is conditional on the version of the object that this store handed out last, so a decision made on an old look
is never written over a newer change (kubernetes.io/docs, "API Concepts": resourceVersion in updates). Stores are cheap:
a reconcile takes one of its own, and so never depends on what another one has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from gitops_upgrader import api
from gitops_upgrader.api import structural
from gitops_upgrader.api.references import group_of
from gitops_upgrader.errors import InvalidObject, KubernetesRefused, ObjectNotFound, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.connection import JSON_PATCH, MERGE_PATCH, Connection
from gitops_upgrader.stores.defaulting import defaulted
from gitops_upgrader.stores.discovery import Discovery, Resource
from gitops_upgrader.stores.keys import key_of
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.protocol import Reader, Stored
from gitops_upgrader.stores.reader import ApiReader, is_name

FIELD_MANAGER = "gitops-upgrader"
"""Who `metadata.managedFields` says wrote what this store writes."""


class KubernetesStore:
    """Objects of a cluster.

    Args:
        connection: the API.
        discovery: its kinds; shared between the stores of one process.
        reader: a cache to read objects from, which may lag behind; the API itself without one.
        wrote: is told what the API server made of each write, so that a cache need not wait for it.
        namespaces: without a cache, those that lists without a namespace are of; none for all that there are.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        discovery: Discovery | None = None,
        reader: Reader | None = None,
        wrote: Callable[[Stored], None] | None = None,
        namespaces: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._discovery = discovery or Discovery(connection)
        self._reader: Reader = reader or ApiReader(connection, self._discovery, namespaces)
        self._lags = reader is not None
        self._told = wrote
        self._versions: dict[ObjectKey, str] = {}
        self._written: dict[ObjectKey, tuple[Stored | None, set[str]]] = {}

    @classmethod
    def connect(
        cls, kubeconfig: Path | None = None, context: str | None = None, *, namespaces: Sequence[str] = ()
    ) -> Self:
        """The store of a cluster that a kubeconfig names, or of the cluster that this Pod runs in.

        Args:
            kubeconfig: the file; None for the usual ones.
            context: the context in it; None for the current one.
            namespaces: those that lists without a namespace are of; none for all that there are.

        Raises:
            InvalidKubeconfig: there is none, or it cannot be used.
        """
        return cls(Connection(open_client(kubeconfig, context)), namespaces=namespaces)

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none. What this store wrote is seen at once.

        Raises:
            KubernetesError: the API does not say.
        """
        found = self._reader.get(key)
        if self._lags and key in self._written:
            written, replaced = self._written[key]
            if (version_of(found) if found else "") in replaced:
                return written
            del self._written[key]
        self._hand_out(found)
        return found

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key; a cache that lags behind may miss what was written just now.

        Raises:
            KubernetesError: the API does not say.
        """
        found = self._reader.list(group, kind, namespace, labels)
        for stored in found:
            if not self._lags or stored.key not in self._written:
                self._hand_out(stored)
        return found

    def create(self, content: Mapping[str, Any]) -> Stored:
        """Add an object. Owner references and finalizers are taken over as they are.

        Raises:
            ObjectExists: there is an object of that name already.
            InvalidObject: the object does not fit its kind's schema.
            ObjectNotFound: its namespace is not there.
            KubernetesError: the API does not let us, or does not answer.
        """
        key = key_of(content)
        if key is None or not is_name(key.namespace):
            described = Where(object=api.describe(content))
            raise InvalidObject("apiVersion, kind and metadata.name are needed.", where=described)
        resource = self._served(key, str(content["apiVersion"]))
        body = {name: value for name, value in content.items() if name != "status"}
        body["metadata"] = {**content["metadata"], "namespace": key.namespace}
        created = self._connection.request(
            "POST",
            resource.path(key.namespace),
            resource.asked("create", key.namespace, key),
            query=_writing(resource),
            body=body,
        )
        return self._wrote(Stored(key, created), replaces="")

    def patch(self, key: ObjectKey, changes: Mapping[str, Any]) -> Stored:
        """Change metadata or spec with a JSON merge patch (RFC 7386): null removes a field, lists are replaced.

        Raises:
            ObjectNotFound: there is no such object.
            ObjectConflict: it has been changed since this store handed it out.
            InvalidObject: the object would not fit its kind's schema, or the kind does not allow the change.
            KubernetesError: the API does not let us, or does not answer.
        """
        resource = self._served(key)
        before = self._versions.get(key, "")
        body = {name: value for name, value in changes.items() if name != "status"}
        if before:
            body["metadata"] = {**body.get("metadata", {}), "resourceVersion": before}
        patched = self._connection.request(
            "PATCH",
            resource.path(key.namespace, key.name),
            resource.asked("patch", key.namespace, key),
            query=_writing(resource),
            body=body,
            content_type=MERGE_PATCH,
        )
        return self._wrote(Stored(key, patched), replaces=before)

    def write_status(self, key: ObjectKey, status: Mapping[str, Any]) -> bool:
        """Replace the status through its subresource, and say whether that was a change.

        What the API server would make of the status, with its defaults and without nulls, is compared with what is
        there; an equal status costs no request beyond reading.

        Raises:
            ObjectNotFound: there is no such object.
            ObjectConflict: it has been changed since this store handed it out.
            InvalidObject: the status does not fit its kind's schema.
            KubernetesError: the API does not let us, or does not answer.
        """
        handed_out = self._versions.get(key, "")
        current = self.get(key)
        if current is None:
            raise ObjectNotFound("There is no such object.", where=Where(object=str(key)))
        wanted = _as_stored(key, status)
        if current.status == wanted:
            return False
        resource = self._served(key)
        before = handed_out or version_of(current)
        written = self._connection.request(
            "PATCH",
            resource.path(key.namespace, key.name, "status"),
            resource.asked("patch", key.namespace, key, part="status"),
            query=_writing(resource),
            body=[
                {"op": "replace", "path": "/metadata/resourceVersion", "value": before},
                {"op": "add", "path": "/status", "value": wanted},
            ],
            content_type=JSON_PATCH,
        )
        stored = self._wrote(Stored(key, written), replaces=before)
        return version_of(stored) != before

    def delete(self, key: ObjectKey) -> None:
        """Remove an object and, in the background, what it owns; one that is not there is as good as removed.

        Raises:
            ObjectConflict: it has been changed since this store handed it out, or another one has taken its place.
            KubernetesError: the API does not let us, or does not answer.
        """
        handed_out = self._versions.get(key, "")
        found = self.get(key)
        if found is None:
            return
        resource = self._served(key)
        asked = resource.asked("delete", key.namespace, key)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {
                "uid": found.content["metadata"]["uid"],
                "resourceVersion": handed_out or version_of(found),
            },
        }
        answered = self._connection.ask("DELETE", resource.path(key.namespace, key.name), asked, body=options)
        if answered.refusal is not None and answered.refusal.code != 404:
            raise self._connection.error(answered.refusal, asked)
        self._versions.pop(key, None)
        if not found.content["metadata"].get("finalizers"):
            self._written[key] = (None, self._replaced(key, version_of(found)))

    def close(self) -> None:
        """Close the connections to the API."""
        self._connection.close()

    def _served(self, key: ObjectKey, api_version: str | None = None) -> Resource:
        """The resource to write to. Raises KindNotInstalled, KubernetesRefused."""
        version = api_version.rpartition("/")[2] if api_version and group_of(api_version) == key.group else None
        resource = self._discovery.find(key.group, key.kind, version)
        if resource is None:
            raise KubernetesRefused(
                f"The cluster does not know the kind {key.kind} of {key.group or 'v1'}.", where=Where(object=str(key))
            )
        return resource

    def _hand_out(self, stored: Stored | None) -> None:
        if stored is not None:
            self._versions[stored.key] = version_of(stored)

    def _wrote(self, stored: Stored, *, replaces: str) -> Stored:
        """Note what the API server made of a write, and which versions it takes the place of in a cache."""
        self._written[stored.key] = (stored, self._replaced(stored.key, replaces))
        self._hand_out(stored)
        if self._told is not None:
            self._told(stored)
        return stored

    def _replaced(self, key: ObjectKey, version: str) -> set[str]:
        written, replaced = self._written.get(key, (None, set()))
        return {*replaced, version, *([version_of(written)] if written else [])}


def version_of(stored: Stored) -> str:
    """The object's resourceVersion, an opaque text; empty where it has none."""
    return str(stored.content["metadata"].get("resourceVersion") or "")


def _writing(resource: Resource) -> list[tuple[str, str]]:
    """What every write says. A field that our own schemas do not know is a mistake and not to be dropped silently.

    Foreign kinds (Jobs, with what people wrote into their templates) are taken as their API server takes them.
    """
    validation = "Strict" if resource.group == api.GROUP else "Ignore"
    return [("fieldManager", FIELD_MANAGER), ("fieldValidation", validation)]


def _as_stored(key: ObjectKey, status: Mapping[str, Any]) -> Any:
    """A status as the API server keeps it."""
    kind = api.KINDS.get(key.kind) if key.group == api.GROUP else None
    schema = structural.at(structural.schema(kind), ("status",)) if kind is not None else {}
    return defaulted(status, schema)
