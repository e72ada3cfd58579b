"""PyGithub over our own session: its typed objects and paging, our time-outs, retries, limits and errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from github.GithubException import BadAttributeException, GithubException
from github.Requester import Requester

from gitops_upgrader.errors import (
    ForgeConflict,
    ForgeError,
    ForgeForbidden,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRefused,
    ForgeTooOld,
    ForgeUnreachable,
)
from gitops_upgrader.forges.address import origin
from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.http import Session

API_VERSION = "2022-11-28"
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
_TOO_FAST = re.compile(r"submitted too quickly|secondary rate limit|rate limit exceeded", re.IGNORECASE)
_PAUSE = 60.0
"""Seconds to wait where a GraphQL answer complains of our speed; it names no time."""

_KINDS: Mapping[str, type[ForgeError]] = {
    "NOT_FOUND": ForgeNotFound,
    "FORBIDDEN": ForgeForbidden,
    "INSUFFICIENT_SCOPES": ForgeForbidden,
    "UNPROCESSABLE": ForgeConflict,
    "SERVICE_UNAVAILABLE": ForgeUnreachable,
    "INTERNAL": ForgeUnreachable,
}


def reading() -> AbstractContextManager[None]:
    """Guard the reading of an answer, PyGithub's part of it included."""
    return readable("GitHub", BadAttributeException, GithubException)


class Wire(Requester):
    """What PyGithub sends its requests through.

    Every request of a PyGithub object ends in `requestJsonAndCheck` or `graphql_query`; here both use `session`, so no
    connection, retry, redirect or sleep of PyGithub's own ever happens, and what is raised is a ForgeError.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._origin = origin(session.api)
        super().__init__(
            auth=None,
            base_url=session.api,
            timeout=1,  # PyGithub's own connections are never made
            user_agent="unused",
            per_page=100,
            verify=True,
            retry=None,
            pool_size=None,
            lazy=True,
        )

    def requestJsonAndCheck(  # noqa: N802 (PyGithub's name)
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        input: Any | None = None,  # noqa: A002 (PyGithub's name)
        follow_302_redirect: bool = False,
    ) -> tuple[dict[str, Any], Any]:
        """Send a request; return its headers with lower-case names, and what its JSON holds. Raises ForgeError.

        Addresses that the server gave are asked for on the API's own origin: a server behind a tunnel names itself
        otherwise than it is reached, and no answer can send us elsewhere.
        """
        if url.startswith("/"):
            place = self._session.api + url
        else:
            parts = urlsplit(url)
            place = f"{self._origin}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        response = self._session.request(
            verb, place, params=parameters, json=input, headers={**_HEADERS, **(headers or {})}
        )
        data = response.json() if response.content else None
        return {name.lower(): value for name, value in response.headers.items()}, data

    def graphql_query(self, query: str, variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask a GraphQL query; return headers and answer. Raises ForgeError for the first of its errors."""
        headers, answer = self.requestJsonAndCheck(
            "POST", self.graphql_url, input={"query": query, "variables": variables}
        )
        if isinstance(answer, dict) and answer.get("errors"):
            raise self._graphql_error(answer["errors"])
        return headers, answer

    def _graphql_error(self, errors: Any) -> ForgeError:
        """GraphQL answers 200 to everything; what is wrong stands in `errors[]{type, message, extensions.code}`."""
        first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
        message = self._session.clean(str(first.get("message") or "an error without words"))
        said = f"GitHub says: {' '.join(message.split()).rstrip('.')}."
        kind = str(first.get("type") or "")
        if kind == "RATE_LIMITED" or _TOO_FAST.search(message):
            return ForgeRateLimited(said, retry_after=_PAUSE, remedy="It is tried again by itself.")
        extensions = first.get("extensions")
        if isinstance(extensions, dict) and extensions.get("code") == "undefinedField":
            return ForgeTooOld(said)
        if not kind:
            # "Something went wrong while executing your query": GitHub's own failures carry no type
            return ForgeUnreachable(said)
        return _KINDS.get(kind, ForgeRefused)(said)
