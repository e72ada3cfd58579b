"""The transport against a real server: files, what has not changed, redirects, statuses and credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader import __version__
from gitops_upgrader.errors import (
    CredentialsInURL,
    SchemeRefused,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceUnreachable,
    TooManyRedirects,
    UnexpectedAnswer,
)
from gitops_upgrader.sources import Response
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site
from tests.sources.fetching import bring

LATER = "Try again later."


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


def test_a_proxy_is_used_and_watched(site: Site, fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.url)
    site.files["/a"] = b"through the proxy"
    assert bring(fetch, "http://example.invalid/a")[1] == b"through the proxy"
    assert site.paths == ["http://example.invalid/a"]
