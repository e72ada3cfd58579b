"""`gitops-upgrader propose`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gitops_upgrader.cli import options
from gitops_upgrader.cli.base_branch import unpushed, unusual_bases
from gitops_upgrader.cli.fleet_run import failed, run_fleet
from gitops_upgrader.cli.heard import Heard
from gitops_upgrader.cli.hints import of_image, with_hint
from gitops_upgrader.cli.meanwhile import importing
from gitops_upgrader.cli.run import CHANGES, DONE, FAILED, note, say
from gitops_upgrader.cli.streams import write_document, write_json
from gitops_upgrader.cli.terminal import coloured_diff, notes, output, progress
from gitops_upgrader.errors import ClusterNotFound, UpgraderError, UsageError
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import CommandLine, from_command_line
from gitops_upgrader.versions import Version

if TYPE_CHECKING:  # what works on what was fetched is imported while it is fetched
    from gitops_upgrader.reconcilers.fleet import Report


@click.command(
    "propose",
    epilog="""\b
Examples:
  # From custom resources in a folder; look first, then do it.
  gitops-upgrader propose -m upgrades/ --repo . --dry-run
  gitops-upgrader propose -m upgrades/ --repo git@example.org:platform/fleet.git

\b
  # From the custom resources of a management cluster; nothing is written to it.
  gitops-upgrader propose --context management --namespace fleet --dry-run

\b
  # One cluster, without any custom resource.
  gitops-upgrader propose --cluster prod-1 --to v1.34.2 --repo .
  gitops-upgrader propose --cluster prod-1 --to v1.34.2 --image ami-0abc --variable amiID --repo .

\b
Exit status: 0 done, 1 something went wrong, 2 (with --detailed-exitcode) there is something to propose.
""",
)
@options.manifest_options
@options.cluster_options
@click.option("--cluster", "name", metavar="[NAMESPACE/]NAME", help="Upgrade this cluster, without custom resources.")
@click.option("--to", "to", metavar="VERSION", help="The Kubernetes version to go to, with --cluster.")
@click.option("--image", metavar="ID", help="The machine image of that version, with --cluster.")
@click.option("--variable", metavar="NAME", help="The topology variable that holds the image's id, with --cluster.")
@click.option(
    "--path", "paths", multiple=True, metavar="GLOB", help="The cluster of these files or layers, with --cluster."
)
@click.option(
    "--retry", metavar="WORD", help="With --cluster, propose again what was refused or reverted; any new word does."
)
@options.repository_options
@click.option("--dry-run", is_flag=True, help="Decide and show, but push nothing and open nothing.")
@options.output_option("diff")
@click.option(
    "--explain", is_flag=True, help="Tell on stderr where it looked, what it found, and why it chose that place."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there is something to propose.")
def command(
    folders: tuple[Path, ...],
    upgraders: tuple[str, ...],
    cluster: options.ClusterAccess | None,
    name: str | None,
    to: str | None,
    image: str | None,
    variable: str | None,
    paths: tuple[str, ...],
    retry: str | None,
    given: options.GivenRepository,
    form: str,
    *,
    dry_run: bool,
    explain: bool,
    detailed_exitcode: bool,
) -> int:
    """Open a pull request for each cluster's next upgrade.

    A pull request changes exactly the version and the image in the Cluster's manifest. Run it as often as you like:
    what is open is kept up to date, what people closed stays closed, and what people changed is left to them.
    """
    hint = "See gitops-upgrader propose --help for examples."
    ways = {"--manifests": bool(folders), "--context": cluster is not None, "--cluster": name is not None}
    options.exactly_one(ways, hint)
    line = given.line()
    if name is None:
        _refuse_for_objects(
            {"--to": to, "--image": image, "--variable": variable, "--path": paths or None, "--retry": retry}
        )
        ran = run_fleet(folders, cluster, line, only=upgraders, dry_run=dry_run)
        report, problems = ran.report, ran.problems
    else:
        if upgraders:
            raise UsageError("--upgrader goes with --manifests or --context.", remedy=hint)
        report, problems = _from_arguments(name, to, image, variable, paths, retry, line, dry_run=dry_run), ()
    if (heard := click.get_current_context().find_object(Heard)) is not None:
        heard.report, heard.problems = report, problems
    _print(report, problems, form, dry_run=dry_run, explain=explain)
    return _status(report, problems, detailed=detailed_exitcode)


def _refuse_for_objects(given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} goes with --cluster.", remedy="Otherwise the custom resources say what to do.")


_UNFILLED: Final = re.compile(r"\$[({]|\{\{")
"""What begins an expression of a shell, of Flux, of a pipeline or of our own templates."""

_LATER = ("gitops_upgrader.reconcilers.cluster", "gitops_upgrader.reconcilers.fleet", "gitops_upgrader.cli.summary")


def _from_arguments(
    name: str,
    to: str | None,
    image: str | None,
    variable: str | None,
    paths: tuple[str, ...],
    retry: str | None,
    line: CommandLine,
    *,
    dry_run: bool,
) -> Report:
    if to is None or line.repo is None:
        missing = "--to VERSION" if to is None else "--repo PATH_OR_URL"
        raise UsageError(f"--cluster needs {missing}.", remedy="For example: --cluster prod-1 --to v1.34.2 --repo .")
    _check_image(image, variable)
    namespace, cluster_name = options.named_cluster(name)
    version = Version.parse(Version.parse(to).with_v)  # as it is written everywhere but where a file leaves it out
    meanwhile = partial(importing, *_LATER)
    with Workspaces(line, options.now, meanwhile=meanwhile) as workspaces, progress() as told:
        told(f"proposing for {cluster_name}")
        with suppress(UpgraderError):  # it is kept, and raised again where the repository is used
            workspaces.get(from_command_line(line))
        from gitops_upgrader.reconcilers import cluster
        from gitops_upgrader.reconcilers.fleet import Report

        proposed = cluster.reconcile(
            workspaces,
            cluster_name,
            namespace or None,
            version,
            image=image,
            variable=variable,
            paths=paths,
            retry=retry,
            dry_run=dry_run,
        )
        if isinstance(proposed.error, ClusterNotFound):
            proposed = with_hint(proposed, name, workspaces.get(from_command_line(line)).manifests(()).clusters(paths))
        elif proposed.located is not None:
            around = workspaces.get(from_command_line(line)).manifests((proposed.located.file,))
            if (hint := of_image(proposed, variable, around.clusters())) is not None:
                note(f"note: {hint}")
        bases = (*unpushed(workspaces), *unusual_bases(workspaces))
    for text in bases:
        note(f"note: {text}")
    return Report((proposed,))


def _check_image(image: str | None, variable: str | None) -> None:
    """Refuse half an image, and what a shell or a pipeline leaves of a variable that is not set."""
    if (image is None) != (variable is None):
        raise UsageError(
            "--image and --variable go together.",
            remedy="Name the image, and the topology variable that holds it; or neither, where the class derives it.",
        )
    if image is None or variable is None:
        return
    from gitops_upgrader.images.identity import is_image_id  # here, as --help does not need it

    if not variable.strip():
        raise UsageError("--variable is empty.", remedy="Name the topology variable that holds the image.")
    if not image.strip():
        raise UsageError("--image is empty.", remedy="Give the image's id; is a variable of the shell not set?")
    if not is_image_id(image):
        raise UsageError("--image is no image's id.", remedy="Give one printable line of at most 1,024 characters.")
    if (found := _UNFILLED.search(image)) is not None:
        raise UsageError(
            f"--image holds {found[0]}, which nobody fills in here: {image}.", remedy="Give the id as it is to be."
        )


def _print(report: Report, problems: tuple[UpgraderError, ...], form: str, *, dry_run: bool, explain: bool) -> None:
    from gitops_upgrader.cli import proposals
    from gitops_upgrader.cli.summary import show, show_trail, tally

    console = output()
    if form == "json":
        write_json(proposals.document(report, problems))
    elif form == "diff":
        _print_diffs(report, dry_run=dry_run)
    else:
        for proposed in report.proposals:
            show(console, proposed, dry_run=dry_run)
        console.print(tally(report.proposals, dry_run=dry_run))
    if explain:
        for proposed in report.proposals:
            show_trail(notes(), proposed)
    _print_errors(report, problems)


def _print_diffs(report: Report, *, dry_run: bool) -> None:
    """Print the diffs alone, and tell what became of whatever has none; errors are told with all others."""
    from gitops_upgrader.cli.summary import changes, outcome, tally

    console = output()
    for proposed in report.proposals:
        if not (proposed.diff and changes(proposed.decision)):
            if proposed.error is None:
                note(f"note: {outcome(proposed, dry_run=dry_run)}")
        elif console.is_terminal:
            console.print(coloured_diff(proposed.diff))
        else:
            write_document(proposed.diff)
    if not report.proposals:
        note(f"note: {tally(report.proposals, dry_run=dry_run)}")


def _print_errors(report: Report, problems: tuple[UpgraderError, ...]) -> None:
    """Say what went wrong, one line each."""
    from gitops_upgrader.cli import proposals
    from gitops_upgrader.cli.complaints import complaints

    for orphan in report.orphans:
        note(f"note: {proposals.note(orphan)}")
    for text in complaints(report, problems):
        say(f"error: {text}")


def _status(report: Report, problems: tuple[UpgraderError, ...], *, detailed: bool) -> int:
    if failed(report, problems):
        return FAILED
    if detailed and any(proposed.proposes for proposed in report.proposals):
        return CHANGES
    return DONE
