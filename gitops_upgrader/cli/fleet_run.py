"""One run over the custom resources of folders or of a cluster: what `propose`, `plan` and `status` have in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_upgrader.cli import options
from gitops_upgrader.cli.base_branch import unpushed, unusual_bases
from gitops_upgrader.cli.run import note
from gitops_upgrader.cli.terminal import progress
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import CommandLine

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.fleet import Report
    from gitops_upgrader.stores.directory import DirectoryStore
    from gitops_upgrader.stores.readonly import ReadOnlyStore


@dataclass(frozen=True, slots=True)
class FleetRun:
    """What came of a run, and the objects as it left them."""

    report: Report
    store: DirectoryStore | ReadOnlyStore

    @property
    def problems(self) -> tuple[UpgraderError, ...]:
        """What is wrong with the objects themselves."""
        return self.store.problems


def run_fleet(
    folders: Sequence[Path],
    cluster: options.ClusterAccess | None,
    line: CommandLine,
    *,
    only: Collection[str],
    dry_run: bool,
) -> FleetRun:
    """Read the custom resources and reconcile them, with progress on stderr.

    Args:
        folders: where they are; none where a cluster is named.
        cluster: the cluster that has them; None for the folders.
        line: what was said about the repository.
        only: the upgraders to act on; all of them without any.
        dry_run: push nothing and open nothing.

    Raises:
        UnreadableFile: a folder is not there.
        KubernetesError: the cluster cannot be read.
        ObjectNotFound: `only` names an upgrader that is not there.
        ObjectError: it names one with a mistake, which is this one.
    """
    with Workspaces(line, options.now) as workspaces, progress() as told:
        told("reading the custom resources")
        from gitops_upgrader.reconcilers import fleet  # here, so that `--cluster` need not wait for it

        scope, store = options.scope(folders, cluster)
        report = fleet.run(scope, workspaces, only=only, dry_run=dry_run, told=told)
        bases = (*unpushed(workspaces), *unusual_bases(workspaces))
    for text in bases:
        note(f"note: {text}")
    return FleetRun(report, store)


def failed(report: Report, problems: Collection[UpgraderError]) -> bool:
    """Whether anything went wrong: with files, with objects, with single clusters."""
    return bool(problems or report.failures or any(proposed.error for proposed in report.proposals))
