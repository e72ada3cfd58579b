"""Worlds for the contract: three fakes, a folder of files, and a real Gitea."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import yaml

from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import Token
from gitops_upgrader.forges.local import LocalForge
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.forges.settings import HttpSettings
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.loopback import Loopback, serving
from tests.forges.project import START, Project, sha
from tests.servers.gitea import GiteaRepository
from tests.servers.kubernetes import until

PERSON = "ada"
_COUNTER = itertools.count()


@dataclass(slots=True)
class Time:
    """A clock that only sleeping moves. `slept` is every pause, in seconds."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds

    def settings(self, **changes: Any) -> HttpSettings:
        """Return settings that tell time by this clock, with nothing left to chance."""
        settings = HttpSettings(timeout=30.0, sleep=self.sleep, clock=lambda: self.now, chance=lambda: 0.5)
        return replace(settings, **changes)


class Connect(Protocol):
    """Opens the world's forge as a new process would; `url` is a way around, through a server that does mischief."""

    def __call__(self, url: str = "", **settings: Any) -> Forge:
        """Return the forge."""


@dataclass(slots=True)
class RealTime(Time):
    """The same, for a server that does things in the background: pauses really pass, long ones as a second."""

    def sleep(self, seconds: float) -> None:
        """Move on, and wait."""
        Time.sleep(self, seconds)
        threading.Event().wait(min(seconds, 1.0))


@dataclass(slots=True)
class FakeWorld:
    """A fake with one project."""

    project: Project
    forge: Forge
    server: Loopback
    fake: FakeGitHub | FakeGitLab | FakeGitea
    verdict_words: Mapping[str, str]
    connect: Connect
    time: Time
    person: str = PERSON

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.fake.token

    def branch(self, name: str) -> str:
        return self.project.branch(name)

    def delete_branch(self, name: str) -> None:
        del self.project.branches[name]

    def fork(self, branch: str) -> None:
        self.project.open("From a fork", "", branch, "main", fork=True)

    def merge(self, number: int) -> None:
        self.project.merge(number, PERSON)

    def close(self, number: int) -> None:
        self.project.close(number, PERSON)

    def reopen(self, number: int) -> None:
        self.project.reopen(number)

    def review(self, number: int, *, approve: bool) -> None:
        self.project.touch(number).reviews.append((PERSON, "APPROVED" if approve else "CHANGES_REQUESTED"))

    def protect(self) -> None:
        self.project.protected = True

    def take_only_up_to_date(self) -> None:
        self.project.strict = True

    def comments(self, number: int) -> list[str]:
        return self.project.pulls[number].comments

    def assignees(self, number: int) -> set[str]:
        return set(self.project.pulls[number].assignees)

    def reviewers(self, number: int) -> set[str]:
        return set(self.project.pulls[number].reviewers)

    def verdicts(self, commit: str) -> list[tuple[str, str]]:
        ours = [one for one in self.project.statuses[commit] if one.context == "gitops-upgrader/safe-to-merge"]
        return [(self.verdict_words.get(one.state, one.state), one.description) for one in ours]


def address_of(url: str, path: str = "acme/fleet.git") -> Address:
    """Return a repository's address on a loopback server."""
    return Address("http", "127.0.0.1", path, int(url.rpartition(":")[2]))


def github(project: Project | None = None, time: Time | None = None) -> AbstractContextManager[FakeWorld]:
    """A GitHub in memory."""
    return _fake("github", FakeGitHub, {}, project or Project(), time or Time())


def gitlab(project: Project | None = None, time: Time | None = None) -> AbstractContextManager[FakeWorld]:
    """A GitLab in memory."""
    return _fake("gitlab", FakeGitLab, {"failed": "failure"}, project or Project(), time or Time())


def fake_gitea(project: Project | None = None, time: Time | None = None) -> AbstractContextManager[FakeWorld]:
    """A Gitea in memory."""
    return _fake("gitea", FakeGitea, {}, project or Project(), time or Time())


@contextmanager
def _fake(
    provider: str,
    kind: Callable[[Project], FakeGitHub | FakeGitLab | FakeGitea],
    words: Mapping[str, str],
    project: Project,
    time: Time,
) -> Iterator[FakeWorld]:
    fake = kind(project)
    with serving(fake) as server:
        fake.url = server.url

        def connect(url: str = "", **settings: Any) -> Forge:
            address = address_of(url or server.url)
            return open_forge(provider, Connection(address, None, Token(fake.token), time.settings(**settings)))

        yield FakeWorld(project, connect(), server, fake, words, connect, time)


@dataclass(slots=True)
class LocalWorld:
    """A folder of pull requests, which people change with an editor."""

    folder: Path
    forge: Forge
    commits: Iterator[int] = field(default_factory=itertools.count)
    person: str = PERSON

    def branch(self, name: str) -> str:
        return sha(f"{name} {next(self.commits)}")

    def delete_branch(self, name: str) -> None:
        """Nothing knows of branches here."""

    def close(self, number: int) -> None:
        self._state(number, "open", "closed")

    def reopen(self, number: int) -> None:
        self._state(number, "closed", "open")

    def comments(self, number: int) -> list[str]:
        return [comment["text"] for comment in self._front(number)["comments"]]

    def assignees(self, number: int) -> set[str]:
        return set(self._front(number)["assignees"])

    def reviewers(self, number: int) -> set[str]:
        return set(self._front(number)["reviewers"])

    def verdicts(self, commit: str) -> list[tuple[str, str]]:
        said = self._front(1)["verdicts"][commit]
        verdict, _, summary = str(said).partition(": ")
        return [(verdict, summary)]

    def _state(self, number: int, before: str, after: str) -> None:
        path = self.folder / f"{number}.md"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"\nstate: {before}\n", f"\nstate: {after}\n"), encoding="utf-8")

    def _front(self, number: int) -> Any:
        text = (self.folder / f"{number}.md").read_text(encoding="utf-8")
        return yaml.safe_load(text.split("---\n")[1])


def local(folder: Path) -> LocalWorld:
    """An empty folder, and a clock that moves a second with every look at it."""
    ticks = itertools.count()
    return LocalWorld(folder, LocalForge(folder, lambda: START + timedelta(seconds=next(ticks))))


@dataclass(slots=True)
class GiteaWorld:
    """A repository on a real Gitea."""

    repository: GiteaRepository
    forge: Forge
    connect: Connect
    time: Time
    person: str = PERSON

    @property
    def url(self) -> str:
        return self.repository.server.url

    @property
    def token(self) -> str:
        return self.repository.server.upgrader.token

    def branch(self, name: str) -> str:
        return self.repository.write(name, {f"file-{next(_COUNTER)}.yaml": name})

    def delete_branch(self, name: str) -> None:
        self._api("DELETE", f"/branches/{name}")

    def fork(self, branch: str) -> None:
        person = self.repository.server.person
        name = f"{self.repository.name}-fork"
        self.repository.api("POST", "/forks", {"name": name}, user=person)
        GiteaRepository(self.repository.server, person.login, name).write(branch, {"x": "fork"}, user=person)
        order = {"head": f"{person.login}:{branch}", "base": "main", "title": "From a fork"}
        self.repository.api("POST", "/pulls", order, user=person)

    def merge(self, number: int) -> None:
        until(lambda: self._is_merged(number), f"pull request {number} is merged")

    def close(self, number: int) -> None:
        self._api("PATCH", f"/pulls/{number}", {"state": "closed"})
        until(lambda: self._last_event(number) == "close", "it is known who closed it")

    def reopen(self, number: int) -> None:
        self._api("PATCH", f"/pulls/{number}", {"state": "open"})
        until(lambda: self._last_event(number) == "reopen", "it is known who opened it again")

    def review(self, number: int, *, approve: bool) -> None:
        event = "APPROVED" if approve else "REQUEST_CHANGES"
        self._api("POST", f"/pulls/{number}/reviews", {"event": event, "body": "Read."})

    def protect(self) -> None:
        rule = {"rule_name": "main", "required_approvals": 1}
        self.repository.api("POST", "/branch_protections", rule)

    def take_only_up_to_date(self) -> None:
        self.repository.api("PATCH", "/branch_protections/main", {"block_on_outdated_branch": True})

    def comments(self, number: int) -> list[str]:
        return [comment["body"] for comment in self._api("GET", f"/issues/{number}/comments")]

    def assignees(self, number: int) -> set[str]:
        return {user["login"] for user in self._api("GET", f"/pulls/{number}")["assignees"] or ()}

    def reviewers(self, number: int) -> set[str]:
        return {user["login"] for user in self._api("GET", f"/pulls/{number}")["requested_reviewers"] or ()}

    def verdicts(self, commit: str) -> list[tuple[str, str]]:
        there = self._api("GET", f"/statuses/{commit}?sort=oldest&limit=50")
        ours = [one for one in there if one["context"] == "gitops-upgrader/safe-to-merge"]
        return [(one["status"], one["description"]) for one in sorted(ours, key=lambda one: one["id"])]

    def _is_merged(self, number: int) -> bool:
        """Press "merge"; Gitea asks for another try while it looks at a pull request."""
        try:
            self._api("POST", f"/pulls/{number}/merge", {"Do": "merge"})
        except AssertionError as refusal:
            if "try again later" not in str(refusal):
                raise
            return False
        return True

    def _last_event(self, number: int) -> str | None:
        """What happened last of closing and reopening, which Gitea notes a little after it has done it."""
        found: list[str] = []
        for page in itertools.count(1):
            events = self._api("GET", f"/issues/{number}/timeline?page={page}")
            if not events:
                return found[-1] if found else None
            found += [event["type"] for event in events if event["type"] in {"close", "reopen"}]
        return None

    def _api(self, method: str, path: str, body: Any = None) -> Any:
        return self.repository.api(method, path, body, user=self.repository.server.person)


def gitea(repository: GiteaRepository, time: Time | None = None) -> GiteaWorld:
    """A repository on a real Gitea."""
    server = repository.server
    clock = time or RealTime()

    def connect(url: str = "", **settings: Any) -> Forge:
        address = address_of(url or server.url, repository.path)
        return open_forge("gitea", Connection(address, None, Token(server.upgrader.token), clock.settings(**settings)))

    return GiteaWorld(repository, connect(), connect, clock)
