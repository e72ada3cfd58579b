"""The transport against a real server that does everything a server can do wrong."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path

import pytest
import trustme

from gitops_upgrader import __version__
from gitops_upgrader.errors import (
    CredentialsInURL,
    IndexTooLarge,
    IndexTruncated,
    SchemeRefused,
    SourceCertificateInvalid,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceTimeout,
    SourceUnreachable,
    TooManyRedirects,
    UnexpectedAnswer,
)
from gitops_upgrader.sources import Request, Response
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site, serve

LIMIT = 1000
LATER = "Try again later."


def bring(fetch: HttpFetch, url: str, timeout: float = 20.0, **validators: str) -> tuple[Response, bytes]:
    sink = BytesIO()
    response = fetch(Request(url, timeout, LIMIT, **validators), sink)
    return response, sink.getvalue()


def test_a_file_and_its_validators(site: Site, fetch: HttpFetch) -> None:
    site.files["/Packages"] = b"hello"
    response, body = bring(fetch, f"{site.url}/Packages")
    assert body == b"hello"
    assert response.etag == '"2cf24dba5fb0a30e"'
    assert response == Response(etag=response.etag, last_modified="Wed, 01 Oct 2025 10:00:00 GMT")
    assert dict(site.requests[0].headers) == {
        "host": site.url.removeprefix("http://"),
        "user-agent": f"gitops-upgrader/{__version__}",
        "accept": "*/*",
        "accept-encoding": "identity",
    }


def test_a_file_that_has_not_changed(site: Site, fetch: HttpFetch) -> None:
    site.files["/Packages"] = b"hello"
    first, _ = bring(fetch, f"{site.url}/Packages")
    assert first.etag
    assert first.last_modified
    second, body = bring(fetch, f"{site.url}/Packages", etag=first.etag, last_modified=first.last_modified)
    assert second == Response(not_modified=True, etag=first.etag, last_modified=first.last_modified)
    assert body == b""
    assert site.requests[1].headers["if-none-match"] == first.etag
    assert site.requests[1].headers["if-modified-since"] == first.last_modified


def test_redirects_are_followed_and_validators_go_along(site: Site, fetch: HttpFetch) -> None:
    for hop in range(5):
        site.status(f"/{hop}", (301, 302, 303, 307, 308)[hop], Location=f"{hop + 1}?sig=a#top")
    site.files["/5"] = b"there"
    assert bring(fetch, f"{site.url}/0", etag='"x"')[1] == b"there"
    assert site.paths == ["/0", "/1?sig=a", "/2?sig=a", "/3?sig=a", "/4?sig=a", "/5?sig=a"]
    assert {asked.headers["if-none-match"] for asked in site.requests} == {'"x"'}


def test_a_body_without_a_length_says_so(site: Site, fetch: HttpFetch) -> None:
    site.raw("/until-close", b"HTTP/1.0 200 OK\r\n\r\nhello")
    site.raw("/chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
    assert bring(fetch, f"{site.url}/until-close") == (Response(framed=False), b"hello")
    assert bring(fetch, f"{site.url}/chunked") == (Response(framed=True), b"hello")


def test_an_encoded_body_is_left_as_it_is(site: Site, fetch: HttpFetch) -> None:
    site.raw("/a", b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: 3\r\n\r\n\x1f\x8bx")
    site.raw("/b", b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nb")
    response, body = bring(fetch, f"{site.url}/a")
    assert (response.encoding, body) == ("gzip", b"\x1f\x8bx")
    assert bring(fetch, f"{site.url}/b")[0].encoding == ""


@pytest.mark.parametrize(
    ("code", "headers", "kind", "message"),
    [
        (404, {}, SourceNotFound, "the server answers 404 Not Found: there is no such file. Correct the URL."),
        (410, {}, SourceNotFound, "the server answers 410 Gone: there is no such file. Correct the URL."),
        (
            403,
            {},
            SourceRefused,
            (
                "the server answers 403 Forbidden: the file is not for us, or there is none and it does not say so. "
                "Correct the URL, or put what the server asks for into a netrc file."
            ),
        ),
        (
            401,
            {"WWW_Authenticate": "Basic"},
            SourceRefused,
            (
                "the server answers 401 Unauthorized: the file is not for us, or there is none and it does not say so. "
                "Correct the URL, or put what the server asks for into a netrc file."
            ),
        ),
        (500, {}, SourceUnreachable, f"the server answers 500 Internal Server Error. {LATER}"),
        (
            503,
            {"Retry_After": "120"},
            SourceUnreachable,
            f"the server answers 503 Service Unavailable and asks to wait 120 s. {LATER}",
        ),
        (
            429,
            {"Retry_After": "Wed, 01 Oct 2025 10:00:00 GMT"},
            SourceUnreachable,
            f"the server answers 429 Too Many Requests. {LATER}",
        ),
        (
            206,
            {},
            UnexpectedAnswer,
            "the server answers 206 Partial Content, which is no answer to a request for a file. Correct the URL.",
        ),
        (
            304,
            {},
            UnexpectedAnswer,
            "the server answers 304 Not Modified, which is no answer to a request for a file. Correct the URL.",
        ),
        (
            302,
            {},
            UnexpectedAnswer,
            "the server answers 302 Found, which is no answer to a request for a file. Correct the URL.",
        ),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_a_status(
    code: int, headers: dict[str, str], kind: type[SourceError], message: str, site: Site, fetch: HttpFetch
) -> None:
    site.status("/Packages", code, **headers)
    with pytest.raises(SourceError) as caught:
        bring(fetch, f"{site.url}/Packages?token=s3cret")
    assert type(caught.value) is kind
    assert str(caught.value) == f"{site.url}/Packages?...: {message}"
    assert caught.value.transient is (kind is SourceUnreachable)


def test_six_redirects_are_too_many(site: Site, fetch: HttpFetch) -> None:
    site.status("/loop", 302, Location="/loop?s3cret")
    with pytest.raises(TooManyRedirects) as caught:
        bring(fetch, f"{site.url}/loop")
    assert len(site.requests) == 6
    assert str(caught.value) == (
        f"{site.url}/loop: the server redirects more than 5 times, the last time to {site.url}/loop?.... "
        "Give the URL at which the files really are."
    )


@pytest.mark.parametrize(
    ("target", "kind", "why"),
    [
        ("file:///etc/passwd", SchemeRefused, "the scheme 'file' is not supported."),
        ("ftp://example.com/", SchemeRefused, "the scheme 'ftp' is not supported."),
        ("http://ann:s3cret@example.com/", CredentialsInURL, "the URL carries a user name or a password."),
    ],
)
def test_a_redirect_that_is_not_followed(
    target: str, kind: type[SourceError], why: str, site: Site, fetch: HttpFetch
) -> None:
    site.status("/a", 302, Location=target)
    with pytest.raises(kind) as caught:
        bring(fetch, f"{site.url}/a")
    shown = target.replace("ann:s3cret@", "")
    assert str(caught.value) == (
        f"{site.url}/a: the server redirects to {shown}, which is not followed: {why} "
        "Give the URL at which the files really are."
    )


def test_the_first_url_is_checked_too(fetch: HttpFetch) -> None:
    with pytest.raises(SchemeRefused):
        bring(fetch, "file:///etc/passwd")


def test_credentials_of_a_netrc_file_go_to_their_own_host_alone(
    site: Site, fetch: HttpFetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    site.status("/a", 302, Location=site.url.replace("127.0.0.1", "localhost") + "/b")
    site.files["/b"] = b"b"
    assert bring(fetch, f"{site.url}/a")[1] == b"b"
    assert [asked.headers.get("authorization") for asked in site.requests] == ["Basic YW5uOnMzY3JldA==", None]


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


@pytest.fixture
def tls_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serve(tls=context) as running:
        yield running


def test_tls(tls_site: Site, fetch: HttpFetch) -> None:
    tls_site.files["/a"] = b"secret"
    assert bring(fetch, f"{tls_site.url}/a")[1] == b"secret"


def test_a_certificate_that_nobody_trusts(tls_site: Site, fetch: HttpFetch) -> None:
    del os.environ["REQUESTS_CA_BUNDLE"]
    with pytest.raises(SourceCertificateInvalid) as caught:
        bring(fetch, f"{tls_site.url}/a")
    assert str(caught.value) == (
        f"{tls_site.url}/a: the server's TLS certificate cannot be trusted: "
        "unable to get local issuer certificate. "
        "If it is signed by your own authority, name its file in REQUESTS_CA_BUNDLE."
    )


def test_a_bundle_that_is_not_there(tls_site: Site, fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(SourceUnreachable, match="/nowhere/ca\\.pem"):
        bring(fetch, f"{tls_site.url}/a")


def test_tls_where_none_is_spoken(site: Site, fetch: HttpFetch) -> None:
    with pytest.raises(SourceUnreachable):
        bring(fetch, site.url.replace("http:", "https:") + "/a")


def test_from_https_to_http_is_not_followed(tls_site: Site, site: Site, fetch: HttpFetch) -> None:
    tls_site.status("/a", 302, Location=f"{site.url}/b")
    with pytest.raises(SchemeRefused) as caught:
        bring(fetch, f"{tls_site.url}/a")
    assert caught.value.message == (
        f"the server redirects from https to {site.url}/b, which is not followed: anybody on the way could change "
        "what it answers."
    )
    assert site.requests == []


def test_from_http_to_https_is_followed(tls_site: Site, site: Site, fetch: HttpFetch) -> None:
    site.status("/a", 301, Location=f"{tls_site.url}/a")
    tls_site.files["/a"] = b"safe"
    assert bring(fetch, f"{site.url}/a")[1] == b"safe"


def test_a_proxy_is_used_and_watched(site: Site, fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.url)
    site.files["/a"] = b"through the proxy"
    assert bring(fetch, "http://example.invalid/a")[1] == b"through the proxy"
    assert site.paths == ["http://example.invalid/a"]


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
