"""A limit on the whole time of a request, however slowly a server lets its bytes drip.

Time-outs of sockets count from one byte to the next, so a server that sends a byte now and then could hold a reader for
ever: in the status line, between headers, in chunk sizes. Shutting the socket down ends every such wait.
"""

from __future__ import annotations

import socket
import threading
from time import monotonic
from types import TracebackType
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from gitops_upgrader.errors import SourceTimeout, Where


class Watchdog:
    """Shuts one request's connections down when its time is over.

    Args:
        seconds: how long the request may take.
    """

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self._seconds = seconds
        self._end = monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> Watchdog:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def remaining(self) -> float:
        """Return the seconds left, and something above none when there are none: zero would mean no waiting at all."""
        return max(self._end - monotonic(), 0.001)

    def watch(self, connection: object) -> None:
        """Shut this connection down too when the time is over."""
        if not isinstance(connection, socket.socket):  # TLS through a TLS proxy is no socket; its time-out still holds
            return
        with self._lock:
            self._sockets.append(connection)
        if self.fired:
            _shut_down(connection)

    def error(self, where: Where) -> SourceTimeout:
        """Return the error that says that it fired."""
        return SourceTimeout(
            f"the server took longer than {self._seconds:.3g} s.",
            where=where,
            remedy="Raise the source's timeout, or use a mirror that is nearer.",
        )

    def _fire(self) -> None:
        self.fired = True
        with self._lock:
            for connection in self._sockets:
                _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    try:
        # the plain socket's method: that of a TLS socket changes the object under the thread that reads from it
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:  # closed already, or never connected: then nobody waits on it
        return


class WatchedAdapter(HTTPAdapter):
    """The adapter of `requests`, with connections that a watchdog watches."""

    def __init__(self, watchdog: Watchdog) -> None:
        self._pools = _watched_pools(watchdog)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections, and watch them."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy, and watch them."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _watched_pools(watchdog: Watchdog) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            watchdog.watch(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            watchdog.watch(self.sock)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
