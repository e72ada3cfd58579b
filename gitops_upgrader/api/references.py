"""References from one object to another."""

from __future__ import annotations

from typing import Final

from gitops_upgrader.api.names import API_VERSION
from gitops_upgrader.api.resource import Model
from gitops_upgrader.api.scalars import NamespaceName, ObjectName

CORE_VERSION: Final = "v1"


def group_of(api_version: str) -> str:
    """The group of an `apiVersion`; empty for the core API.

    >>> group_of("batch/v1"), group_of("v1")
    ('batch', '')
    """
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


class ObjectReference(Model):
    """A reference to an object of any kind in the same namespace (core/v1 ObjectReference, as upstream has it)."""

    api_version: str | None = None
    """The API group and version of the object."""
    kind: str | None = None
    """The kind of the object."""
    name: ObjectName
    """The name of the object."""
    namespace: NamespaceName | None = None
    """The namespace of the object, which must be that of the object that refers to it; it can be left out."""
    uid: str | None = None
    """The identity of the object; it is not compared."""
    resource_version: str | None = None
    """The version of the object; it is not compared."""
    field_path: str | None = None
    """A part of the object; it is not looked at."""

    def target(self, default_kind: str, default_api_version: str = API_VERSION) -> tuple[str, str]:
        """The group and kind that are meant, with defaults for what is left out."""
        kind = self.kind or default_kind
        api_version = self.api_version or (default_api_version if kind == default_kind else _likely_version(kind))
        return group_of(api_version), kind


def _likely_version(kind: str) -> str:
    return CORE_VERSION if kind in {"ConfigMap", "Secret"} else API_VERSION


class LocalReference(Model):
    """A reference by name to an object in the same namespace."""

    name: ObjectName
    """The name of the object."""


class SecretReference(LocalReference):
    """A reference to a Secret in the same namespace."""


class RepositoryReference(Model):
    """A reference to a GitOpsRepository; one in another namespace has to admit it through `allowedNamespaces`."""

    name: ObjectName
    """The name of the GitOpsRepository."""
    namespace: NamespaceName | None = None
    """The namespace of the GitOpsRepository; by default that of the object that refers to it."""
