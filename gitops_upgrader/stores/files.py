"""Which files of folders hold custom resources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gitops_upgrader.errors import UnreadableFile, UpgraderError, Where

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
"""How the names of files end that are read in folders."""

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml"})
"""Instructions to kustomize, which are no objects."""


def find(paths: Sequence[Path]) -> Iterator[Path | UpgraderError]:
    """The files to read, each once and sorted within its folder, and what keeps others from being read.

    A path that is a file is read whatever its name is. In folders hidden files and folders are left out, and symbolic
    links are followed only while they stay inside the folder that was named.
    """
    seen: set[Path] = set()
    for path in paths:
        for found in _in_path(path):
            if isinstance(found, UpgraderError):
                yield found
            elif (real := found.resolve()) not in seen:
                seen.add(real)
                yield found


def _in_path(path: Path) -> Iterator[Path | UpgraderError]:
    if path.is_dir():
        yield from _in_folder(path, path.resolve())
    elif path.is_file():
        yield path
    elif path.exists():
        yield UnreadableFile(
            "This is neither a file nor a folder.", where=Where(file=str(path)), remedy="Leave it out."
        )
    else:
        remedy = "Name a file or folder of custom resources."
        yield UnreadableFile("There is no such file or folder.", where=Where(file=str(path)), remedy=remedy)


def _in_folder(folder: Path, root: Path) -> Iterator[Path | UpgraderError]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        message = f"The folder cannot be read: {error.strerror}."
        yield UnreadableFile(message, where=Where(file=str(folder)), remedy="Make it readable, or leave it out.")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() and (refused := _bad_link(path, root)):
            yield refused
        elif entry.is_dir(follow_symlinks=False):
            yield from _in_folder(path, root)
        elif path.is_file() and path.suffix.lower() in SUFFIXES and entry.name.lower() not in KUSTOMIZATIONS:
            yield path


def _bad_link(link: Path, root: Path) -> UpgraderError | None:
    """What is wrong with a link, if what it leads to would have been read."""
    target = Path(os.path.realpath(link))  # Path.resolve raises on a link to itself
    if not (target.is_dir() or link.suffix.lower() in SUFFIXES):
        return None
    if target.is_relative_to(root):
        dangling = UnreadableFile("This symbolic link leads nowhere.", where=Where(file=str(link)), remedy="Remove it.")
        return None if target.exists() else dangling
    remedy = "Name the folder that it leads to as well, or put a copy in its place."
    return UnreadableFile("This symbolic link leaves the folder.", where=Where(file=str(link)), remedy=remedy)
