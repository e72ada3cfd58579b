"""Which minors the community's package repositories have, asked all at once."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from gitops_upgrader.cli.init.draft import Line, Packages
from gitops_upgrader.errors import SourceError, SourceNotFound, SourceRefused
from gitops_upgrader.sources.debian import DebianQuery, notice
from gitops_upgrader.sources.fetch import Fetch
from gitops_upgrader.versions import Version

ROOT: Final = "https://pkgs.k8s.io"
"""Where Kubernetes publishes its packages: https://kubernetes.io/blog/2023/08/15/pkgs-k8s-io-introduction/."""

_MOST: Final = 16
"""Minors that are asked for; a fleet that spreads further is asked for its newest ones."""
_AT_ONCE: Final = 8
_TIMEOUT: Final = 15.0
"""Seconds for each repository."""


def look(lines: Iterable[Line], root: str, architecture: str, fetch: Fetch, now: datetime) -> Packages:
    """Ask for the newest release of each minor between these, and of the one after them.

    Where nobody answers, nothing is known of any; that is no error, as the files can be written without it.
    """
    root = root.rstrip("/")
    ordered = sorted(lines)
    wanted: list[Line] = []
    if ordered:
        (major, first), (_, last) = ordered[0], ordered[-1]
        wanted = [(major, minor) for minor in range(first, last + 2)][-_MOST:]

    def newest(line: Line) -> Version | None:
        query = DebianQuery((f"{root}/core:/stable:/v{line[0]}.{line[1]}/deb/",), architecture, timeout=_TIMEOUT)
        try:
            return max(notice(query, fetch=fetch, known=None, now=now).versions, default=None)
        except (SourceNotFound, SourceRefused):  # the community's answers 403 where there is nothing
            return None

    try:
        with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="packages") as pool:
            published = dict(zip(wanted, pool.map(newest, wanted), strict=True))
    except SourceError:
        return Packages(root, architecture)
    return Packages(root, architecture, published if any(published.values()) else {})
