"""Unified diffs of edited files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_CONTEXT: Final = 3
"""Lines that are shown around a change."""

_ALIKE: Final = 3
"""How many lines have to be equal where both sides go on alike; fewer may be so by chance."""

_NEAR: Final = 8
"""In how many lines that is looked for first."""

_COMPARED: Final = 1000
"""How many lines of a change are compared one by one; more would take long where many of them are equal."""

_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_ODD: Final = re.compile(rb'["\\\x00-\x1f\x7f-\xff]')
_ESCAPES: Final = {code: rf"\{letter}" for code, letter in zip(b'\a\b\t\n\v\f\r"\\', 'abtnvfr"\\', strict=True)}


class _Region(NamedTuple):
    """Lines that differ: where they begin and end in the bytes of either side."""

    start: int
    end: int
    new_start: int
    new_end: int


def diff(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> str:
    """A unified diff as `git diff` shows it, files sorted by path; files that are equal are left out.

    Line ends stay as they are; bytes that are not UTF-8 are shown as `\\ufffd`.
    """
    return "".join(_file(path, old.get(path), new.get(path)) for path in sorted({*old, *new}))


def _file(path: str, old: bytes | None, new: bytes | None) -> str:
    if old == new:
        return ""
    names = [_quoted(f"{side}/{path}") for side in "ab"]
    header = f"diff --git {names[0]} {names[1]}\n"
    if old is None or new is None:
        header += f"{'new' if old is None else 'deleted'} file mode 100644\n"
    hunks = "".join(_hunks(old or b"", new or b""))
    if not hunks:
        return header
    before, after = (
        "/dev/null" if data is None else _marked(name) for data, name in zip((old, new), names, strict=True)
    )
    return f"{header}--- {before}\n+++ {after}\n{hunks}"


def _quoted(path: str) -> str:
    """A path as Git writes it (`core.quotePath` in git-config(1)): in quotes where it has other than plain letters."""
    data = path.encode("utf-8", "surrogateescape")
    if not _ODD.search(data):
        return path
    return '"' + _ODD.sub(lambda odd: _escape(odd[0][0]).encode(), data).decode() + '"'


def _escape(code: int) -> str:
    return _ESCAPES.get(code, rf"\{code:03o}")


def _marked(name: str) -> str:
    """A path with a tab behind it where it has a space, for programs that would end it there."""
    return f"{name}\t" if " " in name else name


def _hunks(old: bytes, new: bytes) -> Iterator[str]:
    line, new_line, done, new_done = 1, 1, 0, 0
    for regions in _grouped(old, _regions(old, new)):
        start, end = _back(old, regions[0].start), _forth(old, regions[-1].end)
        new_start = regions[0].new_start - (regions[0].start - start)
        new_end = regions[-1].new_end + (end - regions[-1].end)
        line += old.count(b"\n", done, start)
        new_line += new.count(b"\n", new_done, new_start)
        done, new_done = start, new_start
        ranges = _range(line, old[start:end]), _range(new_line, new[new_start:new_end])
        yield f"@@ -{ranges[0]} +{ranges[1]} @@\n"
        for region in regions:
            yield from _signed(" ", _lines(old[start : region.start]))
            yield from _changed(_lines(old[region.start : region.end]), _lines(new[region.new_start : region.new_end]))
            start = region.end
        yield from _signed(" ", _lines(old[start:end]))


def _range(line: int, data: bytes) -> str:
    """Where a hunk is; one without lines stands behind the line before."""
    count = len(_lines(data))
    return f"{line}" if count == 1 else f"{line if count else line - 1},{count}"


def _changed(before: list[bytes], after: list[bytes]) -> Iterator[str]:
    if max(len(before), len(after)) > _COMPARED:
        yield from (*_signed("-", before), *_signed("+", after))
        return
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from _signed(" ", before[start:end])
        else:
            yield from (*_signed("-", before[start:end]), *_signed("+", after[new_start:new_end]))


def _signed(sign: str, lines: list[bytes]) -> Iterator[str]:
    for line in lines:
        text = sign + line.decode(errors="replace")
        yield text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[bytes]:
    """Lines that end with `\\n` alone, as Git sees them."""
    return _LINE.findall(data)


def _back(data: bytes, position: int) -> int:
    """Where the lines begin that are shown before a change."""
    for _ in range(_CONTEXT):
        position = data.rfind(b"\n", 0, max(0, position - 1)) + 1
    return position


def _forth(data: bytes, position: int) -> int:
    """Where the lines end that are shown behind a change."""
    for _ in range(_CONTEXT):
        position = data.find(b"\n", position) + 1 or len(data)
    return position


def _grouped(old: bytes, regions: Iterator[_Region]) -> Iterator[list[_Region]]:
    """The regions, together those whose context would meet."""
    group: list[_Region] = []
    for region in regions:
        if group and old.count(b"\n", group[-1].end, region.start) > 2 * _CONTEXT:
            yield group
            group = []
        group.append(region)
    if group:
        yield group


def _regions(old: bytes, new: bytes) -> Iterator[_Region]:
    """Where two texts differ, in whole lines.

    It takes time in proportion to their length, as no general comparison does: files may have millions of lines, many
    of them equal, and what is edited are a few.
    """
    start = new_start = 0
    surplus = old.count(b"\n") - new.count(b"\n")  # how many lines more are to go out than to come in
    while True:
        same = _same(old, start, new, new_start)
        start, new_start = start + same, new_start + same
        if start == len(old) and new_start == len(new):
            return
        end, new_end, change = _meeting(old, start, new, new_start, surplus)
        yield _Region(start, end, new_start, new_end)
        start, new_start, surplus = end, new_end, surplus - change


def _same(old: bytes, start: int, new: bytes, new_start: int) -> int:
    """How many bytes of whole lines are equal from two positions on."""
    same, step = 0, 64
    while step:
        piece = old[start + same : start + same + step]
        if len(piece) == step and new.startswith(piece, new_start + same):
            same, step = same + step, step * 2
        else:
            step //= 2
    if start + same == len(old) and new_start + same == len(new):
        return same
    return max(0, old.rfind(b"\n", start, start + same) + 1 - start)


def _meeting(old: bytes, start: int, new: bytes, new_start: int, surplus: int) -> tuple[int, int, int]:
    """Where two texts go on alike, and how many lines go out before that, less those that come in.

    That is behind as few lines that differ as can be, those counted that have to differ later then; or at the ends.
    """
    near = _NEAR
    while True:
        before, after = _ahead(old, start, near), _ahead(new, new_start, near)
        known: dict[bytes, int] = {}
        for index, (_, text) in enumerate(after):
            known.setdefault(text, index)
        pairs = [(index, known[text]) for index, (_, text) in enumerate(before) if text in known]
        if pairs:
            costs = ((gone + come + abs(surplus - gone + come), abs(gone - come), gone, come) for gone, come in pairs)
            _, _, gone, come = min(costs)
            return before[gone][0], after[come][0], gone - come
        near *= 2


def _ahead(data: bytes, start: int, count: int) -> list[tuple[int, bytes]]:
    """The next lines: where each begins, and its text together with that of those behind it. The end is the last."""
    begins = [start]
    while len(begins) < count + _ALIKE and begins[-1] < len(data):
        begins.append(data.find(b"\n", begins[-1]) + 1 or len(data))
    ended = begins[-1] == len(data)
    ends = [*begins[_ALIKE:], *[len(data)] * _ALIKE * ended]
    return [(begin, data[begin:end]) for begin, end in zip(begins, ends, strict=False)]
