"""GitHub in memory, over real HTTP, as an Enterprise server shows it: REST under /api/v3, GraphQL beside it.

Every exchange can be held against GitHub's own OpenAPI and GraphQL descriptions (`octokit.py`), so that this stays no
fiction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.forges.github_records import Records
from tests.forges.loopback import Reply, Request, page
from tests.forges.project import PEOPLE, TEAMS, UPGRADER, FakePull, FakeStatus, Project, Refusal

_MOST = 3
"""Items on a page, so that every list of some length has several."""


class FakeGitHub(Records):
    """Answers for one repository.

    Attributes:
        knows_queues: what old servers do not.
        knows_rules: neither.
        has_rulesets: whether a branch is protected by rulesets, or on its own as it was before there were any.
    """

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.knows_queues = True
        self.knows_rules = True
        self.has_rulesets = True
        self.token = "token-of-the-upgrader"

    def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        if request.header("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        if (request.method, request.path) == ("POST", "/api/graphql"):
            return self._graphql(request)
        base = f"/api/v3/repos/{self.project.owner}/{self.project.name}"
        if request.path.startswith(base):
            path = request.path.removeprefix(base)
            for method, pattern, handler in _ROUTES:
                if method == request.method and (found := re.fullmatch(pattern, path)):
                    return handler(self, request, *map(unquote, found.groups()))
        return _not_found()

    # --- REST

    def get_repository(self, request: Request) -> Reply:
        """The repository."""
        counts = dict.fromkeys(("network_count", "subscribers_count"), 0)
        return Reply(200, self._repository_value() | counts | {"has_discussions": False})

    def list_pulls(self, request: Request) -> Reply:
        """Pull requests, filtered as GitHub filters."""
        state, head = request.query.get("state", "open"), request.query.get("head")
        found = [
            pull
            for pull in self.project.newest_first()
            if state in {"all", pull.state}
            and (head is None or head == f"{'someone' if pull.repository == 2 else self.project.owner}:{pull.head}")
        ]
        return page([self._simple(pull) for pull in found], request, f"{self.repository}/pulls", _MOST)

    def create_pull(self, request: Request) -> Reply:
        """Open one."""
        body = request.body
        try:
            made = self.project.open(
                body["title"], body["body"], body["head"], body["base"], draft=body.get("draft", False)
            )
        except Refusal as refusal:
            return _invalid(
                "PullRequest",
                {
                    "exists": {"code": "custom", "message": f"A pull request already exists for acme:{body['head']}."},
                    "head": {"code": "invalid", "field": "head"},
                    "draft": {
                        "code": "custom",
                        "message": "Draft pull requests are not supported in this repository.",
                    },
                }[str(refusal)],
            )
        return Reply(201, self._full(made))

    def get_pull(self, request: Request, number: str) -> Reply:
        """One."""
        pull = self.project.pulls.get(int(number))
        return Reply(200, self._full(pull)) if pull else _not_found()

    def edit_pull(self, request: Request, number: str) -> Reply:
        """Change one."""
        pull = self.project.touch(int(number))
        pull.title = request.body.get("title", pull.title)
        pull.body = request.body.get("body", pull.body)
        if request.body.get("state") == "closed":
            self.project.close(pull.number, UPGRADER)
        return Reply(200, self._full(pull))

    def list_comments(self, request: Request, number: str) -> Reply:
        """Its comments."""
        values = [self._comment(int(number), at, text) for at, text in enumerate(self._pull(number).comments)]
        return page(values, request, f"{self.repository}/issues/{number}/comments", _MOST)

    def create_comment(self, request: Request, number: str) -> Reply:
        """Comment."""
        pull = self.project.touch(int(number))
        pull.comments.append(request.body["body"])
        return Reply(201, self._comment(pull.number, len(pull.comments) - 1, pull.comments[-1]))

    def get_label(self, request: Request, name: str) -> Reply:
        """A label."""
        return Reply(200, self._label(name)) if name in self.project.labels else _not_found()

    def create_label(self, request: Request) -> Reply:
        """Make a label."""
        name = request.body["name"]
        if name in self.project.labels:
            return _invalid("Label", {"code": "already_exists", "field": "name"})
        self.project.labels[name] = (request.body["color"], request.body["description"])
        return Reply(201, self._label(name))

    def add_labels(self, request: Request, number: str) -> Reply:
        """Put labels on one."""
        pull = self.project.touch(int(number))
        pull.labels += [name for name in request.body["labels"] if name not in pull.labels]
        return Reply(200, [self._label(name) for name in pull.labels])

    def list_labels(self, request: Request, number: str) -> Reply:
        """The labels of one."""
        pull = self.project.pulls.get(int(number))
        return Reply(200, [self._label(name) for name in pull.labels]) if pull else _not_found()

    def drop_label(self, request: Request, number: str, name: str) -> Reply:
        """Take a label off one."""
        pull = self.project.pulls.get(int(number))
        if pull is None or name not in pull.labels:
            return Reply(404, {"message": "Label does not exist", "status": "404", **_DOCS})
        self.project.touch(pull.number).labels.remove(name)
        return Reply(200, [self._label(left) for left in pull.labels])

    def add_assignees(self, request: Request, number: str) -> Reply:
        """Assign people; who is nobody here is left out in silence."""
        pull = self.project.touch(int(number))
        pull.assignees += [name for name in request.body["assignees"] if name in PEOPLE and name not in pull.assignees]
        return Reply(201, self._issue(pull))

    def request_reviewers(self, request: Request, number: str) -> Reply:
        """Ask for reviews, of all or of none."""
        pull = self.project.touch(int(number))
        users, teams = request.body.get("reviewers", []), request.body.get("team_reviewers", [])
        if UPGRADER in users:
            return Reply(422, {"message": "Review cannot be requested from pull request author.", **_DOCS})
        if set(users) - set(PEOPLE) or set(teams) - set(TEAMS):
            return Reply(422, {"message": "Reviews may only be requested from collaborators.", **_DOCS})
        pull.reviewers += users
        pull.teams += teams
        return Reply(201, self._simple(pull))

    def list_statuses(self, request: Request, commit: str) -> Reply:
        """A commit's statuses, the latest first."""
        there = self.project.statuses.get(commit, [])
        values = [self._status(commit, at) for at in reversed(range(len(there)))]
        return page(values, request, f"{self.repository}/commits/{commit}/statuses", _MOST)

    def create_status(self, request: Request, commit: str) -> Reply:
        """Set a commit's status."""
        there = self.project.statuses.setdefault(commit, [])
        there.append(FakeStatus(request.body["state"], request.body["context"], request.body["description"]))
        return Reply(201, self._status(commit, len(there) - 1))

    def list_rules(self, request: Request, branch: str) -> Reply:
        """The rules of the rulesets that are about a branch."""
        if not self.knows_rules:
            return _not_found()
        source = {"ruleset_source_type": "Repository", "ruleset_source": "acme/fleet", "ruleset_id": 42}
        parameters = {
            "required_status_checks": [{"context": "ci/tests"}],
            "strict_required_status_checks_policy": self.project.strict,
        }
        rules: list[dict[str, Any]] = [source | {"type": "deletion"}] * (_MOST + 1)
        rules.append(source | {"type": "required_status_checks", "parameters": parameters})
        ruled = self.has_rulesets and branch == "main"
        return page(rules if ruled else [], request, f"{self.repository}/rules/branches/{branch}", 100)

    # --- GraphQL

    def _graphql(self, request: Request) -> Reply:
        query, variables = request.body["query"], request.body["variables"]
        if query.startswith("query Details"):
            return self._details(query, variables["ids"])
        if query.startswith("query Protection"):
            return self._protection(variables)
        name = re.search(r"\{ (\w+)\(input: \$input\)", query)
        assert name is not None, query
        entry = variables["input"]
        pull = self.project.pulls[int(entry["pullRequestId"].removeprefix("PR_"))]
        return getattr(self, f"_{name[1]}")(pull, entry)  # type: ignore[no-any-return]  # one of the four below

    def _details(self, query: str, ids: list[str]) -> Reply:
        if "isInMergeQueue" in query and not self.knows_queues:
            message = "Field 'isInMergeQueue' doesn't exist on type 'PullRequest'"
            error = {"message": message, "extensions": {"code": "undefinedField", "typeName": "PullRequest"}}
            return Reply(200, {"errors": [error]})
        nodes = []
        for node in ids:
            pull = self.project.pulls[int(node.removeprefix("PR_"))]
            latest = dict(pull.reviews)
            closings = [{"actor": {"login": pull.closed_by}}] if pull.closed_by else []
            value = {
                "id": node,
                "isInMergeQueue": pull.queued,
                "mergedBy": {"login": pull.merged_by} if pull.merged_by else None,
                "latestOpinionatedReviews": {"nodes": [{"state": state} for state in latest.values()]},
                "timelineItems": {"nodes": closings},
            }
            if not self.knows_queues:
                del value["isInMergeQueue"]
            nodes.append(value)
        return Reply(200, {"data": {"nodes": nodes}})

    def _protection(self, variables: dict[str, Any]) -> Reply:
        """A branch's own protection."""
        assert (variables["owner"], variables["name"]) == (self.project.owner, self.project.name)
        ref = None
        if variables["branch"].removeprefix("refs/heads/") in self.project.branches:
            protected = self.project.protected and not self.has_rulesets
            strict = {"requiresStatusChecks": True, "requiresStrictStatusChecks": self.project.strict}
            ref = {"branchProtectionRule": strict if protected else None}
        return Reply(200, {"data": {"repository": {"ref": ref}}})

    def _enablePullRequestAutoMerge(self, pull: FakePull, entry: dict[str, Any]) -> Reply:  # noqa: N802 (its name)
        if pull.draft:
            return _unprocessable("Pull request Pull request is in draft state")
        if not self.project.protected:
            return _unprocessable("Pull request Pull request is in clean status")
        if entry["expectedHeadOid"] != pull.sha:
            return _unprocessable("Pull request Head sha didn't match expected head oid")
        pull.auto_merge = entry["mergeMethod"]
        return _mutated("enablePullRequestAutoMerge", {"actor": self._actor(), "clientMutationId": None})

    def _disablePullRequestAutoMerge(self, pull: FakePull, entry: dict[str, Any]) -> Reply:  # noqa: N802 (its name)
        pull.auto_merge = None
        return _mutated("disablePullRequestAutoMerge", {"actor": self._actor(), "clientMutationId": None})

    def _convertPullRequestToDraft(self, pull: FakePull, entry: dict[str, Any]) -> Reply:  # noqa: N802 (its name)
        if not self.project.drafts:
            return _unprocessable("Draft pull requests are not supported in this repository.")
        pull.draft, pull.auto_merge = True, None
        value = {"clientMutationId": None, "pullRequest": {"isDraft": True}}
        return _mutated("convertPullRequestToDraft", value)

    def _markPullRequestReadyForReview(self, pull: FakePull, entry: dict[str, Any]) -> Reply:  # noqa: N802 (its name)
        pull.draft = False
        value = {"clientMutationId": None, "pullRequest": {"isDraft": False}}
        return _mutated("markPullRequestReadyForReview", value)

    # --- inside

    def _pull(self, number: str) -> FakePull:
        return self.project.pulls[int(number)]

    def _actor(self) -> dict[str, Any]:
        place = f"{self.url}/{UPGRADER}"
        return {"avatarUrl": place, "login": UPGRADER, "resourcePath": f"/{UPGRADER}", "url": place}


_DOCS = {"documentation_url": "https://docs.github.com/rest"}
_NUMBER = r"(\d+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", "", FakeGitHub.get_repository),
    ("GET", "/pulls", FakeGitHub.list_pulls),
    ("POST", "/pulls", FakeGitHub.create_pull),
    ("GET", f"/pulls/{_NUMBER}", FakeGitHub.get_pull),
    ("PATCH", f"/pulls/{_NUMBER}", FakeGitHub.edit_pull),
    ("POST", f"/pulls/{_NUMBER}/requested_reviewers", FakeGitHub.request_reviewers),
    ("GET", f"/issues/{_NUMBER}/comments", FakeGitHub.list_comments),
    ("POST", f"/issues/{_NUMBER}/comments", FakeGitHub.create_comment),
    ("POST", f"/issues/{_NUMBER}/labels", FakeGitHub.add_labels),
    ("GET", f"/issues/{_NUMBER}/labels", FakeGitHub.list_labels),
    ("DELETE", f"/issues/{_NUMBER}/labels/([^/]+)", FakeGitHub.drop_label),
    ("POST", f"/issues/{_NUMBER}/assignees", FakeGitHub.add_assignees),
    ("GET", "/labels/([^/]+)", FakeGitHub.get_label),
    ("POST", "/labels", FakeGitHub.create_label),
    ("GET", "/commits/([0-9a-f]+)/statuses", FakeGitHub.list_statuses),
    ("POST", "/statuses/([0-9a-f]+)", FakeGitHub.create_status),
    ("GET", "/rules/branches/([^/]+)", FakeGitHub.list_rules),
)


def _not_found() -> Reply:
    return Reply(404, {"message": "Not Found", "status": "404", **_DOCS})


def _invalid(resource: str, error: dict[str, str]) -> Reply:
    return Reply(422, {"message": "Validation Failed", "errors": [{"resource": resource, **error}], **_DOCS})


def _mutated(name: str, value: dict[str, Any]) -> Reply:
    return Reply(200, {"data": {name: value}})


def _unprocessable(message: str) -> Reply:
    error = {"type": "UNPROCESSABLE", "path": ["enablePullRequestAutoMerge"], "message": message}
    return Reply(200, {"data": {"enablePullRequestAutoMerge": None}, "errors": [error]})
