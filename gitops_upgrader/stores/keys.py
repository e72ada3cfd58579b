"""Which object a content is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_upgrader.api.references import group_of
from gitops_upgrader.model import ObjectKey

DEFAULT_NAMESPACE = "default"
"""The namespace of an object that names none, as kubectl without a context has it."""


def key_of(content: Mapping[str, Any]) -> ObjectKey | None:
    """The key of an object; None where it does not say its kind or name."""
    metadata = content.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    version, kind, name = content.get("apiVersion"), content.get("kind"), named.get("name")
    namespace = named.get("namespace") or DEFAULT_NAMESPACE
    if not all(isinstance(part, str) and part for part in (version, kind, name, namespace)):
        return None
    return ObjectKey(group_of(str(version)), str(kind), namespace, str(name))
