"""Which resource of the API a kind is: its version, its plural, whether it lives in namespaces.

Only the groups that somebody asks about are read (kubernetes.io/docs, "API Discovery": `/api/v1`, `/apis/GROUP`,
`/apis/GROUP/VERSION`). What is there is remembered; what is missing is asked for again each time, as a CRD may come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gitops_upgrader import api
from gitops_upgrader.errors import KindNotInstalled
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.refusals import Asked


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API serves it.

    Attributes:
        version: the API version that is read and written.
        plural: its name in paths and in RBAC.
        namespaced: whether its objects live in namespaces.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As objects carry it: `group/version`, or the version alone for the core API."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The path of one object, or of all of them in a namespace, or everywhere."""
        path = _base(self.group, self.version)
        if self.namespaced and namespace is not None:
            path += f"/namespaces/{quote(namespace, safe='')}"
        path += f"/{self.plural}"
        if name is not None:
            path += f"/{quote(name, safe='')}"
        return f"{path}/{subresource}" if subresource else path

    def asked(self, verb: str, namespace: str | None = None, key: ObjectKey | None = None, part: str = "") -> Asked:
        """What a request asks for, for messages. `part` is a subresource."""
        plural = f"{self.plural}/{part}" if part else self.plural
        return Asked(verb, self.group, plural, namespace if self.namespaced else None, key)


def _base(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


class Discovery:
    """The kinds of one cluster."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[tuple[str, str], Resource] = {}

    def find(self, group: str, kind: str, version: str | None = None) -> Resource | None:
        """The resource of a kind; None for a foreign kind that the cluster does not have.

        Args:
            group: the API group; empty for the core API.
            kind: the kind.
            version: the API version that is meant; None for the one that the API server prefers.

        Raises:
            KindNotInstalled: it is one of our own kinds.
            KubernetesError: the API server does not say.
        """
        if group == api.GROUP:
            version = api.VERSION
        known = self._found.get((group, kind))
        if known is not None and version in {None, known.version}:
            return known
        for candidate in (version,) if version is not None else self._versions(group):
            for resource in self._resources(group, candidate):
                if resource.kind == kind:
                    self._found[group, kind] = resource
                    return resource
        self._found.pop((group, kind), None)
        if group == api.GROUP:
            raise KindNotInstalled(
                f"The cluster does not know the kind {kind} of {api.GROUP}/{api.VERSION}.",
                remedy="Install the custom resource definitions: gitops-upgrader install | kubectl apply -f -",
            )
        return None

    def forget(self, resource: Resource) -> None:
        """Ask again the next time: what was found is not served any more."""
        self._found.pop((resource.group, resource.kind), None)

    def _versions(self, group: str) -> tuple[str, ...]:
        """The versions of a group, the preferred one first; none where there is no such group."""
        if not group:
            return ("v1",)
        content = self._described(f"/apis/{quote(group, safe='')}", group)
        versions = [str(entry["version"]) for entry in content.get("versions", ())]
        preferred = str(content.get("preferredVersion", {}).get("version", ""))
        return tuple(sorted(versions, key=lambda version: version != preferred))

    def _resources(self, group: str, version: str) -> tuple[Resource, ...]:
        content = self._described(_base(quote(group, safe=""), quote(version, safe="")), group)
        return tuple(
            Resource(group, version, str(entry["kind"]), str(entry["name"]), bool(entry["namespaced"]))
            for entry in content.get("resources", ())
            if "/" not in entry["name"]
        )

    def _described(self, path: str, group: str) -> Mapping[str, Any]:
        asked = Asked("get", group)
        answered = self._connection.ask("GET", path, asked)
        if answered.refusal is None:
            return answered.content
        if answered.refusal.code == 404:
            return {}
        raise self._connection.error(answered.refusal, asked)
