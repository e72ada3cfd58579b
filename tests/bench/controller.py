"""The controller as a process of its own, and what can be told of it from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from tests.servers.ports import free_ports

_RECONCILES = re.compile(r'^gitops_upgrader_reconciles_total\{kind="(?P<kind>\w+)",.*\} (?P<number>\S+)$', re.MULTILINE)
_LOOKING: Final = "GitOpsRepository"
"""The kind that is looked at again and again, however quiet it is."""
_QUIET: Final = 3.0
"""Seconds without a reconcile after which everything counts as settled; more than any single one takes."""
_LOOK: Final = 0.5
"""Seconds between two looks at the metrics: with thousands of clusters they take the process a while."""
_PATIENCE: Final = 60.0
"""Seconds for the process to serve, and to end."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MB: now, and the most that it ever was."""

    now: float
    most: float


@dataclass(slots=True)
class Controller:
    """A process that runs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    begun: float

    @property
    def memory(self) -> Memory:
        """What the kernel says (proc_pid_status(5))."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        kilobytes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE))
        return Memory(int(kilobytes["VmRSS"]) * 1024 / 1e6, int(kilobytes["VmHWM"]) * 1024 / 1e6)

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken (proc_pid_stat(5)): what does not depend on who else is at the machine."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def reconciles(self) -> float:
        """How many there were, but for looks at repositories."""
        page = requests.get(f"{self.url}/metrics", timeout=60).text
        return sum(float(found["number"]) for found in _RECONCILES.finditer(page) if found["kind"] != _LOOKING)

    def settled(self, *, since: float, seconds: float = 1800.0) -> float:
        """Wait until nothing is reconciled any more; returns how many seconds that took since a moment."""
        done, last = -1.0, time.monotonic()
        pause = threading.Event()
        while True:
            self.alive()
            now = self.reconciles
            if now != done:
                done, last = now, time.monotonic()
            elif now and time.monotonic() - last > _QUIET:
                return last - since
            if time.monotonic() - since > seconds:
                raise AssertionError(f"after {seconds:g} s the controller still works; its log is {self.log}")
            pause.wait(_LOOK)

    def alive(self) -> None:
        """Raise where the process has ended."""
        if self.process.poll() is not None:
            text = self.log.read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"the controller has ended: {text[-4000:]}")


@contextmanager
def running(folder: Path, kubeconfig: Path, *options: str) -> Iterator[Controller]:
    """Run a controller until the end of the block, as a Pod would."""
    (port,) = free_ports(1)
    order = [
        *(sys.executable, "-m", "gitops_upgrader", "controller", "--kubeconfig", str(kubeconfig)),
        *("--cache-dir", str(folder / "cache"), "--listen", f"127.0.0.1:{port}", *options),
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    log, begun = folder / "controller.log", time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(order, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        made = Controller(process, f"http://127.0.0.1:{port}", log, begun)
        _wait(made)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(controller: Controller) -> None:
    end, pause = time.monotonic() + _PATIENCE, threading.Event()
    while time.monotonic() < end:
        controller.alive()
        try:
            if requests.get(f"{controller.url}/readyz", timeout=10).ok:
                return
        except requests.ConnectionError:
            pass
        pause.wait(0.05)
    raise AssertionError(f"the controller is not ready; its log is {controller.log}")
