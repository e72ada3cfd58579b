"""The limit on a request's whole time; that it ends slow answers is shown with the transport."""

from __future__ import annotations

import socket

from gitops_upgrader.errors import Where
from gitops_upgrader.sources.watchdog import Watchdog


def test_a_connection_after_the_time_is_over_is_shut_down() -> None:
    here, there = socket.socketpair()
    with here, there, Watchdog(0) as watchdog:
        watchdog.watch("no socket")
        while not watchdog.fired:
            pass
        watchdog.watch(here)
        assert there.recv(1) == b""
        here.close()
        watchdog.watch(here)  # and one that is closed already does no harm
        assert watchdog.remaining() > 0
        assert watchdog.error(Where()).transient
