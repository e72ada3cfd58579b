"""The page of the command line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import click

from gitops_upgrader.cli import verbosity
from gitops_upgrader.cli.group import COMMANDS, cli
from tests.docs.reference.markdown import HEADER, code, escaped, table

_INTRODUCTION = f"""{HEADER}
# Command line

`gitops-upgrader COMMAND --help` shows the same in a terminal. Results go to standard output, everything else to
standard error. Colours are left out where `NO_COLOR` is set and where the output is no terminal.

| exit status | meaning |
| --- | --- |
| 0 | done |
| 1 | something is wrong with the command line, the files or the world; standard error says what, and what to do |
| 2 | with `--detailed-exitcode`: there is something to propose |
| 3 | a bug of this program; the traceback is kept |
| 130 | interrupted |

For completion in the shell, evaluate what the program prints with `_GITOPS_UPGRADER_COMPLETE=bash_source`, `zsh_source`
or `fish_source` in its environment.
"""


def page() -> str:
    """Every command with every option, in the order of the program's own help."""
    return "\n".join([_INTRODUCTION, _shared(), *(_command(name) for name in COMMANDS)])


def _shared() -> str:
    """The options that every command has, once."""
    rows = [(_names(one), escaped(one.help or "")) for one in _everywhere()]
    head = "Every command takes these as well, and so does the program before a command:\n"
    return f"{head}\n{table(('option', 'meaning'), rows)}"


def _everywhere() -> list[click.Option]:
    return [one for one in verbosity.options() if isinstance(one, click.Option)]


def _command(name: str) -> str:
    context = click.Context(cli, info_name="gitops-upgrader")
    command = cli.get_command(context, name)
    if command is None:
        raise LookupError(name)
    own = click.Context(command, info_name=name, parent=context)
    parts = [f"## {name}\n", _text(command.help or ""), _arguments(command), _options(command, own), _examples(command)]
    return "\n".join(part for part in parts if part)


def _text(help_: str) -> str:
    paragraphs = re.split(r"\n\s*\n", help_.replace("\b", "").strip())
    return "\n\n".join(escaped(textwrap.fill(" ".join(part.split()), 120)) for part in paragraphs) + "\n"


def _arguments(command: click.Command) -> str:
    found = [one for one in command.params if isinstance(one, click.Argument)]
    names = " ".join(one.metavar or f"{(one.name or '').upper()}{'...' if one.nargs == -1 else ''}" for one in found)
    return f"Arguments: {code(names)}\n" if found else ""


def _options(command: click.Command, context: click.Context) -> str:
    shared = {one.name for one in _everywhere()}
    rows = [
        (_names(one), escaped(one.help or ""), _default(one, context))
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden and one.name not in shared
    ]
    return table(("option", "meaning", "default"), rows) if rows else ""


def _names(option: click.Option) -> str:
    off = f" / {', '.join(option.secondary_opts)}" if option.secondary_opts else ""
    value = "" if option.is_flag or option.count else f" {_value(option)}"
    return code(f"{', '.join(sorted(option.opts, key=len))}{off}{value}")


def _value(option: click.Option) -> str:
    """What an option takes, in words that do not depend on click's release."""
    kind = option.type
    if option.metavar:
        return option.metavar
    if isinstance(kind, click.Choice):
        return "|".join(str(choice) for choice in kind.choices)
    if isinstance(kind, click.Path):
        return "PATH"
    return "NUMBER" if isinstance(kind, click.types.IntParamType | click.types.FloatParamType) else "TEXT"


def _default(option: click.Option, context: click.Context) -> str:
    if not option.show_default:
        return ""
    default = option.get_default(context)
    if isinstance(default, bool):
        names = option.opts if default else option.secondary_opts
        return code(names[0]) if names else ""
    return code(default) if default is not None else ""


def _examples(command: click.Command) -> str:
    lines = list(_example_lines(command.epilog or ""))
    return "\n".join(["```sh", *lines, "```", ""]) if lines else ""


def _example_lines(epilog: str) -> Iterator[str]:
    """The lines below `Examples:`, up to the first paragraph that is not indented."""
    after = epilog.replace("\b\n", "").partition("Examples:\n")[2]
    indented = []
    for line in after.splitlines():
        if line and not line.startswith(" "):
            break
        indented.append(line)
    yield from textwrap.dedent("\n".join(indented)).strip().splitlines()
