"""GitOpsRepository: a Git repository that holds Cluster manifests, and how to propose changes to it."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gitops_upgrader.api.conditions import Condition, conditions_field
from gitops_upgrader.api.meta import ObjectMeta
from gitops_upgrader.api.pull_request import PullRequestOptions
from gitops_upgrader.api.references import LocalReference, SecretReference
from gitops_upgrader.api.resource import AGE, Column, Listing, Model, Resource, Rule, many, nested
from gitops_upgrader.api.scalars import (
    AnswerTime,
    ApiUrl,
    BranchName,
    BranchPrefix,
    Count,
    Flag,
    Form,
    Generation,
    GitUrl,
    NamespaceName,
    PositiveDuration,
    RepositoryPath,
    Template,
    Text,
    Timestamp,
)

AuthorName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    Form(r"^[^<>\x00-\x1f\x7f]+$", "must be one printable line without < and >"),
]
EmailAddress = Annotated[
    str,
    StringConstraints(min_length=3, max_length=256),
    Form(r"^[^<>\s\x00-\x1f\x7f]+@[^<>\s@]+$", "must be an e-mail address"),
]
FluxVersion = Annotated[
    str,
    StringConstraints(max_length=100),
    Form(r"^source[.]toolkit[.]fluxcd[.]io/v[0-9a-z]+$", "must be Flux's, source.toolkit.fluxcd.io/v1"),
]


UPGRADE_TITLE = "Upgrade $(CLUSTER_NAME) from $(FROM_VERSION) to $(KUBERNETES_VERSION)"
UPGRADE_MESSAGE = "Upgrade $(CLUSTER_NAME) to Kubernetes $(KUBERNETES_VERSION)"
REFRESH_TITLE = "Refresh the image of $(CLUSTER_NAME) at $(KUBERNETES_VERSION)"
REFRESH_MESSAGE = "Refresh the image of $(CLUSTER_NAME) at Kubernetes $(KUBERNETES_VERSION)"
"""What takes the place of the defaults where the version stays and the image alone changes."""


class Provider(enum.StrEnum):
    """Which forge keeps the pull requests."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    LOCAL = "local"
    NONE = "none"


class SourceReference(LocalReference):
    """A reference to a Flux GitRepository in the same namespace."""

    kind: Literal["GitRepository"] = "GitRepository"
    """The kind of the object: GitRepository."""
    api_version: FluxVersion = "source.toolkit.fluxcd.io/v1"
    """The API group and version of the object."""


class Author(Model):
    """Who commits are by."""

    name: AuthorName = "gitops-upgrader"
    """The name in the commit."""
    email: EmailAddress = "gitops-upgrader@noreply.invalid"
    """The e-mail address in the commit; forges find a person's account by it."""


class SigningKey(Model):
    """The key that commits are signed with."""

    type: Literal["gpg", "ssh"] = "gpg"
    """The kind of key: gpg (`git.asc`, `passphrase`) or ssh (`identity`, `password`)."""
    secret_ref: SecretReference
    """The Secret that holds the key."""


class CommitOptions(Model):
    """How commits are made."""

    author: Author = nested(Author)
    """Who commits are by."""
    message_template: Template = UPGRADE_MESSAGE
    """The commit's message, with placeholders; trailers are added. The default has other words for an image alone."""
    sign_off: Flag = False
    """Whether a `Signed-off-by` trailer is added."""
    signing_key: SigningKey | None = None
    """The key that commits are signed with; without it they are not signed."""


class AutoMerge(Model):
    """Asks the forge to merge a pull request by itself once its checks and reviews are done."""

    method: Literal["merge", "squash", "rebase"] = "merge"
    """How the forge merges: merge, squash or rebase."""


class RepositoryPullRequest(PullRequestOptions):
    """How pull requests are made in this repository."""

    branch_prefix: BranchPrefix = "gitops-upgrader/"
    """What the names of the branches begin with."""
    title_template: Template = UPGRADE_TITLE
    """The title of a pull request, with placeholders. The default has other words for an image alone."""
    auto_merge: AutoMerge | None = None
    """Asks the forge to merge by itself; without it a person does."""
    max_open: Annotated[Count, Field(ge=1)] = 10
    """The most pull requests of ours that are open at one time."""
    max_per_hour: Annotated[Count, Field(ge=1)] | None = None
    """The most pull requests of ours that are opened within an hour; without it there is no such limit."""


class GitOpsRepositorySpec(Model):
    """Where the repository is, how to get in, and how to propose changes."""

    RULES = (
        Rule(
            cel="has(self.url) != has(self.sourceRef)",
            holds=lambda it: (it.url is None) != (it.source_ref is None),
            message="exactly one of url and sourceRef is needed",
        ),
    )

    url: GitUrl | None = None
    """The repository's URL, over https or ssh; on the command line a local path too."""
    source_ref: SourceReference | None = None
    """A Flux GitRepository that says the URL, the branch and the Secret."""
    branch: BranchName | None = None
    """The branch that changes are proposed to; by default the one that the remote's HEAD names."""
    paths: tuple[RepositoryPath, ...] = many("Globs from the root; files that none of them matches are not looked at.")
    paused: Flag = False
    """Whether every proposal on this repository is left alone."""
    provider: Provider | None = None
    """The forge that keeps the pull requests; by default the host of the URL tells."""
    api_url: ApiUrl | None = None
    """The URL of the forge's API, where it is not at the usual place of the URL's host."""
    secret_ref: SecretReference | None = None
    """The Secret for Git, with the keys that Flux's GitRepository has."""
    api_secret_ref: SecretReference | None = None
    """The Secret for the forge's API, with the key `token`; by default that of `secretRef`."""
    allowed_namespaces: tuple[NamespaceName, ...] = many(
        "The other namespaces whose objects may refer to this repository.", at_most=1024
    )
    interval: PositiveDuration = Field(default="5m", validate_default=True)
    """The time between two fetches; an integer counts nanoseconds."""
    timeout: AnswerTime = Field(default="60s", validate_default=True)
    """The most time of one exchange with the repository or the forge, at most 10m; an integer counts nanoseconds."""
    commit: CommitOptions = nested(CommitOptions)
    """How commits are made."""
    pull_request: RepositoryPullRequest = nested(RepositoryPullRequest)
    """How pull requests are made."""


class GitOpsRepositoryStatus(Model):
    """What was last seen of the repository."""

    head_commit: Text | None = None
    """The commit at the tip of the base branch."""
    last_change_time: Timestamp | None = None
    """When that commit was first seen."""
    open_pull_requests: Count | None = None
    """How many pull requests of ours are open."""
    observed_generation: Generation | None = None
    """The generation of the spec that this status is about."""
    conditions: tuple[Condition, ...] = conditions_field()


class GitOpsRepository(Resource):
    """A Git repository that holds Cluster manifests."""

    KIND = "GitOpsRepository"
    LISTING = Listing(
        "gitopsrepositories",
        ("gor",),
        (
            Column("URL", ".spec.url"),
            Column("Open", ".status.openPullRequests", "integer"),
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            AGE,
        ),
    )

    kind: Literal["GitOpsRepository"] = "GitOpsRepository"
    metadata: ObjectMeta
    """The name, the namespace, labels and annotations."""
    spec: GitOpsRepositorySpec
    """Where the repository is, and how to propose changes."""
    status: GitOpsRepositoryStatus = Field(default_factory=GitOpsRepositoryStatus)
    """What was last seen of the repository."""
