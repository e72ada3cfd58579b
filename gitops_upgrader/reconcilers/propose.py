"""From a request to a pull request: locate, choose the hop, edit, observe, decide, apply.

`propose` is the same for every caller: the upgrader's reconciler, the command line, a dry run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitops_upgrader.errors import ImageVersionMismatch, UpgraderError, Where
from gitops_upgrader.manifests import Located, Manifests, diff
from gitops_upgrader.model import Edit, Image, PullRequest, PullState, Target
from gitops_upgrader.plans.hop import NoHop
from gitops_upgrader.plans.image_version import other_version
from gitops_upgrader.pulls.apply import Applier, Outcome, build_commit
from gitops_upgrader.pulls.decide import decide
from gitops_upgrader.pulls.decision import Close, Create, Decision, Gate, Hold, Leave, NoTarget, Reason, Seen, Update
from gitops_upgrader.pulls.desired import Desired
from gitops_upgrader.pulls.observe import Base, Observer
from gitops_upgrader.reconcilers.cluster_class import listed
from gitops_upgrader.reconcilers.composition import cluster_name, compose, with_what_is_left
from gitops_upgrader.reconcilers.elsewhere import proposed_elsewhere
from gitops_upgrader.reconcilers.merged import Merge, merges, resting
from gitops_upgrader.reconcilers.request import Request, values
from gitops_upgrader.reconcilers.rollout import Rollout
from gitops_upgrader.reconcilers.workspace import Workspace
from gitops_upgrader.versions import Version


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of a request: one entry of the report.

    Attributes:
        upgrader: `<namespace>/<upgrader>`; None without custom resources.
        repository: its URL, without credentials.
        cluster: `<namespace>/<name>`; the namespace is `-` where neither side states one.
        origin: version and image on the base branch; None where the cluster could not be read.
        target: what is wanted; None where nothing is.
        diff: the unified diff of what is wanted, also when it is not proposed now.
        branch: the branch of the proposal, `commit` what it points at; None where there is none.
        error: what went wrong; then the decision is None.
        merged: our pull requests that were merged, the newest first.
        latest: the newest pull request of ours, whatever became of it.
        rollout: what the live Cluster says of the version on the base branch; None where none was looked for.
        nothing: why no target is wanted, if so.
        gate: why what is wanted must wait, if so.
        first: what was closed in the same run to make room for this.
    """

    upgrader: str | None
    repository: str
    cluster: str
    decision: Decision | None = None
    origin: Target | None = None
    target: Target | None = None
    edits: tuple[Edit, ...] = ()
    diff: str = ""
    branch: str | None = None
    commit: str | None = None
    pull: PullRequest | None = None
    error: UpgraderError | None = None
    located: Located | None = None
    why: str = ""
    considered: tuple[str, ...] = ()
    merged: tuple[Merge, ...] = ()
    latest: PullRequest | None = None
    rollout: Rollout | None = None
    nothing: NoTarget | None = None
    gate: Gate | None = None
    first: Proposed | None = None

    @property
    def proposes(self) -> bool:
        """Whether something was, or in a dry run would be, created or changed on the forge."""
        return isinstance(self.decision, Create | Update | Close)


def propose(workspace: Workspace, request: Request, *, dry_run: bool = False) -> Proposed:
    """Carry one request as far as it goes.

    Raises:
        UpgraderError: whatever stands in the way; nothing was changed then, or what was changed is taken up by the
            next run.
    """
    done = _once(workspace, request, dry_run=dry_run)
    if dry_run or not _makes_room(done):
        return done
    following = _once(workspace, request, dry_run=dry_run)
    return replace(following, first=done) if isinstance(following.decision, Create | Update) else done


def _makes_room(done: Proposed) -> bool:
    """Whether ours was closed because something else is wanted, which can be proposed now."""
    withdrawn = isinstance(done.decision, Close) and done.decision.reason == Reason.WITHDRAWN.value
    return withdrawn and done.target is not None and done.pull is not None and done.pull.state is PullState.CLOSED


def _once(workspace: Workspace, request: Request, *, dry_run: bool) -> Proposed:
    if request.removed:
        return _retire(workspace, request, dry_run=dry_run)
    manifests = workspace.manifests(request.scanned)
    located = manifests.locate(request.query)
    try:
        return _onward(workspace, request, manifests, located, dry_run=dry_run)
    except UpgraderError as error:
        error.trail = error.trail or located.trail
        raise


def _onward(
    workspace: Workspace, request: Request, manifests: Manifests, located: Located, *, dry_run: bool
) -> Proposed:
    """From the places in the manifests on."""
    origin = _origin(located)
    step = request.choose(origin.version, listed(request, manifests, located, origin.version))
    rollout = request.rollout(origin.version) if request.rollout else None
    begun = Proposed(
        request.upgrader,
        workspace.url,
        cluster_name(request, located),
        origin=origin,
        located=located,
        rollout=rollout,
    )
    if isinstance(step, NoHop):
        nothing = NoTarget(step.reason.value, step.message)
        seen = _observe(workspace, request, origin, nothing, None, dry_run=dry_run)
        return _carry_out(workspace, begun, request, seen, dry_run=dry_run)
    edited = manifests.edit(located, values(request, origin.version, step.image))
    target = _target(located, step.image)
    _check_image(request, target)
    if not edited.edits:
        target = replace(target, image=origin.image)
    desired = compose(workspace, request, located, origin, target, step, edited)
    commit = build_commit(workspace.repository, desired, workspace.clock()) if edited.edits else None
    seen = _observe(workspace, request, origin, target, commit, dry_run=dry_run)
    seen = replace(seen, gate=resting(workspace, request, origin, located, seen.proposals, rollout))
    begun = replace(
        begun,
        target=target,
        edits=edited.edits,
        diff=diff(edited.before, edited.files),
        why=step.words,
        considered=desired.considered,
    )
    return _carry_out(workspace, begun, request, seen, desired, commit, dry_run=dry_run)


def _retire(workspace: Workspace, request: Request, *, dry_run: bool) -> Proposed:
    """Undo what is open for an upgrader that is gone. Where its cluster is, no longer matters: that may be gone too."""
    begun = Proposed(request.upgrader, workspace.url, f"{request.query.namespace or '-'}/{request.query.name}")
    nothing = NoTarget(Reason.REMOVED.value, "The upgrader was deleted.")
    seen = _observe(workspace, request, _NOWHERE, nothing, None, dry_run=dry_run)
    return _carry_out(workspace, begun, request, seen, dry_run=dry_run)


_NOWHERE = Target(Version.parse("v0.0.0"))
"""Where a cluster is that nobody looks for any more: below every version."""


# --- read -----------------------------------------------------------------------------------------------------------


def _origin(located: Located) -> Target:
    """The version and image that the base branch holds. Raises InvalidVersion where the manifest's is none."""
    return Target(Version.parse(located.version_text or ""), located.image_text)


def _target(located: Located, image: Image) -> Target:
    """Version and image; the image only where there is a place for it."""
    placed = located.images or located.variables or located.targets
    return Target(image.version, image.id if image.id and placed else None)


def _check_image(request: Request, target: Target) -> None:
    """Refuse an image that was built for another version: a mistake of whoever named or built it.

    Raises:
        ImageVersionMismatch: the image's id names a Kubernetes version, and not this one.
    """
    other = other_version(target.image or "", target.version)
    if other is None or not request.checks_image:
        return
    raise ImageVersionMismatch(
        f"The image {target.image!r} is named after Kubernetes {other}, not after {target.version}.",
        where=Where(object=f"Cluster {request.query.label}"),
        remedy="Correct the image, or set imageVersionCheck: Ignore where its name means something else.",
    )


def _observe(
    workspace: Workspace,
    request: Request,
    origin: Target,
    wanted: Target | NoTarget,
    commit: str | None,
    *,
    dry_run: bool,
) -> Seen:
    observer = Observer(
        workspace.repository,
        workspace.forge,
        workspace.refs,
        Base(workspace.branch, workspace.commit, origin),
        request.wording.author,
        dry_run,
        workspace.update_button,
        workspace.find,
    )
    observed = observer.observe(request.family, request.proposer, commit)
    return Seen(
        family=request.family,
        origin=origin,
        wanted=wanted,
        proposals=observed.proposals,
        heads=observed.heads,
        opens_pulls=workspace.forge.capabilities.opens_pulls,
        retry=request.retry,
        lookup_failed=request.lookup_failed,
        doubt=request.doubt,
        paused=request.paused,
        removed=request.removed,
        rebuild=observed.rebuild,
        base=workspace.branch,
        taken=observed.taken,
        draft=request.wording.draft,
        update_button=observed.update_button,
    )


# --- decide and apply -----------------------------------------------------------------------------------------------


def _carry_out(
    workspace: Workspace,
    begun: Proposed,
    request: Request,
    seen: Seen,
    desired: Desired | None = None,
    commit: str | None = None,
    *,
    dry_run: bool,
) -> Proposed:
    decision = decide(seen)
    if isinstance(decision, Create):
        full = workspace.full()
        if gate := proposed_elsewhere(workspace, request, begun.located, seen.origin) or full:
            seen = replace(seen, gate=gate)
            decision = decide(seen)
    begun = replace(
        begun,
        decision=decision,
        merged=merges(seen.proposals),
        latest=seen.proposals[0].pull if seen.proposals else None,
        nothing=seen.wanted if isinstance(seen.wanted, NoTarget) else None,
        gate=seen.gate,
    )
    if dry_run:
        return _foreseen(begun, seen, decision)
    if _acts(decision):
        workspace.confirm(request.family)
    if isinstance(decision, Create | Update):
        request.before_effects()
        desired = with_what_is_left(workspace, request, begun.located, desired)
    outcome = Applier(workspace.repository, workspace.forge, seen, desired, commit).apply(decision)
    _note(workspace, decision, outcome)
    branch = None if isinstance(decision, Hold | Close) and outcome.pull is None else _branch(decision, outcome.pull)
    return replace(begun, branch=branch, commit=outcome.commit, pull=outcome.pull)


def _acts(decision: Decision) -> bool:
    """Whether anything may be changed, or said to people."""
    if isinstance(decision, Hold):
        return decision.comment is not None
    if isinstance(decision, Leave):
        return decision.comment is not None or decision.pending or decision.disarm
    return True


def _foreseen(begun: Proposed, seen: Seen, decision: Decision) -> Proposed:
    """What a dry run can tell: the branch and the pull request as they are."""
    number = getattr(decision, "pull", None)
    pull = next((proposal.pull for proposal in seen.proposals if proposal.pull.number == number), None)
    branch = _branch(decision, pull)
    head = seen.heads.get(branch) if branch else None
    return replace(begun, branch=branch, commit=head.commit if head else None, pull=pull)


def _branch(decision: Decision, pull: PullRequest | None) -> str | None:
    if isinstance(decision, Hold):
        return pull.head if pull else None
    return decision.branch


def _note(workspace: Workspace, decision: Decision, outcome: Outcome) -> None:
    """Keep what the workspace knows of branches and limits up to date."""
    if isinstance(decision, Create | Update):
        workspace.pushed(decision.branch, outcome.commit)
    if isinstance(decision, Create):
        workspace.opened()
    if isinstance(decision, Close):
        if decision.pull is not None:
            workspace.closed(decision.pull)
        if decision.head is not None:
            workspace.pushed(decision.branch, None)
