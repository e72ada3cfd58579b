"""GitHub, GitLab and Gitea as hosts of scenarios: their fakes over real HTTP, asked by the real clients.

The repository is a real one, which the fake looks at before each answer, as a forge knows of every push. Git reaches it
as a folder, or over `git http-backend`.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import Token
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.forges.registry import open_forge
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest, PullState
from tests.forges.fake_gitea import FakeGitea
from tests.forges.fake_github import FakeGitHub
from tests.forges.fake_gitlab import FakeGitLab
from tests.forges.loopback import Exchange, Loopback, Reply, Request, serving
from tests.forges.project import FakePull, FakeStatus, Project
from tests.forges.worlds import Time, address_of
from tests.gitserver import git_http_server
from tests.pulls.dying import Fate
from tests.pulls.host import Hands
from tests.pulls.people import Clock, People

Fake = FakeGitHub | FakeGitLab | FakeGitea
_ALL = frozenset({"pulls", "approvals", "auto-merge", "tells-merges", "up-to-date", "time"})
KINDS: Mapping[str, tuple[Callable[[Project], Fake], frozenset[str]]] = {
    "github": (FakeGitHub, _ALL | {"queue", "branch-closes"}),
    "gitlab": (FakeGitLab, _ALL | {"queue", "branch-stays-open"}),
    "gitea": (FakeGitea, _ALL | {"branch-closes"}),
}
"""What each of them can do. On some forges a pull request is closed with its branch."""


class ForgeHost(Hands):
    """A repository on a fake. `project` is what the fake knows, `fate` what an answer may be the last thing before."""

    person = "ada"

    def __init__(self, name: str, folder: Path, clock: Clock) -> None:
        kind, self.gives = KINDS[name]
        (folder / "acme").mkdir(parents=True)
        self.name = name
        self.people = People(folder / "acme" / "fleet.git", clock)
        self.project = Project()
        self.fake = kind(self.project)
        self.server = Loopback("")
        self.git_url: str | None = None
        self.fate: Fate | None = None
        self._clock = clock
        self._time = Time()
        if isinstance(self.fake, FakeGitLab):
            self.fake.trains = True

    def answer(self, request: Request) -> Reply:
        """Answer as the forge does, which has seen what was pushed."""
        self.look()
        return self.fake(request)

    def look(self) -> None:
        """See what was pushed since, and what the time is."""
        project, there = self.project, self.people.branches()
        project.start = self._clock()
        project.branches = there
        for pull in project.pulls.values():
            if pull.state != "open":
                continue
            if pull.head in there:
                pull.sha = there[pull.head]
            elif "branch-closes" in self.gives:
                project.close(pull.number, self.person)

    def location(self) -> Location:
        """The folder, or the address under which Git is served."""
        return Location.parse(self.git_url) if self.git_url else Location.local(self.people.path)

    def forge(self) -> Forge:
        """The forge, through its client, as a new process opens it."""
        connection = Connection(
            address_of(self.server.url),
            None,
            Token(self.fake.token),
            self._time.settings(answered=self._answered),
        )
        return open_forge(self.name, connection)

    def _answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Let the process die of what it has just heard, if that is its fate."""
        last = self.server.exchanges[-1]
        if self.fate is not None and changes(last):
            self.fate.effect(f"{last.request.method} {last.request.path}", lambda: None)

    # --- to begin again

    def keep(self) -> Project:
        """Everything that the forge knows."""
        return copy.deepcopy(self.project)

    def restore(self, kept: Project) -> None:
        """Bring that back."""
        fresh = copy.deepcopy(kept)
        for one in dataclasses.fields(Project):
            setattr(self.project, one.name, getattr(fresh, one.name))

    # --- what is there

    def pull(self, number: int) -> PullRequest:
        """One pull request, as the fake knows it."""
        self.look()
        return _value(self.project.pulls[number])

    def pulls(self) -> tuple[PullRequest, ...]:
        """Every one."""
        self.look()
        return tuple(_value(self.project.pulls[number]) for number in sorted(self.project.pulls))

    def comments(self, number: int) -> tuple[str, ...]:
        """Its comments."""
        return tuple(self.project.pulls[number].comments)

    def verdict(self, number: int, commit: str) -> FakeStatus | None:
        """The latest status of a commit."""
        return next(reversed(self.project.statuses.get(commit, [])), None)

    # --- the buttons

    def merged(self, number: int, commit: str) -> None:
        """The forge did it itself."""
        pull = self._touch(number)
        pull.state, pull.closed_at, pull.merged_by = "closed", pull.updated_at, self.person
        pull.auto_merge, pull.queued = None, False

    def close(self, number: int) -> None:
        """Press the button."""
        self._touch(number)
        self.project.close(number, self.person)

    def reopen(self, number: int) -> None:
        """Press the button, which is grey where the branch is gone."""
        assert self._touch(number).head in self.people.branches(), "there is no branch to reopen this with"
        self.project.reopen(number)

    def edit(self, number: int, body: str) -> None:
        """Edit the description."""
        self._touch(number).body = body

    def label(self, number: int, label: str) -> None:
        """Add it."""
        self.project.labels.setdefault(label, ("ededed", ""))
        self._touch(number).labels.append(label)

    def unlabel(self, number: int, label: str) -> None:
        """Take it off."""
        self._touch(number).labels.remove(label)

    def title(self, number: int, title: str) -> None:
        """Edit the title."""
        self._touch(number).title = title

    def draft(self, number: int, draft: bool) -> None:
        """Press the button."""
        self._touch(number).draft = draft

    def retarget(self, number: int, base: str) -> None:
        """Choose another base."""
        self._touch(number).base = base

    def take_only_up_to_date(self) -> None:
        """Change the settings."""
        self.project.strict = True

    def approve(self, number: int) -> None:
        """Press the button."""
        self._touch(number).reviews.append((self.person, "APPROVED"))

    def enqueue(self, number: int) -> None:
        """Press the button."""
        self._touch(number).queued = True

    def protect(self) -> None:
        """Let the base ask for checks."""
        self.project.protected = True

    def _touch(self, number: int) -> FakePull:
        self.look()
        return self.project.touch(number)


@contextmanager
def on_fake(name: str, folder: Path, clock: Clock, *, http: bool = False) -> Iterator[ForgeHost]:
    """Serve a fake until the end of the block; with `http`, its Git too."""
    host = ForgeHost(name, folder, clock)
    with serving(host.answer) as host.server:
        host.fake.url = host.server.url
        if not http:
            yield host
            return
        with git_http_server(folder) as git:
            host.git_url = f"{git.url}/acme/fleet.git"
            yield host


def changes(exchange: Exchange) -> bool:
    """Whether a request has changed something: reading is no effect, and neither is a question in GraphQL."""
    request = exchange.request
    if request.path.endswith("/graphql"):
        return str(request.body["query"]).startswith("mutation")
    return request.method != "GET" and exchange.reply.status < 300


def _value(pull: FakePull) -> PullRequest:
    state = PullState.OPEN if pull.state == "open" else PullState.MERGED if pull.merged else PullState.CLOSED
    return PullRequest(
        number=pull.number,
        url=f"https://forge.example/{pull.number}",
        title=pull.title,
        body=pull.body,
        state=state,
        head=pull.head,
        base=pull.base,
        head_commit=pull.sha,
        created_at=pull.created_at,
        draft=pull.draft,
        labels=frozenset(pull.labels),
        auto_merge=pull.auto_merge is not None,
    )
