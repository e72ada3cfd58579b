"""Gitea in memory, over real HTTP, for machines that cannot build the real one, on which the same contract is held."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.forges.loopback import Reply, Request, page
from tests.forges.project import PEOPLE, TEAMS, UPGRADER, FakePull, FakeStatus, Project, Refusal

_MOST = 3
"""Items on a page, so that every list of some length has several."""


class FakeGitea:
    """Answers for one repository. `url` is set once it is served.

    Attributes:
        busy: how often a merge is put off because Gitea still looks at the pull request.
        administers: whether the token is an administrator's, who alone is told of rules.
        owner_labels: labels of the organisation; None where the owner is a person.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = ""
        self.token = "token-of-the-upgrader"
        self.busy = 0
        self.administers = True
        self.owner_labels: list[str] | None = None

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        if request.header("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": "invalid username, password or token", "url": f"{self.url}/api/swagger"})
        if request.path == f"/api/v1/orgs/{self.project.owner}/labels":
            names = self.owner_labels
            labels = [_label(name, 500) for name in names or ()]
            return self._page(labels, request, counts="all") if names is not None else _not_found()
        base = f"/api/v1/repos/{self.project.owner}/{self.project.name}"
        if request.path.startswith(base):
            path = request.path.removeprefix(base)
            for method, pattern, handler in _ROUTES:
                if method == request.method and (found := re.fullmatch(pattern, path)):
                    return handler(self, request, *map(unquote, found.groups()))
        return _not_found()

    def list_pulls(self, request: Request) -> Reply:
        """Pull requests; without a merger, as Gitea leaves that out of lists."""
        found = [pull for pull in self.project.newest_first() if request.query["state"] in {"all", pull.state}]
        if request.query.get("sort") == "recentupdate":
            found.sort(key=lambda pull: pull.updated_at, reverse=True)
        return self._page([self._value(pull) | {"merged_by": None} for pull in found], request)

    def create_pull(self, request: Request) -> Reply:
        """Open one."""
        body = request.body
        draft, title = _draft(body["title"])
        try:
            made = self.project.open(title, body["body"], body["head"], body["base"], draft=draft)
        except Refusal as refusal:
            if str(refusal) == "exists":
                return Reply(409, {"message": "pull request already exists for these targets [id: 1]"})
            return _not_found()
        return Reply(201, self._value(made))

    def get_pull(self, request: Request, number: str) -> Reply:
        """One."""
        pull = self.project.pulls.get(int(number))
        return Reply(200, self._value(pull)) if pull else _not_found()

    def edit_pull(self, request: Request, number: str) -> Reply:
        """Change one."""
        pull = self.project.touch(int(number))
        if "title" in request.body:
            pull.draft, pull.title = _draft(request.body["title"])
        pull.body = request.body.get("body", pull.body)
        if request.body.get("state") == "closed":
            self.project.close(pull.number, UPGRADER)
        return Reply(201, self._value(pull))

    def timeline(self, request: Request, number: str) -> Reply:
        """What happened to it."""
        pull = self.project.pulls[int(number)]
        closing = [{"type": "close", "user": {"login": pull.closed_by}}] if pull.closed_by else []
        happened = [{"type": kind, "user": {"login": UPGRADER}} for kind in pull.events]
        return self._page([*happened, *closing], request, counts="the page")

    def reviews(self, request: Request, number: str) -> Reply:
        """Its reviews."""
        words = {"CHANGES_REQUESTED": "REQUEST_CHANGES"}
        there = enumerate(self.project.pulls[int(number)].reviews, 1)
        return self._page(
            [{"id": at, "user": {"login": who}, "state": words.get(state, state)} for at, (who, state) in there],
            request,
            counts="all",
        )

    def request_reviews(self, request: Request, number: str) -> Reply:
        """Ask for reviews. Teams are left out in silence where there are none."""
        pull = self.project.touch(int(number))
        for name in request.body.get("reviewers", []):
            if name not in PEOPLE:
                return Reply(404, {"message": f"User '{name}' not exist"})
            pull.reviewers.append(name)
        teams = [name for name in request.body.get("team_reviewers", []) if name in TEAMS]
        pull.teams += teams
        asked = [{"id": 1, "user": None, "team": {"name": name}, "state": "REQUEST_REVIEW"} for name in teams]
        return Reply(201, asked)

    def list_comments(self, request: Request, number: str) -> Reply:
        """Its comments, all at once."""
        return Reply(200, [{"body": text} for text in self.project.pulls[int(number)].comments])

    def create_comment(self, request: Request, number: str) -> Reply:
        """Comment."""
        self.project.touch(int(number)).comments.append(request.body["body"])
        return Reply(201, {"body": request.body["body"]})

    def list_labels(self, request: Request) -> Reply:
        """The repository's labels."""
        return self._page([_label(name, at) for at, name in enumerate(self.project.labels)], request, counts="all")

    def create_label(self, request: Request) -> Reply:
        """Make a label."""
        self.project.labels[request.body["name"]] = (request.body["color"], request.body["description"])
        return Reply(201, _label(request.body["name"], len(self.project.labels) - 1))

    def add_labels(self, request: Request, number: str) -> Reply:
        """Put labels on one, by their ids."""
        pull = self.project.touch(int(number))
        for at in request.body["labels"]:
            name = (self.owner_labels or [""])[0] if at == 500 else list(self.project.labels)[at]
            pull.labels += [name] if name not in pull.labels else []
        return Reply(200, [_label(name, 0) for name in pull.labels])

    def drop_label(self, request: Request, number: str, label: str) -> Reply:
        """Take a label off one, by its id."""
        pull = self.project.touch(int(number))
        name = dict(enumerate(self.project.labels)).get(int(label))
        if name not in pull.labels:
            return Reply(422, {"message": "label does not exist", "url": f"{self.url}/api/swagger"})
        pull.labels.remove(name)
        return Reply(204)

    def assignees(self, request: Request) -> Reply:
        """Who can be assigned."""
        return self._page([{"login": name} for name in PEOPLE], request)

    def edit_issue(self, request: Request, number: str) -> Reply:
        """Assign people; a name that is unknown is a failure of the server."""
        if set(request.body["assignees"]) - set(PEOPLE):
            return Reply(500, {"message": ""})
        self.project.touch(int(number)).assignees = list(request.body["assignees"])
        return Reply(201, {})

    def get_branch(self, request: Request, name: str) -> Reply:
        """A branch."""
        approvals = 1 if self.project.protected else 0
        ruled = self.administers and (self.project.protected or self.project.strict)
        rule = {"effective_branch_protection_name": "ma*" if ruled else ""}
        return Reply(200, {"name": name, "enable_status_check": False, "required_approvals": approvals} | rule)

    def get_protection(self, request: Request, name: str) -> Reply:
        """A rule that protects branches."""
        if name != "ma*" or not self.administers:
            return _not_found()
        return Reply(200, {"rule_name": name, "block_on_outdated_branch": self.project.strict})

    def merge(self, request: Request, number: str) -> Reply:
        """Schedule a merge."""
        pull = self.project.pulls[int(number)]
        if self.busy:
            self.busy -= 1
            return Reply(405, {"message": "Please try again later"})
        if pull.draft:
            return Reply(405, {"message": "Work in progress PRs cannot be merged"})
        if pull.auto_merge:
            return Reply(409, {"message": "pull request is already scheduled to auto merge when checks succeed"})
        if request.body["Do"] == "rebase":
            return Reply(405, {"message": "rebase is not allowed an allowed merge style for this repository"})
        pull.auto_merge = request.body["Do"]
        self._happened(pull, "pull_scheduled_merge")
        return Reply(201)

    def cancel(self, request: Request, number: str) -> Reply:
        """Cancel a scheduled merge."""
        pull = self.project.pulls.get(int(number))
        if pull is None or pull.auto_merge is None:
            return _not_found()
        pull.auto_merge = None
        self._happened(pull, "pull_cancel_scheduled_merge")
        return Reply(204)

    def get_status(self, request: Request, commit: str) -> Reply:
        """The latest status of each context."""
        latest = {one.context: one for one in self.project.statuses.get(commit, [])}
        values = [{"context": o.context, "status": o.state, "description": o.description} for o in latest.values()]
        return Reply(200, {"state": "", "statuses": values or None})

    def create_status(self, request: Request, commit: str) -> Reply:
        """Set a commit's status."""
        body = request.body
        self.project.statuses.setdefault(commit, []).append(
            FakeStatus(body["state"], body["context"], body["description"])
        )
        return Reply(201, {})

    def _label_id(self, name: str) -> int:
        """The repository's label, else the owner's."""
        names = list(self.project.labels)
        return names.index(name) if name in names else 500

    def _happened(self, pull: FakePull, kind: str) -> None:
        self.project.touch(pull.number).events.append(kind)

    def _page(self, items: list[Any], request: Request, *, counts: str = "") -> Reply:
        """One page: some lists have links to the next one, others count `all` there is, or `the page` alone."""
        reply = page(items, request, self.url + request.path, _MOST)
        if not counts:
            return reply
        return Reply(200, reply.body, {"X-Total-Count": str(len(items if counts == "all" else reply.body))})

    def _value(self, pull: FakePull) -> dict[str, Any]:
        moments = {"created_at": pull.created_at, "updated_at": pull.updated_at, "closed_at": pull.closed_at}
        return {
            **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
            "number": pull.number,
            "html_url": f"{self.url}/{self.project.owner}/{self.project.name}/pulls/{pull.number}",
            "title": f"WIP: {pull.title}" if pull.draft else pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "merged": pull.merged,
            "merged_at": pull.closed_at.isoformat() if pull.merged and pull.closed_at else None,
            "merged_by": {"login": pull.merged_by} if pull.merged_by else None,
            "labels": [_label(name, self._label_id(name)) for name in pull.labels],
            "assignees": [{"login": name} for name in pull.assignees] or None,
            "head": {
                "label": pull.head,
                "ref": f"refs/pull/{pull.number}/head",
                "sha": pull.sha,
                "repo_id": pull.repository,
            },
            "base": {"label": pull.base, "ref": pull.base, "sha": self.project.branches["main"], "repo_id": 1},
        }


_PULL, _ISSUE = r"/pulls/(\d+)", r"/issues/(\d+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", "/pulls", FakeGitea.list_pulls),
    ("POST", "/pulls", FakeGitea.create_pull),
    ("GET", _PULL, FakeGitea.get_pull),
    ("PATCH", _PULL, FakeGitea.edit_pull),
    ("GET", f"{_PULL}/reviews", FakeGitea.reviews),
    ("POST", f"{_PULL}/requested_reviewers", FakeGitea.request_reviews),
    ("POST", f"{_PULL}/merge", FakeGitea.merge),
    ("DELETE", f"{_PULL}/merge", FakeGitea.cancel),
    ("GET", f"{_ISSUE}/timeline", FakeGitea.timeline),
    ("GET", f"{_ISSUE}/comments", FakeGitea.list_comments),
    ("POST", f"{_ISSUE}/comments", FakeGitea.create_comment),
    ("POST", f"{_ISSUE}/labels", FakeGitea.add_labels),
    ("DELETE", rf"{_ISSUE}/labels/(\d+)", FakeGitea.drop_label),
    ("PATCH", _ISSUE, FakeGitea.edit_issue),
    ("GET", "/labels", FakeGitea.list_labels),
    ("POST", "/labels", FakeGitea.create_label),
    ("GET", "/assignees", FakeGitea.assignees),
    ("GET", "/branches/([^/]+)", FakeGitea.get_branch),
    ("GET", "/branch_protections/([^/]+)", FakeGitea.get_protection),
    ("GET", "/commits/([0-9a-f]+)/status", FakeGitea.get_status),
    ("POST", "/statuses/([0-9a-f]+)", FakeGitea.create_status),
)


def _draft(title: str) -> tuple[bool, str]:
    return title.startswith("WIP: "), title.removeprefix("WIP: ")


def _label(name: str, number: int) -> dict[str, Any]:
    return {"id": number, "name": name}


def _not_found() -> Reply:
    return Reply(404, {"message": "The target couldn't be found.", "errors": None})
