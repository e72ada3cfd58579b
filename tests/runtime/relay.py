"""A cable to a server that a test can cut: every connection goes through it, and ends when it is cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.runtime.cluster import Management


@dataclass
class Cable:
    """What connections go through. `plugged` says whether new ones come about."""

    listener: socket.socket
    target: tuple[str, int]
    plugged: bool = True
    _ends: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.listener.getsockname()[1]}"

    def kubeconfig(self, management: Management) -> Path:
        """A kubeconfig that leads through here."""
        server = management.server
        path = management.people.path.parent / "cable.kubeconfig"
        path.write_text(server.kubeconfig.read_text("utf-8").replace(server.url, self.url), "utf-8")
        return path

    def cut(self) -> int:
        """End every connection, and return how many there were."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        return len(ends) // 2

    def serve(self) -> None:
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            if not self.plugged:
                here.close()
                continue
            there = socket.create_connection(self.target)
            with self._lock:
                self._ends += [here, there]
                self._threads.append(threading.Thread(target=self._carry, args=(here, there)))
                self._threads[-1].start()

    def join(self) -> None:
        """Wait until no connection is left."""
        for thread in self._threads:
            thread.join(10)

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with here, there:
            back = threading.Thread(target=_pump, args=(there, here))
            back.start()
            _pump(here, there)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(url: str) -> Iterator[Cable]:
    """Lay a cable to a server on loopback."""
    parts = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    cable = Cable(listener, (parts.hostname or "", parts.port or 443))
    thread = threading.Thread(target=cable.serve, daemon=True)
    thread.start()
    try:
        yield cable
    finally:
        # `close` alone does not wake who waits in `accept`
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        cable.cut()
        cable.join()
