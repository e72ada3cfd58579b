"""One server for all the processes of a test run.

With pytest-xdist each worker is a process of its own, and none of them knows which one ends last. So a server that they
share belongs to a process of its own, its keeper, and everybody who uses it holds a shared lock on a file. The keeper
waits for the exclusive one, which it gets when the last user is gone, however that ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.need import MACHINE

ROOT = Path(__file__).parents[2]


@contextmanager
def shared(module: str, folder: Path, *, deadline: float) -> Iterator[Mapping[str, Any]]:
    """Use a server of this run, started if it is not there yet.

    Args:
        module: the module that is run as the keeper; it calls `keep`.
        folder: the server's own; its logs stay there.
        deadline: seconds until the server has to be ready.

    Yields:
        what the keeper says of the server.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "starting.lock").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not (folder / "ready.json").exists():
                _start(module, folder, deadline)
        yield json.loads((folder / "ready.json").read_text(encoding="utf-8"))


def keep(folder: Path, about: Mapping[str, Any]) -> None:
    """In the keeper: tell that the server is ready, and return when nobody uses it any more."""
    ready = folder / "ready.json"
    written = ready.with_suffix(".new")
    written.write_text(json.dumps(about), encoding="utf-8")
    written.rename(ready)
    users = os.open(folder / "users.lock", os.O_RDWR)  # open until this process ends: who comes now waits for that
    fcntl.flock(users, fcntl.LOCK_EX)
    ready.unlink()


def _start(module: str, folder: Path, deadline: float) -> None:
    log = str(folder / "keeper.log")
    # Not with subprocess, which has to be told of each child's end: the keeper may outlive this process.
    keeper = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", module, str(folder)],
        {**MACHINE, "PYTHONPATH": str(ROOT)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,  # an interrupt from the terminal ends the tests, and that ends the keeper in order
    )
    end, pause = time.monotonic() + deadline, threading.Event()
    while not (folder / "ready.json").exists():
        if os.waitpid(keeper, os.WNOHANG)[0] or time.monotonic() > end:
            text = Path(log).read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"{module} did not get ready; its folder is {folder}.\n{text[-6000:]}")
        pause.wait(0.05)
