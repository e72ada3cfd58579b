"""A large fleet's repository, generated: thousands of clusters, each with the files that live around one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.need import need

CLUSTERS: Final = 5_000
FILES: Final = 10
"""Files of each cluster, so that there are 50,000 in all."""

VERSION: Final = "v1.34.2"
NAMESPACE: Final = "fleet"

_ADDONS: Final = ("ingress", "monitoring", "logging", "storage", "dns", "policies", "backup", "certificates")


def name(number: int) -> str:
    """The name of a cluster."""
    return f"cluster-{number:04d}"


def path(number: int) -> str:
    """The file that a cluster is in."""
    return f"regions/region-{number % 20:02d}/{name(number)}/cluster.yaml"


def create(bare: Path, clusters: int = CLUSTERS) -> None:
    """Make the repository, with everything in one commit on `main` and in one pack, as a forge would have it."""
    git = str(need("git"))
    subprocess.run([git, "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], check=True)
    stream = b"".join(_stream(clusters))
    subprocess.run([git, "-C", str(bare), "fast-import", "--quiet"], input=stream, check=True)
    subprocess.run([git, "-C", str(bare), "repack", "-adq"], check=True)


def _stream(clusters: int) -> Iterator[bytes]:
    """What git-fast-import(1) reads."""
    message = b"Describe the fleet"
    yield b"commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\n"
    yield b"data %d\n%s\n" % (len(message), message)
    for number in range(clusters):
        for file, content in _files(number):
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (file.encode(), len(content), content)


def _files(number: int) -> Iterator[tuple[str, bytes]]:
    folder = path(number).rpartition("/")[0]
    resources = "".join(f"  - {addon}.yaml\n" for addon in ("cluster", *_ADDONS))
    kustomization = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}"
    yield path(number), _cluster(number).encode()
    yield f"{folder}/kustomization.yaml", kustomization.encode()
    for addon in _ADDONS:
        yield f"{folder}/{addon}.yaml", _addon(addon, number).encode()


def _cluster(number: int) -> str:
    return f"""\
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: {name(number)}
  namespace: {NAMESPACE}
  labels:
    region: region-{number % 20:02d}
spec:
  clusterNetwork:
    pods:
      cidrBlocks: [10.{number % 200}.0.0/16]
  topology:
    classRef:
      name: standard
    version: {VERSION}
    controlPlane:
      replicas: 3
    workers:
      machineDeployments:
        - class: default-worker
          name: md-0
          replicas: {number % 40 + 3}
    variables:
      - name: imageId
        value: image-{VERSION}
"""


def _addon(addon: str, number: int) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {name(number)}-{addon}
  namespace: {NAMESPACE}
spec:
  interval: 10m
  kubeConfig:
    secretRef:
      name: {name(number)}-kubeconfig
  chart:
    spec:
      chart: {addon}
      version: 1.{number % 9}.0
      sourceRef:
        kind: HelmRepository
        name: addons
  values:
    replicas: {number % 3 + 1}
    host: {addon}.{name(number)}.example.com
"""
