"""A management cluster whose repository is on a real Gitea: people push there, and merge through its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.pulls.gitea_host import Pushers
from tests.pulls.people import Clock
from tests.runtime.cluster import Management, serve_clusters
from tests.servers import kubelet
from tests.servers.gitea import GiteaRepository, GiteaServer
from tests.servers.kubernetes import KubernetesServer

REPOSITORY = """\
apiVersion: v1
kind: Secret
metadata: {name: git}
stringData: {username: "USER", password: "TOKEN"}
---
apiVersion: OURS
kind: GitOpsRepository
metadata: {name: default}
spec: {url: "URL", branch: main, provider: gitea, interval: 1s, secretRef: {name: git}}
"""
"""What leads to the repository, for a test to apply."""

BUILDS = "jobTemplate: {spec: {containers: [{name: build, image: builder}]}}"


def building(text: str) -> str:
    """The same, with images that Jobs build."""
    return text.replace('id: "img-$(KUBERNETES_VERSION)"', BUILDS)


@dataclass
class Forged(Management):
    """One namespace of a management cluster, and the repository of its clusters on Gitea."""

    repository: GiteaRepository | None = None

    @property
    def forge(self) -> GiteaRepository:
        assert self.repository is not None
        return self.repository

    def connect(self, url: str | None = None, **spec: str) -> None:
        """Apply what leads to the repository.

        Args:
            url: a way around, through a server that does mischief.
            spec: more fields of the GitOpsRepository.
        """
        user = self.forge.server.upgrader
        text = REPOSITORY.replace("USER", user.login).replace("TOKEN", user.token)
        more = "".join(f', {name}: "{value}"' for name, value in spec.items())
        self.apply(text.replace("URL", url or self.url).replace("interval: 1s", f"interval: 1s{more}"))

    def pulls(self, state: str = "all") -> list[dict[str, Any]]:
        """The pull requests, oldest first."""
        found = [
            pull
            for page in (1, 2, 3)
            for pull in self.forge.api("GET", f"/pulls?state={state}&limit=4&page={page}") or ()
        ]
        return sorted(found, key=lambda pull: int(pull["number"]))

    def merge(self, number: int) -> None:
        """Press "merge", as soon as Gitea has looked at the pull request."""
        order = {"Do": "merge"}

        def merged() -> bool:
            try:
                self.forge.api("POST", f"/pulls/{number}/merge", order, user=self.forge.server.person)
            except AssertionError as refusal:
                if "try again later" not in str(refusal):
                    raise
                return False
            return True

        self.until(merged, f"pull request {number} is merged")

    def is_proposed(self, name: str) -> bool:
        """Whether an upgrader says that its pull request is open, just now or since longer."""
        return is_proposed(self, name)

    def proposed(self, name: str) -> None:
        """Wait until an upgrader's pull request is open."""
        self.until(lambda: self.is_proposed(name), f"{name} is proposed")


def are_built(management: Management) -> bool:
    """Whether every machine image says that it is there; the one that nobody waits for may be the last to."""
    return all(found.get("status", {}).get("ready") for found in management.items("MachineImage"))


def is_its_own(management: Management, image: str, job: str) -> bool:
    """Whether a Job belongs to the machine image that is there now, and that one knows of it."""
    found, built = management.get("MachineImage", image), kubelet.job(management.server, management.namespace, job)
    if found is None or built is None or "jobRef" not in found.get("status", {}):
        return False
    (owner,) = built["metadata"]["ownerReferences"]
    return bool(owner["uid"] == found["metadata"]["uid"] and found["status"]["jobRef"]["name"] == job)


def is_proposed(management: Management, name: str) -> bool:
    """Whether an upgrader says that its pull request is open."""
    found = management.condition(name, "Proposed")
    return found is not None and found[0] == "True"


@contextmanager
def forged(server: KubernetesServer, gitea: GiteaServer, folder: Path) -> Iterator[Forged]:
    """A namespace with a new repository; no controller yet."""
    serve_clusters(server)
    repository = gitea.repository()
    person = gitea.person
    url = repository.url.replace("://", f"://{person.login}:{quote(person.token)}@", 1)
    people = Pushers(folder / "clone.git", Clock(), url)
    people.branches()
    yield Forged(server, server.namespace("runtime"), people, repository.url, repository=repository)
