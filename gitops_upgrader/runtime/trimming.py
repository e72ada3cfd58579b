"""What of an object is kept in memory. A fleet has thousands, and nobody reads most of what the API server tells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

Part = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Takes from an object what somebody reads of it beside its metadata."""

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` keeps the whole object once more."""
_LONGEST: Final = 512
"""Longer texts are hardly ever the same in two objects."""


def trimmed(content: Mapping[str, Any], part: Part | None = None) -> dict[str, Any]:
    """An object without `managedFields` (half of what a small one weighs) and without kubectl's copy of it.

    Equal texts, such as the fields' names and most conditions, are one in memory.

    Args:
        content: the object; it stays as it is.
        part: what is kept beside kind and metadata; None for everything.
    """
    metadata = {name: value for name, value in content["metadata"].items() if name != "managedFields"}
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping) and _LAST_APPLIED in annotations:
        metadata["annotations"] = {name: value for name, value in annotations.items() if name != _LAST_APPLIED}
    kept = content if part is None else {**_named(content), **part(content)}
    shared: dict[str, Any] = _shared({**kept, "metadata": metadata})
    return shared


def _named(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in ("apiVersion", "kind") if name in content}


def _shared(value: Any) -> Any:
    if isinstance(value, str):
        return sys.intern(value) if len(value) <= _LONGEST else value
    if isinstance(value, dict):
        return {sys.intern(name): _shared(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shared(inner) for inner in value]
    return value
