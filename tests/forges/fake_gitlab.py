"""GitLab in memory, over real HTTP: the part of its REST API (https://docs.gitlab.com/api/rest/) that is used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.forges.loopback import Reply, Request, page
from tests.forges.project import PEOPLE, UPGRADER, FakePull, FakeStatus, Project, Refusal

_MOST = 3
"""Items on a page, so that every list of some length has several."""


class FakeGitLab:
    """Answers for one project. `url` is set once it is served.

    Attributes:
        looks: how often a merge request is still being checked when it is looked at.
        trains: whether the project has merge trains, as paid tiers have.
        assignees: how many people a merge request takes; the free tier takes one.
        settings: how the project merges.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = ""
        self.token = "token-of-the-upgrader"
        self.looks = 0
        self.trains = False
        self.assignees = 10
        self.settings = {"merge_method": "merge", "squash_option": "default_off"}

    @property
    def path(self) -> str:
        """The path of the project in REST; its id is its path, escaped."""
        return f"/api/v4/projects/{self.project.owner}%2F{self.project.name}"

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        if request.header("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": "401 Unauthorized"})
        if request.path == "/api/v4/users":
            name = request.query["username"]
            return page([_user(name)] if name in PEOPLE else [], request, self.url + request.path, _MOST)
        if request.path.startswith(self.path):
            path = request.path.removeprefix(self.path)
            for method, pattern, handler in _ROUTES:
                if method == request.method and (found := re.fullmatch(pattern, path)):
                    return handler(self, request, *found.groups())
        return _not_found()

    def get_project(self, request: Request) -> Reply:
        """The project."""
        names = {"id": 1, "path_with_namespace": f"{self.project.owner}/{self.project.name}"}
        method = {"merge_method": "rebase_merge"} if self.project.strict else {}
        return Reply(200, names | self.settings | method | {"merge_trains_enabled": self.trains})

    def list_requests(self, request: Request) -> Reply:
        """Merge requests, filtered as GitLab filters."""
        query = request.query
        assert query["scope"] == "all", "GitLab shows one's own alone otherwise"
        after = datetime.fromisoformat(query["created_after"]) if "created_after" in query else None
        found = [
            pull
            for pull in self.project.newest_first()
            if query["state"] in {"all", _state(pull)}
            and query.get("source_branch", pull.head) == pull.head
            and query.get("target_branch", pull.base) == pull.base
            and (after is None or pull.created_at >= after)
        ]
        return page([self._value(pull) for pull in found], request, self.url + request.path, _MOST)

    def create_request(self, request: Request) -> Reply:
        """Open one."""
        body = request.body
        if len(body["title"]) > 255:
            return Reply(400, {"message": {"title": ["is too long (maximum is 255 characters)"]}})
        draft = body["title"].startswith("Draft: ")
        title = body["title"].removeprefix("Draft: ")
        try:
            made = self.project.open(
                title, body["description"], body["source_branch"], body["target_branch"], draft=draft
            )
        except Refusal as refusal:
            if str(refusal) == "exists":
                there = "Another open merge request already exists for this source branch: !1"
                return Reply(409, {"message": [there]})
            return Reply(400, {"message": {"source_branch": ["does not exist"]}})
        return Reply(201, self._value(made))

    def get_request(self, request: Request, number: str) -> Reply:
        """One."""
        pull = self.project.pulls.get(int(number))
        if pull is None:
            return _not_found()
        value = self._value(pull)
        if self.looks > 0:
            self.looks -= 1
            value["detailed_merge_status"] = "checking"
        return Reply(200, value)

    def edit_request(self, request: Request, number: str) -> Reply:
        """Change one; its title alone makes it a draft."""
        if int(number) not in self.project.pulls:
            return _not_found()
        pull, body = self.project.touch(int(number)), request.body
        if "title" in body:
            if len(body["title"]) > 255:
                return Reply(400, {"message": {"title": ["is too long (maximum is 255 characters)"]}})
            pull.draft = body["title"].startswith("Draft: ")
            pull.title = body["title"].removeprefix("Draft: ")
        pull.body = body.get("description", pull.body)
        if body.get("state_event") == "close":
            self.project.close(pull.number, UPGRADER)
        for name in filter(None, body.get("add_labels", "").split(",")):
            self.project.labels.setdefault(name, ("000000", ""))
            pull.labels += [name] if name not in pull.labels else []
        dropped = body.get("remove_labels", "").split(",")
        pull.labels = [name for name in pull.labels if name not in dropped]
        if "assignee_ids" in body:
            pull.assignees = [PEOPLE[at - 1] for at in body["assignee_ids"]][: self.assignees]
        if "reviewer_ids" in body:
            pull.reviewers = [PEOPLE[at - 1] for at in body["reviewer_ids"]][: self.assignees]
        return Reply(200, self._value(pull))

    def list_notes(self, request: Request, number: str) -> Reply:
        """Its notes."""
        texts = self.project.pulls[int(number)].comments
        return page(
            [{"id": at + 1, "body": text} for at, text in enumerate(texts)], request, self.url + request.path, _MOST
        )

    def create_note(self, request: Request, number: str) -> Reply:
        """Comment."""
        pull = self.project.touch(int(number))
        pull.comments.append(request.body["body"])
        return Reply(201, {"id": len(pull.comments), "body": pull.comments[-1]})

    def get_approvals(self, request: Request, number: str) -> Reply:
        """Who approved; `approved` says nothing where nobody has to."""
        latest = dict(self.project.pulls[int(number)].reviews)
        who = [{"user": _user(name)} for name, state in latest.items() if state == "APPROVED"]
        return Reply(200, {"approved": True, "approved_by": who})

    def merge(self, request: Request, number: str) -> Reply:
        """Merge when the pipeline succeeds, or at once where there is nothing to wait for."""
        pull = self.project.touch(int(number))
        if request.body["sha"] != pull.sha:
            return Reply(409, {"message": "SHA does not match HEAD of source branch"})
        if not self.project.protected:
            self.project.merge(pull.number, UPGRADER)
        else:
            pull.auto_merge = "squash" if request.body["squash"] else "merge"
        return Reply(200, self._value(pull))

    def cancel(self, request: Request, number: str) -> Reply:
        """Merge no more by itself."""
        self.project.touch(int(number)).auto_merge = None
        return Reply(201, {"status": "success"})

    def train(self, request: Request, number: str) -> Reply:
        """Its place in the merge train."""
        queued = self.project.pulls[int(number)].queued
        return Reply(200, {"id": 1, "status": "fresh"}) if queued else _not_found()

    def list_statuses(self, request: Request, commit: str) -> Reply:
        """A commit's statuses: the latest of each name."""
        latest = {status.context: status for status in self.project.statuses.get(commit, [])}
        values = [
            {"id": 1, "name": status.context, "status": status.state, "description": status.description}
            for status in latest.values()
        ]
        return page(values, request, self.url + request.path, _MOST)

    def create_status(self, request: Request, commit: str) -> Reply:
        """Set a commit's status. A pending one cannot become pending again."""
        there = self.project.statuses.setdefault(commit, [])
        made = FakeStatus(request.body["state"], request.body["name"], request.body["description"])
        if there and there[-1].state == made.state == "pending":
            return Reply(
                400, {"message": "Cannot transition status via :enqueue from :pending (Reason(s): Status ...)"}
            )
        there.append(made)
        return Reply(201, {"id": 1, "name": made.context, "status": made.state, "description": made.description})

    def _value(self, pull: FakePull) -> dict[str, Any]:
        closer = pull.closed_by
        waiting = self.project.protected and not pull.merged
        return {
            "id": 100 + pull.number,
            "iid": pull.number,
            "project_id": 1,
            "web_url": f"{self.url}/{self.project.owner}/{self.project.name}/-/merge_requests/{pull.number}",
            "title": f"Draft: {pull.title}" if pull.draft else pull.title,
            "description": pull.body or None,
            "state": _state(pull),
            "source_branch": pull.head,
            "target_branch": pull.base,
            "source_project_id": pull.repository,
            "target_project_id": 1,
            "sha": pull.sha,
            "created_at": _moment(pull.created_at),
            "updated_at": _moment(pull.updated_at),
            "draft": pull.draft,
            "closed_at": _moment(pull.closed_at) if not pull.merged else None,
            "closed_by": _user(closer) if closer else None,
            "merged_at": _moment(pull.closed_at) if pull.merged else None,
            "merge_user": _user(pull.merged_by) if pull.merged_by else None,
            "labels": pull.labels,
            "assignees": [_user(name) for name in pull.assignees],
            "reviewers": [_user(name) for name in pull.reviewers],
            "merge_when_pipeline_succeeds": pull.auto_merge is not None,
            "detailed_merge_status": "not_approved" if waiting else "mergeable",
            "head_pipeline": {"id": 7, "status": "running"} if waiting else None,
        }


_REQUEST = r"/merge_requests/(\d+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", "", FakeGitLab.get_project),
    ("GET", "/merge_requests", FakeGitLab.list_requests),
    ("POST", "/merge_requests", FakeGitLab.create_request),
    ("GET", _REQUEST, FakeGitLab.get_request),
    ("PUT", _REQUEST, FakeGitLab.edit_request),
    ("GET", f"{_REQUEST}/notes", FakeGitLab.list_notes),
    ("POST", f"{_REQUEST}/notes", FakeGitLab.create_note),
    ("GET", f"{_REQUEST}/approvals", FakeGitLab.get_approvals),
    ("PUT", f"{_REQUEST}/merge", FakeGitLab.merge),
    ("POST", f"{_REQUEST}/cancel_merge_when_pipeline_succeeds", FakeGitLab.cancel),
    ("GET", r"/merge_trains/merge_requests/(\d+)", FakeGitLab.train),
    ("GET", "/repository/commits/([0-9a-f]+)/statuses", FakeGitLab.list_statuses),
    ("POST", "/statuses/([0-9a-f]+)", FakeGitLab.create_status),
)


def _state(pull: FakePull) -> str:
    if pull.state == "open":
        return "opened"
    return "merged" if pull.merged else "closed"


def _user(login: str) -> dict[str, Any]:
    return {"id": PEOPLE.index(login) + 1, "username": login, "name": login.title()}


def _moment(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment else None


def _not_found() -> Reply:
    return Reply(404, {"message": "404 Not found"})
