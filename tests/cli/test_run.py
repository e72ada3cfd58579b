"""Exit statuses, and what is said on the way out."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import click
import pytest

from gitops_upgrader.cli import group
from gitops_upgrader.cli.run import run
from gitops_upgrader.errors import ClusterNotFound, Where
from tests.cli.commandline import CommandLine
from tests.httpserver import QuietHandler, http_server
from tests.need import need
from tests.reconcilers.directory import Fleet

_PATIENCE = 120.0
"""Seconds for a process of our own; on an idle machine it takes one."""


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command `crds` end like that."""

    @click.command("crds")
    def command() -> None:
        raise error

    monkeypatch.setattr(group.LazyGroup, "get_command", lambda *_: command)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            ClusterNotFound("No file has it.", where=Where(file="a.yaml", line=3), remedy="Check the name."),
            1,
            "error: a.yaml:3: No file has it. Check the name.\n",
        ),
        (ClusterNotFound("Two\nlines."), 1, "error: Two lines.\n"),
        (
            ClusterNotFound("Not there.", where=Where(file="\x1b[2Ja.yaml")),
            1,
            "error: \N{REPLACEMENT CHARACTER}[2Ja.yaml: Not there.\n",
        ),
        (click.UsageError("wrong"), 1, "error: wrong Try 'gitops-upgrader crds --help'.\n"),
        (click.ClickException("wrong"), 1, "error: wrong\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
    ],
)
def test_an_end(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(error, monkeypatch)

    assert run(["crds"]) == status
    assert capsys.readouterr().err.removeprefix("\n") == said  # after the ^C that the terminal shows


def test_a_bug_keeps_its_traceback_and_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(ZeroDivisionError("a bug"), monkeypatch)

    assert run(["crds"]) == 3
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError: a bug" in said
    assert said.endswith("This is a bug in gitops-upgrader. Please report it with the lines above.\n")


def test_done(gitops_upgrader: CommandLine) -> None:
    assert gitops_upgrader("crds").status == 0
    assert gitops_upgrader("--help").status == 0
    assert gitops_upgrader("--version").out.startswith("gitops-upgrader ")


def process(
    *arguments: str, cwd: Path, stdout: int | IO[bytes] = subprocess.PIPE, **more: str
) -> subprocess.Popen[str]:
    """A process of its own, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "gitops_upgrader", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **more},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_that_has_seen_enough_is_no_traceback(tmp_path: Path) -> None:
    """`gitops-upgrader crds | head -1`."""
    with process("crds", cwd=tmp_path) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()

    assert said == ""
    assert running.returncode == 1


def test_ctrl_c_in_the_middle_of_a_run(fleet: Fleet) -> None:
    """A package repository that never answers; the person gives up."""
    arrived, done = threading.Event(), threading.Event()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            arrived.set()
            done.wait(_PATIENCE)

    with http_server(Handler) as port:
        with process("versions", f"http://127.0.0.1:{port}/deb/", cwd=fleet.folder) as running:
            assert arrived.wait(_PATIENCE)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=_PATIENCE)
        done.set()

    assert (running.returncode, said.strip()) == (130, "interrupted")


def test_an_output_without_room_is_told_in_words(tmp_path: Path) -> None:
    """`gitops-upgrader crds > report` on a full disk, which Linux has a device for."""
    with need(Path("/dev/full")).open("wb") as output, process("crds", cwd=tmp_path, stdout=output) as running:
        _, said = running.communicate(timeout=_PATIENCE)

    assert said == "error: The output: It cannot be written: No space left on device. Make room, and run it again.\n"
    assert running.returncode == 1


@pytest.mark.parametrize("command", [("crds",), ("--version",), ("propose", "--cluster")])
def test_an_output_that_is_closed_is_no_traceback(command: tuple[str, ...], tmp_path: Path) -> None:
    """As some daemons start what they start."""
    closing = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    done = subprocess.run(
        [sys.executable, "-c", closing, "-m", "gitops_upgrader", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if "propose" in command else 0)


def test_ctrl_c_while_modules_are_loaded(tmp_path: Path) -> None:
    """A person who sees a typing mistake at once does not wait for the first command."""
    tmp_path.joinpath("click.py").write_text("raise KeyboardInterrupt\n", "utf-8")
    path = os.pathsep.join([str(tmp_path), *(path for path in sys.path if path)])

    with process("crds", cwd=tmp_path, PYTHONPATH=path) as running:
        said = running.communicate(timeout=_PATIENCE)

    assert (running.returncode, *said) == (130, "", "\ninterrupted\n")


def test_on_a_terminal_the_words_of_an_error_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", terminal)
    raising(ClusterNotFound("No file has\nit.", remedy="Check the name."), monkeypatch)

    assert run(["crds"]) == 1
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert [line.rstrip() for line in shown.splitlines()] == ["error: No file has it.", "Check the name."]
