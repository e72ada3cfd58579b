"""A pull request's words: title, body, commit message.

The body is ours only between `<!-- gitops-upgrader:begin -->` and `<!-- gitops-upgrader:end -->`; whatever people
write outside of that stays. Everything from outside (names, image ids, paths) goes through `markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitops_upgrader.model import Edit
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls import trailers
from gitops_upgrader.pulls.desired import Change, Desired
from gitops_upgrader.pulls.markdown import code, prose

BEGIN = "<!-- gitops-upgrader:begin -->"
END = "<!-- gitops-upgrader:end -->"

_REBUILD = "<!-- gitops-upgrader:rebuild -->"
_TICKED = re.compile(r"^\s*[-*] \[[xX]\] " + re.escape(_REBUILD), re.MULTILINE)
_SECTION = re.compile(rf"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)
_REMNANT = re.compile(rf"{re.escape(BEGIN)}|{re.escape(END)}|{markers.PATTERN.pattern}")

_LONGEST = 65_000
"""Characters of a body, people's words included; GitHub refuses more than 65,536, and a marker may still grow."""

_ROWS = 200
"""Rows of the table of edits before the rest is only counted."""

_LINES = 20
"""Notes, and other versions that were considered, before the rest is only counted."""


def asks_for_rebuild(body: str) -> bool:
    """Whether somebody ticked the rebuild box."""
    return bool(_TICKED.search(body))


def merged_body(existing: str, section: str) -> str:
    """Put our section in place of the old one; people's text around it stays as it is.

    Where somebody deleted one of the two comments around it, the section can be told from their text no more: what
    is left of it stays as text, and a new one follows.
    """
    found = _SECTION.search(existing)
    if found is None:
        kept = _REMNANT.sub("", existing)
        return f"{kept}\n\n{section}\n" if kept.strip() else f"{section}\n"
    before, after = existing[: found.start()], existing[found.end() :]
    return _REMNANT.sub("", before) + section + _REMNANT.sub("", after)


def rewritten(existing: str, desired: Desired, marker: str) -> str:
    """The body with our section anew, as long as a body may be: people's words come first, then what always counts."""
    return merged_body(existing, section(desired, marker, _LONGEST - len(merged_body(existing, ""))))


def section(desired: Desired, marker: str, room: int = _LONGEST) -> str:
    """Our part of the body, for the reviewer.

    What there may be a lot of is shortened to `room` characters: the table of edits, then notes, then what else was
    considered. The words about the merge and the way back, and the box, are always there.
    """
    left = room - len(_framed(desired, marker, "", "", ""))
    table = _table(desired.changes, left)
    left -= len(table)
    notes = _fitted([f"> **Note.** {prose(note)}" for note in desired.notes], left, "> and {} more", "\n\n")
    left -= len(notes)
    considered = _fitted([f"- {prose(line)}" for line in desired.considered], left - len(_CONSIDERED), "- and {} more")
    return _framed(desired, marker, table, notes, f"{_CONSIDERED}{considered}" if considered else "")


def _framed(desired: Desired, marker: str, table: str, notes: str, considered: str) -> str:
    parts = [
        _headline(desired),
        table,
        notes,
        f"**Why.** {prose(desired.why)}",
        considered,
        _AFTER,
        _WAY_BACK if desired.refreshes else _NO_ROLLBACK,
        f"- [ ] {_REBUILD} Tick this to have the branch rebuilt on the base.",
        _rights(desired),
    ]
    text = "\n\n".join(part for part in parts if part)
    return f"{BEGIN}\n{text}\n\n{marker}\n{END}"


def _fitted(lines: Sequence[str], room: int, rest: str, separator: str = "\n", most: int = _LINES) -> str:
    """As many lines as there is room for, and, in the words of `rest`, how many there are besides."""
    left, shown = room - len(separator) - len(rest) - 8, 0
    for line in lines[:most]:
        left -= len(line) + len(separator)
        if left < 0:
            break
        shown += 1
    more = [rest.format(len(lines) - shown)] if shown < len(lines) else []
    return separator.join([*lines[:shown], *more])


def _headline(desired: Desired) -> str:
    origin, target = str(desired.origin.version), str(desired.target.version)
    if desired.refreshes:
        return f"**{code(desired.cluster)}**: another image at Kubernetes {code(target)}"
    return f"**{code(desired.cluster)}**: Kubernetes {code(origin)} → {code(target)}"


def _rights(desired: Desired) -> str:
    refuse = f"Close this pull request to refuse {code(str(desired.target))}: it will not come back, a newer one may."
    return f"<sub>Proposed by {code(desired.proposer)}. {refuse} Push to the branch, and it is yours.</sub>"


_AFTER = (
    "**After the merge.** Flux or Argo CD applies the manifest, and Cluster API rolls the control plane first and the "
    "workers after it. Until that has ended, Cluster API refuses a further change of the version."
)

_NO_ROLLBACK = (
    "**A revert is no rollback.** Cluster API refuses to decrease a cluster's version, so a reverted upgrade fails in "
    "the API server, and Flux or Argo CD stays failed until Git says the new version again. Mend a bad upgrade "
    "forwards: with a newer image or a newer patch release."
)


_WAY_BACK = (
    "**The way back.** Cluster API takes a revert of an image alone, and rolls the machines again to the one before."
)


_CONSIDERED = "**Also considered.**\n\n"

_HEADER = "| what | from | to | where |\n|---|---|---|---|\n"


def _table(changes: Sequence[Change], room: int) -> str:
    rows = [
        f"| {code(change.what)} | {_old(change)} | {code(change.edit.new)} | {_place(change)} |"
        for change in changes[:_ROWS]
    ]
    rows += [""] * (len(changes) - len(rows))
    return _HEADER + _fitted(rows, room - len(_HEADER), "| and {} more | | | |", most=_ROWS)


def _old(change: Change) -> str:
    return code(change.edit.old) if change.edit.old is not None else "(absent)"


def _place(change: Change) -> str:
    text = code(f"{change.edit.file}:{change.edit.line}")
    return f"[{text}]({change.url})" if change.url else text


def commit_message(desired: Desired) -> str:
    """Subject, body, and the trailers by which a later run knows its own commits (git-interpret-trailers(1))."""
    lines = [desired.message.strip(), ""]
    lines += [_sentence(change.edit, change.what) for change in desired.changes[:_ROWS]]
    lines += ["", trailers.render(trailers.Trailers(desired.proposer, desired.target))]
    if desired.sign_off:
        lines.append(f"Signed-off-by: {desired.author.name} <{desired.author.email}>")
    return "\n".join(lines) + "\n"


def _sentence(edit: Edit, what: str) -> str:
    old = edit.old if edit.old is not None else "(absent)"
    return " ".join(f"{edit.file}:{edit.line}: {what}: {old} -> {edit.new}".split())
