"""An HTTP server on loopback that answers as a test wants it to, for what a real API server does only on bad days."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.httpserver import QuietHandler, http_server


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; the names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. A `body` that is no bytes is sent as JSON; `hang_up` ends the connection instead."""

    body: Any = field(default_factory=dict)
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


Handler: TypeAlias = Callable[[Request], Answer]


def refusal(code: int, message: str, reason: str = "", **details: Any) -> Answer:
    """A Status object (metav1.Status) of a failure."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason}
    return Answer({**status, "code": code, "details": details}, code)


@dataclass(slots=True)
class Loopback:
    """A running server; `answer` can be replaced at any time, and `requests` are those that came."""

    url: str
    answer: Handler
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serving(answer: Handler) -> Iterator[Loopback]:
    """Serve until the end of the block."""

    class _Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Request(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}, body)
            server.requests.append(asked)
            answered = server.answer(asked)
            if answered.hang_up:
                self.close_connection = True
                return
            data = answered.body if isinstance(answered.body, bytes) else json.dumps(answered.body).encode()
            self.send_response(answered.code)
            for name, value in {"Content-Type": "application/json", **answered.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with http_server(_Handler) as port:
        server = Loopback(f"http://127.0.0.1:{port}", answer)
        yield server
