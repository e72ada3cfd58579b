"""What the API server stores of a value: without nulls, and with the defaults of its kind's schema.

The order and the rules are those of apiextensions-apiserver (kubernetes.io/docs, "Defaulting and Nullable"): a null
that the schema does not allow is dropped before the default comes in.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value as it is stored; the schema is a structural one, without nullable fields.

    >>> defaulted({"phase": None}, {"properties": {"ready": {"default": False}, "phase": {}}})
    {'ready': False}
    """
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return copy.deepcopy(value)
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        kept = {name: part for name, part in value.items() if part is not None}
        for name, part in properties.items():
            if name not in kept and "default" in part:
                kept[name] = part["default"]
        others = schema.get("additionalProperties") or {}
        return {name: defaulted(part, properties.get(name) or others) for name, part in kept.items()}
    if isinstance(value, list | tuple):
        return [defaulted(item, schema.get("items", {})) for item in value]
    return value
