"""Places that name a value in what is no YAML before it is filled in: they are told of, and never edited.

Helm charts deploy Flux's and Argo CD's objects as well, and an ApplicationSet has a `templatePatch`. What such a
template makes of a value cannot be read; that it names it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gitops_upgrader.errors import ManifestError, Where
from gitops_upgrader.manifests import template_patch
from gitops_upgrader.manifests.cluster import objects
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.scan import Scan

_SHOWN: Final = 3
_ABOVE: Final = 200
"""How many lines above a key the one that it belongs to is looked for."""
_GROUPS: Final = re.compile(rb"toolkit\.fluxcd\.io/|argoproj\.io/")
_LINE: Final = re.compile(r"""^([ \t]*(?:-[ \t]+)*)["']?([\w./-]+)["']?[ \t]*:(?:[ \t]+(.*))?$""")


def mentions(scan: Scan, keys: tuple[str, ...]) -> list[Where]:
    """Where templates of Flux's and Argo CD's objects name a value by its keys, from the outside in; the first ones."""
    found: list[Where] = []
    for path in scan.blobs if keys else ():
        if path.endswith((".yaml", ".yml", ".tpl")) and len(found) < _SHOWN:
            data = scan.data(path)
            if b"{{" in data and keys[-1].encode() in data and _GROUPS.search(data):
                found += _file(scan, path, keys)
    return found[:_SHOWN]


def remedy(found: list[Where]) -> str:
    """What to do about them; empty where there are none."""
    if not found:
        return ""
    places = " and ".join(f"{at.file}:{at.line}" for at in found)
    return f"It is named at {places}, in a template that cannot be read; if that one counts, change what fills it."


def _file(scan: Scan, path: str, keys: tuple[str, ...]) -> Iterator[Where]:
    try:
        documents = scan.documents(path)
    except ManifestError:  # such as one that is too large
        return
    for document in documents:
        try:
            texts = [template_patch.of(node) for node in objects(document)]
        except ManifestError:
            yield from _named(document, keys)
            continue
        if not any(texts):
            yield from _named(document, keys, filled=True)
        for text in texts:
            if text is not None and template_patch.read(text) is None:
                for inner in template_patch.documents(text):
                    yield from _named(inner, keys)


def _named(document: Document, keys: tuple[str, ...], *, filled: bool = False) -> Iterator[Where]:
    """The lines of a text that set the value; `filled`: those whose value is an expression."""
    start = document.start
    lines = document.text.split("\n")
    for index, line in enumerate(lines):
        found = _LINE.match(line.rstrip("\r"))
        if found and _is_meant(lines, index, found, keys) and (not filled or "{{" in line):
            yield document.where(start + len(found[1]))
        start += len(line) + 1


def _is_meant(lines: list[str], index: int, found: re.Match[str], keys: tuple[str, ...]) -> bool:
    if found[2] == "name":  # Argo CD's `helm.parameters`
        return (found[3] or "").strip(" \t\"'") == ".".join(keys)
    if found[2] != keys[-1]:
        return False
    depth = len(found[1])
    for key in reversed(keys[:-1]):
        above = lines[max(0, index - _ABOVE) : index][::-1]
        parents = (_LINE.match(line.rstrip("\r")) for line in above)
        parent = next((one for one in parents if one is not None and len(one[1]) < depth), None)
        if parent is None or parent[2] != key:
            return False
        depth = len(parent[1])
    return True
