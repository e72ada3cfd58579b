"""A file that cannot be fetched whole: nobody is there, or what comes is no HTTP, ends early, is slow or too large."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler
from io import BytesIO

import pytest

from gitops_upgrader.errors import IndexTooLarge, IndexTruncated, SourceTimeout, SourceUnreachable
from gitops_upgrader.sources import Request
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site
from tests.sources.fetching import bring


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_too_large(head: bytes, site: Site, fetch: HttpFetch) -> None:
    site.raw("/a", head)
    with pytest.raises(IndexTooLarge) as caught:
        bring(fetch, f"{site.url}/a")
    assert caught.value.message == "the file is larger than 1000 bytes, which is the limit."


def test_a_large_limit_is_shown_in_mib(site: Site, fetch: HttpFetch) -> None:
    site.raw("/a", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
    with pytest.raises(IndexTooLarge, match="the file is larger than 2 MiB, which is the limit"):
        fetch(Request(f"{site.url}/a", 20, 2 * 1024 * 1024), BytesIO())


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
def test_a_body_that_ends_too_early(head: bytes, site: Site, fetch: HttpFetch) -> None:
    site.raw("/a", head)
    with pytest.raises(IndexTruncated) as caught:
        bring(fetch, f"{site.url}/a")
    assert caught.value.message.startswith("the connection ended before the file did: ")
    assert caught.value.transient


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "Remote end closed connection without response"),
        (b"<html>", "<html>"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "got more than 100 headers"),
    ],
)
def test_what_is_no_http(answer: bytes, message: str, site: Site, fetch: HttpFetch) -> None:
    site.raw("/a", answer)
    with pytest.raises(SourceUnreachable) as caught:
        bring(fetch, f"{site.url}/a")
    assert caught.value.message.startswith(f"the server cannot be reached: {message}")


def test_nobody_listens(fetch: HttpFetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SourceUnreachable) as caught:
        bring(fetch, f"http://127.0.0.1:{port}/a")
    assert str(caught.value) == (
        f"http://127.0.0.1:{port}/a: the server cannot be reached: Connection refused. "
        "Check the URL, the network, and the proxy (HTTPS_PROXY, NO_PROXY)."
    )


def test_a_host_that_has_no_address(fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)  # a real look-up would leave this machine
    with pytest.raises(SourceUnreachable, match="the server cannot be reached: Name or service not known\\."):
        bring(fetch, "http://nowhere.invalid/a")


def test_a_host_name_that_is_none(fetch: HttpFetch) -> None:
    with pytest.raises(SourceUnreachable):
        bring(fetch, f"http://{'a' * 70}.invalid/a")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;",
    ],
)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_bytes_that_drip(start: bytes, secure: bool, site: Site, tls_site: Site, fetch: HttpFetch) -> None:
    dripping = tls_site if secure else site

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while not dripping.closing.wait(0.05):
            handler.wfile.write(b"H")

    dripping.answers["/a"] = drip
    with pytest.raises(SourceTimeout) as caught:
        bring(fetch, f"{dripping.url}/a", timeout=1.0)
    assert str(caught.value) == (
        f"{dripping.url}/a: the server took longer than 1 s. "
        "Raise the source's timeout, or use a mirror that is nearer."
    )


def test_a_server_that_says_nothing(site: Site, fetch: HttpFetch) -> None:
    def wait(handler: BaseHTTPRequestHandler) -> None:
        site.closing.wait(30)

    site.answers["/a"] = wait
    with pytest.raises(SourceTimeout) as caught:
        bring(fetch, f"{site.url}/a", timeout=0.2)
    assert caught.value.transient


def test_a_host_that_accepts_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(3)]  # they fill the queue, and nobody takes them out of it
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with pytest.raises(SourceTimeout) as caught:
            bring(HttpFetch(connect_timeout=0.1), f"http://127.0.0.1:{address[1]}/a")
        for each in waiting:
            each.close()
    assert caught.value.message == "the server did not answer in time."
