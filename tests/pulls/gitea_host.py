"""A real Gitea as a host of scenarios: people push with git, and press its buttons through its API."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest, PullState
from tests.forges import worlds
from tests.pulls.host import Hands
from tests.pulls.people import Clock, People
from tests.servers.gitea import GiteaRepository, GiteaServer, GiteaUser
from tests.servers.kubernetes import PATIENCE

_PAUSE = 0.1
"""Seconds between two looks at what Gitea does in the background."""

_T = TypeVar("_T")
_WAYS = {"merges": "merge", "squashes": "squash", "fast-forwards to": "fast-forward-only"}


class Pushers(People):
    """People with a clone, who push everything at once."""

    def __init__(self, path: Path, clock: Clock, url: str) -> None:
        super().__init__(path, clock)
        self._url = url

    def branches(self) -> dict[str, str]:
        """Every branch of the server."""
        self._git("fetch", "--quiet", "--prune", self._url, "+refs/heads/*:refs/heads/*")
        return super().branches()

    def move(self, branch: str, commit: str) -> None:
        """Force-push."""
        super().move(branch, commit)
        self._git("push", "--quiet", "--force", self._url, f"{commit}:refs/heads/{branch}")

    def delete(self, branch: str) -> None:
        """Delete on the server."""
        super().delete(branch)
        self._git("push", "--quiet", self._url, f":refs/heads/{branch}")

    def _git(self, *arguments: str) -> None:
        done = subprocess.run(["git", "-C", str(self.path), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class GiteaHost(Hands):
    """A new repository on a running server."""

    name = "gitea-server"
    gives = frozenset({"pulls", "approvals", "auto-merge", "tells-merges", "branch-closes", "up-to-date"})
    person = "ada"

    def __init__(self, server: GiteaServer, folder: Path, clock: Clock) -> None:
        self._repository = server.repository()
        self._ada = server.person
        self._api("PUT", f"/collaborators/{self._ada.login}", {"permission": "admin"}, user=server.upgrader)
        self.people = Pushers(folder / "clone.git", clock, _url(self._repository, self._ada))
        self._world = worlds.gitea(self._repository)

    def location(self) -> Location:
        """Where the program pushes, as itself."""
        return Location.parse(_url(self._repository, self._repository.server.upgrader))

    def forge(self) -> Forge:
        """The forge, as a new process opens it."""
        return self._world.connect()

    def pull(self, number: int) -> PullRequest:
        """One pull request, once Gitea has seen what was pushed."""
        heads = self.people.branches()
        return self._when(lambda: self.forge().get(number), lambda pull: _has_seen(pull, heads))

    def pulls(self) -> tuple[PullRequest, ...]:
        """Every pull request, once Gitea has seen what was pushed."""
        heads = self.people.branches()
        since = datetime(2000, 1, 1, tzinfo=UTC)
        found = self._when(
            lambda: self.forge().recent("", since), lambda pulls: all(_has_seen(pull, heads) for pull in pulls)
        )
        return tuple(sorted(found, key=lambda pull: pull.number))

    def comments(self, number: int) -> tuple[str, ...]:
        """Its comments."""
        return tuple(comment["body"] for comment in self._api("GET", f"/issues/{number}/comments"))

    def verdict(self, number: int, commit: str) -> object:
        """The latest status of a commit."""
        return self._world.verdicts(commit)[-1:]

    # --- the buttons

    def merge(self, number: int, how: str) -> str:
        """Press "merge", over what the branch's protection asks for if need be."""
        self.pull(number)
        order = {"Do": _WAYS[how], "force_merge": True}
        self._when(lambda: self._try("POST", f"/pulls/{number}/merge", order), bool)
        return self.people.tip()

    def update_branch(self, number: int, how: str) -> None:
        """Press "Update branch"."""
        style = "rebase" if how == "rebases" else "merge"
        self.pull(number)
        self._when(lambda: self._try("POST", f"/pulls/{number}/update?style={style}"), bool)

    def restore_branch(self, number: int) -> None:
        """Push it again; Gitea offers to reopen once it has taken note of that, which it does in the background."""
        super().restore_branch(number)
        branch = self.pull(number).head
        self._when(self._known_branches, lambda known: branch in known)

    def close(self, number: int) -> None:
        """Press the button."""
        self._api("PATCH", f"/pulls/{number}", {"state": "closed"})

    def reopen(self, number: int) -> None:
        """Press the button."""
        self._api("PATCH", f"/pulls/{number}", {"state": "open"})

    def edit(self, number: int, body: str) -> None:
        """Edit the description."""
        self._api("PATCH", f"/pulls/{number}", {"body": body})

    def label(self, number: int, label: str) -> None:
        """Add it, made where it is missing."""
        there = {one["name"]: one["id"] for one in self._api("GET", "/labels?limit=50")}
        made = there.get(label) or self._api("POST", "/labels", {"name": label, "color": "#ededed"})["id"]
        self._api("POST", f"/issues/{number}/labels", {"labels": [made]})

    def unlabel(self, number: int, label: str) -> None:
        """Take it off."""
        there = {one["name"]: one["id"] for one in self._api("GET", f"/issues/{number}/labels")}
        self._api("DELETE", f"/issues/{number}/labels/{there[label]}")

    def title(self, number: int, title: str) -> None:
        """Edit the title."""
        self._api("PATCH", f"/pulls/{number}", {"title": title})

    def draft(self, number: int, draft: bool) -> None:
        """Press the button, which edits the title."""
        self.title(number, ("WIP: " if draft else "") + self.pull(number).title)

    def retarget(self, number: int, base: str) -> None:
        """Choose another base."""
        self._api("PATCH", f"/pulls/{number}", {"base": base})

    def take_only_up_to_date(self) -> None:
        """Let a rule ask for that, which lets people push to the base."""
        rule = {"rule_name": "main", "enable_push": True, "block_on_outdated_branch": True}
        self._api("POST", "/branch_protections", rule)

    def approve(self, number: int) -> None:
        """Press the button."""
        self.pull(number)
        self._world.review(number, approve=True)

    def enqueue(self, number: int) -> None:
        """There is no queue."""
        raise NotImplementedError

    def protect(self) -> None:
        """Let the base ask for a check that nobody runs; people may still push to it."""
        rule = {"rule_name": "main", "enable_push": True, "enable_status_check": True}
        self._api("POST", "/branch_protections", rule | {"status_check_contexts": ["ci/tests"]})

    # --- inside

    def _api(self, method: str, path: str, body: Any = None, *, user: GiteaUser | None = None) -> Any:
        return self._repository.api(method, path, body, user=user or self._ada)

    def _known_branches(self) -> set[str]:
        """The branches that Gitea's own database has, which follows what is pushed."""
        return {one["name"] for page in (1, 2, 3) for one in self._api("GET", f"/branches?limit=4&page={page}") or ()}

    def _try(self, method: str, path: str, body: Any = None) -> bool:
        """Whether it could be done already: Gitea asks for another try while it looks at a pull request."""
        try:
            self._api(method, path, body)
        except AssertionError as refusal:
            if "try again later" not in str(refusal):
                raise
            return False
        return True

    def _when(self, look: Callable[[], _T], satisfied: Callable[[_T], bool]) -> _T:
        """What is seen, as soon as it is as it has to become."""
        pause = threading.Event()
        for _ in range(int(PATIENCE / _PAUSE)):
            if satisfied(found := look()):
                return found
            pause.wait(_PAUSE)
        raise AssertionError(f"Gitea does not get there: {look()}")


def _has_seen(pull: PullRequest, heads: dict[str, str]) -> bool:
    """Whether a pull request tells of its branch as that is now; who closed it follows a little after the closing."""
    if pull.state is PullState.CLOSED:
        return pull.closed_by is not None
    return pull.state is PullState.MERGED or pull.head_commit == heads.get(pull.head)


def _url(repository: GiteaRepository, user: GiteaUser) -> str:
    return repository.url.replace("://", f"://{user.login}:{quote(user.token)}@", 1)
