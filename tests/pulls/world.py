"""A fleet of one cluster, the people around it, and the program: what scenarios and crash tests act in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gitops_upgrader.forges.protocol import Forge, MergeMethod
from gitops_upgrader.forges.protocol import People as Involved
from gitops_upgrader.git import Person, Repository
from gitops_upgrader.manifests import Query, VariableWant
from gitops_upgrader.model import Image
from gitops_upgrader.plans.hop import Hop, Listed, NoHop, NoHopReason, next_hop
from gitops_upgrader.pulls.identity import upgrader_family
from gitops_upgrader.reconcilers.propose import Proposed, propose
from gitops_upgrader.reconcilers.request import Request, Templates, Wording
from gitops_upgrader.reconcilers.workspace import Limits, Workspace
from gitops_upgrader.versions import Version
from tests.pulls.host import Host
from tests.pulls.people import ROBOT_EMAIL, ROBOT_NAME, Clock

PREFIX = "gitops-upgrader/"
BRANCH = f"{PREFIX}fleet/prod"
FILE = "clusters/prod.yaml"

CLUSTER = """\
# The cluster that everybody uses.
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: prod
  namespace: fleet
spec:
  topology:
    class: docker
    version: {version}
    variables:
      - name: imageId
        value: {image}
    # far enough from what changes
    # that an edit down here
    # is no conflict
    workers:
      machineDeployments:
        - class: worker
          name: md-0
          replicas: {replicas}
"""


def cluster(version: str, image: str | None = None, replicas: int = 3) -> str:
    """The cluster's file."""
    return CLUSTER.format(version=version, image=image or f"img-{version}", replicas=replicas)


def machine_image(version: str, identity: str | None = None) -> Image:
    """The image that belongs to a version."""
    return Image(Version.parse(version), identity or f"img-{version}", f"images-{version}")


@dataclass
class World:
    """One cluster's upgrader on one host, run as often as a test likes.

    Attributes:
        plan: the images that the plan offers, the last one being the target; None where it offers none.
        wrap_forge, wrap_repository: what a test puts around them, such as a death at the third effect.
    """

    host: Host
    clock: Clock
    plan: tuple[Image, ...] | None = None
    paused: str | None = None
    removed: bool = False
    retry: str | None = None
    lookup_failed: str | None = None
    hop_interval: timedelta = timedelta()
    involved: Involved = field(default_factory=Involved)
    auto_merge: MergeMethod | None = None
    draft: bool = False
    base: str = "main"
    limits: Limits = field(default_factory=Limits)
    wrap_forge: Callable[[Forge], Forge] = lambda forge: forge
    wrap_repository: Callable[[Repository], Repository] = lambda repository: repository

    def start(self, version: str) -> None:
        """Begin the repository with the cluster at a version."""
        self.host.people.commit({FILE: cluster(version), "README.md": "The fleet.\n"}, message="Start")

    def offer(self, *versions: str) -> None:
        """Let the plan offer the images of these versions; the last one is the target."""
        self.plan = tuple(machine_image(version) for version in versions)

    def run(self, *, dry_run: bool = False) -> Proposed:
        """One run of the program, from the first look to the last effect; a minute later than the one before."""
        self.clock.advance(minutes=1)
        with Repository.open(self.host.location()) as repository:
            workspace = Workspace.fetch(
                repository.location.display,
                self.wrap_repository(repository),
                self.wrap_forge(self.host.forge()),
                branch=self.base,
                prefix=PREFIX,
                clock=self.clock,
                limits=self.limits,
            )
            return propose(workspace, self.request(), dry_run=dry_run)

    def request(self) -> Request:
        """What the upgrader `fleet/prod` asks for."""
        made = Request(
            proposer="fleet/prod",
            upgrader="fleet/prod",
            family=upgrader_family(PREFIX, "fleet", "prod"),
            query=Query("prod", "fleet", "fleet/prod", variables=(VariableWant("imageId"),)),
            choose=self._choose,
            wording=Wording(
                title="Upgrade $(CLUSTER_NAME) from $(FROM_VERSION) to $(KUBERNETES_VERSION)",
                message="Upgrade $(CLUSTER_NAME) to Kubernetes $(KUBERNETES_VERSION)",
                author=Person(ROBOT_NAME, ROBOT_EMAIL),
                people=self.involved,
                auto_merge=self.auto_merge,
                draft=self.draft,
            ),
            templates=Templates(variables=("$(IMAGE_ID)",)),
            hop_interval=self.hop_interval,
        )
        return replace(
            made, retry=self.retry, paused=self.paused, removed=self.removed, lookup_failed=self.lookup_failed
        )

    def _choose(self, current: Version, listed: Listed) -> Hop | NoHop:
        if self.plan is None:
            return NoHop(NoHopReason.NO_CANDIDATE, "No image in v1.34.x is ready.")
        return next_hop(current, self.plan, self.plan[-1], listed=listed)


def told(done: Proposed) -> str:
    """What came of a run, in the words that scenarios use."""
    decision = done.decision
    assert decision is not None
    words = type(decision).__name__.lower()
    if done.pull is not None:
        words += f" #{done.pull.number}"
    return f"{words}, {decision.reason}"
