"""The job summary: a run in Markdown, for whoever opens the workflow's page.

Whatever comes from outside (names, messages, paths, diffs) is escaped or stands in a code block that it cannot end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

LIMIT: Final = 1_000_000
"""Bytes of a summary; GitHub refuses more than 1 MiB for a step."""

_RESERVE: Final = 1_000
"""Bytes that are kept for the sentence that says what is left out."""

_ROWS: Final = 500
"""Rows of the table, and errors in the list, before the rest is only counted."""

_WORDS: Final = {
    "create": ("opened", "would be opened"),
    "update": ("updated", "would be updated"),
    "close": ("closed", "would be closed"),
    "leave": ("left as it is", "left as it is"),
    "hold": ("waits", "waits"),
    "error": ("**failed**", "**failed**"),
}
_ORDER: Final = ("error", "create", "update", "close", "leave", "hold")

STARTS_NO_WORKFLOW: Final = (
    "The workflow's own token was used: a pull request that it opens starts no other workflow until a person approves "
    "it, so required checks may not run by themselves. Give the action the token of a GitHub App or of a person where "
    "they must."
)
"""https://docs.github.com/actions/concepts/security/github_token#when-github_token-triggers-workflow-runs"""


def job_summary(
    document: Mapping[str, Any], *, dry_run: bool, notices: Sequence[str] = (), failure: str | None = None
) -> str:
    """Write the summary.

    Args:
        document: what `propose -o json` prints.
        dry_run: nothing was pushed or opened.
        notices: sentences that a person who reads the summary should know.
        failure: why the run ended before there was anything to report.
    """
    proposals: Sequence[Mapping[str, Any]] = document["proposals"]
    parts = ["## Cluster upgrades"]
    if dry_run:
        parts.append("A dry run: nothing was pushed, nothing was opened.")
    if failure is not None:
        parts.append(f"> [!CAUTION]\n> {_text(failure)}")
    elif not proposals:
        parts.append("There is nothing to do.")
    else:
        parts += [_tally(proposals, dry_run=dry_run), _table(proposals, dry_run=dry_run)]
    parts.append(_errors(document["errors"]))
    parts += [f"> [!NOTE]\n> {_text(notice)}" for notice in notices]
    text = _cut("\n\n".join(part for part in parts if part) + "\n")
    return text + _diffs(proposals, LIMIT - len(text.encode()))


def _cut(text: str) -> str:
    """The text, ended after a whole line where it is longer than a page may be."""
    packed = text.encode()
    if len(packed) <= LIMIT:
        return text
    whole = packed[: LIMIT - _RESERVE].rpartition(b"\n")[0]
    return whole.decode() + "\n\nThe rest does not fit in here; see the log.\n"


def _tally(proposals: Sequence[Mapping[str, Any]], *, dry_run: bool) -> str:
    counts = {action: sum(proposal["action"] == action for proposal in proposals) for action in _ORDER}
    return ", ".join(f"{count} {_WORDS[action][dry_run]}" for action, count in counts.items() if count) + "."


def _table(proposals: Sequence[Mapping[str, Any]], *, dry_run: bool) -> str:
    """The decisions; in a fleet with more rows than a page takes, those where something happened come first."""
    chosen = list(proposals)
    if len(chosen) > _ROWS:
        chosen = sorted(chosen, key=lambda proposal: _ORDER.index(proposal["action"]))[:_ROWS]
    lines = ["| Cluster | Now | Next | Pull request | | Why |", "|---|---|---|---|---|---|"]
    lines += [_row(proposal, dry_run=dry_run) for proposal in chosen]
    left = len(proposals) - len(chosen)
    return "\n".join(lines) + (f"\n\n{left} more clusters are not shown; see the log." if left else "")


def _row(proposal: Mapping[str, Any], *, dry_run: bool) -> str:
    cells = (
        _text(proposal["cluster"]),
        _version(proposal["from"]),
        _version(proposal["to"]) if proposal["to"] != proposal["from"] else "",
        _link(proposal["pullRequest"]),
        _WORDS[proposal["action"]][dry_run],
        _text(proposal["message"]),
    )
    return f"| {' | '.join(cells)} |"


def _version(target: Mapping[str, Any] | None) -> str:
    return _text(target["version"]) if target else ""


def _link(pull: Mapping[str, Any] | None) -> str:
    """A link where the address is one of the web; a local pull request is a file."""
    if pull is None:
        return ""
    name = f"#{pull['number']}"
    if urlsplit(pull["url"]).scheme not in {"http", "https"}:
        return name
    return f"[{name}]({quote(pull['url'], safe=_URL_SAFE)})"


_URL_SAFE: Final = "/:?#@!$&'*+,;=%~-._"
"""RFC 3986's characters but for those that Markdown reads as the end of a link."""


def _errors(errors: Sequence[Mapping[str, Any]]) -> str:
    if not errors:
        return ""
    lines = ["### Errors", ""]
    lines += [f"- **{_text(error['reason'])}** {_text(error['message'])}" for error in errors[:_ROWS]]
    if len(errors) > _ROWS:
        lines.append(f"- and {len(errors) - _ROWS} more; see the log")
    return "\n".join(lines)


def _diffs(proposals: Iterable[Mapping[str, Any]], room: int) -> str:
    """The diffs of what is proposed, folded; those that do not fit any more are named only."""
    parts: list[str] = []
    for proposal in proposals:
        if proposal["action"] not in {"create", "update"} or not proposal["diff"]:
            continue
        part = _diff(proposal)
        room -= len(part.encode())
        if room < _RESERVE:
            parts.append("\nThe diffs of the other clusters do not fit in here; their pull requests show them.\n")
            break
        parts.append(part)
    return "".join(parts)


def _diff(proposal: Mapping[str, Any]) -> str:
    head = f"{_html(proposal['cluster'])}: {_html(_plain(proposal['from']))} → {_html(_plain(proposal['to']))}"
    text = str(proposal["diff"]).rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"\n<details><summary>{head}</summary>\n\n{fence}diff\n{text}\n{fence}\n\n</details>\n"


def _plain(target: Mapping[str, Any] | None) -> str:
    return str(target["version"]) if target else "?"


_MARKS: Final = re.compile(r"([\\`*_{}\[\]()#|~!])")


def _text(text: str) -> str:
    """Text that neither formats, nor links, nor mentions, nor leaves its line."""
    return _MARKS.sub(r"\\\1", _html(" ".join(text.split())))


def _html(text: str) -> str:
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
