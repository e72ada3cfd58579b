"""Pull requests on Gitea and Forgejo, which speak the same REST API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from gitops_upgrader.errors import ForgeForbidden, ForgeNotFound
from gitops_upgrader.forges import comments, drafts, gitea_people, gitea_records
from gitops_upgrader.forges.answers import REFUSALS
from gitops_upgrader.forges.connection import Connection, Server, reach
from gitops_upgrader.forges.gitea_client import Client, History
from gitops_upgrader.forges.gitea_records import (
    Branch,
    CombinedStatus,
    Comment,
    Details,
    Event,
    Protection,
    Pull,
    Review,
)
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

_MOST_TRIES = 10
"""How often, a second apart, a merge is ordered of a pull request that Gitea still looks at in the background."""

_SETTLED = timedelta(seconds=2)
"""How long nothing has happened to a pull request until what is read of it is kept: its time of change is in seconds,
and another change may follow in the same one."""


def forge(connection: Connection) -> GiteaForge:
    """Return the forge of a repository on Gitea or Forgejo. Nothing is asked of it yet."""
    return GiteaForge(reach("gitea", "Gitea", connection, once=_makes_anew), connection.settings.sleep)


def _makes_anew(method: str, path: str) -> bool:
    """Gitea refuses a second pull request, but not a second comment, nor a second label of the same name."""
    anew = ("/pulls", "/comments", "/labels")
    return method == "POST" and path.endswith(anew) and not (path.endswith("/labels") and "/issues/" in path)


class GiteaForge:
    """Pull requests of one repository. `sleep` waits some seconds."""

    name = "gitea"
    capabilities = Capabilities()

    def __init__(self, server: Server, sleep: Callable[[float], None]) -> None:
        self._server = server
        self._session = server.session
        self._sleep = sleep
        self._client = Client(server.session, server.project)
        self._history = History(self._client)
        self._details: dict[int, tuple[datetime, str, Details]] = {}

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Every pull request from this branch of the same repository, newest first."""
        return self._values(pull for pull in self._history.pulls(anew=anew) if pull.head.label == branch)

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Those whose branch begins with `prefix` and that are open, or were created at or after `since`."""
        return self._values(
            pull
            for pull in self._history.pulls()
            if pull.head.label.startswith(prefix) and (pull.is_open or pull.created_at >= since)
        )

    def get(self, number: int) -> PullRequest:
        """One pull request as it is now."""
        return self._value(self._read(number))

    def create(self, new: NewPull) -> PullRequest:
        """Open a pull request, or return the open one that there is."""
        return self._session.again(lambda: open_once(new, self._make, self.find))

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Replace title and body; a draft stays one, though its title is what makes it one."""
        draft = self._read(number).draft
        return self._value(self._change(number, title=drafts.GITEA.write(title, draft=draft), body=body))

    def comment(self, number: int, key: str, text: str) -> None:
        """Comment once."""
        path = f"/issues/{number}/comments"

        def there() -> Iterable[str]:
            return (comment.body for comment in self._client.all(path, Comment))

        def add(body: str) -> None:
            self._client.act("POST", path, {"body": body})

        self._session.again(lambda: comments.once(key, text, there, add))

    def close(self, number: int) -> None:
        """Close without merging."""
        if self._read(number).is_open:
            self._change(number, state="closed")

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """Gitea knows by itself."""
        return self.get(number)

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """Add labels, assignees and reviewers; return in words what Gitea refused."""
        return gitea_people.involve(self._client, self._server.project, number, people)

    def drop_label(self, number: int, label: str) -> str | None:
        """Take a label off, by its id."""
        on_it = next((one for one in self._read(number).labels or () if one.name == label), None)
        if on_it is None:
            return None
        try:
            self._client.act("DELETE", f"/issues/{number}/labels/{on_it.id}")
        except REFUSALS as error:
            return error.message.rstrip(".")
        return None

    def set_draft(self, number: int, *, draft: bool) -> None:
        """Make it a draft, or ready for review, by its title."""
        now = self._read(number)
        if now.draft is not draft:
            self._change(number, title=drafts.GITEA.write(now.title, draft=draft))

    def update_button(self, base: str) -> str | None:
        """As the rule says that protects the branch; who does not administer the repository is not told."""
        rule = self._protected(base).effective_branch_protection_name
        if not rule:
            return None
        try:
            protection = self._client.get(f"/branch_protections/{quote(rule, safe='')}", Protection)
        except (ForgeForbidden, ForgeNotFound):
            return None
        return "Update branch" if protection.block_on_outdated_branch else None

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """Let Gitea merge by itself. What nothing holds back Gitea would merge at once, so that is refused."""
        now = self._read(number)
        if not now.is_open:
            return f"it is {'merged' if now.merged else 'closed'}"
        base = self._protected(now.base.label)
        if not base.enable_status_check and base.required_approvals == 0:
            return f"nothing protects {now.base.label}, so Gitea would merge at once"
        order = {"Do": method.value, "merge_when_checks_succeed": True, "head_commit_id": now.head.sha}
        return self._order_merge(number, order)

    def disarm_auto_merge(self, number: int) -> None:
        """Stop Gitea from merging by itself."""
        try:
            self._client.act("DELETE", f"/pulls/{number}/merge")
        except ForgeNotFound:
            # nothing was scheduled, or there is no such pull request, which reading it tells
            self._read(number)

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """Set the commit status, unless it is so already."""
        wanted = (verdict.value, summary[:SUMMARY_LENGTH])
        there = self._client.get(f"/commits/{commit}/status?limit=50", CombinedStatus).statuses or ()
        if not any((one.status, one.description) == wanted for one in there if one.context == VERDICT_CONTEXT):
            fields = {"context": VERDICT_CONTEXT, "state": wanted[0], "description": wanted[1]}
            self._client.act("POST", f"/statuses/{commit}", fields)

    def branch_url(self, branch: str) -> str:
        """The branch's files."""
        return self._server.page("src/branch", branch)

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """A line of a file at a commit."""
        return self._server.page(f"src/commit/{commit}", path) + f"#L{line}"

    # --- reading

    def _read(self, number: int) -> Pull:
        return self._client.get(f"/pulls/{number}", Pull)

    def _protected(self, branch: str) -> Branch:
        return self._client.get(f"/branches/{quote(branch, safe='')}", Branch)

    def _values(self, pulls: Iterable[Pull]) -> tuple[PullRequest, ...]:
        """Pull requests from this very repository and not from forks, with their details."""
        return tuple(self._value(pull) for pull in pulls if pull.head.repo_id == pull.base.repo_id)

    def _value(self, pull: Pull) -> PullRequest:
        details = self._look(pull)
        state = PullState.MERGED if pull.merged else PullState.OPEN if pull.is_open else PullState.CLOSED
        return PullRequest(
            number=pull.number,
            url=pull.html_url,
            title=drafts.GITEA.without(pull.title) if pull.draft else pull.title,
            body=pull.body or "",
            state=state,
            head=pull.head.label,
            base=pull.base.label,
            head_commit=pull.head.sha,
            created_at=pull.created_at,
            draft=pull.draft,
            closed_at=pull.closed_at,
            merged_at=pull.merged_at,
            closed_by=details.closed_by,
            merged_by=details.merged_by,
            labels=frozenset(label.name for label in pull.labels or ()),
            approved=details.approved,
            auto_merge=details.auto_merge,
        )

    def _look(self, pull: Pull) -> Details:
        """What its record leaves out, once for each of its changes."""
        changed, head, details = self._details.get(pull.number, (None, "", Details()))
        if (changed, head) != (pull.updated_at, pull.head.sha):
            details = self._details_of(pull)
            now = self._client.time
            if now is not None and now >= pull.updated_at + _SETTLED:
                self._details[pull.number] = (pull.updated_at, pull.head.sha, details)
        return details

    def _details_of(self, pull: Pull) -> Details:
        timeline = f"/issues/{pull.number}/timeline"
        if pull.is_open:
            return Details(
                approved=gitea_records.approved(self._client.all(f"/pulls/{pull.number}/reviews", Review)),
                auto_merge=gitea_records.scheduled(self._client.to_the_end(timeline, Event)),
            )
        if pull.merged:
            # lists leave out who merged
            merger = pull.merged_by or self._read(pull.number).merged_by
            return Details(merged_by=merger.login if merger else None)
        return Details(closed_by=gitea_records.closer(self._client.to_the_end(timeline, Event)))

    # --- writing

    def _change(self, number: int, **fields: str) -> Pull:
        return self._client.change("PATCH", f"/pulls/{number}", fields, Pull)

    def _make(self, new: NewPull) -> PullRequest:
        title = drafts.GITEA.write(new.title, draft=new.draft)
        fields = {"head": new.head, "base": new.base, "title": title, "body": new.body}
        return self._value(self._client.change("POST", "/pulls", fields, Pull))

    def _order_merge(self, number: int, order: Mapping[str, object]) -> str | None:
        for left in reversed(range(_MOST_TRIES)):
            try:
                self._client.act("POST", f"/pulls/{number}/merge", order)
            except REFUSALS as error:
                said = error.message.rstrip(".")
                if "already scheduled" in said:
                    return None
                if "try again later" not in said or left == 0:
                    return said
                self._sleep(1.0)
            else:
                return None
        return None
