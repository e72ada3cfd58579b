"""A loopback server between a forge and its client that does what networks and overloaded servers do."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.httpserver import PersistentHandler, answering


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer this, and do not ask the forge."""

    status: int
    body: bytes = b'{"message": "mischief"}'
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection; with `after`, once the forge has done what was asked, in the middle of its answer."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing until the client goes away."""


Fault = Answer | Reset | Silence


@dataclass(slots=True)
class Mischief:
    """What is to happen. `url` is where the client goes, `seen` the requests that came, authorisation included."""

    url: str
    plan: list[tuple[str, str, Fault]] = field(default_factory=list)
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    def expect(self, fault: Fault, times: int = 1, *, method: str = "", path: str = "") -> None:
        """Let the next `times` requests with this method, whose path ends so, meet with a fault."""
        self.plan += [(method, path, fault)] * times

    def take(self, method: str, path: str) -> Fault | None:
        """Return what happens to a request, once."""
        for at, (wanted, end, fault) in enumerate(self.plan):
            if (not wanted or wanted == method) and urlsplit(path).path.endswith(end):
                del self.plan[at]
                return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream)
        self.mischief = Mischief(f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(PersistentHandler):
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.mischief.seen.append((self.command, self.path, self.headers.get("Authorization")))
        fault = self.server.mischief.take(self.command, self.path)
        if isinstance(fault, Answer):
            self._send(fault.status, fault.headers, fault.body)
        elif isinstance(fault, Silence):
            self.connection.recv(1)
            self.close_connection = True
        elif fault == Reset():
            self._break()
        else:
            status, headers, content = self._forward(body)
            if fault is None:
                self._send(status, headers, content)
            else:
                self._send(status, headers, content, half=True)
                self._break()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(
            self.server.upstream.hostname or "", self.server.upstream.port, timeout=30
        )
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: Mapping[str, str], content: bytes, *, half: bool = False) -> None:
        left_out = {"content-length", "transfer-encoding", "connection"}
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in left_out:
                self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(max(len(content), 2 if half else 0)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        self.wfile.flush()

    def _break(self) -> None:
        """Close with a reset (RST) instead of politely (FIN)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        """Flush what can be flushed: a connection that was broken on purpose cannot."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True


@contextmanager
def between(upstream: str) -> Iterator[Mischief]:
    """Stand between a client and the server at `upstream` until the end of the block."""
    with _Server(upstream) as server, answering(server):
        yield server.mischief
