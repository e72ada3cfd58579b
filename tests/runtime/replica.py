"""The controller as a process of its own, with the ServiceAccount and the arguments that its Deployment gives it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from gitops_upgrader.runtime.installation import NAME
from tests.runtime.installed import Installed
from tests.servers.kubernetes import PATIENCE, until

_TAIL = 8000


@dataclass
class Replica:
    """One process, and what it says of itself."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        text = self.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in text if line.startswith("{") and line.endswith("}")]

    def said(self, words: str) -> bool:
        """Whether these words are in a line of its log."""
        return any(words in line["msg"] for line in self.lines)

    @property
    def bugs(self) -> list[str]:
        """Every traceback in its log, which only a bug of ours leaves there, and what else is no line of its log.

        A last sentence is: how a command ends that cannot go on.
        """
        text = self.log.read_text("utf-8")
        odd = [line for line in text.splitlines() if line and not line.startswith(("{", "error: "))]
        return odd + [line["traceback"] for line in self.lines if "traceback" in line]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels; 0 where there is none."""
        page = requests.get(f"http://127.0.0.1:{self._port}/metrics", timeout=30).text
        samples = re.findall(rf"^gitops_upgrader_{name}(?:{{(.*)}})? (\S+)$", page, re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for found, value in samples if all(want in found for want in wanted))

    @property
    def _port(self) -> int:
        (words,) = [line["msg"] for line in self.lines if line["msg"].startswith("health and metrics are at")]
        return int(words.rpartition(":")[2])

    @property
    def leads(self) -> bool:
        return self.said("leading as")

    @property
    def ready(self) -> bool:
        """Whether it has read everything, and works or waits for its turn."""
        return self.said("ready")

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def until(self, fact: str) -> None:
        """Wait until it `leads`, or is `ready`."""
        until(lambda: bool(getattr(self, fact)) or not self.runs, f"{self.name} is there")
        assert self.runs, f"{self.name} has ended with {self.process.returncode}"

    def kill(self) -> None:
        """End it with no time to say anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, as the kubelet does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def replica(
    installed: Installed,
    folder: Path,
    *options: str,
    name: str = "controller",
    kubeconfig: Path | None = None,
    lease: str = "60s",
    deployment: str = NAME,
) -> Iterator[Replica]:
    """Run one until the end of the block, however that comes.

    Args:
        folder: where its log, its home and what it fetches go.
        options: what is said to it beyond what the Deployment says.
        kubeconfig: the way to the API, where it is not the straight one.
        lease: after how long another one takes over from one that was killed; one that has ended gives it back.
        deployment: whose Pod it is, where there are several.
    """
    home = folder / name
    home.mkdir()
    command = [
        *(sys.executable, "-m", "gitops_upgrader", *installed.arguments(deployment)),
        f"--cache-dir={home / 'cache'}",
        f"--kubeconfig={kubeconfig or installed.kubeconfig()}",
        f"--lease-duration={lease}",
        "--listen=127.0.0.1:0",
        *options,
    ]
    keep = ("PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "LC_ALL")
    environment = {
        **{key: os.environ[key] for key in keep if key in os.environ},
        "HOME": str(home),
        "TMPDIR": str(home),
        "POD_NAMESPACE": installed.namespace,
        # A token of somebody else, which the controller must not use for anything.
        "GITEA_TOKEN": "of-the-environment",
        "GITHUB_TOKEN": "of-the-environment",
    }
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    made = Replica(name, log, process)
    try:
        yield made
    except BaseException as failure:
        failure.add_note(f"The log of {name} ends with\n{log.read_text('utf-8')[-_TAIL:]}")
        raise
    finally:
        process.kill()
        process.wait()
    if made.bugs:
        raise AssertionError(f"{name} has a bug:\n" + "\n".join(made.bugs))
