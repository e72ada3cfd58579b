"""How fast Clusters are found and edited, beside what people would do instead.

5,000 Clusters bumped with proof, beside a ruamel.yaml round trip of the same documents; one Cluster, and all of them,
found in a repository of 50,000 files, beside `git grep -l topology` of the same tree.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pygit2
from ruamel.yaml import YAML

from gitops_upgrader.git.trees import GitTree
from gitops_upgrader.manifests import Manifests, Query, Scope, ScopeKind, Values, VariableWant
from gitops_upgrader.model import Blob, BlobKind
from tests.bench.comparison import Comparison, alternate, scratch, timed

CLUSTERS = 5_000
FILES = 50_000
ROUND_TRIPS = 250  # of ruamel.yaml; the time for all is scaled from these, as all documents are alike

CLUSTER = """\
# {name}: production cluster of team {index}
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: {name}
  namespace: fleet
  labels:
    environment: production
    region: eu-central-1
    cni: cilium
  annotations:
    fleet.example.com/owner: "team-{index}@example.com"
spec:
  clusterNetwork:
    pods:
      cidrBlocks:
        - 10.{block}.0.0/16
    services:
      cidrBlocks:
        - 172.16.0.0/16
    serviceDomain: cluster.local
  topology:
    class: openstack-v2
    version: v1.33.5
    controlPlane:
      replicas: 3
      metadata:
        labels:
          node-role: control-plane
      variables:
        overrides:
          - name: imageId
            value: ubuntu-2404-kube-v1.33.5
    workers:
      machineDeployments:
        - class: default-worker
          name: md-0
          replicas: 5
          failureDomain: nova-1
          variables:
            overrides:
              - name: flavor
                value: m1.large
        - class: default-worker
          name: md-1
          replicas: 5
          failureDomain: nova-2
        - class: gpu-worker
          name: gpu-0
          replicas: 2
          failureDomain: nova-3
    variables:
      - name: imageId
        value: ubuntu-2404-kube-v1.33.5
      - name: controlPlaneEndpoint
        value:
          host: api.{name}.example.com
          port: 6443
      - name: flavor
        value: m1.medium
      - name: network
        value:
          external: provider-1
          mtu: 1450
      - name: sshKeyName
        value: platform
      - name: apiServerExtraArgs
        value:
          - name: audit-log-maxage
            value: "30"
"""

OTHER = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{index}
  namespace: apps
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{index}}}
  template:
    metadata:
      labels: {{app: app-{index}}}
    spec:
      containers:
        - name: app
          image: registry.example.com/app:1.{index}.0
"""

VARIABLES = (VariableWant("imageId"), VariableWant("imageId", scope=Scope(ScopeKind.CONTROL_PLANE)))
VALUES = Values(version="v1.34.2", variables=("ubuntu-2404-kube-v1.34.2", "ubuntu-2404-kube-v1.34.2"))


class Memory:
    """Files in memory as a tree."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def blobs(self) -> Iterator[Blob]:
        for path in sorted(self._files):
            yield Blob(path, "", BlobKind.FILE)

    def read(self, blob: Blob) -> bytes:
        return self._files[blob.path]


def bare(path: Path) -> GitTree:
    """The files of a bare repository's HEAD."""
    repository = pygit2.Repository(str(path))
    return GitTree(repository, repository.head.peel(pygit2.Tree).id)


def run() -> Iterator[Comparison]:
    """All measurements."""
    yield edits()
    yield from locates()


def cluster(index: int) -> bytes:
    """One Cluster's manifest."""
    return CLUSTER.format(name=f"cluster-{index:04}", index=index, block=index % 256).encode()


def edits() -> Comparison:
    """5,000 Clusters bumped, proof included, beside a ruamel.yaml round trip of the same documents."""
    files = {f"clusters/cluster-{index:04}/cluster.yaml": cluster(index) for index in range(CLUSTERS)}
    sample = list(files.values())[:ROUND_TRIPS]

    def ours() -> None:
        manifests = Manifests(Memory(files))
        for index in range(CLUSTERS):
            located = manifests.locate(Query(f"cluster-{index:04}", "fleet", variables=VARIABLES))
            manifests.edit(located, VALUES)

    def theirs() -> None:
        for data in sample:
            _round_trip(data)

    taken = alternate(lambda: timed(ours), lambda: timed(theirs) * CLUSTERS / ROUND_TRIPS, times=3)
    return Comparison(f"{CLUSTERS:,} Clusters edited and proven : ruamel.yaml round trip", *taken, bound=1 / 20)


def _round_trip(data: bytes) -> bytes:
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(data)
    document["spec"]["topology"]["version"] = "v1.34.2"
    out = io.BytesIO()
    yaml.dump(document, out)
    return out.getvalue()


def locates() -> Iterator[Comparison]:
    """One Cluster, and all, found in 50,000 files of a bare repository, beside `git grep`.

    The promise is for the search itself. The commands pay for the start of Python as well, which takes as long as
    `git grep` takes for everything; and to list all Clusters is to parse 5,000 documents, which `git grep` does not do:
    libyaml's bare events, 0.1 ms a document, take twice as long as it does.
    """
    with scratch() as folder:
        path = folder / "fleet.git"
        build(path)
        search = ["git", "-C", str(path), "grep", "-l", "topology", "HEAD"]
        command = [sys.executable, "-m", "gitops_upgrader", "locate", "--repo", str(path)]
        among = f"{FILES:,} files : git grep -l topology"

        def grep() -> float:
            return timed(lambda: _lines(search, CLUSTERS))

        def one() -> None:
            Manifests(bare(path)).locate(Query("cluster-2500", variables=VARIABLES))

        yield Comparison(f"one Cluster located in {among}", *alternate(lambda: timed(one), grep), bound=3)
        named = [*command, "--cluster", "cluster-2500"]
        taken = alternate(lambda: timed(lambda: _lines(named, 7)), grep)
        yield Comparison(f"the command, locate --cluster, in {among}", *taken)
        taken = alternate(lambda: timed(lambda: _lines(command, 1 + CLUSTERS)), grep, times=3)
        yield Comparison(f"the command, locate of all {CLUSTERS:,} Clusters, in {among}", *taken)


def _lines(order: list[str], count: int) -> None:
    """Run a command that must answer with so many lines."""
    answer = subprocess.run(order, check=True, stdout=subprocess.PIPE).stdout
    if answer.count(b"\n") != count:
        raise AssertionError(f"{order} did not answer with {count} lines: {answer[:500]!r}")


def build(path: Path) -> None:
    """A bare repository of 50,000 files, 5,000 of them Clusters."""
    stream = io.BytesIO()
    stream.write(b"commit refs/heads/main\ncommitter bench <bench@example.com> 0 +0000\ndata 0\n")
    for index in range(FILES):
        name = f"clusters/cluster-{index // 10:04}"
        data = cluster(index // 10) if index % 10 == 0 else OTHER.format(index=index).encode()
        file = f"{name}/cluster.yaml" if index % 10 == 0 else f"{name}/apps/app-{index}.yaml"
        stream.write(b"M 100644 inline %s\ndata %d\n%s\n" % (file.encode(), len(data), data))
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream.getvalue(), check=True)
