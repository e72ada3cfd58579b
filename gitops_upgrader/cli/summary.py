"""A run in words, for a terminal: what was decided for each cluster, why, the diff, and where the pull request is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from gitops_upgrader.cli import palette
from gitops_upgrader.cli.proposals import action, message
from gitops_upgrader.cli.streams import printable
from gitops_upgrader.cli.table import print_table
from gitops_upgrader.cli.terminal import coloured_diff
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls.decision import Create, Decision, Update
from gitops_upgrader.reconcilers.propose import Proposed

_VERBS = {
    "create": ("opened", "would open"),
    "update": ("updated", "would update"),
    "close": ("closed", "would close"),
    "leave": ("left as it is", "would leave as it is"),
    "hold": ("waits", "waits"),
    "error": ("failed", "failed"),
}
_STYLES = {
    "create": palette.GOOD,
    "update": palette.GOOD,
    "close": palette.WAITING,
    "leave": "",
    "hold": palette.WAITING,
    "error": palette.BAD,
}
_MARKS = {"create": "+", "update": "~", "close": "x", "leave": "=", "hold": ".", "error": "!"}


def show(console: Console, proposed: Proposed, *, dry_run: bool, diffs: bool = True) -> None:
    """Print what was decided about one cluster."""
    what = action(proposed)
    head = Text()
    head.append(f"{_MARKS[what]} ", style=f"bold {_STYLES[what]}")
    head.append(printable(proposed.cluster), style="bold")
    if proposed.origin is not None:
        head.append(f"  {proposed.origin.version}")
        if proposed.target is not None and proposed.target.version != proposed.origin.version:
            head.append(f" -> {proposed.target.version}", style="bold")
    head.append(f"  {_VERBS[what][dry_run]}", style=_STYLES[what])
    console.print(head)
    if proposed.error is None:  # errors are for stderr
        _print_sentence(console, printable(message(proposed)))
    pull = proposed.pull
    if pull is not None:
        state = "" if pull.state is PullState.OPEN else f" ({pull.state.value})"
        console.print(Text(f"  #{pull.number}{state} {printable(pull.title)}"))
        console.print(Text.assemble("  ", (printable(pull.url), "underline")))
    elif proposed.branch and not dry_run:
        console.print(Text(f"  branch {printable(proposed.branch)}"))
    if diffs and proposed.diff and changes(proposed.decision):
        console.print()
        console.print(coloured_diff(proposed.diff))
    console.print()


def outcome(proposed: Proposed, *, dry_run: bool) -> str:
    """What was decided about one cluster, in a line of its own."""
    return printable(f"{proposed.cluster}: {_VERBS[action(proposed)][dry_run]}. {message(proposed)}")


def _print_sentence(console: Console, text: str) -> None:
    """Print a sentence below a cluster's line: wrapped between words on a terminal, in one line for programs."""
    if console.is_terminal:
        console.print(Padding(Text(text), (0, 0, 0, 2), expand=False), soft_wrap=False)
    else:
        console.print(Text(f"  {text}"))


def show_plan(console: Console, proposals: Sequence[Proposed]) -> None:
    """Print a table of what each upgrader would do, and each reason beneath."""
    print_table(console, ("CLUSTER", "NOW", "NEXT", "WOULD"), [_planned(proposed) for proposed in proposals])
    console.print()
    for proposed in proposals:
        cluster, reason = printable(proposed.cluster), printable(message(proposed))
        console.print(Text.assemble((cluster, "bold"), ": ", reason), soft_wrap=False)
        for other in proposed.considered[:_CONSIDERED]:
            console.print(Text(f"  not {printable(other)}", style="dim"), soft_wrap=False)


def _planned(proposed: Proposed) -> tuple[Text, ...]:
    what = action(proposed)
    moves = proposed.target is not None and proposed.target != proposed.origin
    return (
        Text(printable(proposed.cluster)),
        Text(str(proposed.origin.version) if proposed.origin else "?"),
        Text(str(proposed.target.version) if moves and proposed.target else "-"),
        Text(_PLANS[what], style=_STYLES[what]),
    )


_PLANS = {
    "create": "open",
    "update": "update",
    "close": "close",
    "leave": "leave as it is",
    "hold": "wait",
    "error": "fail",
}
_CONSIDERED = 5
"""How many of the images that were passed over a plan names."""


def changes(decision: Decision | None) -> bool:
    """Whether there is something new for people to review."""
    return isinstance(decision, Create | Update)


def show_trail(console: Console, proposed: Proposed) -> None:
    """Print how the places in the manifests were found, step by step."""
    console.print(Text(f"{printable(proposed.cluster)}: where its version and image are", style="bold"))
    trail = proposed.error.trail if proposed.error is not None else ()
    for step in proposed.located.trail if proposed.located else trail:
        console.print(Text(f"  {printable(str(step))}"))
    if proposed.error is not None:
        console.print(Text(f"  {printable(str(proposed.error))}", style=palette.BAD))
    console.print()


def tally(proposals: tuple[Proposed, ...], *, dry_run: bool) -> str:
    """One line that counts what was decided."""
    counts: dict[str, int] = {}
    for proposed in proposals:
        counts[action(proposed)] = counts.get(action(proposed), 0) + 1
    parts = [f"{count} {_VERBS[what][dry_run]}" for what, count in sorted(counts.items())]
    return ", ".join(parts) or "nothing to do"
