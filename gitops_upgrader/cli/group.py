"""The click group. Commands are imported when they are used, so that `--help` stays quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click

from gitops_upgrader import __version__
from gitops_upgrader.cli import verbosity
from gitops_upgrader.cli.hints import did_you_mean


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and the line that the group's help shows for it."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "propose": Entry("propose", "Open a pull request for each cluster's next upgrade."),
    "plan": Entry("plan", "Show what each upgrader would do next, and why."),
    "init": Entry("init.command", "Write a first set of custom resources for a repository."),
    "doctor": Entry("doctor.command", "Check what a first run needs, and say how to mend it."),
    "status": Entry("status", "Show where each cluster is, and what it waits for."),
    "locate": Entry("locate", "Show where each cluster's version and image are kept."),
    "versions": Entry("versions", "List the Kubernetes releases of a Debian repository."),
    "validate": Entry("validate", "Check custom resources, offline, with file and line."),
    "controller": Entry("controller", "Run in a management cluster, and act on its custom resources."),
    "install": Entry("install", "Print all that a management cluster needs to run the controller."),
    "uninstall": Entry("uninstall", "Show what removing the controller takes along, and how to do it."),
    "crds": Entry("crds", "Print the custom resource definitions."),
    "action": Entry("action", "Run a command as a step of a workflow."),
    "demo": Entry("demo.command", "Run everything on a fleet made for the purpose."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command, with the options that all of them have; None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(f"gitops_upgrader.cli.{entry.module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module} has no command")
        known = {parameter.name for parameter in command.params}
        command.params += [option for option in verbosity.options() if option.name not in known]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a mistyped name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    params=verbosity.options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  gitops-upgrader propose --cluster prod-1 --to v1.34.2 --repo . --dry-run
  gitops-upgrader propose -m upgrades/ --repo git@example.org:platform/fleet.git

\b
Completion, in ~/.bashrc (likewise zsh_source; in fish, pipe it into source):
  eval "$(_GITOPS_UPGRADER_COMPLETE=bash_source gitops-upgrader)"
""",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Keep fleets of Cluster API clusters up to date through Git.

    Notices new Kubernetes releases, plans each cluster's next safe hop, and opens a pull request that changes exactly
    the version and the image. Reports go to stdout, everything else to stderr.
    """
