"""Gitea's REST API: paged lists, and the history of closed pull requests without reading it all each time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.gitea_records import Pull, Record
from gitops_upgrader.forges.http import Session

_R = TypeVar("_R", bound=Record)
_PER_PAGE = 50
"""What Gitea gives at most, where nobody changed `MAX_RESPONSE_ITEMS`."""


def reading() -> AbstractContextManager[None]:
    """Guard the reading of an answer."""
    return readable("Gitea")


class Client:
    """Asks one repository's part of the API. Every method raises ForgeError."""

    def __init__(self, session: Session, project: str) -> None:
        self._session = session
        self._root = f"{session.api}/repos/{quote(project)}"

    def get(self, path: str, kind: type[_R]) -> _R:
        """Return one record."""
        with reading():
            return kind.model_validate(self._session.get(self._root + path).json())

    def change(self, method: str, path: str, fields: Mapping[str, Any], kind: type[_R]) -> _R:
        """Send fields, and return the record that they made or changed."""
        with reading():
            return kind.model_validate(self._session.request(method, self._root + path, json=fields).json())

    def list_after(self, method: str, path: str, fields: Mapping[str, Any], kind: type[_R]) -> list[_R]:
        """Send fields, and return the records that there are now."""
        response = self._session.request(method, self._root + path, json=fields)
        with reading():
            return [kind.model_validate(item) for item in response.json() or ()]

    def act(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> None:
        """Send a request whose answer says nothing more."""
        self._session.request(method, self._root + path, json=fields)

    def pages(self, path: str, kind: type[_R], **query: str) -> Iterator[list[_R]]:
        """Return a list page by page. `path` is the repository's, or an absolute one of the API after a `//`."""
        url = self._session.api + path.removeprefix("/") if path.startswith("//") else self._root + path
        page, seen = 1, 0
        while True:
            response = self._session.get(url, params={**query, "page": str(page), "limit": str(_PER_PAGE)})
            with reading():
                records = [kind.model_validate(item) for item in response.json() or ()]
                yield records
                seen += len(records)
                total = int(response.headers.get("X-Total-Count") or 0)
            # A link's address is the server's own idea of where it is; that there is one is what counts. Labels and
            # reviews (Gitea 1.25, routers/api/v1/repo) come without links, and tell how many there are instead.
            if "next" not in response.links and (not records or seen >= total):
                return
            page += 1

    def all(self, path: str, kind: type[_R], **query: str) -> list[_R]:
        """Return a whole list."""
        return [record for page in self.pages(path, kind, **query) for record in page]

    def to_the_end(self, path: str, kind: type[_R]) -> list[_R]:
        """Return a whole list of which no answer tells how long it is: the last page is the first empty one.

        A timeline is one (ListIssueCommentsAndTimeline): its pages have no links, and count themselves alone.
        """
        found: list[_R] = []
        for page in itertools.count(1):
            query = {"page": str(page), "limit": str(_PER_PAGE)}
            response = self._session.get(self._root + path, params=query)
            with reading():
                records = [kind.model_validate(item) for item in response.json() or ()]
            if not records:
                break
            found += records
        return found


class History:
    """The closed pull requests. Gitea cannot filter by branch, so all are read once, and then what changed since.

    Open ones are not kept: they change by a push, which is no change of the pull request to Gitea.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._closed: dict[int, Pull] = {}
        self._seen: datetime | None = None
        self._lock = threading.Lock()

    def pulls(self) -> list[Pull]:
        """Return every pull request of the repository, newest first."""
        with self._lock:
            self._refresh()
            found = dict(self._closed)
        # after the closed ones: what is reopened in between is then seen as open, and as nothing else
        found |= {pull.number: pull for pull in self._client.all("/pulls", Pull, state="open")}
        return [found[number] for number in sorted(found, reverse=True)]

    def _refresh(self) -> None:
        """Read from the latest change back to what was the latest at the beginning of the last time."""
        newest: datetime | None = None
        fresh: dict[int, Pull] = {}
        for page in self._client.pages("/pulls", Pull, state="closed", sort="recentupdate"):
            newest = newest or (page[0].updated_at if page else None)
            for pull in page:
                fresh.setdefault(pull.number, pull)
            if self._seen is not None and page and page[-1].updated_at < self._seen:
                break
        self._closed |= fresh
        self._seen = newest or self._seen
