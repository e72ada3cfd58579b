"""DebianRepositorySource: the Kubernetes versions that Debian repositories publish."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.references import LocalReference
from gitops_upgrader.api.resource import AGE, Column, Listing, Model, Resource, Rule, many
from gitops_upgrader.api.scalars import AnswerTime, Flag, Form, Generation, HttpUrl, PositiveDuration, Text, Timestamp

KeyText = Annotated[str, StringConstraints(min_length=1, max_length=262144)]
DataKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253),
    Form("^[-._a-zA-Z0-9]+$", "must be a key of a Secret or ConfigMap: letters, digits, `-`, `_` and `.`"),
]
Architecture = Annotated[
    str, StringConstraints(max_length=63), Form("^[a-z0-9-]*$", "must be a Debian architecture, such as amd64")
]


class KeyReference(LocalReference):
    """A reference to an OpenPGP keyring in a Secret or ConfigMap of the same namespace."""

    key: DataKey | None = None
    """The key in the object's data; it can be left out where there is only one."""


class SignedBy(Model):
    """Where the OpenPGP public keys are that the repository's index must be signed with."""

    RULES = (
        Rule(
            cel=("(has(self.secretRef) ? 1 : 0) + (has(self.configMapRef) ? 1 : 0) + (has(self.key) ? 1 : 0) == 1"),
            holds=lambda it: sum(value is not None for value in (it.secret_ref, it.config_map_ref, it.key)) == 1,
            message="exactly one of secretRef, configMapRef and key is needed",
        ),
    )

    secret_ref: KeyReference | None = None
    """A Secret that holds the keys, armoured or binary."""
    config_map_ref: KeyReference | None = None
    """A ConfigMap that holds the keys, armoured or binary."""
    key: KeyText | None = None
    """The armoured keys themselves."""


class DebianRepositorySourceSpec(Model):
    """Which repositories to read, for which architecture, and how often."""

    url: HttpUrl
    """The URL of a `Packages` file (`.gz` and `.xz` too), or of a folder: flat, or `dists/<suite>/<component>/`."""
    urls: tuple[HttpUrl, ...] = many(
        "More repositories whose versions are merged with those of `url`; the community's have one for each minor."
    )
    architecture: Architecture = ""
    """The Debian architecture whose packages count, beside those for `all`; empty counts every architecture."""
    interval: PositiveDuration = Field(default="10m", validate_default=True)
    """The time between two looks at the repositories; an integer counts nanoseconds."""
    timeout: AnswerTime = Field(default="30s", validate_default=True)
    """The most time that one look at a repository may take, at most 10m; an integer counts nanoseconds."""
    signed_by: SignedBy | None = None
    """The keys that the index must be signed with; without them signatures are not looked at."""
    paused: Flag = False
    """Whether this source is left alone; the versions already known stay."""


class DebianRepositorySourceStatus(Model):
    """The versions found, and how current they are."""

    versions: tuple[Text, ...] = many("The Kubernetes versions found, ascending.", at_most=4096)
    last_change_time: Timestamp | None = None
    """When the list of versions last changed."""
    etag: Text | None = None
    """What the repository called the index that was read last, so that an unchanged one is not fetched again."""
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class DebianRepositorySource(Resource):
    """Lists the Kubernetes versions that Debian repositories publish as `kubeadm` packages."""

    KIND = "DebianRepositorySource"
    LISTING = Listing(
        "debianrepositorysources",
        ("debsrc",),
        (
            Column("URL", ".spec.url"),
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            AGE,
        ),
    )

    kind: Literal["DebianRepositorySource"] = "DebianRepositorySource"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: DebianRepositorySourceSpec
    """Which repositories to read."""
    status: DebianRepositorySourceStatus = Field(default_factory=DebianRepositorySourceStatus)
    """What was found."""
