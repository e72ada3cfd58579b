"""What a forge's answers mean for a first run: rights, rules and the clock, judged from values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from gitops_upgrader.cli.doctor.finding import Finding, Grade
from gitops_upgrader.forges.rights import Rights

TOLERANCE: Final = timedelta(seconds=60)
"""How far the clocks may be apart: GitHub refuses an App's signed time beyond it, and signatures have dates too."""


def judge_rights(subject: str, found: Rights, hint: str) -> Iterator[Finding]:
    """Judge what a credential may do; the hint says how to give one."""
    if found.is_archived:
        yield Finding("token", subject, Grade.MEND, "The repository is archived.", "Unarchive it, or name another one.")
    elif found.anonymous:
        yield Finding("token", subject, Grade.MEND, "There is no token, and nobody opens pull requests.", hint)
    elif found.missing_scopes:
        scopes = ", ".join(found.missing_scopes)
        remedy = "Give it that, or make one that has it; docs/forges.md lists what is needed."
        yield Finding("token", subject, Grade.MEND, f"The token was not given {scopes}.", remedy)
    elif found.may_push is False:
        remedy = "Give its account the right to write contents and pull requests; docs/forges.md lists both."
        yield Finding("token", subject, Grade.MEND, "The token may not push branches.", remedy)
    elif found.may_push is None:
        yield Finding("token", subject, Grade.NOTE, "The token is accepted; the forge does not say what it may do.")
    else:
        yield Finding("token", subject, Grade.OK, "The token may push branches.")
    if not found.takes_pulls:
        yield Finding(
            "pull-requests",
            subject,
            Grade.MEND,
            "The repository takes no pull requests.",
            "Allow them in its settings.",
        )


def judge_rules(subject: str, prefix: str, found: Rights) -> Finding:
    """Judge what protects the branches that ours are among."""
    if found.rules is None:
        return Finding("branch-rules", subject, Grade.NOTE, "The forge does not show its branch rules to this token.")
    if not found.rules:
        return Finding("branch-rules", subject, Grade.OK, f"No rule keeps {prefix}* from being pushed.")
    remedy = f"Except {prefix}* from the rule, or let this account bypass it."
    return Finding("branch-rules", subject, Grade.MEND, f"For {prefix}*: {'; '.join(found.rules)}.", remedy)


def judge_clock(subject: str, headers: Mapping[str, str], now: datetime) -> Finding | None:
    """Judge this machine's clock by a forge's `Date` (RFC 9110, 6.6.1); None where the forge tells no time."""
    text = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        theirs = parsedate_to_datetime(text)
    except ValueError:
        return None
    if theirs.tzinfo is None:
        return None
    apart = now - theirs
    seconds = round(abs(apart.total_seconds()))
    if abs(apart) <= TOLERANCE:
        return Finding("clock", subject, Grade.OK, f"The forge's clock and this machine's are {seconds} s apart.")
    which = "ahead of" if apart > timedelta() else "behind"
    remedy = "Let this machine keep its time by NTP (timedatectl set-ntp true)."
    return Finding("clock", subject, Grade.MEND, f"This machine is {seconds} s {which} the forge.", remedy)
