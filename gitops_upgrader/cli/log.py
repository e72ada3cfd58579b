"""The log of a command, for the person at the terminal: what `-v` and `-vv` ask for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gitops_upgrader.cli.streams import printable
from gitops_upgrader.cli.verbosity import Verbosity
from gitops_upgrader.forges.environment import TOKENS
from gitops_upgrader.git.redaction import redact
from gitops_upgrader.wire import LOGGER as WIRE

_OURS: Final = "gitops_upgrader"
_TOKENS: Final = (*TOKENS.values(), "INPUT_TOKEN")
_LEVELS: Final = {
    # ours, and what goes over the wire
    Verbosity.NORMAL: (logging.WARNING, logging.WARNING),
    Verbosity.VERBOSE: (logging.INFO, logging.DEBUG),
    Verbosity.DEBUG: (logging.DEBUG, logging.DEBUG),
}


@contextmanager
def logging_to_stderr(verbosity: Verbosity) -> Iterator[None]:
    """Log to stderr inside, for a person; in place of what was set up before. No credential gets there."""
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
        return printable(" ".join(redact(super().format(record), self._secrets).splitlines()))
