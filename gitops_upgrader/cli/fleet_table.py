"""Rows of a fleet's status, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from gitops_upgrader.cli import palette
from gitops_upgrader.cli.streams import printable
from gitops_upgrader.cli.table import GAP, print_table
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.reports.fleet_status import Row, age

API_VERSION: Final = "gitops-upgrader/v1"

_HEADER: Final = ("CLUSTER", "VERSION", "TARGET", "HOP", "PULL REQUEST", "PHASE", "AGE", "REASON")
_STYLES: Final = {
    "Failed": palette.BAD,
    "Holding": palette.WAITING,
    "Proposed": palette.GOOD,
    "Planned": palette.GOOD,
    "Merged": palette.NEWS,
    "RollingOut": palette.NEWS,
}


def print_rows(console: Console, rows: Sequence[Row], now: datetime) -> None:
    """Print a table, and below it what went wrong."""
    print_table(console, _HEADER, [_cells(row, now) for row in rows])
    failed = [row for row in rows if row.failed]
    if failed:
        console.print()
    for row in failed:
        console.print(Text(f"{printable(row.cluster)}: {printable(row.message)}"))


def print_changes(console: Console, rows: Iterable[Row], now: datetime) -> None:
    """Print a line for each row, with no table around it."""
    for row in rows:
        console.print(Text(GAP).join(_cells(row, now)))


def document(rows: Iterable[Row], problems: Iterable[UpgraderError]) -> dict[str, Any]:
    """The document for programs, `gitops-upgrader/v1`."""
    return {
        "apiVersion": API_VERSION,
        "clusters": [_entry(row) for row in rows],
        "errors": [
            {
                "object": problem.where.object or problem.where.file or "",
                "reason": problem.reason,
                "message": str(problem),
            }
            for problem in problems
        ],
    }


def _entry(row: Row) -> dict[str, Any]:
    pull = row.pull
    return {
        "cluster": row.cluster,
        "upgrader": row.upgrader,
        "version": row.version,
        "target": row.target,
        "hop": row.hop,
        "phase": row.phase,
        "since": row.since.strftime("%Y-%m-%dT%H:%M:%SZ") if row.since else None,
        "reason": row.reason,
        "message": row.message,
        "failed": row.failed,
        "pullRequest": {"number": pull.number, "url": pull.url, "state": pull.state.lower()} if pull else None,
    }


def _cells(row: Row, now: datetime) -> tuple[Text, ...]:
    cells = (
        row.cluster,
        row.version or "?",
        row.target or "?",
        row.hop or "-",
        _pull(row),
        row.phase,
        age(row.since, now),
        row.reason or "-",
    )
    return tuple(Text(printable(cell), style=_style(row)) for cell in cells)


def _pull(row: Row) -> str:
    """The number, and what became of it where it is not open; a merge that is history is not shown."""
    pull = row.pull
    if pull is None or (pull.state == "Merged" and row.phase == "UpToDate"):
        return "-"
    return f"#{pull.number}" if pull.state == "Open" else f"#{pull.number} {pull.state.lower()}"


def _style(row: Row) -> str:
    return palette.BAD if row.failed else _STYLES.get(row.phase, "")
