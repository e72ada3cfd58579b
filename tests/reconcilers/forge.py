"""A fleet whose repository is on a forge: real Git, and a fake of the forge's API that sees what is pushed."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import yaml

from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.loopback import Loopback, Reply, Request, serving
from tests.forges.project import Project
from tests.reconcilers.directory import OURS, Fleet

Fake = FakeGitHub | FakeGitLab | FakeGitea
PATH = "acme/fleet.git"
"""Where the repository is on its server."""


@dataclass
class OnForge:
    """The API of the fleet's forge. `around` may answer in its place."""

    fake: Fake
    fleet: Fleet
    server: Loopback
    around: Callable[[Request], Reply | None] = lambda _: None

    def answer(self, request: Request) -> Reply:
        """Answer, having seen what was pushed."""
        project = self.fake.project
        project.branches = self.fleet.people.branches()
        for pull in project.pulls.values():
            pull.sha = project.branches.get(pull.head, pull.sha) if pull.state == "open" else pull.sha
        return self.around(request) or self.fake(request)

    @property
    def pulls(self) -> int:
        """How many pull requests there are."""
        return len(self.fake.project.pulls)

    def authorizations(self) -> set[str]:
        """What the program showed to the API."""
        return {one.request.header("Authorization") or "" for one in self.server.exchanges}


@contextmanager
def forge_of(fleet: Fleet, kind: Callable[[Project], Fake], *, tls: ssl.SSLContext | None = None) -> Iterator[OnForge]:
    """Serve a forge's API for the fleet's repository, which is `acme/fleet` there, until the end of the block."""
    owner = fleet.folder / PATH.partition("/")[0]
    owner.mkdir()
    (owner / "fleet.git").symlink_to(fleet.people.path)
    forge = OnForge(kind(Project()), fleet, Loopback(""))
    with serving(forge.answer, tls=tls) as forge.server:
        forge.fake.url = forge.server.url
        yield forge


def repository(url: str, api: str | None, **spec: object) -> str:
    """A GitOpsRepository."""
    content = {"url": url, **({"apiURL": api} if api else {}), **spec}
    head = {"apiVersion": OURS, "kind": "GitOpsRepository", "metadata": {"name": "default", "namespace": "fleet"}}
    return yaml.safe_dump(head | {"spec": content})


def secret(name: str, data: Mapping[str, str | bytes]) -> str:
    """A Secret."""
    encoded = {
        key: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
        for key, value in data.items()
    }
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "fleet"}}
    return yaml.safe_dump(head | {"data": encoded})
