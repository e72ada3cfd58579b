"""Places that name a value in what is no YAML before it is filled in: they are told of, and never edited.

Helm charts deploy Flux's and Argo CD's objects as well, and an ApplicationSet has a `templatePatch`. What such a
template makes of a value cannot be read; that it names it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from gitops_upgrader.errors import ManifestError, Where
from gitops_upgrader.manifests import template_patch
from gitops_upgrader.manifests.cluster import objects
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.scan import Scan

_SHOWN: Final = 3
_GROUPS: Final = re.compile(rb"toolkit\.fluxcd\.io/|argoproj\.io/")
_LINE: Final = re.compile(r"""^([ \t]*(?:-[ \t]+)*)["']?([\w./-]+)["']?[ \t]*:(?:[ \t]+(.*))?$""")


def mentions(scan: Scan, keys: tuple[str, ...]) -> list[Where]:
    """Where templates of Flux's and Argo CD's objects name a value by its keys, from the outside in; the first ones."""
    paths = (path for path in (scan.blobs if keys else ()) if path.endswith((".yaml", ".yml", ".tpl")))
    return list(islice(chain.from_iterable(_file(scan, path, keys) for path in paths), _SHOWN))


def remedy(found: list[Where]) -> str:
    """What to do about them; empty where there are none."""
    if not found:
        return ""
    places = " and ".join(f"{at.file}:{at.line}" for at in found)
    return f"It is named at {places}, in a template that cannot be read; if that one counts, change what fills it."


def _file(scan: Scan, path: str, keys: tuple[str, ...]) -> Iterator[Where]:
    data = scan.data(path)
    if b"{{" not in data or keys[-1].encode() not in data or not _GROUPS.search(data):
        return
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
    above: list[tuple[int, str]] = []  # the keys that a line belongs to, from the outside in, by their depth
    for line in document.text.split("\n"):
        found = _LINE.match(line.rstrip("\r"))
        if found:
            depth = len(found[1])
            while above and above[-1][0] >= depth:
                above.pop()
            above.append((depth, found[2]))
            if _is_meant(found, above, keys) and (not filled or "{{" in line):
                yield document.where(start + depth)
        start += len(line) + 1


def _is_meant(found: re.Match[str], above: list[tuple[int, str]], keys: tuple[str, ...]) -> bool:
    if found[2] == "name":  # Argo CD's `helm.parameters`
        return (found[3] or "").strip(" \t\"'") == ".".join(keys)
    return found[2] == keys[-1] and tuple(key for _, key in above[-len(keys) :]) == keys
