"""The demonstration's repositories, read by the real pipeline."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import requests

from gitops_upgrader.cli.demo.debianrepo import folder, serve
from gitops_upgrader.errors import SourceNotFound, SourceUnreachable
from gitops_upgrader.sources import DebianQuery, Noticed, notice
from gitops_upgrader.sources.httpfetch import HttpFetch

NOW = datetime(2025, 10, 1, tzinfo=UTC)


def look(*urls: str, known: Noticed | None = None, architecture: str = "amd64") -> Noticed:
    return notice(DebianQuery(urls, architecture), fetch=HttpFetch(), known=known, now=NOW)


def texts(noticed: Noticed) -> list[str]:
    return [str(version) for version in noticed.versions]


def test_the_folder_of_a_minor() -> None:
    assert folder("v1.34") == folder("1.34") == "/core:/stable:/v1.34/deb/"


@pytest.mark.parametrize("name", ["", "Packages", "Packages.gz"])
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_it_serves_what_the_pipeline_reads(name: str, architecture: str) -> None:
    with serve({"v1.33": ["v1.33.5"], "1.34": ["v1.34.0", "1.34.1", "v1.34.2-rc.1"]}) as url:
        noticed = look(url + folder("v1.34") + name, url + folder("v1.33") + name, architecture=architecture)
    assert texts(noticed) == ["v1.33.5", "v1.34.0", "v1.34.1", "v1.34.2-rc.1"]


def test_a_version_that_is_added_has_been_released() -> None:
    versions = {"v1.34": ["v1.34.0"]}
    with serve(versions) as url:
        first = look(url + folder("v1.34"))
        assert look(url + folder("v1.34"), known=first).not_modified
        versions["v1.34"].append("v1.34.1")
        assert texts(look(url + folder("v1.34"), known=first)) == ["v1.34.0", "v1.34.1"]
        versions["v1.35"] = []
        assert texts(look(url + folder("v1.35"))) == []


def test_there_is_nothing_else() -> None:
    with serve({"v1.34": ["v1.34.0"]}) as url:
        for path in (folder("v1.33"), folder("v1.34") + "../", "/dists/stable/main/"):
            with pytest.raises(SourceNotFound):
                look(url + path)


def test_a_look_at_the_head_alone() -> None:
    with serve({"v1.34": ["v1.34.0"]}) as url:
        whole = requests.get(url + folder("v1.34") + "Packages", timeout=10)
        head = requests.head(url + folder("v1.34") + "Packages", timeout=10)
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert head.content == b""


def test_it_is_silent_and_leaves_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    with serve({"v1.34": ["v1.34.0"]}) as url:
        look(url + folder("v1.34"))
        address = (urlsplit(url).hostname, urlsplit(url).port)
        with socket.create_connection(address) as rude:
            rude.sendall(b"GET / HTTP/1.1\r\nX")
    assert capfd.readouterr() == ("", "")
    assert "debian-repository" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(SourceUnreachable):
        look(url + folder("v1.34"))
