"""Tables of text that no terminal cuts into pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

GAP: Final = "  "

_NOTHING: Final = frozenset({"", "-"})


def print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print rows below a header.

    On a terminal that is too narrow, the columns that do not fit stand below their row, one a line with its name. For
    programs each row is one line, however long.
    """
    cells = [tuple(Text(name, style="bold") for name in header), *map(tuple, rows)]
    widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
    if not console.is_terminal:
        console.file.writelines(f"{line(row, widths).plain}\n" for row in cells)
        return
    fit = _fitting(widths, console.width)
    for index, row in enumerate(cells):
        console.print(line(row[:fit], widths))
        if index:
            for name, cell in zip(header[fit:], row[fit:], strict=True):
                if cell.plain not in _NOTHING:
                    below = Text(f"{name.lower()}: ").append_text(cell)
                    console.print(Padding(below, (0, 0, 0, 2), expand=False), soft_wrap=False)


def line(row: Sequence[Text], widths: Sequence[int]) -> Text:
    """A row, each cell as wide as its column, without blanks at its end."""
    joined = Text()
    for cell, width in zip(row, widths, strict=False):
        joined.append_text(cell)
        joined.append(" " * (width - cell.cell_len) + GAP)
    joined.rstrip()
    return joined


def _fitting(widths: Sequence[int], room: int) -> int:
    """How many of the first columns fit side by side; one at least."""
    used, count = -len(GAP), 0
    for width in widths:
        used += len(GAP) + width
        if used > room:
            break
        count += 1
    return max(count, 1)
