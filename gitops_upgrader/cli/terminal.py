"""What people see: results on stdout, everything else on stderr, colours where they help."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from gitops_upgrader.cli import palette
from gitops_upgrader.cli.streams import is_utf8, printable
from gitops_upgrader.cli.verbosity import Verbosity, current

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.fleet import Told

_logger = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds of silence before progress is shown."""


def output() -> Console:
    """The console for results. Piped, it is 80 columns wide, without colours and without cutting anything."""
    return _console(sys.stdout)


def notes() -> Console:
    """The console for everything that is no result."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    # https://no-color.org: any value that is not empty counts.
    plain = bool(os.environ.get("NO_COLOR"))
    return Console(file=stream, highlight=False, no_color=plain, soft_wrap=True, emoji=False, markup=False)


def print_note(text: str) -> None:
    """Print something that is no result for a person: lines broken between words, and what it is in colour."""
    kind, colon, rest = text.partition(":")
    shown = Text(kind + colon, style=_KINDS[kind]).append(rest) if kind in _KINDS else Text(text)
    notes().print(shown, soft_wrap=False)


_KINDS = {"error": f"bold {palette.BAD}", "warning": f"bold {palette.WAITING}", "note": "bold"}


def coloured_diff(text: str) -> Text:
    """A unified diff, coloured as git does it."""
    shown = Text()
    for line in text.split("\n"):  # as git does: other line ends are part of a line, which begins no new one
        shown.append(printable(line.removesuffix("\r")) + "\n", style=_style(line))
    shown.rstrip()
    return shown


def _style(line: str) -> str:
    if line.startswith(("diff ", "--- ", "+++ ")):
        return "bold"
    return {"@": palette.NEWS, "+": palette.GOOD, "-": palette.BAD}.get(line[:1], "")


@contextmanager
def progress() -> Iterator[Told]:
    """Show what is being done, once it takes longer than a second, on a terminal only; gone when it is done.

    With `-v` each step is a line of the log instead, and stays.
    """
    console = notes()
    if current() is not Verbosity.NORMAL or not console.is_terminal:
        yield lambda what: _logger.info("%s", printable(what))
        return
    spinner = "dots" if is_utf8(sys.stderr) else "line"
    status, begun = console.status("", spinner=spinner), time.monotonic()

    def told(what: str) -> None:
        status.update(printable(what))
        if time.monotonic() - begun > PATIENCE:
            status.start()

    try:
        yield told
    finally:
        status.stop()
