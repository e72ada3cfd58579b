"""Running the `git` program: no shell, no terminal, bounded in time and in what is read from it."""

from __future__ import annotations

import functools
import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

from gitops_upgrader.errors import AnswerTooLarge, GitMissing, GitTimeout

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of a listing: a million branches and pull requests. Objects do not pass through here."""
MAX_COMPLAINT = 256 * 1024
"""Bytes of error output that are kept; a hook may say more, and nobody reads it."""
OLDEST = (2, 31)
"""The first `git` with GIT_CONFIG_COUNT. An older one would ignore all that keeps credentials where they belong."""

_CHUNK = 64 * 1024
_INSTALL = f"Install Git {'.'.join(map(str, OLDEST))} or newer."


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left behind."""

    status: int
    out: bytes
    err: str


@functools.cache
def find_git(path: str | None) -> str:
    """Return the `git` program on a search path.

    Raises:
        GitMissing: there is none, or it is older than `OLDEST`.
    """
    git = shutil.which("git", path=path)
    if git is None:
        raise GitMissing("The program `git` is not installed; repositories elsewhere need it.", remedy=_INSTALL)
    told = run([git, "version"], environment={"LC_ALL": "C"}, timeout=30).out.decode("utf-8", "replace")
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise GitMissing(f"The program {git} is too old, or not Git: it says {told.strip()!r}.", remedy=_INSTALL)
    return git


def run(arguments: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Completed:
    """Run a program to its end, in a process group of its own.

    Args:
        arguments: the program and its arguments; none of them may be secret, as everybody can read them.
        environment: all of its environment.
        timeout: seconds, after which the whole group is killed.

    Raises:
        GitTimeout: it took longer.
        AnswerTooLarge: it printed more than `MAX_ANSWER` bytes.
        GitMissing: it cannot be started.
    """
    try:
        process = subprocess.Popen(
            arguments,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise GitMissing(f"The program {arguments[0]} cannot be started: {error.strerror}.", remedy=_INSTALL) from error
    with process:
        try:
            out, err = _read(process, time.monotonic() + timeout, timeout)
            return Completed(process.wait(), out, err.decode("utf-8", "replace"))
        finally:
            _end(process)


def _read(process: subprocess.Popen[bytes], deadline: float, timeout: float) -> tuple[bytes, bytes]:
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(cast("IO[bytes]", process.stdout), selectors.EVENT_READ, out)
        selector.register(cast("IO[bytes]", process.stderr), selectors.EVENT_READ, err)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise GitTimeout(
                    f"Git took longer than {timeout:g} seconds.", remedy="Raise `timeout` if the repository is large."
                )
            for key, _ in ready:
                _take(selector, key, process)
    return bytes(out), bytes(err)


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey, process: subprocess.Popen[bytes]) -> None:
    chunk = os.read(key.fd, _CHUNK)
    kept: bytearray = key.data
    if not chunk:
        selector.unregister(key.fileobj)
    elif key.fileobj is process.stdout:
        kept += chunk
        if len(kept) > MAX_ANSWER:
            raise AnswerTooLarge(
                f"The remote lists more than {MAX_ANSWER // 1024 // 1024} MiB of branches and tags.",
                remedy="Set `branch`, so that not everything has to be listed.",
            )
    else:
        kept += chunk[: MAX_COMPLAINT - len(kept)]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group: git's helpers outlive git when it is killed alone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
