"""Decompression in pieces, and everything that can be wrong with a compressed file."""

from __future__ import annotations

import gzip
import lzma
import random
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import IndexCorrupt, IndexTooLarge, IndexTruncated, NotAnIndex, SourceError, Where
from gitops_upgrader.sources.decompress import unpacked
from gitops_upgrader.sources.fetch import MIB

WHERE = Where(file="https://example.com/Packages")
TEXT = b"Package: kubeadm\n" * 20_000
NOISE = random.Random(7).randbytes(300_000)  # many chunks, as it cannot be compressed


def unpack(name: str, content: bytes, limit: int = MIB) -> bytes:
    return b"".join(unpacked(BytesIO(content), name, WHERE, limit=limit))


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("Packages", TEXT, TEXT),
        ("Packages", b"", b""),
        ("Packages.gz", gz(TEXT), TEXT),
        ("Packages.gz", gz(NOISE), NOISE),
        ("Packages.gz", gz(b""), b""),
        ("Packages.gz", gz(TEXT) + gz(NOISE), TEXT + NOISE),
        ("Packages.gz", gz(b"a") + b"\0" * 70_000 + gz(b"b") + b"\0" * 512, b"ab"),
        ("Packages.xz", lzma.compress(TEXT), TEXT),
        ("Packages.xz", lzma.compress(NOISE), NOISE),
        ("Packages.xz", lzma.compress(NOISE, preset=9) + b"\0" * 4 + lzma.compress(TEXT), NOISE + TEXT),
        ("Packages.xz", lzma.compress(b""), b""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_unpacks(name: str, content: bytes, expected: bytes) -> None:
    assert unpack(name, content) == expected


@given(st.lists(st.binary(max_size=2_000), max_size=5))
def test_members_come_out_one_after_the_other(members: list[bytes]) -> None:
    whole = b"".join(members)
    assert unpack("Packages.gz", gz(b"") + b"".join(gz(member) for member in members)) == whole
    assert unpack("Packages.xz", lzma.compress(b"") + b"".join(lzma.compress(member) for member in members)) == whole


def broken_checksum(content: bytes) -> bytes:
    return content[:-8] + bytes([content[-8] ^ 0xFF]) + content[-7:]


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("Packages.gz", b"", IndexTruncated, "the file is empty. Ask whoever runs the repository to publish it."),
        ("Packages.gz", gz(TEXT)[:-1], IndexTruncated, "the compressed file ends too early. Try again later."),
        ("Packages.gz", gz(TEXT)[:1], IndexTruncated, "the compressed file ends too early. Try again later."),
        (
            "Packages.gz",
            gz(TEXT) + gz(TEXT)[:9],
            IndexTruncated,
            "the compressed file ends too early. Try again later.",
        ),
        (
            "Packages.xz",
            lzma.compress(TEXT)[:-1],
            IndexTruncated,
            "the compressed file ends too early. Try again later.",
        ),
        (
            "Packages.gz",
            gz(TEXT) + b"<html>never mind",
            IndexCorrupt,
            (
                "the compressed file is broken: something follows its end. "
                "Ask whoever runs the repository to publish it anew."
            ),
        ),
        (
            "Packages.xz",
            lzma.compress(TEXT) + b"something",
            IndexCorrupt,
            (
                "the compressed file is broken: something follows its end. "
                "Ask whoever runs the repository to publish it anew."
            ),
        ),
        (
            "Packages.gz",
            broken_checksum(gz(TEXT)),
            IndexCorrupt,
            (
                "the compressed file is broken: Error -3 while decompressing data: incorrect data check. "
                "Ask whoever runs the repository to publish it anew."
            ),
        ),
        (
            "Packages.gz",
            b"<!DOCTYPE html><html>",
            NotAnIndex,
            (
                "Packages.gz is an HTML or XML page, not a file in gz format. "
                "Open the URL in a browser: it may be a login page, or an error page with status 200."
            ),
        ),
        (
            "Packages.xz",
            gz(TEXT),
            NotAnIndex,
            (
                "Packages.xz is something else, not a file in xz format. "
                "Open the URL in a browser: it may be a login page, or an error page with status 200."
            ),
        ),
        (
            "Packages.gz",
            gz(b"\n" * (MIB + 1)),
            IndexTooLarge,
            (
                "the index unpacks to more than 1 MiB, which is the limit. "
                "Use a repository that holds Kubernetes packages only."
            ),
        ),
        (
            "Packages",
            b"\n" * (MIB + 1),
            IndexTooLarge,
            (
                "the index unpacks to more than 1 MiB, which is the limit. "
                "Use a repository that holds Kubernetes packages only."
            ),
        ),
        (
            "Packages.xz",
            lzma.compress(TEXT, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 * MIB}]),
            IndexTooLarge,
            (
                "unpacking the index needs more than 80 MiB of memory. "
                "Ask for a file compressed with `xz -9` or less, or name Packages.gz."
            ),
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_it_refuses(name: str, content: bytes, kind: type[SourceError], message: str) -> None:
    with pytest.raises(kind) as caught:
        unpack(name, content)
    assert str(caught.value) == f"https://example.com/Packages: {message}"


def test_pieces_are_small_however_well_the_file_is_compressed() -> None:
    content = gz(b"\n" * 40 * MIB)
    assert max(len(piece) for piece in unpacked(BytesIO(content), "Packages.gz", WHERE)) <= MIB // 4


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_of_ours_or_nothing(content: bytes) -> None:
    for name, magic in (("Packages.gz", b"\x1f\x8b\x08\0"), ("Packages.xz", b"\xfd7zXZ\0")):
        with suppress(IndexCorrupt, IndexTruncated):
            assert len(unpack(name, magic + content)) <= MIB
