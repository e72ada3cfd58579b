"""What URLs are refused, and how they are shown."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import CredentialsInURL, InvalidSourceURL, SchemeRefused, SourceError
from gitops_upgrader.sources.urls import checked, shown


@pytest.mark.parametrize(
    "url",
    [
        "https://pkgs.k8s.io/core:/stable:/v1.34/deb/",
        "http://127.0.0.1:8080/Packages",
        "http://[::1]:8080/Packages",
        "https://mirror.example.com/Packages?sig=a%2Fb",
        "HTTPS://mirror.example.com",
    ],
)
def test_it_accepts(url: str) -> None:
    assert checked(url).hostname


def test_the_fragment_goes() -> None:
    assert checked("https://example.com/deb/#top").geturl() == "https://example.com/deb/"


@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [
        (
            "ftp://example.com/deb/",
            SchemeRefused,
            (
                "ftp://example.com/deb/: the scheme 'ftp' is not supported. "
                "Write a URL that begins with https:// or http://."
            ),
        ),
        (
            "file:///etc/passwd",
            SchemeRefused,
            "file:///etc/passwd: the scheme 'file' is not supported. Write a URL that begins with https:// or http://.",
        ),
        (
            "example.com/deb/",
            SchemeRefused,
            "example.com/deb/: the URL has no scheme. Write a URL that begins with https:// or http://.",
        ),
        (
            "https://:443/deb/",
            InvalidSourceURL,
            "https://:443/deb/: the URL names no host. Write it as https://host/folder-of-the-repository/.",
        ),
        (
            "https://example.com:http/",
            InvalidSourceURL,
            (
                "https://example.com:http/: the URL cannot be read: Port could not be cast to integer value as 'http'. "
                "Correct it."
            ),
        ),
        (
            "https://[::1/",
            InvalidSourceURL,
            "https://[::1/: the URL cannot be read: Invalid IPv6 URL. Correct it.",
        ),
        (
            "https://example.com/a b",
            InvalidSourceURL,
            "https://example.com/a?b: the URL holds a space or a character outside ASCII. Percent-encode it.",
        ),
        (
            "https://ann:s3cret@example.com/deb/?token=s3cret",
            CredentialsInURL,
            (
                "https://example.com/deb/?...: the URL carries a user name or a password. "
                "Take it out, and put it into a netrc file (~/.netrc, or the file that NETRC names)."
            ),
        ),
        (
            "https://@example.com/",
            CredentialsInURL,
            (
                "https://example.com/: the URL carries a user name or a password. "
                "Take it out, and put it into a netrc file (~/.netrc, or the file that NETRC names)."
            ),
        ),
    ],
)
def test_it_refuses(url: str, kind: type[SourceError], message: str) -> None:
    with pytest.raises(kind) as caught:
        checked(url)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://example.com/deb/", "https://example.com/deb/"),
        ("https://ann:s3cret@example.com/deb/?token=s3cret#s3cret", "https://example.com/deb/?..."),
        ("https://s3c/ret@example.com/", "https://s3c/ret@example.com/"),
        ("https://a@b@example.com/", "https://example.com/"),
        ("https://example.com/\x1b[31m\n", "https://example.com/?[31m?"),
        ("https://example.com/" + "a" * 400, "https://example.com/" + "a" * 280 + "..."),
    ],
)
def test_it_shows(url: str, text: str) -> None:
    assert shown(url) == text
