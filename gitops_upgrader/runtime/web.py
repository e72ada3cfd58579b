"""`/healthz`, `/readyz` and `/metrics` over HTTP, for the kubelet and for Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from gitops_upgrader.errors import AddressInUse

Answer = tuple[int, str, bytes]
"""Status, content type, body."""

_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_SILENCE = 10.0
"""Seconds that a client may take to say what it wants."""


class WebServer:
    """Serves in threads of its own between `with` and its end.

    Args:
        address: host and port; port 0 takes a free one.
        unhealthy: why the process should be restarted, as a sentence; None where it should not.
        unready: why the process is not ready, as a sentence; None where it is.
        metrics: the metrics in Prometheus' text format.

    Raises:
        AddressInUse: nobody can listen there.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        unhealthy: Callable[[], str | None],
        unready: Callable[[], str | None],
        metrics: Callable[[], bytes],
    ) -> None:
        def check(problem: Callable[[], str | None]) -> Answer:
            words = problem()
            return (200, _TEXT, b"ok\n") if words is None else (503, _TEXT, f"{words}\n".encode())

        pages: dict[str, Callable[[], Answer]] = {
            "/healthz": lambda: check(unhealthy),
            "/readyz": lambda: check(unready),
            "/metrics": lambda: (200, _METRICS, metrics()),
        }
        handler = type("Handler", (_Handler,), {"pages": pages})
        try:
            self._server = ThreadingHTTPServer(address, handler)
        except OSError as error:
            raise AddressInUse(
                f"Nobody can listen on {address[0]}:{address[1]}: {error.strerror}.",
                remedy="Give another address with --listen.",
            ) from error
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="web", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE
    pages: ClassVar[dict[str, Callable[[], Answer]]] = {}

    def do_GET(self) -> None:
        page = self.pages.get(urlsplit(self.path).path)
        status, kind, body = page() if page is not None else (404, _TEXT, b"There is no such page.\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Tell nobody which Python this is."""
        return "gitops-upgrader"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Keep probes out of the log."""
