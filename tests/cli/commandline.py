"""The command line as people run it: arguments in; status, stdout and stderr out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.cli.run import run


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


class CommandLine:
    """Runs commands in this process, in a folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self.folder = folder

    def __call__(self, *arguments: str) -> Ran:
        """Run `gitops-upgrader ARGUMENTS`."""
        self._capsys.readouterr()
        try:
            status = run(arguments)
        except SystemExit as leaving:  # click's shell completion leaves like that
            status = int(leaving.code or 0)
        captured = self._capsys.readouterr()
        return Ran(status, captured.out, captured.err)


def subprocess_run(*arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, **more: Any) -> Ran:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "gitops_upgrader", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def settled(text: str, folder: Path) -> str:
    """An output without what differs from run to run: the folder, object ids."""
    return re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", text.replace(str(folder), "FOLDER"))
