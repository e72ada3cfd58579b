"""`gitops-upgrader status`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.cli import options
from gitops_upgrader.cli.complaints import causes
from gitops_upgrader.cli.fleet_run import run_fleet
from gitops_upgrader.cli.fleet_table import document, print_changes, print_rows
from gitops_upgrader.cli.run import DONE, FAILED, note, say
from gitops_upgrader.cli.streams import write_json
from gitops_upgrader.cli.terminal import output
from gitops_upgrader.errors import KubernetesError, UpgraderError, UsageError
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import CommandLine
from gitops_upgrader.reports.fleet_status import Row, changed, chosen, row_of, row_of_run
from gitops_upgrader.reports.targets import Targets
from gitops_upgrader.stores.writers import other_writers

if TYPE_CHECKING:
    from gitops_upgrader.stores.kubernetes import KubernetesStore

PAUSE = 5.0
"""Seconds between two looks of `--watch`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a fleet: a row for each cluster, what could not be read, and what is odd."""

    rows: tuple[Row, ...]
    problems: tuple[UpgraderError, ...] = ()
    warnings: tuple[str, ...] = ()


@click.command(
    "status",
    epilog="""\b
Examples:
  gitops-upgrader status --context management
  gitops-upgrader status --context management -n fleet --watch
  gitops-upgrader status -m upgrades/ --repo . -o json
""",
)
@options.manifest_options
@options.cluster_options
@options.repository_options
@click.option("-w", "--watch", is_flag=True, help="Look at the cluster again and again, and show what changes.")
@options.output_option(meaning="How it is printed. With --watch, JSON is one document a line.")
def command(
    folders: tuple[Path, ...],
    upgraders: tuple[str, ...],
    cluster: options.ClusterAccess | None,
    given: options.GivenRepository,
    form: str,
    *,
    watch: bool,
) -> int:
    """Show where each cluster is: its version, its plan's target, its next hop and pull request, what it waits for.

    With --context or --kubeconfig it is what the controller wrote into the custom resources. With -m it is what a dry
    run finds, on the repository and the forge. Nothing is changed anywhere.
    """
    options.folders_or_cluster(folders, cluster, "gitops-upgrader status --context management")
    if cluster is None:
        if watch:
            raise UsageError("--watch goes with --context or --kubeconfig.", remedy="Folders change when you do it.")
        seen = _run(folders, upgraders, given.line())
        shown = _show(seen, form)
        return FAILED if any(row.failed for row in seen.rows) else shown  # as `plan`, which meets the same errors
    if given.is_named:
        raise UsageError(
            "--repo, --branch, --provider and --instance go with --manifests.",
            remedy="The status in the cluster says what the controller did.",
        )
    with _connected(cluster) as store:
        if watch:
            follow(lambda: _look(store, upgraders), form, partial(threading.Event().wait, PAUSE))
        return _show(_look(store, upgraders), form)


# --- one look


@contextmanager
def _connected(cluster: options.ClusterAccess) -> Iterator[KubernetesStore]:
    from gitops_upgrader.stores.kubernetes import KubernetesStore

    store = KubernetesStore.connect(cluster.kubeconfig, cluster.context, namespaces=cluster.namespaces)
    try:
        yield store
    finally:
        store.close()


def _look(store: KubernetesStore, only: tuple[str, ...]) -> Seen:
    """What the statuses of a cluster's upgraders say. Raises KubernetesError."""
    from gitops_upgrader.stores.readonly import ReadOnlyStore

    seen = ReadOnlyStore(store)  # each plan is read once, however many upgraders follow it
    targets = Targets(seen)
    stored = seen.list(GROUP, ClusterClassClusterUpgrader.KIND)
    upgraders = [read(one, ClusterClassClusterUpgrader) for one in stored]
    rows = chosen([row_of(upgrader, targets.of(upgrader)) for upgrader in upgraders], only)
    warnings = tuple(
        f"{writer}, and so does gitops-upgrader. Two controllers undo each other's work: end one of them."
        for writer in other_writers(stored)
        if writer.since_ours
    )
    return Seen(rows, (*seen.problems, *targets.problems), warnings)


def _run(folders: tuple[Path, ...], only: tuple[str, ...], line: CommandLine) -> Seen:
    """What a dry run over the objects of some folders finds."""
    ran = run_fleet(folders, None, line, only=only, dry_run=True)
    report, store = ran.report, ran.store
    targets, now, rows = Targets(store), options.now(), []
    proposals = {proposed.upgrader: proposed for proposed in report.proposals}
    for stored in store.list(GROUP, ClusterClassClusterUpgrader.KIND):
        proposed = proposals.get(f"{stored.key.namespace}/{stored.key.name}")
        if proposed is not None:
            upgrader = read(stored, ClusterClassClusterUpgrader)
            rows.append(row_of_run(upgrader, proposed, targets.of(upgrader), now))
    failures = tuple(failure.error for failure in report.failures)
    return Seen(tuple(rows), (*ran.problems, *failures, *targets.problems))


# --- showing


def _show(seen: Seen, form: str) -> int:
    if form == "json":
        write_json(document(seen.rows, seen.problems))
    else:
        print_rows(output(), seen.rows, options.now())
    _tell(seen, set())
    return FAILED if seen.problems else DONE


def follow(look: Callable[[], Seen], form: str, wait: Callable[[], object]) -> NoReturn:
    """Look again and again, until `wait` or a look ends it by raising.

    On a terminal the table is drawn anew each time. For programs it is printed once, and then each row that has
    changed; as JSON, a document a line whenever something has. An API server that does not answer is told of and
    asked again.
    """
    console, shown, told = output(), None, set[str]()
    while True:
        try:
            seen = look()
        except KubernetesError as error:
            if not error.transient:
                raise
            seen = Seen(shown.rows if shown else (), (error,))
        if form == "json":
            _print_line(seen, shown)
        elif console.is_terminal:
            console.clear()
            print_rows(console, seen.rows, options.now())
            told.clear()  # what was told is gone with the screen
        elif shown is None:
            print_rows(console, seen.rows, options.now())
        else:
            print_changes(console, changed(shown.rows, seen.rows), options.now())
        sys.stdout.flush()
        _tell(seen, told)
        shown = seen
        wait()


def _print_line(seen: Seen, shown: Seen | None) -> None:
    found = document(seen.rows, seen.problems)
    if shown is None or found != document(shown.rows, shown.problems):
        write_json(found, indent=None)


def _tell(seen: Seen, told: set[str]) -> None:
    """Say what went wrong, each thing once."""
    warnings = [(note, f"warning: {text}") for text in seen.warnings]
    errors = [(say, f"error: {text}") for text in causes(map(str, seen.problems))]
    for tell, text in (*warnings, *errors):
        if text not in told:
            tell(text)
            told.add(text)
