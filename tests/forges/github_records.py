"""How GitHub shows the things of a repository in REST as an Enterprise server does."""

from __future__ import annotations

from typing import Any

from tests.forges.project import PEOPLE, UPGRADER, FakePull, Project

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


class Records:
    """What is shown of a project. `url` is set once it is served."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = ""

    @property
    def api(self) -> str:
        """Where REST is."""
        return f"{self.url}/api/v3"

    @property
    def repository(self) -> str:
        """The repository's own URL in REST."""
        return f"{self.api}/repos/{self.project.owner}/{self.project.name}"

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


def _moment(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
