"""A folder of custom resources, a repository with clusters, and runs over both: what the command line does, in process.

Custom resources are written as YAML, as people write them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Decision
from gitops_upgrader.reconcilers import fleet
from gitops_upgrader.reconcilers.attempts import Patience
from gitops_upgrader.reconcilers.fleet import Report
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reconcilers.scope import Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores.directory import DirectoryStore
from tests.pulls.local_host import LocalHost
from tests.pulls.people import Clock

OURS = "kubernetesupgraded.dimitrikoshkin.com/v1alpha1"

CLUSTER = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: {name}
  namespace: {namespace}
spec:
  topology:
    class: docker
    version: {version}
    variables:
      - name: imageId
        value: {image}
"""

VERSIONS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: versions, namespace: fleet}
data:
  versions: |
    v1.33.5
    v1.34.1
    v1.34.2
"""
TEMPLATE = """\
apiVersion: OURS
kind: MachineImageTemplate
metadata: {name: images, namespace: fleet}
spec:
  template:
    metadata: {labels: {os: ubuntu}}
    spec: {id: "img-$(KUBERNETES_VERSION)"}
"""
SYNCER = """\
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: images, namespace: fleet}
spec:
  versionRange: ">=1.33"
  policy: LatestPerMinor
  sourceRef: {apiVersion: v1, kind: ConfigMap, name: versions}
  machineImageTemplateRef: {kind: MachineImageTemplate, name: images}
"""
PLAN = """\
apiVersion: OURS
kind: Plan
metadata: {name: newest, namespace: fleet}
spec:
  versionRange: v1.34.x
  machineImageSelector: {matchLabels: {os: ubuntu}}
"""
UPGRADER = """\
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: NAME, namespace: fleet}
spec:
  clusterName: NAME
  planRef: {name: newest}
  topologyVariable: imageId
  hopInterval: 0s
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME, namespace: fleet}\nstringData: {DATA}\n"


def cluster(name: str, version: str, *, namespace: str = "fleet", image: str | None = None) -> str:
    """A Cluster's manifest."""
    return CLUSTER.format(name=name, namespace=namespace, version=version, image=image or f"img-{version}")


def upgrader(name: str, **spec: Any) -> str:
    """An upgrader's manifest; `spec` fields come on top, as flow YAML."""
    return UPGRADER.replace("NAME", name) + "".join(f"  {key}: {value}\n" for key, value in spec.items())


def repository(url: str, *, name: str = "default", namespace: str = "fleet", **spec: str) -> str:
    """A GitOpsRepository."""
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        f"apiVersion: {OURS}\nkind: GitOpsRepository\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec:\n  url: '{url}'\n{more}"
    )


def secret(name: str, data: str) -> str:
    """A Secret with text in it."""
    return SECRET.replace("NAME", name).replace("DATA", data)


@dataclass
class Fleet:
    """A repository and a folder beside it.

    Attributes:
        clock: the time of the program and of the people; LocalForge, which the program opens itself, has the real one.
    """

    folder: Path
    clock: Clock = field(default_factory=lambda: Clock(datetime.now(UTC).replace(microsecond=0)))

    def __post_init__(self) -> None:
        self.host = LocalHost(self.folder, self.clock)
        self.people = self.host.people
        self.manifests = self.folder / "upgrades"
        self.manifests.mkdir()

    def clusters(self, **versions: str) -> str:
        """Commit clusters to the base branch, and return the commit."""
        return self.people.commit(
            {f"clusters/{name}.yaml": cluster(name, version) for name, version in versions.items()}
        )

    def write(self, name: str, *documents: str) -> Path:
        """Write a file of custom resources, and return its path; `OURS` stands for our API version."""
        path = self.manifests / name
        path.write_text("---\n".join(documents).replace("OURS", OURS), "utf-8")
        return path

    def usual(self, *upgraders: str) -> None:
        """Everything that it takes, with the versions in a ConfigMap, and these upgraders."""
        self.write("images.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN)
        for name in upgraders:
            self.write(f"{name}.yaml", upgrader(name))

    def wait(self, seconds: float) -> None:
        """What the program does between two tries, in no time."""
        self.clock.advance(seconds=seconds)

    def run(
        self,
        *,
        repo: str | None = "",
        provider: str | None = None,
        branch: str | None = None,
        instance: str | None = None,
        environ: Mapping[str, str] | None = None,
        only: Collection[str] = (),
        dry_run: bool = False,
    ) -> Run:
        """One run, a minute later; `repo` is the repository unless something else is said, None for none."""
        self.clock.advance(minutes=1)
        line = CommandLine(
            repo=str(self.people.path) if repo == "" else repo,
            branch=branch,
            provider=provider,
            instance=instance,
            environ={"HOME": "/nowhere"} if environ is None else environ,
            folder=self.folder,
        )
        store = DirectoryStore.load([self.manifests])
        scope = Scope(store=store, clock=self.clock, fetch=HttpFetch())
        with Workspaces(line, self.clock, patience=Patience(sleep=self.wait)) as workspaces:
            return Run(fleet.run(scope, workspaces, only=only, dry_run=dry_run), store)


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    report: Report
    store: DirectoryStore

    def of(self, cluster_name: str) -> Proposed:
        """What came of one cluster."""
        (found,) = [one for one in self.report.proposals if one.cluster.rpartition("/")[2] == cluster_name]
        return found

    def decided(self, cluster_name: str) -> Decision:
        """What was decided for one cluster."""
        found = self.of(cluster_name)
        assert found.error is None, found.error
        assert found.decision is not None
        return found.decision

    def told(self) -> dict[str, str]:
        """For every cluster what was decided, as a line of words."""
        return {found.cluster.rpartition("/")[2]: _told(found) for found in self.report.proposals}

    def errors(self) -> dict[str, str]:
        """What went wrong with objects that are no upgraders, by object."""
        return {str(failure.key): str(failure.error) for failure in self.report.failures}

    def status(self, kind: str, name: str, namespace: str = "fleet", group: str | None = None) -> Mapping[str, Any]:
        """The status of an object as the run left it."""
        stored = self.store.get(ObjectKey(group or OURS.partition("/")[0], kind, namespace, name))
        assert stored is not None
        return stored.status


def _told(found: Proposed) -> str:
    if found.error is not None:
        return f"error, {found.error.reason}"
    decision = found.decision
    moves = f" {found.origin.version} -> {found.target.version}" if found.origin and found.target else ""
    return f"{type(decision).__name__.lower()}, {decision.reason if decision else ''}{moves}"
