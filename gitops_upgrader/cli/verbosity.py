"""How much is said beside the result: `-q`, `-v` and `-vv`, before a command or behind it.

-q   results and errors only: no progress, no notes
-v   what is done, too: each step, and each fetch, push and request in a line of its own, with its duration
-vv  what helps with debugging, too
"""

from __future__ import annotations

import enum
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from gitops_upgrader.wire import LOGGER as WIRE


class Verbosity(enum.IntEnum):
    """How much is said beside the result."""

    QUIET = -1
    NORMAL = 0
    VERBOSE = 1
    DEBUG = 2


_META: Final = "gitops_upgrader.verbosity"
"""Where a run of the program keeps it: click shares `meta` between the contexts of the program and of its command."""
_OURS: Final = "gitops_upgrader"
_TOKENS: Final = ("GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN", "INPUT_TOKEN")
_LEVELS: Final = {
    # ours, and what goes over the wire
    Verbosity.VERBOSE: (logging.INFO, logging.DEBUG),
    Verbosity.DEBUG: (logging.DEBUG, logging.DEBUG),
}


def options() -> list[click.Parameter]:
    """The options, for the program and for each of its commands alike. What is given on both sides adds up."""
    return [
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_less,
            help="Results and errors only: no progress, no notes.",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_more,
            help="Tell on stderr what is done: each fetch, push and request. -vv tells more, for debugging.",
        ),
    ]


def current() -> Verbosity:
    """What this run of the program was asked for; the usual outside of any."""
    context = click.get_current_context(silent=True)
    return _of(context) if context is not None else Verbosity.NORMAL


def _of(context: click.Context) -> Verbosity:
    return Verbosity(min(max(context.meta.get(_META, 0), Verbosity.QUIET), Verbosity.DEBUG))


def _less(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    _add(context, -1 if value else 0)


def _more(context: click.Context, _parameter: click.Parameter, value: int) -> None:
    _add(context, value)


def _add(context: click.Context, amount: int) -> None:
    if not amount or context.resilient_parsing:
        return
    context.meta[_META] = context.meta.get(_META, 0) + amount
    if _of(context) > Verbosity.NORMAL:
        context.find_root().with_resource(logging_to_stderr(_of(context)))


@contextmanager
def logging_to_stderr(verbosity: Verbosity) -> Iterator[None]:
    """Log to stderr inside, for a person; in place of what was set up for less. No credential gets there."""
    root, ours, wire = (logging.getLogger(name) for name in (None, _OURS, WIRE))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(verbosity))
    before = ours.level, wire.level, [old for old in root.handlers if isinstance(old.formatter, _Formatter)]
    for old in before[2]:
        root.removeHandler(old)
    root.addHandler(handler)
    for logger, level in zip((ours, wire), _LEVELS[verbosity], strict=True):
        logger.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before[0])
        wire.setLevel(before[1])


class _Formatter(logging.Formatter):
    """A line for each record, without anything that opens a forge or steers a terminal."""

    def __init__(self, verbosity: Verbosity) -> None:
        fine = verbosity is Verbosity.DEBUG
        super().__init__("%(asctime)s.%(msecs)03d %(name)s: %(message)s" if fine else "%(message)s", "%H:%M:%S")
        self._secrets = tuple(filter(None, map(os.environ.get, _TOKENS)))

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        from gitops_upgrader.cli.terminal import printable  # here, as rich and all of Git come with these
        from gitops_upgrader.git.redaction import redact

        return printable(" ".join(redact(super().format(record), self._secrets).splitlines()))
