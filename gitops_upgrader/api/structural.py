"""Structural schemas (apiextensions.k8s.io/v1) from pydantic models.

What the API server asks of a structural schema: no `$ref`, a type everywhere, nothing but validations under `anyOf`
and the like, and unknown fields pruned unless `x-kubernetes-preserve-unknown-fields` says otherwise
(kubernetes.io/docs, "Specifying a structural schema").
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from gitops_upgrader.api.resource import Resource

_DROPPED = {"title", "$defs", "propertyNames"}


@functools.cache
def schema(kind: type[Resource]) -> Mapping[str, Any]:
    """The structural schema of a kind, with `metadata` in full (a CRD says no more of it than that it is an object)."""
    raw = kind.model_json_schema(by_alias=True, mode="validation")
    return _convert(raw, raw.get("$defs", {}))


def at(schema: Mapping[str, Any], path: Iterable[str | int]) -> Mapping[str, Any]:
    """The part of a schema that a path leads to; empty where nothing is known of it."""
    for part in path:
        schema = schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part, {})
    return schema


def _convert(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = _resolve(node, definitions)
    result: dict[str, Any] = {}
    for key, value in node.items():
        match key:
            case "properties":
                result[key] = {name: _convert(part, definitions) for name, part in value.items()}
            case "items":
                result[key] = _convert(value, definitions)
            case "additionalProperties":
                if isinstance(value, Mapping) and value:
                    result[key] = _convert(value, definitions)
            case "const":
                result["enum"] = [value]
            case "default":
                if value is not None and value != []:
                    result[key] = value
            case _ if key not in _DROPPED:
                result[key] = value
    return _with_type(result)


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references, and take `X | None` for an optional X; what stands beside a reference has precedence."""
    node = dict(node)
    while True:
        if "$ref" in node:
            target = definitions[node.pop("$ref").rpartition("/")[2]]
        elif "anyOf" in node and {"type": "null"} in node["anyOf"]:
            (target,) = (part for part in node.pop("anyOf") if part != {"type": "null"})
        else:
            return node
        node = {**target, **node}


def _with_type(node: dict[str, Any]) -> dict[str, Any]:
    """A preserved object keeps everything, so `additionalProperties` has nothing to say there."""
    if node.get("x-kubernetes-preserve-unknown-fields"):
        node.pop("additionalProperties", None)
    return node
