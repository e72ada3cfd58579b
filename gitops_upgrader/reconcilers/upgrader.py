"""ClusterClassClusterUpgrader: what it asks for, and what its status says afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from gitops_upgrader.api import ClusterClassClusterUpgrader, GitOpsRepository, not_available
from gitops_upgrader.api.cluster_upgrader import EditTarget, ImageVersionCheck, TopologyVariable, VariableScope
from gitops_upgrader.api.gitops_repository import GitOpsRepositorySpec
from gitops_upgrader.api.names import GROUP, RETRY_ANNOTATION
from gitops_upgrader.api.pull_request import PullRequestOptions
from gitops_upgrader.errors import (
    CrossNamespaceReference,
    NotAvailableYet,
    ObjectNotFound,
    ObjectNotReady,
    UpgraderError,
    Where,
)
from gitops_upgrader.forges.protocol import MergeMethod, People
from gitops_upgrader.git import Person, Signer
from gitops_upgrader.git.signing import signer_from_secret
from gitops_upgrader.manifests import DocumentWant, Query, ScopeKind, TargetWant, VariableWant
from gitops_upgrader.manifests import Scope as VariablePlace
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.plans.hop import Hop, Listed, NoHop, NoHopReason, next_hop
from gitops_upgrader.pulls.identity import upgrader_family
from gitops_upgrader.reconcilers import rollout
from gitops_upgrader.reconcilers.cluster_class import stored
from gitops_upgrader.reconcilers.finalizer import hold, keep
from gitops_upgrader.reconcilers.live_cluster import watched
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.planned import Offer, offered
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.references import follow, read, secret_data
from gitops_upgrader.reconcilers.repository import DEFAULT_NAME, Access, CommandLine, access, from_command_line
from gitops_upgrader.reconcilers.request import Request, Templates, Wording
from gitops_upgrader.reconcilers.scope import Scope, key_of
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
            cluster=f"{cluster_namespace(upgrader)}/{upgrader.spec.cluster_name}",
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


def cluster_namespace(upgrader: ClusterClassClusterUpgrader) -> str:
    """The namespace of the Cluster; by default the upgrader's own."""
    return upgrader.spec.cluster_namespace or key_of(upgrader).namespace


# --- the repository -------------------------------------------------------------------------------------------------


def repository_of(scope: Scope, upgrader: ClusterClassClusterUpgrader, line: CommandLine) -> GitOpsRepository | None:
    """The GitOpsRepository of an upgrader; None where it names none and the command line stands in.

    Raises:
        ObjectNotFound: there is none, and no --repo.
        CrossNamespaceReference: it does not admit the upgrader's namespace.
    """
    home, reference = key_of(upgrader), upgrader.spec.repository_ref
    where = Where(object=str(home), field="spec.repositoryRef")
    namespace = reference.namespace or home.namespace if reference else home.namespace
    name = reference.name if reference else DEFAULT_NAME
    stored = scope.store.get(ObjectKey(GROUP, GitOpsRepository.KIND, namespace, name))
    if stored is None:
        if reference is None and line.repo is not None:
            return None
        raise ObjectNotFound(
            f"There is no GitOpsRepository {namespace}/{name}.",
            where=where,
            remedy="Create it, or name the repository with --repo.",
        )
    repository = read(stored, GitOpsRepository)
    if namespace != home.namespace and home.namespace not in repository.spec.allowed_namespaces:
        raise CrossNamespaceReference(
            f"GitOpsRepository {namespace}/{name} does not admit namespace {home.namespace!r}.",
            where=where,
            remedy="Add the namespace to its spec.allowedNamespaces.",
        )
    return repository


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
    variables = _variables(upgrader)
    cluster = ObjectKey(rollout.GROUP, rollout.KIND, cluster_namespace(upgrader), spec.cluster_name)
    request = Request(
        proposer=label,
        upgrader=label,
        family=upgrader_family(repository.pull_request.branch_prefix, home.namespace, home.name, instance),
        query=Query(
            name=spec.cluster_name,
            namespace=cluster.namespace,
            owner=label,
            variables=tuple(_variable_want(variable) for variable in variables),
            topology_class=spec.topology_class is not None,
            targets=tuple(_target_want(target) for target in spec.targets),
            paths=(spec.path,) if spec.path else (),
        ),
        choose=_unknown,
        wording=_wording(repository, spec.pull_request, signer),
        templates=Templates(
            variables=tuple(variable.value for variable in variables),
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


def _variables(upgrader: ClusterClassClusterUpgrader) -> Sequence[TopologyVariable]:
    spec = upgrader.spec
    if spec.topology_variable is not None:
        return (TopologyVariable(name=spec.topology_variable),)
    return spec.topology_variables


def _variable_want(variable: TopologyVariable) -> VariableWant:
    return VariableWant(variable.name, variable.path, _variable_place(variable.scope))


def _variable_place(scope: VariableScope | None) -> VariablePlace | None:
    if scope is None:
        return None
    if scope.machine_deployment is not None:
        return VariablePlace(ScopeKind.MACHINE_DEPLOYMENT, scope.machine_deployment)
    if scope.machine_pool is not None:
        return VariablePlace(ScopeKind.MACHINE_POOL, scope.machine_pool)
    return VariablePlace(ScopeKind.CONTROL_PLANE)


def _target_want(target: EditTarget) -> TargetWant:
    document = target.document
    return TargetWant(
        path=target.path,
        pointer=target.pointer,
        document=DocumentWant(
            api_version=document.api_version or "",
            kind=document.kind or "",
            name=document.name or "",
            namespace=document.namespace or "",
        )
        if document
        else DocumentWant(),
        template=target.value,
    )


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
