"""Gitea's REST API: paged lists, and the history of closed pull requests without reading it all each time."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.gitea_records import Pull, Record
from gitops_upgrader.forges.http import Session

if TYPE_CHECKING:
    import requests

_R = TypeVar("_R", bound=Record)
_PER_PAGE = 50
"""What Gitea gives at most, where nobody changed `MAX_RESPONSE_ITEMS`."""


def reading() -> AbstractContextManager[None]:
    """Guard the reading of an answer."""
    return readable("Gitea")


class Client:
    """Asks one repository's part of the API. Every method raises ForgeError.

    Attributes:
        writes: how many requests were sent that may have changed something.
        time: the server's time, as its latest answer to a question had it.
    """

    def __init__(self, session: Session, project: str) -> None:
        self.writes = 0
        self.time: datetime | None = None
        self._session = session
        self._root = f"{session.api}/repos/{quote(project)}"

    def get(self, path: str, kind: type[_R]) -> _R:
        """Return one record."""
        with reading():
            return kind.model_validate(self._asked(self._root + path).json())

    def change(self, method: str, path: str, fields: Mapping[str, Any], kind: type[_R]) -> _R:
        """Send fields, and return the record that they made or changed."""
        self.writes += 1
        with reading():
            return kind.model_validate(self._session.request(method, self._root + path, json=fields).json())

    def list_after(self, method: str, path: str, fields: Mapping[str, Any], kind: type[_R]) -> list[_R]:
        """Send fields, and return the records that there are now."""
        self.writes += 1
        response = self._session.request(method, self._root + path, json=fields)
        with reading():
            return [kind.model_validate(item) for item in response.json() or ()]

    def act(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> None:
        """Send a request whose answer says nothing more."""
        self.writes += 1
        self._session.request(method, self._root + path, json=fields)

    def pages(self, path: str, kind: type[_R], **query: str) -> Iterator[tuple[list[_R], int | None]]:
        """Return a list page by page, each with how many records there are in all, where the server tells.

        `path` is the repository's, or an absolute one of the API after a `//`.
        """
        url = self._session.api + path.removeprefix("/") if path.startswith("//") else self._root + path
        page, seen = 1, 0
        while True:
            response = self._asked(url, **query, page=str(page), limit=str(_PER_PAGE))
            with reading():
                records = [kind.model_validate(item) for item in response.json() or ()]
                told = response.headers.get("X-Total-Count")
                total = int(told) if told else None
            yield records, total
            seen += len(records)
            # A link's address is the server's own idea of where it is; that there is one is what counts. Labels and
            # reviews (Gitea 1.25, routers/api/v1/repo) come without links, and tell how many there are instead.
            if "next" not in response.links and (not records or seen >= (total or 0)):
                return
            page += 1

    def all(self, path: str, kind: type[_R], **query: str) -> list[_R]:
        """Return a whole list."""
        return [record for page, _ in self.pages(path, kind, **query) for record in page]

    def to_the_end(self, path: str, kind: type[_R]) -> list[_R]:
        """Return a whole list of which no answer tells how long it is: the last page is the first empty one.

        A timeline is one (ListIssueCommentsAndTimeline): its pages have no links, and count themselves alone.
        """
        found: list[_R] = []
        for page in itertools.count(1):
            response = self._asked(self._root + path, page=str(page), limit=str(_PER_PAGE))
            with reading():
                records = [kind.model_validate(item) for item in response.json() or ()]
            if not records:
                break
            found += records
        return found

    def _asked(self, url: str, **query: str) -> requests.Response:
        response = self._session.get(url, params=query)
        with contextlib.suppress(ValueError):
            told = parsedate_to_datetime(response.headers.get("Date", ""))
            self.time = told if told.tzinfo else told.replace(tzinfo=UTC)  # `-0000` is UTC as well (RFC 5322, 3.3)
        return response


class History:
    """All pull requests. Gitea cannot filter by branch, so they are read once, and then what has changed since.

    Whatever changes one moves its `updated_at` (models/issues/comment.go, updateCommentInfos). A push does, too, but a
    little later, in the background (services/pull/comment.go); the youngest page is read each time.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[int, Pull] = {}
        self._newest: datetime | None = None
        self._writes = -1
        self._lock = threading.Lock()

    def pulls(self, *, anew: bool = True) -> list[Pull]:
        """Return every pull request of the repository, newest first.

        Without `anew` as of the last time, unless something was written since.
        """
        with self._lock:
            if anew or self._writes != self._client.writes:
                self._writes = self._client.writes
                if not self._refresh():
                    self._known, self._newest = {}, None
                    self._refresh()
            return [self._known[number] for number in sorted(self._known, reverse=True)]

    def _refresh(self) -> bool:
        """Read from the latest change back to what was the latest at the beginning of the last time.

        Returns whether there are as many as the server says; where one was deleted there are more.
        """
        newest: datetime | None = None
        told: int | None = None
        fresh: dict[int, Pull] = {}
        for page, total in self._client.pages("/pulls", Pull, state="all", sort="recentupdate"):
            told = total
            newest = newest or (page[0].updated_at if page else None)
            for pull in page:
                fresh.setdefault(pull.number, pull)
            if self._newest is not None and page and page[-1].updated_at < self._newest:
                break
        self._known |= fresh
        self._newest = newest or self._newest
        return told is None or told == len(self._known)
