"""Decompress an index piece by piece, with bounded memory and a bound on what comes out."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from gitops_upgrader.errors import IndexCorrupt, IndexTooLarge, IndexTruncated, NotAnIndex, SourceError, Where
from gitops_upgrader.sources.fetch import MIB

UNPACKED_LIMIT = 512 * MIB
"""The most bytes that an index may unpack to. Debian's own main component has some 60 MiB."""

XZ_MEMORY_LIMIT = 80 * MIB
"""The most memory for an xz dictionary: `xz -9`, the largest preset, needs 65 MiB (its manual page)."""

_READ = 64 * 1024
_PIECE = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = {".gz": b"\x1f\x8b", ".xz": b"\xfd7zXZ\x00"}


class _Decoder(Protocol):
    """Reads one member of a gzip file, or one stream of an xz file; the interface of `lzma.LZMADecompressor`."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipDecoder:
    """`zlib.decompressobj`, which hands unread input back, with the interface of `lzma.LZMADecompressor`."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=_GZIP)
        self._unread = b""
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inner.decompress(self._unread + data, max_length)
        self._unread = self._inner.unconsumed_tail
        self.needs_input = not self._unread and len(piece) < max_length
        return piece


def _xz_decoder() -> _Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_LIMIT)


_DECODERS: dict[str, Callable[[], _Decoder]] = {".gz": _GzipDecoder, ".xz": _xz_decoder}


def unpacked(packed: BinaryIO, name: str, where: Where, *, limit: int = UNPACKED_LIMIT) -> Iterator[bytes]:
    """Yield the bytes of an index whose file is called `name`, in pieces of at most 256 KiB.

    The name decides how it is compressed, as Debian's repository format has it. Files of several gzip members or xz
    streams are read to their end (RFC 1952, section 2.2), and zero bytes between and after them are padding.

    Raises:
        NotAnIndex: the file does not begin as its name promises.
        IndexCorrupt: broken data, a wrong checksum, or something after the end.
        IndexTruncated: it ends too early.
        IndexTooLarge: more than `limit` bytes come out, or its dictionary needs more memory than is given.
    """
    suffix = name[name.rfind(".") :] if "." in name else ""
    if suffix in _DECODERS:
        _check_magic(packed, name, suffix, where)
        pieces = _decoded(_chunks(packed), suffix, where)
    else:
        pieces = _chunks(packed)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise IndexTooLarge(
                f"the index unpacks to more than {limit // MIB} MiB, which is the limit.",
                where=where,
                remedy="Use a repository that holds Kubernetes packages only.",
            )
        yield piece


def _chunks(packed: BinaryIO) -> Iterator[bytes]:
    while chunk := packed.read(_READ):
        yield chunk


def _check_magic(packed: BinaryIO, name: str, suffix: str, where: Where) -> None:
    start = packed.read(64)
    packed.seek(-len(start), 1)
    if not start:
        raise IndexTruncated("the file is empty.", where=where, remedy="Ask whoever runs the repository to publish it.")
    if start.startswith(_MAGIC[suffix][: len(start)]):
        return
    what = "an HTML or XML page" if start.lstrip().startswith(b"<") else "something else"
    raise NotAnIndex(
        f"{name} is {what}, not a file in {suffix[1:]} format.",
        where=where,
        remedy="Open the URL in a browser: it may be a login page, or an error page with status 200.",
    )


def _decoded(chunks: Iterator[bytes], suffix: str, where: Where) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    try:
        for chunk in chunks:
            data = chunk
            while True:
                if decoder is None:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    if not data.startswith(_MAGIC[suffix][: len(data)]):
                        raise _corrupt("something follows its end", where)
                    decoder = _DECODERS[suffix]()
                yield decoder.decompress(data, _PIECE)
                data = b""
                if decoder.eof:
                    data, decoder = decoder.unused_data, None
                elif decoder.needs_input:
                    break
    except (zlib.error, lzma.LZMAError) as error:
        raise _broken(error, where) from error
    if decoder is not None:
        raise IndexTruncated("the compressed file ends too early.", where=where, remedy="Try again later.")


def _broken(error: Exception, where: Where) -> SourceError:
    # lzma has no class or code for it; the text is that of CPython's _lzmamodule.c
    if "limit exceeded" in str(error):
        return IndexTooLarge(
            f"unpacking the index needs more than {XZ_MEMORY_LIMIT // MIB} MiB of memory.",
            where=where,
            remedy="Ask for a file compressed with `xz -9` or less, or name Packages.gz.",
        )
    return _corrupt(str(error), where)


def _corrupt(why: str, where: Where) -> IndexCorrupt:
    return IndexCorrupt(
        f"the compressed file is broken: {why}.",
        where=where,
        remedy="Ask whoever runs the repository to publish it anew.",
    )
