"""Runs workflows on this machine with act, as a runner of GitHub's or Gitea's does, without containers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitops_upgrader import __version__
from tests.actions import programs
from tests.actions.files import ACTION, ROOT, load
from tests.need import MACHINE
from tests.servers.build import servers

_CACHE = next(step["uses"] for step in load(ACTION / "action.yml")["runs"]["steps"] if "uses" in step)
_NO_CACHE = """\
name: Cache
description: A cache that never has anything.
inputs:
  path: {description: What would be kept.}
  key: {description: Under which name.}
runs:
  using: composite
  steps:
    - run: "true"
      shell: bash
"""


def kept() -> Path:
    """The runner's folder, with its tool cache: as on a self-hosted runner, dependencies are installed once."""
    return servers() / "act-runner"


@dataclass(frozen=True)
class Ran:
    """What came of a workflow."""

    status: int
    log: str

    def output(self, name: str) -> str:
        """The last value of an output that a step has set."""
        values: list[str] = re.findall(rf"::set-output:: {re.escape(name)}=(.*)", self.log)
        return values[-1]


@dataclass
class Runner:
    """A runner with the action's repository at hand.

    Attributes:
        folder: a folder of its own.
        environ: variables of the runner.
        token: what the workflow's own token is.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    token: str = "nobody's"

    def __post_init__(self) -> None:
        self._action = self.folder / "action"
        self._action.mkdir()
        shutil.copytree(ACTION.parent, self._action / "actions")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "gitops_upgrader", self._action / "gitops_upgrader", ignore=ignored)
        shutil.copy(ROOT / "requirements.txt", self._action)
        self._cache = self.folder / "cache"
        self._cache.mkdir()
        (self._cache / "action.yml").write_text(_NO_CACHE)

    def run(self, checkout: Path, workflow: Path, event: str, inputs: Mapping[str, str] | None = None) -> Ran:
        """Run a workflow on a checkout."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        order = [
            *(str(programs.ACT.build()), event, "--workflows", str(workflow), "--directory", str(checkout)),
            *("--platform", "ubuntu-24.04=-self-hosted", "--platform", "docker=-self-hosted", "--no-cache-server"),
            *("--action-cache-path", str(kept()), "--pull=false", "--rm", "--secret", f"GITHUB_TOKEN={self.token}"),
            *("--local-repository", f"OWNER/gitops-upgrader@v{__version__}={self._action}"),
            *("--local-repository", f"{_CACHE}={self._cache}"),
        ]
        for name, value in self.environ.items():
            order += ["--env", f"{name}={value}"]
        for name, value in (inputs or {}).items():
            order += ["--input", f"{name}={value}"]
        done = subprocess.run(
            order,
            env=self._environment(home),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    @staticmethod
    def _environment(home: Path) -> dict[str, str]:
        """A runner's environment: this Python, the way to the package index, and nothing of the person at it."""
        passed = {name: value for name, value in MACHINE.items() if name.startswith("PIP_")}
        passed |= {name: value for name, value in MACHINE.items() if name.lower().endswith("_proxy")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{MACHINE['PATH']}"
        return {**passed, "PATH": path, "HOME": str(home), "XDG_CACHE_HOME": str(home), "LC_ALL": "C.UTF-8"}
