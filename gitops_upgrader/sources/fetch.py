"""The transport seam: one function that brings one file, and the values it takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import BinaryIO, Protocol

from gitops_upgrader.errors import SourceTimeout, Where

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One file to bring.

    Args:
        url: http or https, without credentials.
        timeout: seconds for everything: connecting, redirects, and the whole body.
        limit: the most bytes that the body may have.
        etag, last_modified: validators of an earlier answer; with either, the server may say "not modified".
    """

    url: str
    timeout: float
    limit: int
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Args:
        not_modified: the file is still the one that the request's validators name; there was no body.
        etag, last_modified: validators for the next request.
        encoding: the Content-Encoding, lower case; empty for none. The body is never decoded by the transport.
        framed: the server said where the body ends, so that an early end would have been noticed.
    """

    not_modified: bool = False
    etag: str | None = None
    last_modified: str | None = None
    encoding: str = ""
    framed: bool = True


class Fetch(Protocol):
    """Brings one file over the network."""

    def __call__(self, request: Request, sink: BinaryIO) -> Response:
        """Write the body to `sink` and say what else the answer said.

        Raises:
            SourceNotFound, SourceRefused: the server says that there is no such file, or not for us.
            SourceUnreachable, SourceTimeout, SourceCertificateInvalid, UnexpectedAnswer: there was no answer.
            TooManyRedirects, SchemeRefused, CredentialsInURL, InvalidSourceURL: a redirect leads nowhere.
            IndexTooLarge, IndexTruncated: the body is larger than the limit, or ends too early.
        """


class Deadline:
    """The time that one repository may take, all its files and their parsing together.

    Args:
        seconds: how long, from now.
        where: the repository, for the message.
        clock: seconds that only ever grow.
    """

    __slots__ = ("_clock", "_end", "_seconds", "_where")

    def __init__(self, seconds: float, *, where: Where, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds
        self._where = where

    def remaining(self) -> float:
        """Return the seconds left, always more than none.

        Raises:
            SourceTimeout: there are none.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise took_too_long(self._seconds, self._where)
        return left


def took_too_long(seconds: float, where: Where) -> SourceTimeout:
    """Return the error that says so, with the time-out in seconds."""
    return SourceTimeout(
        f"reading the repository took longer than {seconds:g} s.",
        where=where,
        remedy="Raise the source's timeout, or use a mirror that is nearer.",
    )
