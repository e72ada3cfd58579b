"""Read one Debian repository: bring its index, prove it where a signature is asked for, take the versions out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import SEEK_END, BytesIO
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from gitops_upgrader.errors import (
    HashMismatch,
    IndexTruncated,
    NotAnIndex,
    NotSigned,
    SourceError,
    SourceNotFound,
    SourceRefused,
    Where,
)
from gitops_upgrader.sources.decompress import UNPACKED_LIMIT, unpacked
from gitops_upgrader.sources.fetch import MIB, Deadline, Fetch, Request, Response
from gitops_upgrader.sources.keyring import Keyring
from gitops_upgrader.sources.layout import Layout
from gitops_upgrader.sources.openpgp import verify_clear_text, verify_detached
from gitops_upgrader.sources.packages import kubernetes_versions
from gitops_upgrader.sources.release import Listed, parse_release
from gitops_upgrader.sources.urls import shown
from gitops_upgrader.sources.validators import Validator
from gitops_upgrader.versions import Version

PACKED_LIMIT = 64 * MIB
"""The most bytes of a compressed index. One that is not compressed may have what a compressed one may unpack to."""

RELEASE_LIMIT = 8 * MIB
"""The most bytes of a Release file or of a signature. Debian's own has some 150 KiB."""

_CHUNK = 256 * 1024
_IN_MEMORY = 8 * MIB  # a larger download goes into a temporary file
_ENCODINGS = {"Packages.gz": ("gzip", "x-gzip"), "Packages.xz": ("xz", "x-xz")}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one repository says: its versions (None: they are as before), and how to ask the next time."""

    versions: frozenset[Version] | None
    validator: Validator


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads repositories.

    Args:
        fetch: how to bring a file.
        architecture: as Debian calls it, `amd64`.
        timeout: seconds for one repository.
        keyring: whose signatures count; None where none is asked for.
        now: when signatures, keys and Release files must be valid.
    """

    fetch: Fetch
    architecture: str
    timeout: float
    keyring: Keyring | None
    now: datetime

    def read(self, layout: Layout, before: Validator) -> Reading:
        """Read one repository.

        Args:
            layout: where its files are.
            before: what its index was at the last look; an empty one forces a download.

        Raises:
            SourceError: each reason its own class.
        """
        deadline = Deadline(self.timeout, where=Where(file=shown(layout.url.geturl())))
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            download = _Download(self.fetch, layout, deadline, cast("BinaryIO", spool))
            if self.keyring is None:
                return self._read_unsigned(download, before)
            return self._read_signed(download, before, self.keyring)

    def _read_unsigned(self, download: _Download, before: Validator) -> Reading:
        names = sorted(download.layout.names, key=lambda name: name != before.name)  # that of the last look first
        index = download.first(names, before)
        if index.response.not_modified:
            return Reading(None, before)
        validator = Validator(index.name, etag=index.response.etag, last_modified=index.response.last_modified)
        return Reading(self._versions(index, download.deadline), validator)

    def _read_signed(self, download: _Download, before: Validator, keyring: Keyring) -> Reading:
        """Read what the Release file vouches for. HTTP validators are not used: they prove nothing, digests do."""
        folder, url, content = _signed_release(download, keyring, self.now)
        where = Where(file=shown(url))
        release = parse_release(content, where)
        release.check_dates(self.now, where)
        layout = download.layout
        listed = release.listed({name: layout.listed_as(folder, name) for name in layout.names}, where)
        if before.digest and before.digest in map(str, listed.values()):
            return Reading(None, before)
        index = download.first(sorted(listed, key=lambda name: name != before.name), Validator())
        _check_digest(index, listed[index.name])
        return Reading(self._versions(index, download.deadline), Validator(index.name, digest=str(listed[index.name])))

    def _versions(self, index: _Index, deadline: Deadline) -> frozenset[Version]:
        where = Where(file=shown(index.url))
        encoding = index.response.encoding
        if encoding and encoding not in _ENCODINGS.get(index.name, ()):
            raise NotAnIndex(
                f"the server sends {index.name} with Content-Encoding {encoding[:40]!r}, which was not asked for.",
                where=where,
                remedy="Name Packages.gz or Packages.xz, or switch the server's compression off.",
            )
        _check_end(index, where)
        pieces = unpacked(index.content, index.name, where)
        return kubernetes_versions(_in_time(pieces, deadline), self.architecture, where)


@dataclass(frozen=True, slots=True)
class _Index:
    """An index that has been brought: its name, where it came from, what the transport said of it, its bytes."""

    name: str
    url: str
    response: Response
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class _Download:
    """Brings the files of one repository within its time."""

    fetch: Fetch
    layout: Layout
    deadline: Deadline
    spool: BinaryIO

    def first(self, names: Iterable[str], before: Validator) -> _Index:
        """Bring the first of some indexes that is there.

        "Forbidden" counts as absent while there is another to try: a server that keeps its files in an object store
        says so where there is none, pkgs.k8s.io among them.
        """
        absent: list[SourceNotFound | SourceRefused] = []
        for name in names:
            url = self.layout.index(name)
            asked = before if before.name == name else Validator()
            limit = UNPACKED_LIMIT if name == "Packages" else PACKED_LIMIT
            request = Request(url, self.deadline.remaining(), limit, asked.etag, asked.last_modified)
            self.spool.seek(0)
            self.spool.truncate()
            try:
                response = self.fetch(request, self.spool)
            except (SourceNotFound, SourceRefused) as error:
                absent.append(error)
                continue
            self.spool.seek(0)
            return _Index(name, url, response, self.spool)
        raise _none_of(absent, self.layout)

    def small(self, url: str) -> bytes | None:
        """Bring a Release file or a signature; None where there is none."""
        sink = BytesIO()
        try:
            self.fetch(Request(url, self.deadline.remaining(), RELEASE_LIMIT), sink)
        except (SourceNotFound, SourceRefused):
            return None
        return sink.getvalue()


def _signed_release(download: _Download, keyring: Keyring, now: datetime) -> tuple[str, str, bytes]:
    """Return (folder, URL, content) of the Release file that covers the index, its signature verified."""
    layout = download.layout
    for folder in layout.release_folders:
        clear, plain, detached = (layout.release(folder, name) for name in ("InRelease", "Release", "Release.gpg"))
        message = download.small(clear)
        if message is not None:
            return folder, clear, verify_clear_text(message, keyring, now, Where(file=shown(clear)))
        content = download.small(plain)
        signatures = None if content is None else download.small(detached)
        if content is not None and signatures is not None:
            return folder, plain, verify_detached(content, signatures, keyring, now, Where(file=shown(detached)))
    raise NotSigned(
        "the repository is not signed: there is neither InRelease, nor Release with Release.gpg, in "
        f"{' or '.join(layout.release_folders)} of that server.",
        where=Where(file=shown(layout.url.geturl())),
        remedy="Name a signed repository, or take signedBy out if you need no proof.",
    )


def _check_digest(index: _Index, listed: Listed) -> None:
    where = Where(file=shown(index.url))
    size = index.content.seek(0, SEEK_END)
    index.content.seek(0)
    if size != listed.size:
        raise _mismatch(f"has {size:,} bytes where the signed Release file lists {listed.size:,}", where)
    digest = hashlib.new(listed.algorithm)
    while chunk := index.content.read(_CHUNK):
        digest.update(chunk)
    index.content.seek(0)
    if digest.hexdigest() != listed.digest:
        raise _mismatch(f"has another {listed.algorithm} than the signed Release file lists", where)


def _mismatch(what: str, where: Where) -> HashMismatch:
    return HashMismatch(
        f"the index {what}.",
        where=where,
        remedy="Try again later, as a mirror may be in the middle of an update; if it stays so, do not trust it.",
    )


def _check_end(index: _Index, where: Where) -> None:
    """Notice a cut where nothing else would: no length was announced, and no checksum follows.

    A version that is cut, v1.34.1 of v1.34.10, is a version too.
    """
    if index.response.framed or index.name != "Packages":
        return
    size = index.content.seek(0, SEEK_END)
    index.content.seek(max(size - 1, 0))
    end = index.content.read(1)
    index.content.seek(0)
    if end != b"\n":
        raise IndexTruncated(
            "the index does not end with a line, and the server did not say how long it is.",
            where=where,
            remedy="Try again later.",
        )


def _in_time(pieces: Iterator[bytes], deadline: Deadline) -> Iterator[bytes]:
    for piece in pieces:
        deadline.remaining()
        yield piece


def _none_of(absent: list[SourceNotFound | SourceRefused], layout: Layout) -> SourceError:
    if len(layout.names) == 1:
        return absent[0]
    # a refusal of all of them is about us, or about the folder; where one is plainly absent, so are the others
    first = next((error for error in absent if isinstance(error, SourceNotFound)), absent[0])
    return type(first)(
        f"none of {', '.join(layout.names)} can be read here: {first.message}",
        where=Where(file=shown(layout.index(""))),
        remedy="Correct the URL: name the folder that holds the index, or dists/<suite>/<component>/.",
    )
