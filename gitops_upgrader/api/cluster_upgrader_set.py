"""ClusterUpgraderSet: one upgrader for each Cluster manifest that matches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gitops_upgrader.api.cluster_upgrader import UpgraderOptions
from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta, TemplateMeta
from gitops_upgrader.api.references import RepositoryReference
from gitops_upgrader.api.resource import AGE, Column, Listing, Model, Resource, many
from gitops_upgrader.api.scalars import Count, Form, Generation, RepositoryPath
from gitops_upgrader.api.selectors import LabelSelector

NameGlob = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253),
    Form(r"^[-a-z0-9.*?\[\]!]+$", "must be an object's name, in which `*`, `?` and `[...]` stand for others"),
]


class ClusterSelector(LabelSelector):
    """Selects Cluster manifests by their labels and names; every part has to match."""

    names: tuple[NameGlob, ...] = many("Globs, one of which the Cluster's name has to match.")


class UpgraderTemplate(Model):
    """The upgrader that is made for each Cluster."""

    metadata: TemplateMeta = Field(default_factory=TemplateMeta)
    """Labels and annotations of the upgraders."""
    spec: UpgraderOptions
    """The spec of the upgraders; the cluster and the place of its manifest are filled in."""


class ClusterUpgraderSetSpec(Model):
    """Which Clusters get an upgrader, and which."""

    repository_ref: RepositoryReference | None = None
    """The GitOpsRepository that holds the Clusters; by default the one named `default` in the same namespace."""
    path: RepositoryPath | None = None
    """Where in the repository to look: a glob from the root, or a folder for everything under it."""
    selector: ClusterSelector = Field(default_factory=ClusterSelector)
    """Selects Cluster manifests on the base branch; without it every one that is found gets an upgrader."""
    template: UpgraderTemplate
    """The upgrader that is made for each Cluster."""


class ClusterUpgraderSetStatus(Model):
    """How many Clusters match."""

    clusters: Count | None = None
    """How many Cluster manifests match."""
    upgraders: Count | None = None
    """How many upgraders there are for them."""
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class ClusterUpgraderSet(Resource):
    """Keeps one upgrader for each Cluster manifest that matches."""

    KIND = "ClusterUpgraderSet"
    LISTING = Listing(
        "clusterupgradersets",
        ("cus",),
        (
            Column("Clusters", ".status.clusters", "integer"),
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            AGE,
        ),
    )

    kind: Literal["ClusterUpgraderSet"] = "ClusterUpgraderSet"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: ClusterUpgraderSetSpec
    """Which Clusters get an upgrader."""
    status: ClusterUpgraderSetStatus = Field(default_factory=ClusterUpgraderSetStatus)
    """How many Clusters match."""
