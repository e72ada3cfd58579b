"""A Kubernetes API for informers: one kind, lists and watches over real HTTP, with the faults that a test asks for."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.httpserver import http_server

END = object()
"""Put into `events`, ends the watch that runs; no other one is begun until it is asked for."""


@dataclass
class Api:
    """What it holds and what it was asked.

    Attributes:
        items: what a list gives.
        events: what the running watch gives, one after the other.
        status: answers each request with this status instead, where it is set; by `list` and `watch`.
    """

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    version: int = 10
    events: queue.Queue[Any] = field(default_factory=queue.Queue)
    status: dict[str, int] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    page: int = 500
    ending: threading.Event = field(default_factory=threading.Event)

    def verbs(self) -> list[str]:
        return [one["verb"] for one in self.asked]


def item(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "fleet", "uid": name, "resourceVersion": str(version)}
    return {"metadata": {**metadata, "managedFields": [{"manager": "x"}]}, **more}


@contextmanager
def serving() -> Iterator[Api]:
    """Serve it until the end of the block."""
    api = Api()
    with http_server(type("Handler", (_Handler,), {"api": api})) as port:
        api.url = f"http://127.0.0.1:{port}"
        try:
            yield api
        finally:
            api.ending.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Keep quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/apis/g":
            self._answer({"versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}})
        elif parts.path == "/apis/g/v1":
            self._answer({"resources": [{"kind": "Thing", "name": "things", "namespaced": True}]})
        elif parts.path.endswith("/things"):
            self._things(parts.path, query)
        else:
            self._answer({"kind": "Status", "code": 404, "reason": "NotFound"}, 404)

    def _things(self, path: str, query: dict[str, str]) -> None:
        verb = "watch" if query.get("watch") == "true" else "list"
        self.api.asked.append({"verb": verb, "path": path, "accept": self.headers["Accept"], **query})
        if verb in self.api.status:
            code = self.api.status[verb]
            self._answer({"kind": "Status", "code": code, "message": "no"}, code)
        elif verb == "list":
            begin = int(query.get("continue", "0"))
            end = begin + self.api.page
            more = {"continue": str(end)} if end < len(self.api.items) else {}
            metadata = {"resourceVersion": str(self.api.version), **more}
            self._answer({"metadata": metadata, "items": self.api.items[begin:end]})
        else:
            self._watch()

    def _watch(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.api.ending.is_set():
            try:
                event = self.api.events.get(timeout=0.02)
            except queue.Empty:
                continue
            if event is END:
                break
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            if event["type"] == "ERROR":
                break  # as an API server does
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
