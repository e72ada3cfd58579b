"""An ApplicationSet's `templatePatch`: a Go template, the YAML of which Argo CD merges over what the template makes.

See `applyTemplatePatch` in argo-cd's applicationset/utils. Most are no YAML before they are filled in; what
they may set is told by the fields that they name then.
"""

from __future__ import annotations

import re
from typing import Final

from gitops_upgrader.errors import ManifestError, Where
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.document import Document, embedded, opaque
from gitops_upgrader.manifests.kustomization import ARGO
from gitops_upgrader.manifests.node import Mapping, Node, Scalar

_FIELD: Final = r"""^[^\S\n]*(?:-[^\S\n]+)*["']?(?:%s)["']?[^\S\n]*:"""
_HELM: Final = re.compile(_FIELD % "parameters|values|valuesObject", re.MULTILINE)
_KUSTOMIZE: Final = re.compile(_FIELD % "kustomize", re.MULTILINE)
_CHANGES: Final = re.compile(_FIELD % "patches|components|namePrefix|nameSuffix|namespace", re.MULTILINE)


def of(node: Node) -> Scalar | None:
    """The text of an ApplicationSet's `templatePatch`; None of other objects, and where it has none."""
    if pointer.peek(node, "kind") != "ApplicationSet" or not pointer.peek(node, "apiVersion").startswith(ARGO):
        return None
    text = pointer.look(node, "spec", "templatePatch")
    return text if isinstance(text, Scalar) and text.value.strip() else None


def read(text: Scalar) -> Mapping | None:
    """What a `templatePatch` says; None where it is no YAML before it is filled in."""
    try:
        roots = [document.root for document in documents(text)]
    except ManifestError:
        return None
    return roots[0] if len(roots) == 1 and isinstance(roots[0], Mapping) else None


def sets_values(text: Scalar) -> Where | None:
    """Where a `templatePatch` that cannot be read names values of a chart."""
    return None if read(text) else _find(text, _HELM)


def sets_kustomize(text: Scalar) -> Where | None:
    """Where a `templatePatch` seems to patch or rename what a kustomization makes."""
    return _find(text, _KUSTOMIZE) if _find(text, _CHANGES) else None


def _find(text: Scalar, pattern: re.Pattern[str]) -> Where | None:
    for document in documents(text):
        found = pattern.search(document.text)
        if found:
            return document.where(document.start + found.end() - 1)
    return None


def documents(text: Scalar) -> list[Document]:
    """The documents of the text, YAML or not.

    Raises:
        ManifestTooLarge: it is longer than what is read.
    """
    return embedded(text) or opaque(text)
