"""The transport over HTTP: bounded in time, bytes and redirects, and careful about where it is led.

Kept apart from the rest of the package because `requests` takes a tenth of a second to import.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin

import requests
import urllib3

from gitops_upgrader import __version__
from gitops_upgrader.errors import (
    IndexTooLarge,
    IndexTruncated,
    SchemeRefused,
    SourceCertificateInvalid,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceTimeout,
    SourceUnreachable,
    TooManyRedirects,
    UnexpectedAnswer,
    Where,
)
from gitops_upgrader.sources.fetch import MIB, Request, Response
from gitops_upgrader.sources.urls import checked, shown
from gitops_upgrader.sources.validators import sendable
from gitops_upgrader.sources.watchdog import Watchdog, WatchedAdapter
from gitops_upgrader.wire import exchange

MAX_REDIRECTS = 5

CONNECT_TIMEOUT = 10.0
"""Seconds to connect, if the request's own timeout is not shorter: a host that is down should not take it all."""

_PIECE = 64 * 1024
_NOT_FOUND = frozenset({404, 410})
_REFUSED = frozenset({401, 403, 407})
_BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class HttpFetch:
    """Brings files with `requests`, one connection each. Implements `Fetch`.

    Proxies, CA bundles and netrc files are found as `requests` finds them: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE,
    NETRC. Redirects are followed by hand, so that each hop is checked: http and https only, never from https to http,
    and credentials of a netrc file go to their own host alone.

    Args:
        user_agent: how the program names itself to servers.
        connect_timeout: seconds to connect.
    """

    user_agent: str = f"gitops-upgrader/{__version__}"
    connect_timeout: float = CONNECT_TIMEOUT

    def __call__(self, request: Request, sink: BinaryIO) -> Response:
        """Bring one file; see `Fetch`."""
        where = Where(file=shown(request.url))
        with Watchdog(request.timeout) as watchdog, requests.Session() as session:
            adapter = WatchedAdapter(watchdog)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            session.headers.clear()
            session.headers.update(self._headers(request))
            with (
                exchange(f"GET {where.file}") as talk,
                self._follow(session, request, watchdog, where) as answer,
            ):
                talk.answer = str(answer.status_code)
                return _receive(answer, request, sink, watchdog, where)

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        return headers

    def _follow(
        self, session: requests.Session, request: Request, watchdog: Watchdog, where: Where
    ) -> requests.Response:
        url = request.url
        checked(url)
        for _ in range(MAX_REDIRECTS + 1):
            timeouts = (min(self.connect_timeout, watchdog.remaining()), watchdog.remaining())
            try:
                answer = session.get(url, timeout=timeouts, stream=True, allow_redirects=False)
            # OSError: `requests` raises it bare where the CA bundle that the environment names is not there
            except (OSError, urllib3.exceptions.HTTPError) as error:
                raise _no_answer(error, watchdog, where) from error
            target = session.get_redirect_target(answer)
            if target is None:
                return answer
            answer.close()
            url = _next_hop(url, target, where)
        raise TooManyRedirects(
            f"the server redirects more than {MAX_REDIRECTS} times, the last time to {shown(url)}.",
            where=where,
            remedy="Give the URL at which the files really are.",
        )


def _next_hop(url: str, target: str, where: Where) -> str:
    joined = urljoin(url, target)
    try:
        parts = checked(joined)
    except SourceError as error:
        raise type(error)(
            f"the server redirects to {shown(joined)}, which is not followed: {error.message}",
            where=where,
            remedy="Give the URL at which the files really are.",
        ) from error
    if url.lower().startswith("https:") and parts.scheme != "https":
        raise SchemeRefused(
            f"the server redirects from https to {shown(joined)}, which is not followed: anybody on the way could "
            "change what it answers.",
            where=where,
            remedy="Ask whoever runs the server to redirect to https.",
        )
    return parts.geturl()


def _receive(answer: requests.Response, request: Request, sink: BinaryIO, watchdog: Watchdog, where: Where) -> Response:
    headers = answer.headers
    if answer.status_code == 304 and (request.etag or request.last_modified):
        return Response(not_modified=True, etag=request.etag, last_modified=request.last_modified)
    if answer.status_code != 200:
        raise _status(answer, where)
    length = headers.get("Content-Length", "")
    declared = int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None
    if declared is not None and declared > request.limit:
        raise _too_large(request.limit, where)
    received = 0
    for piece in _pieces(answer, watchdog, where):
        received += len(piece)
        if received > request.limit:
            raise _too_large(request.limit, where)
        sink.write(piece)
    if watchdog.fired:  # a connection that is shut down looks like a body that has ended
        raise watchdog.error(where)
    return Response(
        etag=sendable(headers.get("ETag")),
        last_modified=sendable(headers.get("Last-Modified")),
        encoding=headers.get("Content-Encoding", "").strip().lower().removeprefix("identity"),
        framed=declared is not None or "chunked" in headers.get("Transfer-Encoding", "").lower(),
    )


def _pieces(answer: requests.Response, watchdog: Watchdog, where: Where) -> Iterator[bytes]:
    try:
        yield from answer.raw.stream(_PIECE, decode_content=False)
    except (OSError, urllib3.exceptions.HTTPError) as error:
        if isinstance(error, urllib3.exceptions.ProtocolError) and not watchdog.fired:
            raise IndexTruncated(
                f"the connection ended before the file did: {_cause(error)}.", where=where, remedy="Try again later."
            ) from error
        raise _no_answer(error, watchdog, where) from error


def _status(answer: requests.Response, where: Where) -> SourceError:
    code = answer.status_code
    said = f"the server answers {code} {answer.reason or ''}".rstrip()
    if code in _NOT_FOUND:
        return SourceNotFound(f"{said}: there is no such file.", where=where, remedy="Correct the URL.")
    if code in _REFUSED:
        return SourceRefused(
            f"{said}: the file is not for us, or there is none and it does not say so.",
            where=where,
            remedy="Correct the URL, or put what the server asks for into a netrc file.",
        )
    if code in _BUSY or code >= 500:
        wait = answer.headers.get("Retry-After", "")
        asks = f" and asks to wait {wait} s" if wait.isascii() and wait.isdigit() and len(wait) < 8 else ""
        return SourceUnreachable(f"{said}{asks}.", where=where, remedy="Try again later.")
    return UnexpectedAnswer(
        f"{said}, which is no answer to a request for a file.", where=where, remedy="Correct the URL."
    )


def _too_large(limit: int, where: Where) -> IndexTooLarge:
    size = f"{limit // MIB} MiB" if limit >= MIB else f"{limit} bytes"
    return IndexTooLarge(
        f"the file is larger than {size}, which is the limit.",
        where=where,
        remedy="Use a repository that holds Kubernetes packages only.",
    )


def _no_answer(error: Exception, watchdog: Watchdog, where: Where) -> SourceError:
    """Turn what the libraries raise into a reason and a sentence."""
    if watchdog.fired:
        return watchdog.error(where)
    chain = list(_chain(error))
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return SourceCertificateInvalid(
            f"the server's TLS certificate cannot be trusted: {_cause(error)}.",
            where=where,
            remedy="If it is signed by your own authority, name its file in REQUESTS_CA_BUNDLE.",
        )
    # not urllib3's TimeoutError: "connection refused" is one of those too
    if any(isinstance(link, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError) for link in chain):
        return SourceTimeout(
            "the server did not answer in time.",
            where=where,
            remedy="Try again later, or raise the source's timeout.",
        )
    return SourceUnreachable(
        f"the server cannot be reached: {_cause(error)}.",
        where=where,
        remedy="Check the URL, the network, and the proxy (HTTPS_PROXY, NO_PROXY).",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk to what really happened: the libraries wrap it as cause, as context, as `reason` or as first argument."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        yield link
        inside = [getattr(link, "reason", None), *link.args, link.__cause__, link.__context__]
        link = next((item for item in inside if isinstance(item, BaseException) and item not in seen), None)


def _cause(error: BaseException) -> str:
    *_, last = _chain(error)
    if isinstance(last, ssl.SSLCertVerificationError):
        text = last.verify_message
    elif isinstance(last, OSError) and last.strerror:
        text = last.strerror
    else:
        text = str(last.args[0]) if last.args else type(last).__name__
    return text.strip().rstrip(".")
