"""Merge requests on gitlab.com and self-managed GitLab, through python-gitlab."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import gitlab

from gitops_upgrader.errors import ForgeForbidden, ForgeNotFound, ForgeRefused
from gitops_upgrader.forges import comments, drafts, gitlab_people
from gitops_upgrader.forges.answers import REFUSALS
from gitops_upgrader.forges.connection import Connection, Server, reach
from gitops_upgrader.forges.gitlab_client import change, read, reading
from gitops_upgrader.forges.gitlab_records import Approvals, CommitStatus, MergeRequest, Project, merge_request
from gitops_upgrader.forges.opening import open_once
from gitops_upgrader.forges.protocol import (
    SUMMARY_LENGTH,
    VERDICT_CONTEXT,
    Capabilities,
    MergeMethod,
    NewPull,
    People,
    Verdict,
)
from gitops_upgrader.model import PullRequest, PullState

_STATES = {"merged": PullState.MERGED, "closed": PullState.CLOSED}
_VERDICTS = {Verdict.SUCCESS: "success", Verdict.PENDING: "pending", Verdict.FAILURE: "failed"}
_NEEDS_REBASE = frozenset({"ff", "rebase_merge"})
"""How projects merge that take no merge request behind its target: https://docs.gitlab.com/user/project/merge_requests/methods/"""
_MOST_LOOKS = 10
"""How often, a second apart, GitLab is asked whether it has made up its mind about a new merge request."""


def forge(connection: Connection) -> GitLabForge:
    """Return the forge of a project on GitLab. Nothing is asked of it yet."""
    server = reach("gitlab", "GitLab", connection, once=_makes_anew)
    return GitLabForge(server, connection.settings.sleep)


def _makes_anew(method: str, path: str) -> bool:
    """A second merge request is refused, but only once the first is there to be seen; a second note just appears."""
    return method == "POST" and path.endswith(("/merge_requests", "/notes"))


class GitLabForge:
    """Merge requests of one project. `sleep` waits some seconds."""

    name = "gitlab"
    capabilities = Capabilities()

    def __init__(self, server: Server, sleep: Callable[[float], None]) -> None:
        self._server = server
        self._session = server.session
        self._sleep = sleep
        self._client = gitlab.Gitlab(
            server.api.removesuffix("/api/v4"),
            session=server.session,
            per_page=100,
            keep_base_url=True,  # pages that name a server by another address than it is reached at
        )
        self._project = self._client.projects.get(server.project, lazy=True)

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Every merge request from this branch of the same project, newest first."""
        return self._values(self._list(source_branch=branch, state="all"))

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Those whose branch begins with `prefix` and that are open, or were created at or after `since`."""
        found = {
            record.iid: record
            for records in (self._list(state="all", created_after=since.isoformat()), self._list(state="opened"))
            for record in records
        }
        newest_first = (found[number] for number in sorted(found, reverse=True))
        return self._values(record for record in newest_first if record.source_branch.startswith(prefix))

    def get(self, number: int) -> PullRequest:
        """One merge request as it is now."""
        return self._value(self._read(number))

    def create(self, new: NewPull) -> PullRequest:
        """Open a merge request, or return the open one that there is."""
        return self._session.again(lambda: open_once(new, self._make, self.find))

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Replace title and description; a draft stays one, though its title is what makes it one."""
        draft = self._read(number).draft
        return self._value(
            self._change(number, title=drafts.GITLAB.write(title, draft=draft), description=body), head_commit
        )

    def comment(self, number: int, key: str, text: str) -> None:
        """Comment once."""
        notes = self._project.mergerequests.get(number, lazy=True).notes

        def there() -> Iterable[str]:
            with reading():
                return [note.attributes["body"] for note in notes.list(iterator=True)]

        def add(body: str) -> None:
            with reading():
                notes.create({"body": body})

        self._session.again(lambda: comments.once(key, text, there, add))

    def close(self, number: int) -> None:
        """Close without merging."""
        if self._read(number).state == "opened":
            self._change(number, state_event="close")

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """GitLab knows by itself."""
        return self.get(number)

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """Add labels, assignees and reviewers; return in words what GitLab refused."""
        return gitlab_people.involve(self._client, self._project, number, people)

    def drop_label(self, number: int, label: str) -> str | None:
        """Take a label off; GitLab does not mind one that is not on it."""
        try:
            self._change(number, remove_labels=label)
        except ForgeNotFound:
            raise
        except REFUSALS as error:
            return error.message.rstrip(".")
        return None

    def set_draft(self, number: int, *, draft: bool) -> None:
        """Make it a draft, or ready for review, by its title."""
        now = self._read(number)
        if now.draft is not draft:
            self._change(number, title=drafts.GITLAB.write(now.title, draft=draft))

    def update_button(self, base: str) -> str | None:
        """As the project merges, whatever the branch."""
        return "Rebase" if self._settings().merge_method in _NEEDS_REBASE else None

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """Let GitLab merge by itself. What nothing holds back GitLab would merge at once, so that is refused."""
        now = self._decided(number)
        if now.merge_when_pipeline_succeeds:
            return None
        refusal = self._why_not(now, method)
        if refusal is not None:
            return refusal
        order = {
            "auto_merge": True,
            "merge_when_pipeline_succeeds": True,  # its name until 17.11
            "squash": method is MergeMethod.SQUASH,
            "sha": now.sha,
        }
        path = f"/projects/{quote(self._server.project, safe='')}/merge_requests/{number}/merge"
        try:
            with reading():
                self._client.http_put(path, post_data=order)
        except REFUSALS as error:
            return error.message.rstrip(".")
        return None

    def disarm_auto_merge(self, number: int) -> None:
        """Stop GitLab from merging by itself. A merge train is left alone."""
        now = self._read(number)
        if now.merge_when_pipeline_succeeds and not self._queued(now):
            with reading():
                self._project.mergerequests.get(number, lazy=True).cancel_merge_when_pipeline_succeeds()

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """Set the commit status, unless it is so already."""
        statuses = self._project.commits.get(commit, lazy=True).statuses
        wanted = (_VERDICTS[verdict], summary[:SUMMARY_LENGTH])
        with reading():
            there = [CommitStatus.model_validate(one.attributes) for one in statuses.list(iterator=True)]
        if any((one.status, one.description) == wanted for one in there if one.name == VERDICT_CONTEXT):
            return
        try:
            with reading():
                statuses.create({"name": VERDICT_CONTEXT, "state": wanted[0], "description": wanted[1]})
        except ForgeRefused as error:
            # the state of a pending status can change, its description cannot
            if "cannot transition status" not in error.message.lower():
                raise

    def branch_url(self, branch: str) -> str:
        """The branch's files."""
        return self._server.page("-/tree", branch)

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """A line of a file at a commit."""
        return self._server.page(f"-/blob/{commit}", path) + f"#L{line}"

    # --- reading

    def _list(self, **filters: Any) -> list[MergeRequest]:
        """Merge requests, newest first; those from forks, or from forks that are gone, are not ours."""
        with reading():
            found = self._project.mergerequests.list(
                iterator=True, scope="all", order_by="created_at", sort="desc", **filters
            )
            records = [merge_request(one.attributes) for one in found]
        return [one for one in records if one.source_project_id == one.target_project_id]

    def _read(self, number: int) -> MergeRequest:
        return read(self._project, number)

    def _decided(self, number: int) -> MergeRequest:
        """A merge request once GitLab has found out whether it can be merged, which it does in the background."""
        for _ in range(_MOST_LOOKS):
            now = self._read(number)
            if not now.is_checking:
                return now
            self._sleep(1.0)
        return self._read(number)

    def _values(self, records: Iterable[MergeRequest]) -> tuple[PullRequest, ...]:
        return tuple(self._value(record) for record in records)

    def _value(self, record: MergeRequest, head_commit: str = "") -> PullRequest:
        """Return it as a pull request. `head_commit` stands in where GitLab has not seen the branch yet."""
        merger = record.merge_user or record.merged_by
        opened = record.is_open
        return PullRequest(
            number=record.iid,
            url=record.web_url,
            title=drafts.GITLAB.without(record.title) if record.draft else record.title,
            body=record.description or "",
            state=_STATES.get(record.state, PullState.OPEN),
            head=record.source_branch,
            base=record.target_branch,
            head_commit=record.sha or head_commit,
            created_at=record.created_at,
            draft=record.draft,
            closed_at=record.closed_at,
            merged_at=record.merged_at,
            closed_by=record.closed_by.username if record.closed_by else None,
            merged_by=merger.username if merger and record.merged_at else None,
            labels=frozenset(record.labels),
            approved=opened and self._approved(record),
            queued=opened and self._queued(record),
            auto_merge=record.merge_when_pipeline_succeeds and opened,
        )

    def _approved(self, record: MergeRequest) -> bool:
        with reading():
            approvals = self._project.mergerequests.get(record.iid, lazy=True).approvals.get()
            return bool(Approvals.model_validate(approvals.attributes).approved_by)

    def _queued(self, record: MergeRequest) -> bool:
        """Whether it is being merged, or stands in a merge train (of paid tiers; others have none to ask about)."""
        if record.state == "locked":
            return True
        if not self._settings().merge_trains_enabled:
            return False
        project = quote(self._server.project, safe="")
        try:
            with reading():
                self._client.http_get(f"/projects/{project}/merge_trains/merge_requests/{record.iid}")
        except (ForgeNotFound, ForgeForbidden):
            return False
        return True

    def _settings(self) -> Project:
        with reading():
            return Project.model_validate(self._client.projects.get(self._server.project).attributes)

    def _why_not(self, now: MergeRequest, method: MergeMethod) -> str | None:
        settings = self._settings()
        if not now.is_open:
            return f"it is {now.state}"
        if method is MergeMethod.REBASE and settings.merge_method == "merge":
            return "this project merges with merge commits, and GitLab lets nobody choose per merge request"
        if method is MergeMethod.SQUASH and settings.squash_option == "never":
            return "this project forbids squashing"
        if method is MergeMethod.MERGE and settings.squash_option == "always":
            return "this project always squashes"
        if not now.is_waiting:
            return "nothing holds it back, so GitLab would merge it at once"
        return None

    # --- writing

    def _change(self, number: int, **fields: Any) -> MergeRequest:
        return change(self._project, number, **fields)

    def _make(self, new: NewPull) -> PullRequest:
        fields = {
            "source_branch": new.head,
            "target_branch": new.base,
            "title": drafts.GITLAB.write(new.title, draft=new.draft),
            "description": new.body,
        }
        with reading():
            made = merge_request(self._project.mergerequests.create(fields).attributes)
        return self._value(made, new.head_commit)
