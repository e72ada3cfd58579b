"""A web server on loopback, in threads of the test's own process: whatever a handler answers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer, TCPServer


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests, and writes nothing about them to the terminal."""

    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Keep quiet."""


class PersistentHandler(QuietHandler):
    """Answers one request after the other on a connection, until the client goes away, which is no news."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Bind, and ask nobody for the machine's name, which http.server would look up for each server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve until the end of the block, each connection in a thread.

    Args:
        handler: answers one connection's requests.
        tls: serves HTTPS with this context.

    Yields:
        The port.
    """
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:  # a handshake takes place in its connection's thread, so that a slow one stops nobody
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        with answering(server):
            yield server.server_port


@contextmanager
def answering(server: BaseServer) -> Iterator[None]:
    """Let a server answer until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
