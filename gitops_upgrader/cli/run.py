"""The one place where errors become words and exit statuses.

0    done
1    an error of the user's, or of the world: one line on stderr, no traceback
2    with --detailed-exitcode: there is something to propose
3    a bug of ours: the traceback stays
130  interrupted
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from gitops_upgrader.errors import UpgraderError

DONE, FAILED, CHANGES, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def run(arguments: Sequence[str]) -> int:
    """Run one command line. Returns the exit status."""
    from gitops_upgrader.cli.group import cli

    try:
        result = cli.main(list(arguments), prog_name="gitops-upgrader", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as request:
        return request.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        hint = f" Try '{error.ctx.command_path} --help'." if error.ctx else ""
        say(f"error: {error.format_message()}{hint}")
        return FAILED
    except click.ClickException as error:
        say(f"error: {error.format_message()}")
        return FAILED
    except UpgraderError as error:
        say(f"error: {error}")
        return FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; silence what the interpreter would say at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:  # noqa: BLE001  (a bug: shown whole, with a status of its own)
        traceback.print_exc()
        say("This is a bug in gitops-upgrader. Please report it with the lines above.")
        return BUG
    return result if isinstance(result, int) else DONE


def say(text: str) -> None:
    """Tell the user something that is no result."""
    click.echo(" ".join(text.split("\n")) if text.startswith("error:") else text, err=True)
