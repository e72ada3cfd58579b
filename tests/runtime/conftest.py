"""A real Gitea, and an installed controller's rights, for tests that run it as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.forge import Forged, forged
from tests.runtime.installed import Installed
from tests.servers.gitea import GiteaServer, running
from tests.servers.kubernetes import KubernetesServer


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A running Gitea with two people on it."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server


@pytest.fixture
def fleet(kubernetes: KubernetesServer, gitea: GiteaServer, tmp_path: Path) -> Iterator[Forged]:
    """A namespace with a repository on Gitea."""
    with forged(kubernetes, gitea, tmp_path) as made:
        yield made


@pytest.fixture
def rights(kubernetes: KubernetesServer, fleet: Forged) -> Installed:
    """The controller's account, and what it may do in that namespace and nowhere else."""
    made = Installed(kubernetes, kubernetes.namespace("system"), watched=(fleet.namespace,))
    with kubernetes.alone("installation"):
        made.put()
    return made
