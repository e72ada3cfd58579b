"""What the API server does with a custom resource, from the CRD alone: defaults, schema, CEL.

It knows nothing of the models, so that it can contradict them. The order is apiextensions-apiserver's: nulls that are
not allowed are dropped, defaults are filled in, the OpenAPI schema is checked, and CEL runs on what passes.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import celpy
import yaml
from celpy import celtypes
from celpy.adapter import json_to_cel

from gitops_upgrader.api.crds import crds

Schema = Mapping[str, Any]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "object": dict,
    "array": list,
}


@functools.cache
def definitions() -> Mapping[str, Mapping[str, Any]]:
    """The CRDs by kind."""
    loaded = (yaml.load(text, Loader=yaml.CSafeLoader) for text in crds().values())
    return {crd["spec"]["names"]["kind"]: crd for crd in loaded}


def schema_of(kind: str) -> Schema:
    schema: Schema = definitions()[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def admit(content: Mapping[str, Any]) -> list[str]:
    """Every complaint about a new object; none means that it is stored."""
    schema = schema_of(content["kind"])
    stored = default(copy.deepcopy(dict(content)), schema)
    return list(_openapi(stored, schema, "")) or list(_cel(stored, None, schema, ""))


def admit_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Every complaint about a change."""
    schema = schema_of(new["kind"])
    before, after = (default(copy.deepcopy(dict(content)), schema) for content in (old, new))
    return list(_openapi(after, schema, "")) or list(_cel(after, before, schema, ""))


def default(value: Any, schema: Schema) -> Any:
    """Drop nulls, then fill in defaults."""
    if isinstance(value, dict) and "x-kubernetes-preserve-unknown-fields" not in schema:
        properties = schema.get("properties", {})
        for name in [name for name, part in value.items() if part is None and name in properties]:
            del value[name]
        for name, part in properties.items():
            if name not in value and "default" in part:
                value[name] = copy.deepcopy(part["default"])
        return {name: default(part, _part(schema, name)) for name, part in value.items()}
    if isinstance(value, list):
        return [default(item, schema.get("items", {})) for item in value]
    return value


def _part(schema: Schema, name: str) -> Schema:
    part: Schema = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
    return part


def _openapi(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if not _has_type(value, schema):
        yield f"{path}: wrong type"
        return
    yield from (f"{path}: {complaint}" for complaint in _value_complaints(value, schema))
    if isinstance(value, dict):
        yield from (f"{path}.{name}: required" for name in schema.get("required", ()) if name not in value)
        for name, part in value.items():
            yield from _openapi(part, _part(schema, name), f"{path}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _openapi(item, schema.get("items", {}), f"{path}[{index}]")


def _has_type(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str) and not isinstance(value, bool)
    if "type" not in schema:
        return True
    return isinstance(value, _TYPES[schema["type"]]) and (schema["type"] == "boolean" or not isinstance(value, bool))


def _value_complaints(value: Any, schema: Schema) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield "not in enum"
    if isinstance(value, str):
        pattern = schema.get("pattern", "").removesuffix("$")
        if pattern and not re.search(rf"{pattern}\Z", value, re.ASCII):
            yield "pattern"
        if schema.get("format") == "date-time" and not _is_time(value):
            yield "no date-time"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield "out of bounds"
    for sized, unit in ((str, "Length"), (list, "Items"), (dict, "Properties")):
        if isinstance(value, sized) and not (
            schema.get(f"min{unit}", 0) <= len(value) <= schema.get(f"max{unit}", len(value))
        ):
            yield f"bad {unit}"


def _is_time(value: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _cel(value: Any, old: Any, schema: Schema, path: str) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"] and old is None:
            continue  # a transition rule says nothing about a new object
        if not _evaluate(rule["rule"], _to_cel(value, schema), _to_cel(old, schema)):
            yield f"{path}: {rule['message']}"
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, part in value.items():
            yield from _cel(part, before.get(name), _part(schema, name), f"{path}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _cel(item, None, schema.get("items", {}), f"{path}[{index}]")


@functools.cache
def _program(rule: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule))


def _evaluate(rule: str, value: Any, old: Any) -> bool:
    return bool(_program(rule).evaluate({"self": value, "oldSelf": old}))


def _to_cel(value: Any, schema: Schema) -> Any:
    """A value with the CEL types that the schema gives it: a `date-time` is a timestamp there, no text."""
    if isinstance(value, dict):
        items = {celtypes.StringType(name): _to_cel(part, _part(schema, name)) for name, part in value.items()}
        return celtypes.MapType(items)
    if isinstance(value, list):
        return celtypes.ListType([_to_cel(item, schema.get("items", {})) for item in value])
    if schema.get("format") == "date-time" and isinstance(value, str):
        return celtypes.TimestampType(value)
    return json_to_cel(value)
