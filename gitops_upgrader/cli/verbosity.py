"""How much is said beside the result: `-q`, `-v` and `-vv`, before a command or behind it.

-q   results and errors only: no progress, no notes
-v   what is done, too: each step, and each fetch, push and request in a line of its own, with its duration
-vv  what helps with debugging, too
"""

from __future__ import annotations

import enum
from typing import Final

import click


class Verbosity(enum.IntEnum):
    """How much is said beside the result."""

    QUIET = -1
    NORMAL = 0
    VERBOSE = 1
    DEBUG = 2


_META: Final = "gitops_upgrader.verbosity"
"""Where a run of the program keeps it: click shares `meta` between the contexts of the program and of its command."""


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
    before = _of(context)
    context.meta[_META] = context.meta.get(_META, 0) + amount
    if max(before, _of(context)) > Verbosity.NORMAL:
        from gitops_upgrader.cli.log import logging_to_stderr  # here, so that `--help` stays quick

        context.find_root().with_resource(logging_to_stderr(_of(context)))
