"""The trailers of our commits: by them a later run knows its own work, with or without a forge."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_upgrader.errors import InvalidVersion
from gitops_upgrader.model import Target
from gitops_upgrader.versions import Version

PROPOSER = "Gitops-Upgrader"
TARGET = "Gitops-Upgrader-Target"

_TRAILER = re.compile(r"^(Gitops-Upgrader(?:-Target)?): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trailers:
    """Who proposed a commit (`<namespace>/<name>` or `cluster/<namespace>/<name>`), and what it moves to."""

    proposer: str
    target: Target


def render(trailers: Trailers) -> str:
    """The two lines, without a line end."""
    return f"{PROPOSER}: {trailers.proposer}\n{TARGET}: {trailers.target}"


def read(message: str) -> Trailers | None:
    """The trailers in the last paragraph of a commit message; None where they are absent or say no version."""
    last = message.rstrip().rpartition("\n\n")[2]
    found = dict(_TRAILER.findall(last))
    if PROPOSER not in found or TARGET not in found:
        return None
    version, _, image = found[TARGET].strip().partition(" ")
    try:
        return Trailers(found[PROPOSER].strip(), Target(Version.parse(version), image or None))
    except InvalidVersion:
        return None
