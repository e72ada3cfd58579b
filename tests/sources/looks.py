"""A look at package repositories on loopback, and an index with what it comes to."""

from __future__ import annotations

from gitops_upgrader.sources import DebianQuery, Noticed, notice
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import NOW, Site, packages

INDEX = packages("1.34.2-1.1", "1.34.0-1.1", "1.34.10-1.1", "1.34.2-2.1", "1.35.0~rc.1-1.1")
VERSIONS = ["v1.34.0", "v1.34.2", "v1.34.10", "v1.35.0-rc.1"]


def query(site: Site, *paths: str, keyring: bytes | None = None, timeout: float = 20.0) -> DebianQuery:
    return DebianQuery(tuple(site.url + path for path in paths), "amd64", timeout=timeout, keyring=keyring)


def look(asked: DebianQuery, known: Noticed | None = None) -> Noticed:
    return notice(asked, fetch=HttpFetch(), known=known, now=NOW)


def texts(noticed: Noticed) -> list[str]:
    return [str(version) for version in noticed.versions]
