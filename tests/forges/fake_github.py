"""GitHub in memory, over real HTTP, as an Enterprise server shows it: REST under /api/v3, GraphQL beside it.

Every exchange can be held against GitHub's own OpenAPI and GraphQL descriptions (`octokit.py`), so that this stays no
fiction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.forges.loopback import Reply, Request, page
from tests.forges.project import PEOPLE, TEAMS, UPGRADER, FakePull, FakeStatus, Project, Refusal

_MOST = 3
"""Items on a page, so that every list of some length has several."""

_USER_URLS = (
    *("followers", "following", "gists", "starred", "subscriptions"),
    *("organizations", "repos", "events", "received_events"),
)
_REPOSITORY_URLS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams"),
    *("trees", "git", "ssh", "clone", "svn"),
)


class FakeGitHub:
    """Answers for one repository. `url` is set once it is served.

    Attributes:
        knows_queues: what old servers do not.
        knows_rules: neither.
        has_rulesets: whether a branch is protected by rulesets, or on its own as it was before there were any.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = ""
        self.knows_queues = True
        self.knows_rules = True
        self.has_rulesets = True
        self.token = "token-of-the-upgrader"

    @property
    def api(self) -> str:
        """Where REST is."""
        return f"{self.url}/api/v3"

    @property
    def repository(self) -> str:
        """The repository's own URL in REST."""
        return f"{self.api}/repos/{self.project.owner}/{self.project.name}"

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

    # --- values

    def _pull(self, number: str) -> FakePull:
        return self.project.pulls[int(number)]

    def _actor(self) -> dict[str, Any]:
        place = f"{self.url}/{UPGRADER}"
        return {"avatarUrl": place, "login": UPGRADER, "resourcePath": f"/{UPGRADER}", "url": place}

    def _user(self, login: str) -> dict[str, Any]:
        place = f"{self.api}/users/{login}"
        urls = {f"{name}_url": f"{place}/{name}" for name in _USER_URLS}
        number = (*PEOPLE, self.project.owner, "someone").index(login) + 1
        names = {"login": login, "id": number, "node_id": f"U_{number}", "gravatar_id": "", "type": "User"}
        return urls | names | {"url": place, "html_url": place, "avatar_url": place, "site_admin": False}

    def _repository_value(self, number: int = 1) -> dict[str, Any]:
        owner = self.project.owner if number == 1 else "someone"
        full_name = f"{owner}/{self.project.name}"
        place = f"{self.api}/repos/{full_name}"
        falsities = ("private", "has_issues", "has_projects", "has_wiki", "has_pages", "has_downloads", "archived")
        counts = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count")
        nothings = ("description", "homepage", "language", "mirror_url", "license")
        moment = "2026-01-01T00:00:00Z"
        return (
            {f"{name}_url": f"{place}/{name}" for name in _REPOSITORY_URLS}
            | dict.fromkeys((*falsities, "disabled"), False)
            | dict.fromkeys((*counts, "watchers", "watchers_count"), 0)
            | dict.fromkeys(nothings)
            | dict.fromkeys(("pushed_at", "created_at", "updated_at"), moment)
            | {"id": number, "node_id": f"R_{number}", "name": self.project.name, "full_name": full_name}
            | {"owner": self._user(owner), "url": place, "html_url": f"{self.url}/{full_name}", "fork": number != 1}
            | {"default_branch": "main", "allow_forking": True, "visibility": "public"}
        )

    def _side(self, branch: str, commit: str, number: int) -> dict[str, Any]:
        owner = self.project.owner if number == 1 else "someone"
        repository = self._repository_value(number)
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": commit,
            "repo": repository,
            "user": self._user(owner),
        }

    def _simple(self, pull: FakePull) -> dict[str, Any]:
        place = f"{self.repository}/pulls/{pull.number}"
        issue = f"{self.repository}/issues/{pull.number}"
        links = ("comments", "commits", "html", "issue", "review_comment", "review_comments", "self", "statuses")
        auto_merge = {"enabled_by": self._user(UPGRADER), "merge_method": str(pull.auto_merge).lower()}
        return {
            **{
                f"{name}_url": f"{place}/{name}" for name in ("diff", "patch", "commits", "review_comments", "statuses")
            },
            "review_comment_url": f"{self.repository}/pulls/comments{{/number}}",
            "url": place,
            "id": 100 + pull.number,
            "node_id": f"PR_{pull.number}",
            "html_url": f"{self.url}/{self.project.owner}/{self.project.name}/pull/{pull.number}",
            "issue_url": issue,
            "comments_url": f"{issue}/comments",
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "title": pull.title,
            "user": self._user(UPGRADER),
            "body": pull.body or None,
            "labels": [self._label(name) for name in pull.labels],
            "milestone": None,
            "created_at": _moment(pull.created_at),
            "updated_at": _moment(pull.updated_at),
            "closed_at": _moment(pull.closed_at),
            "merged_at": _moment(pull.closed_at) if pull.merged else None,
            "merge_commit_sha": None,
            "assignee": self._user(pull.assignees[0]) if pull.assignees else None,
            "assignees": [self._user(name) for name in pull.assignees],
            "requested_reviewers": [self._user(name) for name in pull.reviewers],
            "head": self._side(pull.head, pull.sha, pull.repository),
            "base": self._side(pull.base, self.project.branches["main"], 1),
            "_links": {name: {"href": f"{place}/{name}"} for name in links},
            "author_association": "COLLABORATOR",
            "auto_merge": {**auto_merge, "commit_title": "Upgrade", "commit_message": ""} if pull.auto_merge else None,
            "draft": pull.draft,
        }

    def _full(self, pull: FakePull) -> dict[str, Any]:
        counts = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")
        return (
            self._simple(pull)
            | dict.fromkeys(counts, 1)
            | {
                "merged": pull.merged,
                "mergeable": True,
                "mergeable_state": "clean",
                "merged_by": self._user(pull.merged_by) if pull.merged_by else None,
                "maintainer_can_modify": False,
            }
        )

    def _issue(self, pull: FakePull) -> dict[str, Any]:
        simple = self._simple(pull)
        place = f"{self.repository}/issues/{pull.number}"
        same = ("id", "node_id", "number", "title", "body", "state", "user", "labels", "assignee", "assignees")
        also = ("milestone", "locked", "html_url", "created_at", "updated_at", "closed_at", "author_association")
        return {name: simple[name] for name in (*same, *also)} | {
            "url": place,
            "repository_url": self.repository,
            "labels_url": f"{place}/labels{{/name}}",
            "comments_url": f"{place}/comments",
            "events_url": f"{place}/events",
            "comments": len(pull.comments),
        }

    def _comment(self, number: int, at: int, text: str) -> dict[str, Any]:
        place = f"{self.repository}/issues/comments/{at + 1}"
        moment = {"created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z"}
        names = {"id": at + 1, "node_id": f"IC_{at}", "body": text, "user": self._user(UPGRADER)}
        issue = f"{self.repository}/issues/{number}"
        return names | moment | {"url": place, "html_url": place, "issue_url": issue, "author_association": "NONE"}

    def _label(self, name: str) -> dict[str, Any]:
        color, description = self.project.labels[name]
        place = f"{self.repository}/labels/{name}"
        names = {"id": len(name), "node_id": f"LA_{name}", "url": place, "name": name}
        return names | {"color": color, "description": description, "default": False}

    def _status(self, commit: str, at: int) -> dict[str, Any]:
        status = self.project.statuses[commit][at]
        place = f"{self.repository}/statuses/{commit}"
        moment = {"created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z"}
        said = {"state": status.state, "description": status.description, "context": status.context}
        names = {"id": at + 1, "node_id": f"SC_{at}", "url": place, "avatar_url": place, "target_url": None}
        return names | moment | said | {"creator": self._user(UPGRADER)}


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


def _moment(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _not_found() -> Reply:
    return Reply(404, {"message": "Not Found", "status": "404", **_DOCS})


def _invalid(resource: str, error: dict[str, str]) -> Reply:
    return Reply(422, {"message": "Validation Failed", "errors": [{"resource": resource, **error}], **_DOCS})


def _mutated(name: str, value: dict[str, Any]) -> Reply:
    return Reply(200, {"data": {name: value}})


def _unprocessable(message: str) -> Reply:
    error = {"type": "UNPROCESSABLE", "path": ["enablePullRequestAutoMerge"], "message": message}
    return Reply(200, {"data": {"enablePullRequestAutoMerge": None}, "errors": [error]})
