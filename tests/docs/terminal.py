"""What a page has a reader type: its files are written and its commands run, one after the other, in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import Block
from tests.need import need

PARTS = {"typed", "file", "output"}
"""The checks of what is read at a terminal."""


@dataclass(slots=True)
class Terminal:
    """A reader in front of a terminal.

    Attributes:
        folder: where the reader is now; commands may move elsewhere.
        said: what the last commands printed.
    """

    folder: Path
    said: str = ""

    def follow(self, block: Block) -> None:
        """Do what a block says, and compare what it shows."""
        match block.check:
            case "file":
                assert block.argument is not None, f"{block.place}: which file?"
                path = self.folder / block.argument
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            case "typed":
                self.said = self._run(block)
            case "output":
                assert _stripped(block.text) in _stripped(self.said), f"{block.place}: what is said is\n{self.said}"

    def _run(self, block: Block) -> str:
        place = self.folder / ".place"
        done = subprocess.run(
            [need("bash"), "-euo", "pipefail", "-c", f"trap 'pwd >\"{place}\"' EXIT\n{block.text}"],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{block.place}: status {done.returncode}\n{done.stdout}"
        self.folder = Path(place.read_text(encoding="utf-8").strip())
        place.unlink()
        return done.stdout


def _stripped(text: str) -> str:
    """Without spaces at the ends of lines, which no reader sees."""
    return "\n".join(line.rstrip() for line in text.splitlines())
