"""Unified diffs of edited files."""

from __future__ import annotations

import difflib
from collections.abc import Mapping


def diff(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> str:
    """A unified diff as `git diff` shows it, files sorted by path; files that are equal are left out.

    Line ends stay as they are; bytes that are not UTF-8 are shown as `\\ufffd`.
    """
    return "".join(_file(path, old.get(path), new.get(path)) for path in sorted({*old, *new}))


def _file(path: str, old: bytes | None, new: bytes | None) -> str:
    if old == new:
        return ""
    lines = difflib.unified_diff(
        _lines(old),
        _lines(new),
        "/dev/null" if old is None else f"a/{path}",
        "/dev/null" if new is None else f"b/{path}",
    )
    header = f"diff --git a/{path} b/{path}\n"
    if old is None or new is None:
        header += f"{'new' if old is None else 'deleted'} file mode 100644\n"
    return header + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(data: bytes | None) -> list[str]:
    """Lines that end with `\\n` alone, as Git sees them."""
    text = (data or b"").decode(errors="replace")
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])
