"""What to propose for one cluster, whoever asks: an upgrader, or the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gitops_upgrader.api.gitops_repository import REFRESH_MESSAGE, REFRESH_TITLE, UPGRADE_MESSAGE, UPGRADE_TITLE
from gitops_upgrader.api.placeholders import expand
from gitops_upgrader.forges.protocol import MergeMethod, People
from gitops_upgrader.git import Person
from gitops_upgrader.git.signing import Signer
from gitops_upgrader.manifests import Query, Values
from gitops_upgrader.model import Image, ObjectKey
from gitops_upgrader.plans.hop import Hop, Listed, NoHop
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.reconcilers.placeholders import of_hop
from gitops_upgrader.reconcilers.rollout import Rollout
from gitops_upgrader.versions import Version

Choose = Callable[[Version, Listed], Hop | NoHop]
"""Chooses the next step from the version that the base branch holds, of those that the ClusterClass lists."""

ClassList = Callable[[ObjectKey | None], Sequence[str] | None]
"""Tells the versions that a ClusterClass (None: that of the live Cluster) lists; None where that is not known."""

Watch = Callable[[Version], Rollout]
"""Tells how far a live Cluster is on its way to a version."""


def _nothing() -> None:
    """Nobody has to know before something is made outside."""


def _unknown(_: ObjectKey | None) -> None:
    """There is no store to ask for a ClusterClass."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What is written where, with placeholders; in the order of the query's variables and targets."""

    variables: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    topology_class: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """How a repository wants its commits and pull requests."""

    title: str
    message: str
    author: Person
    sign_off: bool = False
    signer: Signer | None = None
    draft: bool = False
    people: People = field(default_factory=People)
    auto_merge: MergeMethod | None = None

    def for_an_image_alone(self) -> Wording:
        """The same where the version stays: its own words take the place of the defaults, and of nobody else's."""
        return replace(
            self,
            title=REFRESH_TITLE if self.title == UPGRADE_TITLE else self.title,
            message=REFRESH_MESSAGE if self.message == UPGRADE_MESSAGE else self.message,
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One cluster to move.

    Attributes:
        proposer: what trailers and the marker name: `<namespace>/<upgrader>` or `cluster/<namespace or ->/<cluster>`.
        upgrader: `<namespace>/<upgrader>`; None without custom resources.
        choose: the next step from where the cluster is.
        scanned: globs of the files that are read at all; shared by a repository's requests, so that they are read once.
        hop_interval: how long the next hop waits after a merge.
        rollout: what the live Cluster says of a version; None where there is no live Cluster to ask.
        class_list: what ClusterClasses list that are kept elsewhere than in the repository.
        before_effects: is called before anything of this request is made outside, so that it is known who undoes it.
        checks_image: an image whose name tells of another version is refused.
        lookup_failed: in words, what could not be found out on the way here; then nothing is changed.
        doubt: in words, what could not be read on the way here; then nothing is taken back.
    """

    proposer: str
    upgrader: str | None
    family: Family
    query: Query
    choose: Choose
    wording: Wording
    templates: Templates = field(default_factory=Templates)
    instance: str | None = None
    scanned: tuple[str, ...] = ()
    retry: str | None = None
    paused: str | None = None
    removed: bool = False
    hop_interval: timedelta = timedelta()
    checks_image: bool = True
    lookup_failed: str | None = None
    doubt: str | None = None
    rollout: Watch | None = None
    class_list: ClassList = _unknown
    before_effects: Callable[[], None] = _nothing


def placeholders(request: Request, origin: Version, image: Image) -> Mapping[str, str]:
    """The value of each placeholder for one hop."""
    return of_hop(image.version, image.id, origin, request.query.name, request.upgrader or request.proposer)


def values(request: Request, origin: Version, image: Image) -> Values:
    """What is to be written for one hop. The file's own habit of leaving out the `v` is the editor's to keep."""
    known = placeholders(request, origin, image)
    topology_class = request.templates.topology_class
    return Values(
        version=image.version.with_v,
        image=image.id or None,
        topology_class=expand(topology_class, known) if topology_class else None,
        variables=tuple(expand(template, known) for template in request.templates.variables),
        targets=tuple(expand(template, known) for template in request.templates.targets),
    )
