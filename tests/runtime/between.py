"""A proxy between the controller and a server, which can answer in the server's place, and strike at a chosen moment.

It speaks HTTP to the controller, so that it sees each request, and what the server does to the server: HTTPS to the
Kubernetes API, HTTP to a forge. Watches are handed on as they arrive.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.httpserver import http_server
from tests.runtime.installed import Installed

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
_TIMEOUT = 90.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that comes by."""

    method: str
    target: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def watches(self) -> bool:
        """Whether it asks the Kubernetes API for what changes."""
        return parse_qs(urlsplit(self.target).query).get("watch") == ["true"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in the server's place."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """As the Kubernetes API says it."""
        return json.dumps({"kind": "Status", "code": self.status, "message": "said by a proxy"}).encode()


class HungUp(Exception):
    """Raised by `after`: the answer is lost on its way."""


@dataclass
class Proxy:
    """What comes by, and what a test may do about it while it runs.

    Attributes:
        url: where it listens.
        instead: answers in the server's place; None to ask the server.
        rewrite: what the server is asked, where it is not what was asked.
        before: is called before the server is asked.
        after: is called with the server's status before the answer is handed on; HungUp loses it.
        seen: every request, in order.
    """

    upstream: str
    context: ssl.SSLContext | None
    url: str = ""
    instead: Callable[[Asked], Answer | None] = lambda _: None
    rewrite: Callable[[Asked], str] = lambda asked: asked.target
    before: Callable[[Asked], None] = lambda _: None
    after: Callable[[Asked, int], None] = lambda *_: None
    seen: list[Asked] = field(default_factory=list)
    _lines: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kubeconfig(self, installed: Installed, folder: Path) -> Path:
        """A way to the API that leads through here, for who runs as the controller."""
        account = installed.kubeconfig()
        text = account.read_text("utf-8").replace(installed.server.url, self.url)
        path = folder / f"through-{urlsplit(self.url).port}.kubeconfig"
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    def cut(self) -> None:
        """Break every connection to the server, and so what is handed on from it."""
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            # Of the line itself: an SSLSocket would go on and read what is encrypted as if it were not.
            with suppress(OSError), socket.socket(fileno=os.dup(line.fileno())) as plain:
                plain.shutdown(socket.SHUT_RDWR)

    def connect(self) -> http.client.HTTPConnection:
        """A new connection to the server."""
        parts = urlsplit(self.upstream)
        host, port = str(parts.hostname), parts.port
        made = (
            http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=self.context)
            if self.context
            else http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        )
        made.connect()
        with self._lock:
            self._lines.add(made.sock)
        return made

    def close(self, connection: http.client.HTTPConnection) -> None:
        """Done with one."""
        with self._lock:
            self._lines.discard(connection.sock)
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for an acknowledgement
    proxy: Proxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Keep quiet."""

    def handle(self) -> None:
        """Serve a connection; one that breaks is what these tests are about."""
        with suppress(OSError, HungUp, http.client.HTTPException):
            super().handle()

    def _answer(self) -> None:
        asked = Asked(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.seen.append(asked)
        answer = self.proxy.instead(asked)
        if answer is not None:
            self._say(answer.status, {"Content-Type": "application/json", **answer.headers}, answer.body)
            return
        self.proxy.before(asked)
        connection = self.proxy.connect()
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(asked.method, self.proxy.rewrite(asked), body, headers)
            response = connection.getresponse()
            self.proxy.after(asked, response.status)
            self._hand_on(asked, response)
        finally:
            self.proxy.close(connection)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

    def _hand_on(self, asked: Asked, response: http.client.HTTPResponse) -> None:
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        if not asked.watches:
            self._say(response.status, headers, response.read())
            return
        self._head(response.status, {**headers, "Transfer-Encoding": "chunked"})
        while data := response.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        if status in {204, 304}:
            self._head(status, headers)
            return
        self._head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def between(upstream: str, authority: Path | None = None) -> Iterator[Proxy]:
    """Stand before a server until the end of the block.

    Args:
        authority: the certificate that the server's own is signed by, where it speaks HTTPS.
    """
    context = ssl.create_default_context(cafile=str(authority)) if authority else None
    proxy = Proxy(upstream, context)
    try:
        with http_server(type("Handler", (_Handler,), {"proxy": proxy})) as port:
            proxy.url = f"http://127.0.0.1:{port}"
            yield proxy
    finally:
        proxy.cut()
