"""What a source's URL must look like, and how it is shown to people."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from gitops_upgrader.errors import CredentialsInURL, InvalidSourceURL, SchemeRefused, Where

SCHEMES = frozenset({"http", "https"})

_USERINFO = re.compile(r"(?<=//)[^/?#]*@")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_SHOWN_LENGTH = 300


def checked(url: str) -> SplitResult:
    """Split a URL that may be asked for.

    A user name or a password in it is refused rather than redacted: an object's spec is read by many, and is kept in
    Git; a netrc file is not. The fragment is dropped, as it never leaves a client (RFC 9110, section 7.1).

    Raises:
        SchemeRefused: neither http nor https.
        CredentialsInURL: it carries a user name or a password.
        InvalidSourceURL: it is no URL of a file or a folder on a host.
    """
    where = Where(file=shown(url))
    if _UNPRINTABLE.search(url):
        raise InvalidSourceURL(
            "the URL holds a space or a character outside ASCII.", where=where, remedy="Percent-encode it."
        )
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidSourceURL(f"the URL cannot be read: {error}.", where=where, remedy="Correct it.") from error
    if parts.scheme not in SCHEMES:
        raise SchemeRefused(
            f"the scheme {parts.scheme!r} is not supported." if parts.scheme else "the URL has no scheme.",
            where=where,
            remedy="Write a URL that begins with https:// or http://.",
        )
    if not host:
        raise InvalidSourceURL(
            "the URL names no host.", where=where, remedy="Write it as https://host/folder-of-the-repository/."
        )
    if "@" in parts.netloc:
        raise CredentialsInURL(
            "the URL carries a user name or a password.",
            where=where,
            remedy="Take it out, and put it into a netrc file (~/.netrc, or the file that NETRC names).",
        )
    return parts._replace(fragment="")


def shown(url: str) -> str:
    """Return a URL as messages may show it: no user name, no password, no query, one short printable line."""
    path, *rest = re.split(r"[?#]", url, maxsplit=1)
    text = _UNPRINTABLE.sub("?", _USERINFO.sub("", path)) + ("?..." if rest else "")
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "..."
