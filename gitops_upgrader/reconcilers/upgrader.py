"""ClusterClassClusterUpgrader: what it asks for, and what its status says afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from gitops_upgrader.api import ClusterClassClusterUpgrader, GitOpsRepository, not_available
from gitops_upgrader.api.cluster_upgrader import ImageVersionCheck
from gitops_upgrader.api.gitops_repository import GitOpsRepositorySpec
from gitops_upgrader.api.names import RETRY_ANNOTATION
from gitops_upgrader.api.pull_request import PullRequestOptions
from gitops_upgrader.errors import NotAvailableYet, ObjectNotReady, UpgraderError, Where
from gitops_upgrader.forges.protocol import MergeMethod, People
from gitops_upgrader.git import Person, Signer
from gitops_upgrader.git.signing import signer_from_secret
from gitops_upgrader.plans.hop import Hop, Listed, NoHop, NoHopReason, next_hop
from gitops_upgrader.pulls.identity import upgrader_family
from gitops_upgrader.reconcilers import rivals
from gitops_upgrader.reconcilers.cluster_class import stored
from gitops_upgrader.reconcilers.finalizer import hold, keep
from gitops_upgrader.reconcilers.live_cluster import watched
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.planned import Offer, offered
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.references import follow, secret_data
from gitops_upgrader.reconcilers.repository import Access, CommandLine, access, from_command_line, repository_of
from gitops_upgrader.reconcilers.request import Request, Templates, Wording
from gitops_upgrader.reconcilers.scope import Scope, key_of
from gitops_upgrader.reconcilers.upgrader_query import cluster_of, query_of, variables_of
from gitops_upgrader.reconcilers.upgrader_status import summarise
from gitops_upgrader.versions import Version


def reconcile(
    scope: Scope, upgrader: ClusterClassClusterUpgrader, workspaces: Workspaces, *, dry_run: bool = False
) -> Proposed:
    """Propose the next hop of one cluster, and say so in its status.

    Whatever stands in the way is in the result; nothing is raised for it.
    """
    proposed = _proposed(scope, upgrader, workspaces, dry_run=dry_run)
    if dry_run:
        return proposed
    try:
        _conclude(scope, upgrader, proposed)
    except UpgraderError as error:
        return replace(proposed, decision=None, error=error)
    return proposed


def _conclude(scope: Scope, upgrader: ClusterClassClusterUpgrader, proposed: Proposed) -> None:
    """Write the status, unless the object goes with this. Raises what the store raises."""
    key, deleted = key_of(upgrader), upgrader.metadata.deletion_timestamp is not None
    settled = scope.live is not None and keep(scope, key, proposed, deleted=deleted)
    if deleted and settled:
        return
    deadline = scope.live.apply_deadline if scope.live else timedelta()
    status = summarise(upgrader, proposed, now=scope.clock(), apply_deadline=deadline)
    scope.store.write_status(key, status.to_content())


def _proposed(
    scope: Scope, upgrader: ClusterClassClusterUpgrader, workspaces: Workspaces, *, dry_run: bool
) -> Proposed:
    label = f"{key_of(upgrader).namespace}/{upgrader.metadata.name}"
    try:
        return _reconciled(scope, upgrader, workspaces, dry_run=dry_run)
    except UpgraderError as error:
        return Proposed(
            upgrader=label,
            repository=_url_of(scope, upgrader, workspaces.line),
            cluster=f"{cluster_of(upgrader).namespace}/{upgrader.spec.cluster_name}",
            error=error,
        )


def _reconciled(
    scope: Scope, upgrader: ClusterClassClusterUpgrader, workspaces: Workspaces, *, dry_run: bool
) -> Proposed:
    if upgrader.metadata.deletion_timestamp is None:
        _refuse_unavailable(upgrader)
    repository = repository_of(scope, upgrader, workspaces.line)
    place = access(scope, repository, workspaces.line) if repository else from_command_line(workspaces.line)
    spec = repository.spec if repository else place.spec
    signer = _signer(scope, repository) if repository else None
    request = request_of(scope, upgrader, spec, workspaces.line.instance, signer)
    if not request.removed and not request.paused:
        rivals.refuse(scope, upgrader, place, workspaces)
    if scope.live is not None:
        request = replace(request, before_effects=partial(hold, scope, key_of(upgrader)))
    return workspaces.propose(place, request, dry_run=dry_run)


def _refuse_unavailable(upgrader: ClusterClassClusterUpgrader) -> None:
    for field, message in not_available(upgrader):
        raise NotAvailableYet(
            f"{message[0].upper()}{message[1:]}.",
            where=Where(object=str(key_of(upgrader)), field=".".join(map(str, field))),
            remedy="Remove the field for now.",
        )


# --- the repository -------------------------------------------------------------------------------------------------


def _signer(scope: Scope, repository: GitOpsRepository) -> Signer | None:
    """What signs the commits of a repository. Raises ObjectError or InvalidSigningKey."""
    key = repository.spec.commit.signing_key
    if key is None:
        return None
    name = key.secret_ref.name
    data = secret_data(scope, repository, name, "spec.commit.signingKey.secretRef")
    return signer_from_secret(key.type, data, name=f"{key_of(repository).namespace}/{name}")


def _url_of(scope: Scope, upgrader: ClusterClassClusterUpgrader, line: CommandLine) -> str:
    """The repository for a report, as far as it can be told."""
    try:
        repository = repository_of(scope, upgrader, line)
        place: Access = access(scope, repository, line) if repository else from_command_line(line)
    except UpgraderError:
        return ""
    return place.location.display


# --- the request ----------------------------------------------------------------------------------------------------


def request_of(
    scope: Scope,
    upgrader: ClusterClassClusterUpgrader,
    repository: GitOpsRepositorySpec,
    instance: str | None,
    signer: Signer | None = None,
) -> Request:
    """What an upgrader asks for. Raises ObjectError where its plan cannot be followed."""
    spec, home = upgrader.spec, key_of(upgrader)
    label = f"{home.namespace}/{home.name}"
    cluster = cluster_of(upgrader)
    request = Request(
        proposer=label,
        upgrader=label,
        family=upgrader_family(repository.pull_request.branch_prefix, home.namespace, home.name, instance),
        query=query_of(upgrader),
        choose=_unknown,
        wording=_wording(repository, spec.pull_request, signer),
        templates=Templates(
            variables=tuple(variable.value for variable in variables_of(upgrader)),
            targets=tuple(target.value for target in spec.targets),
            topology_class=spec.topology_class,
        ),
        instance=instance,
        scanned=repository.paths,
        retry=upgrader.metadata.annotations.get(RETRY_ANNOTATION),
        paused=_paused(upgrader, repository),
        removed=upgrader.metadata.deletion_timestamp is not None,
        hop_interval=spec.hop_interval,
        checks_image=spec.image_version_check is ImageVersionCheck.ENFORCE,
        doubt=scope.doubt,
        rollout=watched(scope, home.namespace, cluster),
        class_list=stored(scope, home.namespace, cluster),
    )
    if request.removed:
        return request  # whatever its plan says, or whether there still is one
    try:
        plan = offered(follow(scope, upgrader, spec.plan_ref, "Plan", "spec.planRef"))
    except ObjectNotReady as error:
        # What the plan wants is not known, which is not the same as that it wants nothing.
        return replace(request, lookup_failed=str(error))
    return replace(request, choose=partial(_choose, plan))


def _choose(plan: Offer, current: Version, listed: Listed) -> Hop | NoHop:
    return next_hop(current, plan.candidates, plan.target, listed=listed)


def _unknown(current: Version, _: Listed) -> Hop | NoHop:
    return NoHop(NoHopReason.NO_CANDIDATE, f"What follows {current} is not known.")


def _paused(upgrader: ClusterClassClusterUpgrader, repository: GitOpsRepositorySpec) -> str | None:
    if upgrader.spec.paused:
        return f"Upgrader {upgrader.metadata.name}"
    return "The repository" if repository.paused else None


def _wording(repository: GitOpsRepositorySpec, own: PullRequestOptions, signer: Signer | None) -> Wording:
    """How commits and pull requests read; what the upgrader says takes the place of what the repository says."""
    theirs, commit = repository.pull_request, repository.commit
    draft = own.draft if own.draft is not None else theirs.draft
    return Wording(
        title=theirs.title_template,
        message=commit.message_template,
        author=Person(commit.author.name, commit.author.email),
        sign_off=commit.sign_off,
        signer=signer,
        draft=bool(draft),
        people=People(
            labels=own.labels or theirs.labels,
            assignees=own.assignees or theirs.assignees,
            reviewers=own.reviewers or theirs.reviewers,
            team_reviewers=own.team_reviewers or theirs.team_reviewers,
        ),
        auto_merge=MergeMethod(theirs.auto_merge.method) if theirs.auto_merge else None,
    )
