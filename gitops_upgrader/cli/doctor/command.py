"""The command itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.padding import Padding
from rich.text import Text

from gitops_upgrader.cli import options, palette
from gitops_upgrader.cli.doctor import looks
from gitops_upgrader.cli.doctor.finding import UNREACHABLE, Finding, Grade, must_mend, of_error
from gitops_upgrader.cli.run import DONE, FAILED
from gitops_upgrader.cli.streams import printable, write_json
from gitops_upgrader.cli.terminal import output, progress
from gitops_upgrader.errors import KindNotInstalled, UpgraderError, UsageError
from gitops_upgrader.reconcilers.attempts import Patience
from gitops_upgrader.reconcilers.opened import Workspaces

if TYPE_CHECKING:
    from gitops_upgrader.cli.options import ClusterAccess
    from gitops_upgrader.reconcilers.fleet import Told
    from gitops_upgrader.reconcilers.repository import CommandLine
    from gitops_upgrader.reconcilers.scope import Scope

_STYLES = {Grade.OK: palette.GOOD, Grade.NOTE: palette.WAITING, Grade.MEND: f"bold {palette.BAD}"}


@click.command(
    "doctor",
    epilog="""\b
Examples:
  gitops-upgrader doctor -m upgrades/
  gitops-upgrader doctor --repo . -o json
  gitops-upgrader doctor --context management
""",
)
@options.folders_option
@options.cluster_options
@options.repository_options
@options.output_option()
def command(
    folders: tuple[Path, ...],
    cluster: options.ClusterAccess | None,
    given: options.GivenRepository,
    form: str,
) -> int:
    """Check what a first run needs, and say how to mend it. Nothing is changed anywhere.

    Looks at git, at the custom resources and their Secrets, at the way into each repository, its base branch, what the
    token may do there and which rules protect branches, at the clock and at the package repositories; with --context at
    the cluster's CRDs and RBAC too. Exit status 1: something has to be mended. No secret is ever printed.
    """
    if folders and cluster is not None:
        raise UsageError("--manifests and --context exclude each other.", remedy="Look at one of them at a time.")
    if not folders and cluster is None and given.repo is None:
        raise UsageError(
            "--manifests or --context or --repo is needed.", remedy="For example: gitops-upgrader doctor -m upgrades/"
        )
    with progress() as told:
        found = list(_findings(folders, cluster, given.line(), told))
    if form == "json":
        write_json(_document(found))
    else:
        _show(found)
    return FAILED if must_mend(found) else DONE


def _findings(
    folders: Sequence[Path], cluster: ClusterAccess | None, line: CommandLine, told: Told
) -> Iterator[Finding]:
    yield looks.look_at_git()
    told("reading the custom resources")
    if cluster is not None:
        seen = tuple(_cluster(cluster))
        yield from seen
        if any(one.check == UNREACHABLE for one in seen):
            return
    try:
        scope = _scope(folders, cluster)
    except UpgraderError as error:
        if not isinstance(error, KindNotInstalled):  # the CRDs have been told of
            yield of_error("custom-resources", "", error)
        return
    yield from _resources(folders, scope)
    heard = looks.Heard()
    with Workspaces(line, options.now, answered=heard, patience=Patience(tries=1)) as workspaces:
        for item in looks.accesses(scope, workspaces):
            if isinstance(item, Finding):
                yield item
                continue
            told(f"looking at {item.name}")
            yield from looks.look_at_repository(workspaces, item, heard, options.now())
    told("reading the package repositories")
    yield from looks.look_at_sources(scope)


def _cluster(access: ClusterAccess) -> Iterator[Finding]:
    from gitops_upgrader.cli.doctor.cluster import look
    from gitops_upgrader.stores.connection import Connection
    from gitops_upgrader.stores.kubeconfig import open_client

    try:
        connection = Connection(open_client(access.kubeconfig, access.context))
    except UpgraderError as error:
        yield of_error(UNREACHABLE, "", error)
        return
    for namespace in access.namespaces or (None,):
        yield from look(connection, namespace)


def _scope(folders: Sequence[Path], cluster: ClusterAccess | None) -> Scope:
    return options.scope(folders, cluster)[0]


def _resources(folders: Sequence[Path], scope: Scope) -> Iterator[Finding]:
    """What is wrong with the custom resources, each with its place."""
    from gitops_upgrader.stores.directory import DirectoryStore
    from gitops_upgrader.stores.validate import problems

    store = scope.store
    if not folders or not isinstance(store, DirectoryStore):
        return
    wrong = problems(store)
    for error in wrong:
        yield of_error("custom-resources", "", error)
    if not wrong:
        yield Finding("custom-resources", "", Grade.OK, "They have no mistakes.")


def _document(found: Sequence[Finding]) -> dict[str, Any]:
    checks = [
        {
            "check": one.check,
            "subject": one.subject or None,
            "result": one.grade.value,
            "message": one.message,
            "remedy": one.remedy or None,
        }
        for one in found
    ]
    return {"apiVersion": "gitops-upgrader/v1", "ok": not must_mend(found), "checks": checks}


def _show(found: Sequence[Finding]) -> None:
    console = output()
    for one in found:
        head = Text.assemble((f"{one.grade.value:<5} ", _STYLES[one.grade]), (one.check, "bold"))
        if one.subject:
            head.append(f"  {printable(one.subject)}")
        console.print(head)
        for text in (one.message, one.remedy):
            if text and console.is_terminal:
                console.print(Padding(Text(printable(text)), (0, 0, 0, 6)), soft_wrap=False)
            elif text:
                console.print(Text(f"      {printable(text)}"))
    bad = sum(one.grade is Grade.MEND for one in found)
    console.print()
    console.print(Text(f"{bad} to mend" if bad else "Nothing to mend.", style=_STYLES[Grade.MEND if bad else Grade.OK]))
