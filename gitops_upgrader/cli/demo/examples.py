"""The examples that come with the program, and copies of them that point to this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import gitops_upgrader
from gitops_upgrader.errors import UnreadableFile, Where

QUICK_START: Final = "quick-start"
"""The custom resources of a small fleet."""

FLEET: Final = "fleet"
"""The repository with the Clusters of that fleet."""


def find(name: str) -> Path:
    """The folder of an example: inside the installed package, or beside it where it runs from its own repository.

    Raises:
        UnreadableFile: the examples were left out when the program was packaged.
    """
    package = Path(gitops_upgrader.__file__).parent
    for examples in (package / "_examples", package.parent / "examples"):
        if (examples / name).is_dir():
            return examples / name
    raise UnreadableFile(
        "The examples are not part of this installation.",
        where=Where(file=str(package / "_examples" / name)),
        remedy="Install gitops-upgrader from its wheel or its repository.",
    )


def copy(name: str, target: Path, replaced: Mapping[str, str] | None = None) -> None:
    """Copy an example's manifests into `target`, with some of their text replaced everywhere.

    The README stays behind, as it speaks of the original.
    """
    shutil.copytree(find(name), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
    wanted = dict(replaced or {})
    files = {path: path.read_text(encoding="utf-8") for path in sorted(target.rglob("*.yaml"))} if wanted else {}
    for old in wanted:
        if not any(old in text for text in files.values()):
            raise AssertionError(f"the example {name} does not hold {old!r} any more")
    for path, text in files.items():
        path.write_text(_with(text, wanted), encoding="utf-8")


def _with(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
