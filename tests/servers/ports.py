"""Ports of loopback for servers that cannot say which one they got, and have to be told one."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _TRIES = 12_000, 200


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, different ones.

    A server binds its port a while after it was chosen, and again after it was killed. So these are ports that the
    system gives to nobody who does not ask for them by number: neither to a connection, nor to a server that leaves
    the choice to it.
    """
    chance = random.SystemRandom()
    with ExitStack() as stack:
        found: list[int] = []
        for _ in range(_TRIES):
            if len(found) == count:
                return found
            probe = stack.enter_context(socket.socket())
            port = chance.randrange(_LOWEST, _first_that_the_system_gives())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise AssertionError(f"{count} free ports were not found in {_TRIES} tries")


def _first_that_the_system_gives() -> int:
    """Linux says it (ip(7), ip_local_port_range); elsewhere it is the first dynamic port of IANA."""
    try:
        lowest = int(_RANGE.read_text(encoding="ascii").split()[0])
    except OSError:
        return 49_152
    return lowest if lowest > 2 * _LOWEST else 32_768  # who has widened it takes the chance
