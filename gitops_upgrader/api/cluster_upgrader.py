"""ClusterClassClusterUpgrader: proposes the next upgrade of one ClusterClass cluster."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import LabelKey, LabelValue, ObjectMeta
from gitops_upgrader.api.pull_request import PullRequestOptions
from gitops_upgrader.api.references import ObjectReference, RepositoryReference
from gitops_upgrader.api.resource import Column, Listing, Model, Resource, Rule, many
from gitops_upgrader.api.scalars import (
    BranchSafeName,
    Count,
    Duration,
    Flag,
    Form,
    Generation,
    ImageId,
    JsonPointer,
    Line,
    NamespaceName,
    ObjectName,
    PositiveDuration,
    RepositoryPath,
    TargetPointer,
    Template,
    Text,
    Timestamp,
)

VariableName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
CronSchedule = Annotated[
    str,
    StringConstraints(max_length=256),
    Form(
        r"^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[^\s]+( +[^\s]+){4})$",
        "must be a cron expression of five fields, such as `0 6 * * 1-5`",
    ),
]
TimeZone = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Form(r"^[A-Za-z0-9_+/-]+$", "must be a time zone of the IANA database, such as Europe/Berlin"),
]


def _count_given(*values: object) -> int:
    return sum(value is not None for value in values)


class VariableScope(Model):
    """Where a variable is overridden: in the control plane, in one MachineDeployment or in one MachinePool."""

    RULES = (
        Rule(
            cel=(
                "(has(self.controlPlane) && self.controlPlane ? 1 : 0) + (has(self.machineDeployment) ? 1 : 0)"
                " + (has(self.machinePool) ? 1 : 0) == 1"
            ),
            holds=lambda it: _count_given(it.control_plane or None, it.machine_deployment, it.machine_pool) == 1,
            message="exactly one of controlPlane: true, machineDeployment and machinePool is needed",
        ),
    )

    control_plane: Flag | None = None
    """Whether the override is the control plane's (`topology.controlPlane.variables.overrides`)."""
    machine_deployment: Text | None = None
    """The name of the MachineDeployment in the topology whose override it is."""
    machine_pool: Text | None = None
    """The name of the MachinePool in the topology whose override it is."""


class TopologyVariable(Model):
    """A variable of the topology that changes together with the version."""

    name: VariableName
    """The name of the variable."""
    path: JsonPointer = ""
    """A JSON pointer to the place inside the variable's value; empty for the whole value."""
    value: Template = "$(IMAGE_ID)"
    """What the place is set to, with placeholders; the type of the old value is kept."""
    scope: VariableScope | None = None
    """Where the variable is overridden; without it the variable is the topology's own."""


class TargetDocument(Model):
    """Tells one document of a file from the others."""

    api_version: Text | None = None
    """The API group and version of the document."""
    kind: Text | None = None
    """The kind of the document."""
    name: Text | None = None
    """The name of the document."""
    namespace: Text | None = None
    """The namespace that the document states."""


class EditTarget(Model):
    """A place in the repository that holds a version or an image, where it is not in the Cluster itself."""

    path: RepositoryPath
    """The file, from the root of the repository."""
    document: TargetDocument | None = None
    """Which document of the file is meant; it can be left out where there is only one."""
    pointer: TargetPointer
    """The place in the document, such as /spec/values/clusters/[name=prod]/kubernetes/version."""
    value: Template = "$(KUBERNETES_VERSION)"
    """What the place is set to, with placeholders."""


class Dependency(Model):
    """Upgraders whose clusters go first."""

    RULES = (
        Rule(
            cel="has(self.name) != has(self.matchLabels)",
            holds=lambda it: (it.name is None) != (it.match_labels is None),
            message="either a name or matchLabels is needed",
        ),
    )

    name: ObjectName | None = None
    """The name of one upgrader in the same namespace."""
    match_labels: dict[LabelKey, LabelValue] | None = Field(default=None, min_length=1)
    """The labels of the upgraders in the same namespace that are meant."""


class Window(Model):
    """A time in which pull requests may be opened."""

    schedule: CronSchedule
    """When the window opens, as a cron expression of five fields."""
    duration: PositiveDuration
    """How long the window stays open."""
    time_zone: TimeZone = "UTC"
    """The IANA time zone of the schedule, such as Europe/Berlin."""


class Freeze(Model):
    """A time in which nothing is proposed."""

    RULES = (
        Rule(
            cel="self.from < self.until",
            holds=lambda it: it.from_ < it.until,
            message="a freeze must begin before it ends",
            field="until",
        ),
    )

    from_: Timestamp
    """When the freeze begins."""
    until: Timestamp
    """When the freeze ends."""
    reason: Line | None = None
    """Why, in words for people."""


class ImageVersionCheck(enum.StrEnum):
    """What happens when an image's name tells of another version."""

    ENFORCE = "Enforce"
    IGNORE = "Ignore"


class UpgraderOptions(Model):
    """Everything about an upgrader but which cluster it is for."""

    RULES = (
        Rule(
            cel="!(has(self.topologyVariable) && has(self.topologyVariables) && size(self.topologyVariables) > 0)",
            holds=lambda it: it.topology_variable is None or not it.topology_variables,
            message="topologyVariable and topologyVariables exclude each other: move the one into the list",
            field="topologyVariable",
        ),
    )

    paused: Flag = False
    """Whether this upgrader is left alone: nothing is proposed, updated or closed."""
    plan_ref: ObjectReference
    """The Plan to follow, or an object of any kind with `status.machineImageDetails`."""
    topology_variable: VariableName | None = None
    """The variable of the topology that is set to the image's id."""
    topology_variables: tuple[TopologyVariable, ...] = many("The variables that change together with the version.")
    topology_class: Template | None = None
    """The name of the ClusterClass, with placeholders, where it carries the version."""
    targets: tuple[EditTarget, ...] = many(
        "The places that hold version and image where they are not in the Cluster itself."
    )
    image_refresh: Flag = False
    """Whether a newer image of the same version is proposed too."""
    image_version_check: ImageVersionCheck = ImageVersionCheck.ENFORCE
    """Whether an image whose name tells of another version is refused: Enforce or Ignore."""
    group: BranchSafeName | None = None
    """Upgraders of one namespace with an equal group share one pull request."""
    depends_on: tuple[Dependency, ...] = many("Upgraders whose clusters have to be upgraded first.")
    soak: Duration | None = None
    """How long the clusters of `dependsOn` must have been at a version before it is proposed here."""
    hop_interval: Duration = Field(default="24h", validate_default=True)
    """How long the next hop waits after a merge, where no live cluster says that the last one is done."""
    windows: tuple[Window, ...] = many("The times in which pull requests may be opened; without them always.")
    freeze: tuple[Freeze, ...] = many("The times in which nothing is proposed.")
    pull_request: PullRequestOptions = Field(default_factory=PullRequestOptions)
    """Labels and people of the pull request, over those of the repository."""


class ClusterClassClusterUpgraderSpec(UpgraderOptions):
    """Which cluster to upgrade, where its manifest is, and how."""

    cluster_name: ObjectName
    """The name of the Cluster to upgrade."""
    cluster_namespace: NamespaceName | None = None
    """The namespace of the Cluster; by default that of this object."""
    repository_ref: RepositoryReference | None = None
    """The GitOpsRepository that holds the Cluster; by default the one named `default` in the same namespace."""
    path: RepositoryPath | None = None
    """Which Cluster is meant, where several have its name: that of a glob from the root, or of everything in a folder.

    Layers that deploy it count wherever they are.
    """


class PullRequestStatus(Model):
    """A pull request as it was last seen."""

    number: Count
    """The number of the pull request."""
    url: Text
    """Where people find the pull request."""
    branch: Text
    """The branch that it would merge."""
    state: Literal["Open", "Closed", "Merged"]
    """Whether it is Open, Closed or Merged."""
    head_commit: Text | None = None
    """The commit at the tip of the branch."""
    created_at: Timestamp | None = None
    """When it was opened."""
    merged_at: Timestamp | None = None
    """When it was merged."""


class HistoryEntry(Model):
    """A hop that was merged."""

    version: Text
    """The Kubernetes version that the cluster was moved to."""
    image: ImageId | None = None
    """The id of the image, where one was set."""
    from_version: Text | None = None
    """The Kubernetes version that the cluster came from."""
    pull_request: Text | None = None
    """Where people find the pull request."""
    merged_at: Timestamp | None = None
    """When it was merged."""


class UpgraderPhase(enum.StrEnum):
    """Where an upgrader is in the life of a hop."""

    UP_TO_DATE = "UpToDate"
    HOLDING = "Holding"
    PROPOSED = "Proposed"
    MERGED = "Merged"
    ROLLING_OUT = "RollingOut"
    PAUSED = "Paused"
    FAILED = "Failed"


class ClusterClassClusterUpgraderStatus(Model):
    """Where the cluster is, where it goes next, and the pull request for it."""

    latest_set_version: Text | None = None
    """The newest version that was merged for the Cluster."""
    current_version: Text | None = None
    """The version of the Cluster on the base branch."""
    target_version: Text | None = None
    """The version of the next hop."""
    phase: UpgraderPhase | None = None
    """Where the upgrader is in the life of a hop."""
    pull_request: PullRequestStatus | None = None
    """The pull request for the next hop."""
    history: tuple[HistoryEntry, ...] = many("The last hops that were merged, the newest first.", at_most=10)
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class ClusterClassClusterUpgrader(Resource):
    """Proposes the next upgrade of one ClusterClass cluster as a pull request."""

    KIND = "ClusterClassClusterUpgrader"
    LISTING = Listing(
        "clusterclassclusterupgraders",
        ("ccu",),
        (
            Column("Cluster Name", ".spec.clusterName"),
            Column("Latest Set Version", ".status.latestSetVersion"),
            Column("Pull Request", ".status.pullRequest.url"),
            Column("Phase", ".status.phase"),
        ),
    )
    RULES = (
        Rule(
            cel="!self.metadata.name.endsWith('.lock')",
            holds=lambda it: not it.metadata.name.endswith(".lock"),
            message="must not end in .lock: Git allows no branch of that name",
            field="metadata.name",
        ),
    )

    kind: Literal["ClusterClassClusterUpgrader"] = "ClusterClassClusterUpgrader"
    metadata: ObjectMeta
    """The name, which becomes a part of the branch's name, the namespace, labels and annotations."""
    spec: ClusterClassClusterUpgraderSpec
    """Which cluster to upgrade, and how."""
    status: ClusterClassClusterUpgraderStatus = Field(default_factory=ClusterClassClusterUpgraderStatus)
    """Where the cluster is, and where it goes next."""
