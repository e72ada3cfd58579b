"""Comments beside a value that name a version: they stay as they are, and the reviewer is told so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.node import Scalar
from gitops_upgrader.manifests.place import Insertion, Note, Spot
from gitops_upgrader.versions import Version

_LONGEST: Final = 120
_SETTER: Final = re.compile(r"\{[^{}]*\$gitops-upgrader[^{}]*\}")
_COMMENT: Final = re.compile(r"[ \t]+(#[^\n]*)")
_FLOW: Final = re.compile(r"""(?:"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|[^"'#\n]++|(?<=\S)#)*+(?<=\s)(#[^\n]*)""")
_BEHIND_KEY: Final = re.compile(r":[ \t]+(?:[&!]\S+[ \t]+)*(#[^\n]*)")
_BLOCK: Final = re.compile(r"(?:[&!]\S+[ \t]+)*[|>][-+0-9]*[ \t]+(#[^\n]*)")


def notes(place: Spot, version: str) -> Iterator[Note]:
    """What the reviewer should know of the comments beside a place, of a Cluster that is at a version.

    A comment counts where it names any whole version, or the minor of this one.
    """
    if isinstance(place.at, Insertion):
        return
    comment = _beside(place.at)
    if comment and _naming(version).search(_SETTER.sub("", comment)):
        yield Note(f"The comment beside it is left as it is: {comment.strip()[:_LONGEST]}", place.file, place.line)


@lru_cache(maxsize=64)
def _naming(version: str) -> re.Pattern[str]:
    """What finds a version in a comment, and not any number or address."""
    known = Version.parse(version)
    minor = rf"{known.major}\.{known.minor}(?!\w|\.\d)"
    return re.compile(rf"(?<![\w.])v?(?:\d+\.\d+\.\d+(?!\.?\d)|{minor})")


def _beside(node: Scalar) -> str:
    """The comment that a value has on its line, or on the one of its key; empty where there is none."""
    text = node.document.source.text
    if node.style in {"|", ">"}:
        found = _BLOCK.match(text, node.start, node.end)
        return found[1] if found else ""
    end = text.find("\n", node.end)
    found = None
    if text.find("#", node.end, end if end >= 0 else len(text)) >= 0:
        flow = any(parent.flow for parent, _ in pointer.path(node))
        found = (_FLOW if flow else _COMMENT).match(text, node.end)
    if found is None:
        line = text.rfind("\n", 0, node.start) + 1
        if line and not text[line : node.start].strip():
            found = _BEHIND_KEY.search(text, text.rfind("\n", 0, line - 1) + 1, line)
    return found[1] if found else ""
