"""The hosts that need no server."""

from __future__ import annotations

from collections.abc import Mapping

from tests.pulls.local_host import BareHost, LocalHost
from tests.pulls.memory_host import MemoryHost

HOSTS: Mapping[str, type[LocalHost | MemoryHost]] = {"local": LocalHost, "memory": MemoryHost, "none": BareHost}
"""The hosts that need no server, by name."""
