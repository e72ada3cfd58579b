"""The folder that is written: all of it or nothing, and over nothing that is there."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gitops_upgrader.cli.streams import ESCAPE
from gitops_upgrader.errors import UnreadableFile, Where
from gitops_upgrader.stores.directory import DirectoryStore
from gitops_upgrader.stores.validate import problems


def refuse_what_is_there(folder: Path) -> None:
    """Raise UnreadableFile where there is anything in the folder, or a file in its place."""
    try:
        is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not is_free:
        raise UnreadableFile(
            "There is something already, and nothing is written over it.",
            where=Where(file=str(folder)),
            remedy=f"Name a new folder with --output, or move this one away: mv {shlex.quote(str(folder))} OTHER-NAME",
        )


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a new folder, which appears when all of them are there and valid.

    Raises:
        UnreadableFile: it cannot be written, or somebody was faster.
        UpgraderError: what is to be written would not validate; the first mistake.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8", errors=ESCAPE)
        for problem in problems(DirectoryStore.load([made])):
            raise problem
        made.chmod(0o755)  # as mkdir(1) would have made it, and not mkdtemp's private one
        made.rename(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> UnreadableFile:
    return UnreadableFile(
        f"The folder cannot be written: {error.strerror}.",
        where=Where(file=str(folder)),
        remedy="Name another one with --output.",
    )
