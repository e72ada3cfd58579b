"""What the demonstration says, in the order in which things happen."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gitops_upgrader.cli import palette
from gitops_upgrader.cli.demo.stage import Stage
from gitops_upgrader.cli.streams import printable
from gitops_upgrader.cli.summary import show, tally
from gitops_upgrader.cli.table import print_table
from gitops_upgrader.git import Location, Repository
from gitops_upgrader.manifests import Manifests
from gitops_upgrader.pulls.decision import Create
from gitops_upgrader.reconcilers.fleet import Report
from gitops_upgrader.reconcilers.propose import Proposed

_PROGRAM = "gitops-upgrader"
_PROPOSE = f"{_PROGRAM} propose -m upgrades"


def opening(console: Console, stage: Stage) -> None:
    """The clusters, and what was made for them."""
    console.print()
    _say(console, "Three clusters that live in Git, and all it takes to keep them up to date.")
    _say(console, "Everything but the clusters is real, and it all happens in one folder:")
    console.print(Text(str(stage.folder), style="bold"))
    _title(console, 1, "The fleet's repository")
    rows = [tuple(map(Text, row)) for row in _clusters(stage.remote.bare)]
    print_table(console, ("CLUSTER", "VERSION", "WHERE"), rows)


def noticed(console: Console, report: Report) -> None:
    """What became of every object on the way from a release to a plan."""
    _title(console, 2, "From releases to a plan")
    _say(console, "The custom resources in upgrades/ are a copy of examples/quick-start. They say:")
    console.print()
    table = _table("OBJECT", "SAYS")
    for result in report.results:
        table.add_row(f"{result.key.kind} {result.key.name}", printable(result.message))
    _show_table(console, table)


def proposed(console: Console, report: Report) -> None:
    """Every decision of the first run, with its diff."""
    _title(console, 3, "One pull request for each cluster")
    _command(console, _PROPOSE)
    for item in report.proposals:
        show(console, item, dry_run=False)
    console.print(Text(tally(report.proposals, dry_run=False)))


def merged(console: Console, item: Proposed, commands: Sequence[str]) -> None:
    """A person merges one of them."""
    number = item.pull.number if item.pull else 0
    _title(console, 4, f"A person merges pull request {number}")
    for command in commands:
        _command(console, command, gap=False)


def proposed_again(console: Console, report: Report, released: str) -> None:
    """The second run: the next hop of one cluster, and the others' pull requests brought up to date."""
    _title(console, 5, f"{released} comes out, and the same command runs again")
    _command(console, _PROPOSE)
    for item in report.proposals:
        show(console, item, dry_run=False, diffs=isinstance(item.decision, Create))
    console.print(Text(tally(report.proposals, dry_run=False)))


def closing(console: Console, stage: Stage) -> None:
    """Where everything is, how to look at it, and how to be rid of it."""
    _title(console, 6, "Yours to look at")
    _say(console, "Branches and merges are ordinary Git; pull requests are files beside them:")
    console.print()
    for command in looks(stage):
        _command(console, command, gap=False)
    console.print()
    _say(console, "When you have seen enough:")
    console.print()
    _command(console, f"rm -rf {_quoted(stage.folder)}")
    _say(console, "In a checkout of your own, this writes a first upgrades/, and then only looks:")
    console.print()
    _command(console, f"{program()} init --repo .", gap=False)
    _command(console, f"{program()} propose -m upgrades --repo . --dry-run", gap=False)


def program() -> str:
    """What people type to run this program: its name where a shell finds it, else where it is."""
    script = Path(sys.argv[0])
    if shutil.which(_PROGRAM) or script.name != _PROGRAM:
        return _PROGRAM
    return _quoted(script.absolute())


def looks(stage: Stage) -> tuple[str, ...]:
    """Commands that show what is there."""
    return (
        f"cd {_quoted(stage.folder)}",
        "git -C fleet.git log --graph --oneline --all",
        "git -C fleet.git diff main gitops-upgrader/fleet/prod",
        "cat fleet.git/gitops-upgrader/pulls/*.md",
        "cat upgrades/*.yaml",
    )


def _clusters(bare: Path) -> list[tuple[str, str, str]]:
    """Each Cluster on the base branch: name, version, file and line."""
    with Repository.open(Location.local(bare)) as repository:
        (head,) = repository.fetch(["main"]).values()
        found = Manifests(repository.tree(head)).clusters()
        places = [(item, item.place or item) for item in found]
        return [
            (f"{item.namespace}/{item.name}", item.version or "?", f"{place.file}:{place.line}")
            for item, place in places
        ]


# --- how it looks ---------------------------------------------------------------------------------------------------


def _title(console: Console, number: int, text: str) -> None:
    console.print()
    console.rule(Text(f"{number}  {text}", style="bold"), align="left", style="dim")
    console.print()


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=False)


def _command(console: Console, text: str, *, gap: bool = True) -> None:
    console.print(Text("$ ", style="dim").append(text, style=f"bold {palette.NEWS}"))
    if gap:
        console.print()


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _show_table(console: Console, table: Table) -> None:
    console.print(table, soft_wrap=False)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
