"""Pull requests as files beside a local repository: `<git dir>/gitops-upgrader/pulls/N.md`.

Front matter in YAML, then the body. A person closes or reopens one by editing `state`. Whether one was merged is for
`pulls` to find out from the commits; it tells through `mark_merged`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitops_upgrader.errors import (
    ForgeNotFound,
    ForgeSettingsInvalid,
    PullRequestUnreadable,
    PullRequestUnwritable,
    Where,
)
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.protocol import Capabilities, MergeMethod, NewPull, People, Verdict
from gitops_upgrader.model import PullRequest, PullState

_LIMIT = 1024 * 1024
"""A pull request's file is read up to this many bytes."""


class _Comment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str
    at: datetime
    text: str


class _Front(BaseModel):
    """The front matter. People edit `state`; what else they add is kept."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    number: int
    state: Literal["open", "closed", "merged"]
    title: str
    head: str
    base: str
    head_commit: str = Field(alias="headCommit")
    created_at: datetime = Field(alias="createdAt")
    merged_at: datetime | None = Field(default=None, alias="mergedAt")
    draft: bool = False
    labels: list[str] = []
    assignees: list[str] = []
    reviewers: list[str] = []
    verdicts: dict[str, str] = {}
    comments: list[_Comment] = []


@dataclass(frozen=True, slots=True)
class _File:
    front: _Front
    body: str


def forge(connection: Connection) -> LocalForge:
    """Return the forge of a local repository. Raises ForgeSettingsInvalid where the repository is not local."""
    if connection.git_dir is None:
        raise ForgeSettingsInvalid(
            f"Pull requests as files need a local repository, and {connection.address} is none.",
            where=Where(field="provider"),
            remedy="Leave provider out, or set it to the kind of forge that is there.",
        )
    return LocalForge(connection.git_dir / "gitops-upgrader" / "pulls")


class LocalForge:
    """Pull requests of one local repository, kept in `folder` (made when the first one is opened)."""

    name = "local"
    capabilities = Capabilities(opens_pulls=True, tells_merges=False)

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._clock = clock
        self._verdicts: dict[str, str] = {}

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Every pull request from this branch, newest first."""
        return tuple(pull for pull in self._pulls() if pull.head == branch)

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Those of the prefix that are open or were created at or after `since`, newest first."""
        return tuple(
            pull
            for pull in self._pulls()
            if pull.head.startswith(prefix) and (pull.state is PullState.OPEN or pull.created_at >= since)
        )

    def get(self, number: int) -> PullRequest:
        """One pull request."""
        return self._pull(self._read(number))

    def create(self, new: NewPull) -> PullRequest:
        """Open one under the next free number; an open one from the same branch is returned as it is."""
        for pull in self.find(new.head):
            if pull.state is PullState.OPEN and pull.base == new.base:
                return pull
        with _named_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        number = max(self._numbers(), default=0)
        while True:
            number += 1
            front = _Front(
                number=number,
                state="open",
                title=new.title,
                head=new.head,
                base=new.base,
                headCommit=new.head_commit,
                createdAt=self._clock().replace(microsecond=0),
                draft=new.draft,
                verdicts=self._verdict_of(new.head_commit),
            )
            with contextlib.suppress(FileExistsError):
                self._write(_File(front, new.body), fresh=True)
                return self.get(number)

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Replace title and body, and note the new head."""
        fields: dict[str, Any] = {"title": title, "head_commit": head_commit}
        if verdicts := self._verdict_of(head_commit):
            fields["verdicts"] = verdicts
        return self._change(number, body=body, **fields)

    def comment(self, number: int, key: str, text: str) -> None:
        """Add a comment to the front matter unless one with this key is there."""
        comments = self._read(number).front.comments
        if all(comment.key != key for comment in comments):
            added = _Comment(key=key, at=self._clock().replace(microsecond=0), text=text)
            self._change(number, comments=[*comments, added])

    def close(self, number: int) -> None:
        """Close it unless it is merged."""
        if self._read(number).front.state == "open":
            self._change(number, state="closed")

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """Note that the commits tell of a merge."""
        return self._change(number, state="merged", merged_at=when, head_commit=commit)

    def involve(self, number: int, people: People) -> tuple[str, ...]:
        """Add labels, assignees and reviewers to the front matter; a team is written `team:NAME`."""
        front = self._read(number).front
        teams = tuple(f"team:{team}" for team in people.team_reviewers)
        wanted: dict[str, Any] = {
            "labels": _union(front.labels, people.labels),
            "assignees": _union(front.assignees, people.assignees),
            "reviewers": _union(front.reviewers, people.reviewers + teams),
        }
        if any(wanted[name] != getattr(front, name) for name in wanted):
            self._change(number, **wanted)
        return ()

    def drop_label(self, number: int, label: str) -> str | None:
        """Take it out of the front matter."""
        labels = self._read(number).front.labels
        if label in labels:
            self._change(number, labels=[name for name in labels if name != label])
        return None

    def set_draft(self, number: int, *, draft: bool) -> None:
        """Note whether it is a draft."""
        if self._read(number).front.draft is not draft:
            self._change(number, draft=draft)

    def update_button(self, base: str) -> str | None:
        """`git merge` takes every branch."""
        return None

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """Files merge nothing."""
        return f"a local repository has nobody who would {method.value} by itself"

    def disarm_auto_merge(self, number: int) -> None:
        """Never armed."""

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """Note the verdict on every pull request with this head commit, and on those that will have it."""
        self._verdicts[commit] = f"{verdict.value}: {summary}"
        for pull in self._pulls():
            if pull.head_commit == commit:
                self._change(pull.number, verdicts=self._verdict_of(commit))

    def branch_url(self, branch: str) -> str:
        """The folder of the pull requests' files: there is no page of a branch."""
        return self._folder.as_uri()

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """There are no pages."""
        return None

    # --- files

    def _verdict_of(self, commit: str) -> dict[str, str]:
        return {commit: self._verdicts[commit]} if commit in self._verdicts else {}

    def _pulls(self) -> tuple[PullRequest, ...]:
        return tuple(self._pull(self._read(number)) for number in sorted(self._numbers(), reverse=True))

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob("*.md") if path.stem.isdecimal()]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.md"

    def _pull(self, file: _File) -> PullRequest:
        front = file.front
        return PullRequest(
            number=front.number,
            url=self._path(front.number).as_uri(),
            title=front.title,
            body=file.body,
            state=PullState(front.state),
            head=front.head,
            base=front.base,
            head_commit=front.head_commit,
            created_at=front.created_at,
            draft=front.draft,
            merged_at=front.merged_at,
            labels=frozenset(front.labels),
        )

    def _read(self, number: int) -> _File:
        path = self._path(number)
        try:
            with path.open(encoding="utf-8", newline="") as handle:
                text = handle.read(_LIMIT + 1)
        except FileNotFoundError:
            raise ForgeNotFound(f"There is no pull request {number}.", where=Where(file=str(path))) from None
        except OSError as error:
            raise _unreadable(path, f"cannot be opened: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise _unreadable(path, "is not UTF-8") from error
        if len(text) > _LIMIT:
            raise _unreadable(path, f"is longer than {_LIMIT} characters")
        head, fence, body = text.removeprefix("---\n").partition("\n---\n")
        if not fence or not text.startswith("---\n"):
            raise _unreadable(path, "has no front matter between two lines of ---")
        try:
            front = _Front.model_validate(yaml.load(head, Loader=_Loader))  # noqa: S506  (a safe loader, see there)
        except yaml.YAMLError as error:
            raise _unreadable(path, "has front matter that is not YAML") from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise _unreadable(path, f"has a front matter field that cannot be read: {field}: {first['msg']}") from error
        if front.number != number:
            raise _unreadable(path, f"says that its number is {front.number}")
        return _File(front, body)

    def _change(self, number: int, *, body: str | None = None, **fields: Any) -> PullRequest:
        file = self._read(number)
        changed = replace(file, front=file.front.model_copy(update=fields), body=file.body if body is None else body)
        if changed != file:
            self._write(changed, fresh=False)
        return self._pull(changed)

    def _write(self, file: _File, *, fresh: bool) -> None:
        """Write whole or not at all; with `fresh`, raise FileExistsError where somebody took the number."""
        content: Mapping[str, Any] = file.front.model_dump(by_alias=True, exclude_defaults=True) | {
            "mergedAt": file.front.merged_at
        }
        front = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
        text = f"---\n{front}---\n{file.body}"
        path = self._path(file.front.number)
        with _named_errors(self._folder):
            descriptor, scratch = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as handle:
                    handle.write(text)
                    handle.flush()
                    os.fsync(handle.fileno())
                if fresh:
                    os.link(scratch, path)
                else:
                    Path(scratch).replace(path)
            finally:
                Path(scratch).unlink(missing_ok=True)


class _Loader(yaml.SafeLoader):
    """A safe loader that leaves dates to pydantic: YAML 1.1 would drop a time zone."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """A safe dumper that writes moments as RFC 3339 with a `Z`."""


def _represent_moment(dumper: yaml.SafeDumper, moment: datetime) -> yaml.ScalarNode:
    text = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", text)


_Dumper.add_representer(datetime, _represent_moment)


def _union(there: list[str], wanted: tuple[str, ...]) -> list[str]:
    return [*there, *(name for name in dict.fromkeys(wanted) if name not in there)]


@contextlib.contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.is_dir():
            raise  # the number is taken, and the caller takes the next
        raise PullRequestUnwritable(
            f"Pull requests' files cannot be written: {error.strerror}.",
            where=Where(file=str(folder)),
            remedy="Check that this user may write there, and that the disk has room.",
        ) from error


def _unreadable(path: Path, what: str) -> PullRequestUnreadable:
    return PullRequestUnreadable(
        f"This pull request's file {what}.",
        where=Where(file=str(path)),
        remedy="Mend it, or move it away to be forgotten.",
    )
