"""A JSON server on loopback for fakes: real HTTP/1.1, entity tags and 304s, pages, and a record of what was said."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.httpserver import PersistentHandler, http_server


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any

    def header(self, name: str) -> str | None:
        """Return a header, by its name in any case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers: `body` is JSON, None for no body, bytes for what they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply, a 304 included."""

    request: Request
    reply: Reply


@dataclass(slots=True)
class Loopback:
    """A running server. `exchanges` is all that was said, in order."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)

    def asked(self, method: str = "", path: str = "") -> list[Exchange]:
        """Return the exchanges with this method, whose path ends so."""
        return [
            one
            for one in self.exchanges
            if (not method or one.request.method == method) and one.request.path.endswith(path)
        ]


@contextmanager
def serving(answer: Callable[[Request], Reply], *, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve what `answer` returns until the end of the block, over HTTPS with `tls`. Requests are answered in turn."""
    turn = threading.Lock()

    class Handler(PersistentHandler):
        def do_GET(self) -> None:
            request = self._read()
            with turn:
                reply = _conditional(request, answer(request))
                loopback.exchanges.append(Exchange(request, reply))
            content = reply.content
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status not in {204, 304}:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if reply.status not in {204, 304}:
                self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def _read(self) -> Request:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            return Request(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers=_plain(self.headers),
                body=json.loads(text) if text else None,
            )

    with http_server(Handler, tls) as port:
        loopback = Loopback(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
        yield loopback


def page(items: Sequence[Any], request: Request, url: str, most: int) -> Reply:
    """Return one page of a list, with a `Link` to the next one as all three forges give it.

    Args:
        items: the whole list.
        request: whose `page` and `per_page` (or `limit`) count.
        url: of the request, without its query.
        most: the most that the server gives, whatever is asked for.
    """
    asked = int(request.query.get("per_page") or request.query.get("limit") or 30)
    size = min(asked, most)
    number = int(request.query.get("page") or 1)
    headers = {}
    if number * size < len(items):
        following = urlencode({**request.query, "page": str(number + 1)})
        headers["Link"] = f'<{url}?{following}>; rel="next"'
    return Reply(200, list(items[(number - 1) * size : number * size]), headers)


def _plain(headers: Message) -> dict[str, str]:
    return dict(headers.items())


def _conditional(request: Request, reply: Reply) -> Reply:
    """Give every answer to a GET a tag, and answer 304 to who has it already."""
    if request.method != "GET" or reply.status != 200:
        return reply
    tag = f'W/"{hashlib.sha256(reply.content + repr(sorted(reply.headers.items())).encode()).hexdigest()[:32]}"'
    if request.header("If-None-Match") == tag:
        return Reply(304, None, {"ETag": tag})
    return Reply(200, reply.body, {**reply.headers, "ETag": tag})
