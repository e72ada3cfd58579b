"""The one place where errors become words and exit statuses.

0    done
1    an error of the user's, or of the world: one line on stderr, no traceback
2    with --detailed-exitcode: there is something to propose
3    a bug of ours: the traceback stays
130  interrupted
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from gitops_upgrader.cli import streams
from gitops_upgrader.cli.heard import Heard
from gitops_upgrader.cli.verbosity import Verbosity, current
from gitops_upgrader.errors import UpgraderError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where no more can be written, be it a file of ours or what the output leads to."""

DONE, FAILED, CHANGES, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def run(arguments: Sequence[str], heard: Heard | None = None) -> int:
    """Run one command line. Returns the exit status; what came of it goes to `heard` as well."""
    from gitops_upgrader.cli.group import cli

    streams.set_up()
    heard = heard or Heard()
    try:
        result = cli.main(list(arguments), prog_name="gitops-upgrader", standalone_mode=False, obj=heard)
        sys.stdout.flush()
    except click.exceptions.Exit as request:
        return request.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        hint = f" Try '{error.ctx.command_path} --help'." if error.ctx else ""
        return _failed(heard, f"{error.format_message()}{hint}")
    except click.ClickException as error:
        return _failed(heard, error.format_message())
    except UpgraderError as error:
        heard.error = error
        return _failed(heard, str(error))
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        _drop_output()
        return FAILED
    except Exception as error:  # noqa: BLE001  (a bug: shown whole, with a status of its own)
        if isinstance(error, OSError) and error.errno in _FULL:
            _drop_output()
            what = error.filename or "The output"
            return _failed(heard, f"{what}: It cannot be written: {error.strerror}. Make room, and run it again.")
        traceback.print_exc()
        heard.failure = "A bug in gitops-upgrader stopped the run; the log has its traceback."
        say("This is a bug in gitops-upgrader. Please report it with the lines above.")
        return BUG
    return result if isinstance(result, int) else DONE


def _drop_output() -> None:
    """Silence what the interpreter would say at its end of what it could not write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(heard: Heard, text: str) -> int:
    heard.failure = text
    say(f"error: {text}")
    return FAILED


def note(text: str) -> None:
    """Tell the user something that is neither a result nor an error, unless it shall be quiet."""
    if current() > Verbosity.QUIET:
        say(text)


def say(text: str) -> None:
    """Tell the user something that is no result: an error as one line, which a terminal shows with its words whole."""
    if text.startswith("error:"):
        text = streams.one_line(text)
    text = "\n".join(map(streams.printable, text.split("\n")))
    if sys.stderr.isatty():
        from gitops_upgrader.cli.terminal import print_note  # here, as rich is slow to import

        print_note(text)
    else:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
