"""A real Git server over loopback HTTP: `git http-backend`, with the faults and the hooks that tests ask for."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from tests.httpserver import QuietHandler, http_server
from tests.need import need

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def is_push(self) -> bool:
        """Whether this request carries the objects of a push."""
        return self.method == "POST" and self.path.endswith("/git-receive-pack")

    @property
    def is_fetch(self) -> bool:
        """Whether this request asks for branches or objects, after the first greeting."""
        return self.method == "POST" and self.path.endswith("/git-upload-pack")


@dataclass
class GitServer:
    """What a test may change while the server runs, and what it has seen.

    `credentials` are a user and a password that everybody must give, `bearer` a token. `redirect` and `status` map a
    request to a URL or an HTTP status to answer with, None for the ordinary answer. `cut_after` breaks the connection
    after that many bytes of an answer's body. `before` runs before a request is answered: to wait, or to push something
    else in between.
    """

    root: Path
    url: str = ""
    credentials: tuple[str, str] | None = None
    bearer: str | None = None
    redirect: Callable[[Seen], str | None] = lambda _: None
    status: Callable[[Seen], int | None] = lambda _: None
    cut_after: int | None = None
    before: Callable[[Seen], None] = lambda _: None
    requests: list[Seen] = field(default_factory=list)

    @property
    def authorised(self) -> frozenset[str]:
        """The `Authorization` headers that are let in; empty where everybody is."""
        accepted = set()
        if self.credentials:
            accepted.add("Basic " + base64.b64encode(":".join(self.credentials).encode()).decode())
        if self.bearer:
            accepted.add(f"Bearer {self.bearer}")
        return frozenset(accepted)


@contextmanager
def git_http_server(
    root: Path, *, credentials: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[GitServer]:
    """Serve every repository below `root`, for reading and pushing, at `<url>/<path below root>`.

    Args:
        root: the folder with bare repositories. Their hooks run.
        credentials: the user and password that must be given (basic authentication).
        tls: serves HTTPS with this context.
    """
    need("git http-backend")
    state = GitServer(root, credentials=credentials)
    handler = type("Handler", (_Handler,), {"state": state})
    with http_server(handler, tls) as port:
        state.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        yield state


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    state: GitServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def handle(self) -> None:
        """Serve a connection; a client that goes away in the middle is no news here."""
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, unquote(parts.path), parts.query, headers)
        self.state.requests.append(seen)
        body = self._body()
        self.state.before(seen)
        if (target := self.state.redirect(seen)) is not None:
            self._short(302, {"Location": target})
        elif (status := self.state.status(seen)) is not None:
            self._short(status, {})
        elif self.state.authorised and headers.get("authorization") not in self.state.authorised:
            self._short(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._backend(seen, body)

    def _short(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _backend(self, seen: Seen, body: bytes) -> None:
        """Run `git http-backend` as a web server does (RFC 3875; git-http-backend(1))."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state.root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_KEY_1": "gc.auto",
            "GIT_CONFIG_VALUE_1": "0",
            "GIT_PROJECT_ROOT": str(self.state.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": seen.headers.get("git-protocol", ""),
            "REQUEST_METHOD": seen.method,
            "PATH_INFO": seen.path,
            "QUERY_STRING": seen.query,
            "CONTENT_TYPE": seen.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": seen.headers.get("content-encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "tester",
        }
        with subprocess.Popen(
            [need("git http-backend")], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as backend:
            assert backend.stdin is not None
            assert backend.stdout is not None
            feeder = threading.Thread(target=_feed, args=(backend.stdin, body), daemon=True)
            feeder.start()
            self._relay(backend.stdout)
            feeder.join()

    def _relay(self, answer: IO[bytes]) -> None:
        status, headers = 200, []
        while line := answer.readline().rstrip(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = 0
        while chunk := answer.read1(_CHUNK) if hasattr(answer, "read1") else answer.read(_CHUNK):
            if self.state.cut_after is not None and sent + len(chunk) > self.state.cut_after:
                self.wfile.write(b"%x\r\n" % len(chunk) + chunk[: self.state.cut_after - sent])
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            sent += len(chunk)
        self.wfile.write(b"0\r\n\r\n")


def _feed(stream: IO[bytes], body: bytes) -> None:
    try:
        stream.write(body)
        stream.close()
    except BrokenPipeError:
        pass
