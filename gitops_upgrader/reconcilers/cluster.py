"""A cluster named on the command line, upgraded without any custom resource."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gitops_upgrader.api.gitops_repository import CommitOptions, RepositoryPullRequest
from gitops_upgrader.errors import InvalidVersion, UnsafeStep, UpgraderError, Where
from gitops_upgrader.git import Person
from gitops_upgrader.manifests import Query, VariableWant
from gitops_upgrader.model import Image
from gitops_upgrader.plans.hop import Hop, Listed, NoHop, NoHopReason, is_listed
from gitops_upgrader.pulls.identity import cluster_family
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.repository import from_command_line
from gitops_upgrader.reconcilers.request import Request, Templates, Wording
from gitops_upgrader.versions import StepReason, Version, step_problem


def reconcile(
    workspaces: Workspaces,
    name: str,
    namespace: str | None,
    to: Version,
    *,
    image: str | None = None,
    variable: str | None = None,
    paths: tuple[str, ...] = (),
    retry: str | None = None,
    dry_run: bool = False,
) -> Proposed:
    """Propose one step of one cluster. Whatever stands in the way is in the result; nothing is raised for it."""
    label = f"{namespace or '-'}/{name}"
    repository = ""
    try:
        place = from_command_line(workspaces.line)
        repository = place.location.display
        request = _request(workspaces.line.instance, name, namespace, to, image, variable, paths, retry)
        return workspaces.propose(place, request, dry_run=dry_run)
    except UpgraderError as error:
        return Proposed(upgrader=None, repository=repository, cluster=label, error=error)


def _request(
    instance: str | None,
    name: str,
    namespace: str | None,
    to: Version,
    image: str | None,
    variable: str | None,
    paths: tuple[str, ...],
    retry: str | None,
) -> Request:
    commit, pull = CommitOptions(), RepositoryPullRequest()
    proposer = f"cluster/{namespace or '-'}/{name}"
    return Request(
        proposer=proposer,
        upgrader=None,
        family=cluster_family(pull.branch_prefix, namespace, name, instance),
        query=Query(
            name=name,
            namespace=namespace,
            owner=proposer,
            variables=(VariableWant(variable),) if variable else (),
            paths=paths,
        ),
        choose=partial(_step, name, Image(to, image or "", "")),
        wording=Wording(
            title=pull.title_template,
            message=commit.message_template,
            author=Person(commit.author.name, commit.author.email),
        ),
        templates=Templates(variables=("$(IMAGE_ID)",) if variable else ()),
        instance=instance,
        retry=retry,
        checks_image=False,  # it was typed by hand, for this version
    )


def _step(name: str, image: Image, current: Version, listed: Listed) -> Hop | NoHop:
    """The step that was asked for, if it is one that Cluster API takes.

    Raises:
        UnsafeStep: it is not.
    """
    problem = step_problem(current, image.version)
    if problem is None and not is_listed(image.version, versions := listed(image)):
        raise _not_listed(name, current, image.version, versions)
    if problem is None:
        return Hop(image, f"hop {current} -> {image.version}: asked for on the command line")
    if problem.reason is StepReason.SAME:
        if image.id:
            return Hop(image, f"image {image.id} at {current}: asked for on the command line")
        return NoHop(NoHopReason.UP_TO_DATE, f"{name} is at {current} already.")
    raise UnsafeStep(
        f"{problem.message}.",
        where=Where(object=f"Cluster {name}"),
        remedy="Upgrade one minor at a time, upwards, within one flavour of Kubernetes.",
    )


def _not_listed(name: str, current: Version, wanted: Version, versions: Sequence[str]) -> UnsafeStep:
    ahead = [text for text in versions if _leads_on(current, text)]
    return UnsafeStep(
        f"The ClusterClass does not list {wanted} in its kubernetesVersions.",
        where=Where(object=f"Cluster {name}"),
        remedy=f"Go to {' or '.join(ahead)}, or add it to the class first." if ahead else "Add it to the class first.",
    )


def _leads_on(current: Version, text: str) -> bool:
    try:
        return step_problem(current, Version.parse(text)) is None
    except InvalidVersion:
        return False
