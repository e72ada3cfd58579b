"""`gitops-upgrader demo`: the real pipeline, on a fleet that is made for the purpose."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gitops_upgrader.cli import options
from gitops_upgrader.cli.demo import narration
from gitops_upgrader.cli.demo.debianrepo import ADDRESS, serve
from gitops_upgrader.cli.demo.stage import MERGED_FIRST, NEXT_RELEASE, RELEASES, Stage
from gitops_upgrader.cli.terminal import output, progress
from gitops_upgrader.errors import UnreadableFile, UpgraderError, Where
from gitops_upgrader.reconcilers import fleet
from gitops_upgrader.reconcilers.fleet import Report
from gitops_upgrader.reconcilers.opened import Workspaces


@click.command(
    "demo",
    epilog="""\b
Examples:
  gitops-upgrader demo
  gitops-upgrader demo --keep /tmp/fleet-demo
""",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Put everything into this folder, which must be new or empty, instead of a temporary one.",
)
def command(keep: Path | None) -> None:
    """Run everything on a fleet made for the purpose.

    Makes a Git repository with three clusters and a package repository on loopback, then does what `propose -m` does,
    merges one pull request, and does it again. Nothing leaves this machine, and it needs no network. The folder with
    all of it is kept, for you to look at.
    """
    console = output()
    releases = {minor: list(versions) for minor, versions in RELEASES.items()}
    with _folder(keep) as folder, _without_proxy(), serve(releases) as packages:
        stage = Stage.build(folder, packages)
        narration.opening(console, stage)
        first = _run(stage)
        narration.noticed(console, first)
        narration.proposed(console, first)
        merged = next(item for item in first.proposals if item.cluster == MERGED_FIRST)
        narration.merged(console, merged, stage.remote.merge(merged.branch or ""))
        minor, version = NEXT_RELEASE
        releases[minor].append(version)
        narration.proposed_again(console, _run(stage), version)
        narration.closing(console, stage)


def _run(stage: Stage) -> Report:
    """What `propose -m upgrades` does. Raises the first thing that went wrong: here nothing should."""
    scope, store = options.scope([stage.upgrades])
    line = options.GivenRepository().line()
    with Workspaces(line, options.now) as workspaces, progress() as told:
        report = fleet.run(scope, workspaces, told=told)
    errors: list[UpgraderError] = [*store.problems, *(failure.error for failure in report.failures)]
    errors += [proposed.error for proposed in report.proposals if proposed.error is not None]
    for error in errors:
        raise error
    return report


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """The folder for everything. One of our own making is removed where the demonstration does not reach its end.

    Raises:
        UnreadableFile: the folder that was asked for is in use, or cannot be made.
    """
    if wanted is not None:
        yield _empty(wanted)
        return
    folder = Path(tempfile.mkdtemp(prefix="upgrader-demo-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _empty(folder: Path) -> Path:
    where = Where(file=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            remedy = f"Name a new folder, or empty this one: rm -r {shlex.quote(str(folder))}"
            raise UnreadableFile("The folder is not empty.", where=where, remedy=remedy)
    except OSError as error:
        words = f"The folder cannot be made: {error.strerror}."
        raise UnreadableFile(words, where=where, remedy="Name another folder.") from error
    return folder.resolve()


@contextmanager
def _without_proxy() -> Iterator[None]:
    """Keep loopback out of the reach of a proxy that the environment names."""
    names = ("no_proxy", "NO_PROXY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, ",".join(filter(None, [*before.values(), ADDRESS]))))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
