"""Read the Kubernetes versions out of a Packages file, in bounded memory.

The format is that of Debian's control files (Debian Policy, chapter 5): paragraphs separated by blank lines. Only the
paragraphs that matter are parsed, as python-debian holds a whole paragraph in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gitops_upgrader.errors import (
    IndexTooLarge,
    IndexTruncated,
    InvalidSourceVersion,
    InvalidVersion,
    NotAnIndex,
    SourceError,
    Where,
)
from gitops_upgrader.sources.fetch import MIB
from gitops_upgrader.versions import Version

PACKAGE = "kubeadm"
"""The package whose versions are a repository's Kubernetes versions: no cluster is made without it."""

ANY_ARCHITECTURE = "all"

PARAGRAPH_LIMIT = MIB
"""The most bytes of a paragraph. Real ones have some hundred to a few thousand."""

PARAGRAPHS_LIMIT = 20_000
"""The most paragraphs of the package. Ten years of releases for five architectures are fewer than 3,000."""

_BLANK_LINES = re.compile(rb"\n(?:[ \t\r]*\n)+")
_LEADING_BLANK_LINES = re.compile(rb"(?:[ \t\r]*\n)*")
_FIRST_LINE = re.compile(rb"[!-9;-~]+:")
_NAME = re.compile(rb"^Package:[ \t]*([^\s]*)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


def kubernetes_versions(pieces: Iterable[bytes], architecture: str, where: Where) -> frozenset[Version]:
    """Return the versions of the `kubeadm` paragraphs for one architecture (or for all).

    One paragraph whose version is none spoils the whole index: that its other versions are right is then a guess.

    Args:
        pieces: the unpacked index, cut anywhere.
        architecture: as Debian calls it, `amd64`.
        where: the index, for messages; lines are added to it.

    Raises:
        NotAnIndex: something else than paragraphs that name a package.
        IndexTruncated: the last paragraph lacks what follows.
        IndexTooLarge: a paragraph of more than 1 MiB, or more than 20,000 of the package.
        InvalidSourceVersion: a version that is none.
    """
    found: dict[str, Version] = {}
    count = 0
    for line, paragraph, last in _paragraphs(pieces, where):
        here = replace(where, line=line)
        if _package(paragraph, here) != PACKAGE:
            continue
        count += 1
        if count > PARAGRAPHS_LIMIT:
            raise IndexTooLarge(
                f"the index has more than {PARAGRAPHS_LIMIT:,} {PACKAGE} paragraphs, which is the limit.",
                where=here,
                remedy="Use a repository with fewer versions, such as one of a single minor.",
            )
        fields = _fields(paragraph, here)
        missing = next((name for name in ("Version", "Architecture") if not fields.get(name)), None)
        if missing:
            raise _incomplete(missing, here, cut=last and not paragraph.endswith(b"\n"))
        text = fields["Version"]
        if fields["Architecture"] in (architecture, ANY_ARCHITECTURE) and text not in found:
            found[text] = kubernetes_version(text, here)
    return frozenset(found.values())


def kubernetes_version(text: str, where: Where) -> Version:
    """Return the Kubernetes version of a Debian package's version: `1:1.28.3-1.1` is v1.28.3.

    Epoch and Debian revision go (Debian Policy, section 5.6.12). A tilde, which Debian sorts before everything and
    semantic versions do not have, begins the prerelease: `1.30.0~rc.1-1.1` is v1.30.0-rc.1.

    Raises:
        InvalidSourceVersion: it is no Debian version, or its upstream part is no Kubernetes version.
    """
    from debian.debian_support import Version as DebianVersion

    try:
        upstream = str(DebianVersion(text).upstream_version)
        return Version.parse("v" + upstream.removeprefix("v").replace("~", "-", 1))
    except ValueError as error:
        why = error.message if isinstance(error, InvalidVersion) else "it is no Debian version."
        raise InvalidSourceVersion(
            f"the {PACKAGE} paragraph that begins here has the version {_short(text)!r}; {why}",
            where=where,
            remedy="Ask whoever runs the repository to correct it; until then nothing of it is used.",
        ) from error


def _paragraphs(pieces: Iterable[bytes], where: Where) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (line of its first line, paragraph, whether it is the last); a paragraph ends with its last line's end."""
    buffer, line = b"", 1
    skipping = False  # in a paragraph of another package that is too large to keep
    for piece in pieces:
        searched = max(buffer.rfind(b"\n"), 0)
        buffer += piece
        start = 0
        for separator in _BLANK_LINES.finditer(buffer, searched):
            paragraph = buffer[start : separator.start() + 1]
            if skipping:
                skipping = False
            elif paragraph.strip():
                yield *_without_blank_lines(line, paragraph), False
            line += buffer.count(b"\n", start, separator.end())
            start = separator.end()
        buffer = buffer[start:]
        if not skipping and len(buffer) > PARAGRAPH_LIMIT:
            skipping = _may_be_skipped(buffer, replace(where, line=line))
        if skipping:
            kept = _end_of_skipped(buffer)
            line += buffer.count(b"\n") - kept.count(b"\n")
            buffer = kept
    if buffer.strip() and not skipping:
        yield *_without_blank_lines(line, buffer), True


def _end_of_skipped(buffer: bytes) -> bytes:
    """Return what must be kept to find the blank line that ends the paragraph: a last line end with blanks after it."""
    last = buffer.rfind(b"\n")
    return b"\n" if last >= 0 and not buffer[last:].strip() else b""


def _without_blank_lines(line: int, paragraph: bytes) -> tuple[int, bytes]:
    """Drop blank lines before a paragraph: at a file's start, or where several separate two paragraphs."""
    blank = _LEADING_BLANK_LINES.match(paragraph)
    length = blank.end() if blank else 0
    return line + paragraph.count(b"\n", 0, length), paragraph[length:]


def _may_be_skipped(paragraph: bytes, where: Where) -> bool:
    if _package(paragraph, where) != PACKAGE:
        return True
    raise IndexTooLarge(
        f"a {PACKAGE} paragraph has more than {PARAGRAPH_LIMIT // MIB} MiB, which is the limit.",
        where=where,
        remedy="Ask whoever runs the repository to correct it.",
    )


def _package(paragraph: bytes, where: Where) -> str:
    if not _FIRST_LINE.match(paragraph):
        start = paragraph.lstrip()
        what = "an HTML or XML page" if start.startswith(b"<") else "not an index of packages"
        raise NotAnIndex(
            f"the file is {what}: its paragraphs do not begin with a field and a colon.",
            where=where,
            remedy="Open the URL in a browser: it may be a login page, or an error page with status 200.",
        )
    name = _NAME.search(paragraph)
    if not name:
        raise NotAnIndex(
            "the paragraph that begins here names no package.",
            where=where,
            remedy="Give the URL of a Packages file, or of the folder that holds it.",
        )
    return name[1].decode("ascii", "replace")


def _fields(paragraph: bytes, where: Where) -> dict[str, str]:
    from debian.deb822 import Packages

    try:
        text = paragraph.decode()
    except UnicodeDecodeError as error:
        raise NotAnIndex(
            f"the {PACKAGE} paragraph that begins here is not UTF-8.",
            where=where,
            remedy="Ask whoever runs the repository to correct it.",
        ) from error
    parsed = Packages(text)
    return {name: str(parsed.get(name, "")).strip() for name in ("Version", "Architecture")}


def _incomplete(field: str, where: Where, *, cut: bool) -> SourceError:
    if cut:
        return IndexTruncated(
            f"the index ends in the middle of a {PACKAGE} paragraph.", where=where, remedy="Try again later."
        )
    return NotAnIndex(
        f"the {PACKAGE} paragraph that begins here has no {field}.",
        where=where,
        remedy="Ask whoever runs the repository to correct it.",
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "..."
