"""The standard metadata of an object (k8s.io/apimachinery, meta/v1)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from gitops_upgrader.api.resource import Model, many
from gitops_upgrader.api.scalars import Count, Flag, Form, Generation, NamespaceName, ObjectName, Text, Timestamp

LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317)]
LabelValue = Annotated[
    str,
    StringConstraints(max_length=63),
    Form(
        r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        "is no label value: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
    ),
]


def _mapping(description: str) -> Any:
    return Field(default_factory=dict, description=description, exclude_if=_is_empty)


def _is_empty(value: Any) -> bool:
    return not value


class OwnerReference(Model):
    """The object that this one goes away with."""

    api_version: Text
    """The API group and version of the owner."""
    kind: Text
    """The kind of the owner."""
    name: Text
    """The name of the owner."""
    uid: str = ""
    """The identity that the API server gave to the owner; in files there is none."""
    controller: Flag | None = None
    """Whether the owner is the one that manages this object."""
    block_owner_deletion: Flag | None = None
    """Whether the owner stays until this object is gone."""


class ObjectMeta(Model):
    """An object's name, its labels, and what the API server knows of it. No field of Kubernetes' own is missing."""

    name: ObjectName
    """The name, unique for its kind within the namespace."""
    namespace: NamespaceName | None = None
    """The namespace; in files `default` where none is given."""
    generate_name: str | None = None
    """A prefix for the name; the API server has made the name from it."""
    labels: dict[LabelKey, LabelValue] = _mapping("Labels, by which selectors find the object.")
    annotations: dict[str, str] = _mapping("Annotations, which nothing selects by.")
    uid: str | None = None
    """The identity that the API server gave."""
    resource_version: str | None = None
    """What optimistic locking compares."""
    generation: Generation | None = None
    """How often the spec has changed."""
    creation_timestamp: Timestamp | None = None
    """When the object was created."""
    deletion_timestamp: Timestamp | None = None
    """When the object was asked to go; it goes when its finalizers are done."""
    deletion_grace_period_seconds: Count | None = None
    """How many seconds the object has to go."""
    finalizers: tuple[str, ...] = many("Who has to tidy up before the object may go.", at_most=1024)
    owner_references: tuple[OwnerReference, ...] = many("The objects that this one goes away with.", at_most=1024)
    managed_fields: tuple[dict[str, Any], ...] = many("Who set which field, for server-side apply.", at_most=1024)
    self_link: str | None = None
    """A link that Kubernetes 1.20 stopped to fill in."""


class TemplateMeta(Model):
    """The labels and annotations of what is made from a template."""

    labels: dict[LabelKey, LabelValue] = _mapping("Labels for each object that is made from the template.")
    annotations: dict[str, str] = _mapping("Annotations for each object that is made from the template.")
