"""Read a Release file: which index files a repository vouches for, and how long it does.

The fields are those of https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from gitops_upgrader.errors import (
    InvalidRelease,
    NotListedInRelease,
    ReleaseExpired,
    ReleaseNotYetValid,
    WeakHash,
    Where,
)

CLOCK_SKEW = timedelta(minutes=10)
"""How far a Release file's date may lie ahead: two clocks are never quite the same."""

_DIGESTS = {"SHA512": 128, "SHA256": 64}  # the strongest first; apt believes these alone (apt-secure(8))
_WEAK = {"SHA1": 40, "MD5Sum": 32}
_ENTRY = re.compile(r"([0-9A-Fa-f]+)[ \t]+([0-9]{1,15})[ \t]+(\S+)")


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as a Release file lists it; `size` is in bytes, `digest` in lower-case hex."""

    algorithm: str
    digest: str
    size: int

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Release:
    """A Release file whose signature has been verified.

    Args:
        date: when it was made; None where it does not say.
        valid_until: when it is over; None for never.
        files: path below the Release file -> its strongest entry.
        weak: paths that are listed with MD5 or SHA-1 alone.
    """

    date: datetime | None = None
    valid_until: datetime | None = None
    files: Mapping[str, Listed] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()

    def check_dates(self, now: datetime, where: Where) -> None:
        """Check that the file holds at `now`.

        Raises:
            ReleaseExpired: `Valid-Until` is over.
            ReleaseNotYetValid: `Date` lies more than ten minutes ahead.
        """
        if self.valid_until is not None and self.valid_until <= now:
            raise ReleaseExpired(
                f"the repository was valid until {_moment(self.valid_until)}, which is over.",
                where=where,
                remedy="Use a mirror that is kept up to date, or ask whoever runs this one to sign it anew.",
            )
        if self.date is not None and self.date > now + CLOCK_SKEW:
            raise ReleaseNotYetValid(
                f"the repository is dated {_moment(self.date)}, and now it is {_moment(now)}.",
                where=where,
                remedy="Correct the clock that is wrong, this machine's or the repository's.",
            )

    def listed(self, paths: Mapping[str, str], where: Where) -> dict[str, Listed]:
        """Return the entries of those index files that are listed, in the order given.

        Args:
            paths: index file name -> the path to look for.
            where: the Release file, for messages.

        Raises:
            WeakHash: they are listed, but none with a digest that proves anything.
            NotListedInRelease: none is listed.
        """
        found = {name: self.files[path] for name, path in paths.items() if path in self.files}
        if found:
            return found
        wanted = " nor ".join(paths.values())
        if any(path in self.weak for path in paths.values()):
            raise WeakHash(
                f"it lists {' or '.join(path for path in paths.values() if path in self.weak)} with MD5 or SHA-1 only.",
                where=where,
                remedy="Ask whoever runs the repository to list SHA256 too.",
            )
        raise NotListedInRelease(
            f"it does not list {wanted}." if len(paths) == 1 else f"it lists neither {wanted}.",
            where=where,
            remedy="Correct the URL or the architecture, or name the repository that holds this file.",
        )


def parse_release(content: bytes, where: Where) -> Release:
    """Read a Release file.

    Args:
        content: what a signature was verified for, and nothing around it.
        where: the file, for messages.

    Raises:
        InvalidRelease: it is no Release file, or a field that matters cannot be read.
    """
    from debian.deb822 import Deb822

    try:
        fields = Deb822(content.decode())
    except UnicodeDecodeError as error:
        raise _invalid("it is not UTF-8", where) from error
    files: dict[str, Listed] = {}
    for algorithm, length in _DIGESTS.items():
        for path, listed in _entries(fields, algorithm, length, where).items():
            files.setdefault(path, listed)
    weak = {path for algorithm, length in _WEAK.items() for path in _entries(fields, algorithm, length, where)}
    if not files and not weak:
        raise _invalid("it lists no files", where)
    return Release(
        date=_date(fields, "Date", where),
        valid_until=_date(fields, "Valid-Until", where),
        files=files,
        weak=frozenset(weak - files.keys()),
    )


def _entries(fields: Mapping[str, str], algorithm: str, length: int, where: Where) -> dict[str, Listed]:
    entries: dict[str, Listed] = {}
    for line in str(fields.get(algorithm, "")).split("\n"):
        if not line.strip():
            continue
        match = _ENTRY.fullmatch(line.strip())
        if not match or len(match[1]) != length:
            raise _invalid(f"its field {algorithm} has a line that lists no file: {line.strip()[:100]!r}", where)
        listed = Listed(algorithm, match[1].lower(), int(match[2]))
        path = match[3].removeprefix("./")
        if entries.setdefault(path, listed) != listed:
            raise _invalid(f"its field {algorithm} lists {path} twice, with different digests or sizes", where)
    return entries


def _date(fields: Mapping[str, str], name: str, where: Where) -> datetime | None:
    text = str(fields.get(name, "")).strip()
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError) as error:
        raise _invalid(f"its field {name} is no date: {text[:100]!r}", where) from error
    # without a zone, or with the "-0000" of RFC 5322, it is UTC: Debian's format knows nothing else
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)


def _invalid(what: str, where: Where) -> InvalidRelease:
    return InvalidRelease(
        f"the Release file cannot be used: {what}.",
        where=where,
        remedy="Ask whoever runs the repository to publish it anew.",
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
