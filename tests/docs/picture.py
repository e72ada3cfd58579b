"""The README's picture of a terminal, from what the program prints: `python -m tests.docs.picture` (`make picture`).

The commands are run on the demonstration's fleet. What differs from machine to machine, its folder, is shown as FOLDER.
"""

from __future__ import annotations

import html
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final
from unittest import mock

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from gitops_upgrader.cli import palette
from gitops_upgrader.cli.demo.debianrepo import serve
from gitops_upgrader.cli.demo.stage import RELEASES, Stage
from gitops_upgrader.cli.run import run
from tests.docs.blocks import ROOT

PICTURE: Final = ROOT / "docs" / "images" / "terminal.svg"
COMMANDS: Final = ("plan -m upgrades", "propose -m upgrades --upgrader prod")
FOLDER: Final = "/home/you/demo"

_WIDTH: Final = 80
_ENVIRONMENT: Final = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(_WIDTH), "LINES": "50"}
_UNSET: Final = ("NO_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
# Of the forge that most readers come from: its pages in the dark, and the colours of their diffs on them.
_DARK: Final = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        (13, 17, 23),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)
_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT: Final = re.compile(
    r'<text xml:space="preserve" class="terminal-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL
)


def screen() -> Text:
    """What a terminal shows after the commands."""
    shown = Text()
    with _stage() as stage:
        for command in COMMANDS:
            shown.append("$ ", style="dim").append(f"gitops-upgrader {command}\n", style=f"bold {palette.NEWS}")
            shown.append_text(Text.from_ansi(_printed(command).replace(str(stage.folder), FOLDER).strip("\n")))
            shown.append("\n\n")
    shown.rstrip()
    return shown


def lines(text: str) -> list[str]:
    """Lines as people see them: without blanks at the end."""
    return [line.rstrip() for line in text.splitlines()]


def drawn(shown: Text) -> str:
    """The picture as SVG. No font is fetched for it from anywhere."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="256")
    console.print(shown, soft_wrap=True)
    svg = console.export_svg(title="gitops-upgrader", theme=_DARK, unique_id="terminal")
    plain = _FACE.sub("", svg).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    kept = plain.replace('<text class="terminal-r', '<text xml:space="preserve" class="terminal-r')
    return "\n".join(lines(kept)) + "\n"


def read(svg: str) -> list[str]:
    """The lines of a picture."""
    rows: dict[float, str] = {}
    for x, y, text in _TEXT.findall(svg):
        column = round(float(x) / 12.2)  # the width of a character in rich's pictures
        rows[float(y)] = rows.get(float(y), "").ljust(column) + html.unescape(text).replace("\xa0", " ").strip("\n")
    return lines("\n".join(rows[y] for y in sorted(rows)))


@contextmanager
def _stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="picture-"))
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
    proxy = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    try:
        with serve(RELEASES) as packages, mock.patch.dict(os.environ, environment | _ENVIRONMENT | proxy, clear=True):
            made = Stage.build(folder, packages)
            with chdir(folder):
                yield made
    finally:
        shutil.rmtree(folder)


def _printed(command: str) -> str:
    with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()) as stream:
        status = run(command.split())
    if status:
        raise RuntimeError(f"{command}: status {status}")
    return stream.getvalue()


if __name__ == "__main__":
    PICTURE.write_text(drawn(screen()), encoding="utf-8")
