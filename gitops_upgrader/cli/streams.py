"""The way out: what is written to stdout and stderr, whatever these can encode.

A terminal's encoding, or that of a pipe in the locale C, may lack a character of somebody's file, and the name of a
file in a repository need be no text at all. Neither is worth a result that nobody gets to see.
"""

from __future__ import annotations

import codecs
import io
import json
import sys
from typing import Any, Final, TextIO

ESCAPE: Final = "gitops_upgrader.escape"
"""The error handler for encoders that writes what cannot be encoded as JSON does, so that JSON stays JSON."""


def set_up() -> None:
    """Write escapes for what stdout and stderr cannot encode, from now on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPE)


def write_line(text: str = "") -> None:
    """Write text for people to stdout, and end its line."""
    sys.stdout.write(f"{text}\n")


def write_document(text: str) -> None:
    """Write YAML, a diff, or what else a program reads as UTF-8 whatever the locale, to stdout."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=ESCAPE)
    sys.stdout.write(text)


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """Write JSON to stdout: UTF-8 (RFC 8259, section 8.1), or ASCII where the stream is not UTF-8."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=not is_utf8(sys.stdout)) + "\n")


def printable(text: str) -> str:
    """Text from outside without characters that could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def one_line(text: str) -> str:
    """The same in a line of its own, as an error is."""
    return printable(" ".join(text.splitlines()))


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream can take all text. One in memory, which encodes nothing, can."""
    encoding: str | None = stream.encoding
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What to write instead: the units of UTF-16, of which a byte that is no text (PEP 383) is a lone surrogate."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


codecs.register_error(ESCAPE, _escaped)
