"""Pull requests on github.com and GitHub Enterprise, through PyGithub.

Lists are asked for with their ETags, so an unchanged one costs nothing of the REST limit; what only GraphQL tells is
one question for all of a list's open pull requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast
from urllib.parse import quote

from github.Commit import Commit
from github.CommitStatus import CommitStatus
from github.PaginatedList import PaginatedList
from github.PullRequest import PullRequest as Pull
from github.Repository import Repository

from gitops_upgrader.errors import ForgeConflict, ForgeRefused
from gitops_upgrader.forges import comments, github_people, github_rules
from gitops_upgrader.forges.answers import REFUSALS
from gitops_upgrader.forges.connection import Connection, Server, reach
from gitops_upgrader.forges.github_client import Wire, reading
from gitops_upgrader.forges.github_details import Details, DetailsReader
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


def forge(connection: Connection) -> GitHubForge:
    """Return the forge of a repository on GitHub. Nothing is asked of it yet."""
    server = reach("github", "GitHub", connection, once=_makes_anew)
    return GitHubForge(server, anonymous=connection.credential is None)


def _makes_anew(method: str, path: str) -> bool:
    """A second pull request is refused, but only once the first is there to be seen; a second comment just appears."""
    return method == "POST" and path.endswith(("/pulls", "/comments"))


class GitHubForge:
    """Pull requests of one repository. Nobody (`anonymous`) may ask GraphQL, so its details stay unknown."""

    name = "github"
    capabilities = Capabilities()

    def __init__(self, server: Server, *, anonymous: bool = False) -> None:
        self._server = server
        self._session = server.session
        self._wire = Wire(server.session)
        self._details = DetailsReader(self._wire)
        self._anonymous = anonymous
        self._ended: dict[str, tuple[datetime | None, Details]] = {}
        self._repository: Repository | None = None
        self._redirects = 0

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Every pull request from this branch of the same repository, newest first."""
        with reading():
            repository = self._at()
            head = f"{repository.owner.login}:{branch}"
            found = repository.get_pulls(state="all", sort="created", direction="desc", head=head)
            # GitHub answers with everything where it does not understand `head`
            return self._values(pull for pull in found if pull.head.ref == branch)

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Those whose branch begins with `prefix` and that are open, or were created at or after `since`."""
        with reading():
            repository = self._at()
            found: dict[int, Pull] = {}
            for pull in repository.get_pulls(state="all", sort="created", direction="desc"):
                if pull.created_at < since:
                    break
                found[pull.number] = pull
            for pull in repository.get_pulls(state="open", sort="created", direction="desc"):
                found[pull.number] = pull
            newest_first = (found[number] for number in sorted(found, reverse=True))
            return self._values(pull for pull in newest_first if pull.head.ref.startswith(prefix))

    def get(self, number: int) -> PullRequest:
        """One pull request as it is now."""
        return self._detailed(self._fetch(number))

    def create(self, new: NewPull) -> PullRequest:
        """Open a pull request, or return the open one that there is."""
        return self._session.again(lambda: open_once(new, self._make, self.find))

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Replace title and body."""
        pull = self._pull(number)
        with reading():
            pull.edit(title=title, body=body)
        return self._detailed(pull)

    def comment(self, number: int, key: str, text: str) -> None:
        """Comment once."""
        pull = self._pull(number)

        def there() -> Iterable[str]:
            with reading():
                return [comment.body for comment in pull.get_issue_comments()]

        def add(body: str) -> None:
            with reading():
                pull.create_issue_comment(body)

        self._session.again(lambda: comments.once(key, text, there, add))

    def close(self, number: int) -> None:
        """Close without merging."""
        pull, now = self._read(number)
        if now.state is PullState.OPEN:
            with reading():
                pull.edit(state="closed")

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """GitHub knows by itself."""
        return self.get(number)

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """Add labels, assignees and reviewers; return in words what GitHub refused."""
        return github_people.involve(self._wire, self._at(), self._pull(number), people)

    def drop_label(self, number: int, label: str) -> str | None:
        """Take a label off."""
        return github_people.drop_label(self._wire, f"{self._url}/issues/{number}", label)

    def set_draft(self, number: int, *, draft: bool) -> None:
        """Make it a draft, or ready for review."""
        pull, now = self._read(number)
        with _drafts(), reading():
            if now.draft and not draft:
                pull.mark_ready_for_review()
            elif draft and not now.draft:
                pull.convert_to_draft()

    def update_button(self, base: str) -> str | None:
        """As a ruleset or the branch's own protection says."""
        strict = github_rules.takes_only_up_to_date(self._wire, self._at(), base, anonymous=self._anonymous)
        return "Update branch" if strict else None

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """Let GitHub merge by itself, unless it says why it does not."""
        pull, now = self._read(number)
        if now.auto_merge:
            return None
        try:
            with reading():
                pull.enable_automerge(merge_method=method.name, expected_head_oid=now.head_commit)
        except REFUSALS as error:
            return error.message.rstrip(".")
        return None

    def disarm_auto_merge(self, number: int) -> None:
        """Stop GitHub from merging by itself. A merge queue is left alone."""
        pull, now = self._read(number)
        if now.auto_merge:
            with reading():
                pull.disable_automerge()

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """Set the commit status unless it is so already: a commit can have a thousand of them, and then no more."""
        wanted = (verdict.value, summary[:SUMMARY_LENGTH])
        url = f"{self._at().url}/commits/{commit}"
        there = Commit(self._wire, {}, {"url": url, "sha": commit}, completed=True)
        with reading():
            statuses = PaginatedList(CommitStatus, self._wire, f"{url}/statuses", None)
            latest = next((status for status in statuses if status.context == VERDICT_CONTEXT), None)
            same = latest is not None and (latest.state, latest.description) == wanted
            if not same:
                there.create_status(wanted[0], description=wanted[1], context=VERDICT_CONTEXT)

    def branch_url(self, branch: str) -> str:
        """The branch's files."""
        return self._server.page("tree", branch)

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """A line of a file at a commit."""
        return self._server.page(f"blob/{commit}", path) + f"#L{line}"

    # --- reading

    def _at(self) -> Repository:
        """The repository. After a redirect its owner is looked up anew: the filter by branch needs the true one."""
        if self._repository is None or self._session.redirected != self._redirects:
            self._redirects = self._session.redirected
            self._repository = Repository(self._wire, {}, {"url": self._url}, completed=False)
        return self._repository

    @property
    def _url(self) -> str:
        return f"{self._server.api}/repos/{quote(self._server.project)}"

    def _pull(self, number: int) -> Pull:
        """A pull request of which nothing is known but where it is."""
        places = {"url": f"{self._url}/pulls/{number}", "issue_url": f"{self._url}/issues/{number}"}
        return Pull(self._wire, {}, places)

    def _read(self, number: int) -> tuple[Pull, PullRequest]:
        """A pull request as it is now, without what GraphQL alone tells."""
        pull = self._fetch(number)
        return pull, _value(pull, Details())

    def _fetch(self, number: int) -> Pull:
        with reading():
            return self._pull(number).complete()

    def _detailed(self, pull: Pull) -> PullRequest:
        with reading():
            details = self._look([pull])
        return _value(pull, details.get(pull.node_id, Details()))

    def _values(self, pulls: Iterable[Pull]) -> tuple[PullRequest, ...]:
        """Pull requests from this very repository, with their details."""
        ours = [pull for pull in pulls if _is_ours(pull)]
        details = self._look(ours)
        return tuple(_value(pull, details.get(pull.node_id, Details())) for pull in ours)

    def _look(self, pulls: Iterable[Pull]) -> dict[str, Details]:
        """Details by node id: of open ones anew each time, of others once for each time that they were changed."""
        if self._anonymous:
            return {}
        found: dict[str, Details] = {}
        unknown: list[Pull] = []
        for pull in pulls:
            changed, details = self._ended.get(pull.node_id, (None, None))
            if pull.state != "open" and details is not None and changed == pull.updated_at:
                found[pull.node_id] = details
            else:
                unknown.append(pull)
        asked = self._details.read(pull.node_id for pull in unknown)
        for pull in unknown:
            if pull.state != "open" and pull.node_id in asked:
                self._ended[pull.node_id] = (pull.updated_at, asked[pull.node_id])
        return found | asked

    # --- writing

    def _make(self, new: NewPull) -> PullRequest:
        with _drafts(), reading():
            made = self._at().create_pull(new.base, new.head, title=new.title, body=new.body, draft=new.draft)
        return _value(made, Details())


@contextmanager
def _drafts() -> Iterator[None]:
    """Tell a refusal of drafts from other conflicts: trying again does not help where there are none."""
    try:
        yield
    except ForgeConflict as error:
        if "draft" not in error.message.lower():
            raise
        remedy = "Where a repository's plan has no drafts, set pullRequest.draft to false."
        raise ForgeRefused(error.message, where=error.where, remedy=remedy) from error


def _is_ours(pull: Pull) -> bool:
    """Whether the branch is in the repository itself and not in a fork; a fork that was deleted is not even named."""
    head = cast("Repository | None", pull.head.repo)
    return head is not None and head.id == pull.base.repo.id


def _value(pull: Pull, details: Details) -> PullRequest:
    with reading():
        merged = pull.merged_at is not None
        state = PullState.OPEN if pull.state == "open" else PullState.MERGED if merged else PullState.CLOSED
        return PullRequest(
            number=pull.number,
            url=pull.html_url,
            title=pull.title,
            body=pull.body or "",
            state=state,
            head=pull.head.ref,
            base=pull.base.ref,
            head_commit=pull.head.sha,
            created_at=pull.created_at,
            draft=bool(pull.draft),
            closed_at=pull.closed_at,
            merged_at=pull.merged_at,
            closed_by=details.closed_by if state is PullState.CLOSED else None,
            merged_by=details.merged_by if merged else None,
            labels=frozenset(label.name for label in pull.labels),
            approved=details.approved,
            queued=details.queued,
            auto_merge=bool(pull.auto_merge),
        )
