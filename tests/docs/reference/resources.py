"""The page of the custom resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_upgrader.api import availability, durations, structural
from gitops_upgrader.api.cluster_upgrader import UpgraderOptions
from gitops_upgrader.api.kinds import KINDS
from gitops_upgrader.api.names import API_VERSION, CATEGORY
from gitops_upgrader.api.placeholders import NAMES
from gitops_upgrader.api.resource import Resource
from tests.docs.reference.markdown import HEADER, code, table

_INTRODUCTION = f"""{HEADER}
# Custom resources

All are `{API_VERSION}`, namespaced, and in the category `{CATEGORY}`: `kubectl get {CATEGORY}` lists them
together. The API server checks everything on this page itself, and `gitops-upgrader validate` checks it in files.

`[]` behind a field stands for each entry of a list, `{{{{}}}}` for each value of a mapping. A duration is
written as `90s`, `30m` or `1h30m`; an integer counts nanoseconds.

## Placeholders

Fields that are templates may hold placeholders. An unknown one is an error.

{{placeholders}}
"""

_ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("ClusterUpgraderSet", "spec.template.spec"): (
        "The spec of each upgrader, as that of ClusterClassClusterUpgrader without `clusterName` and where it is kept."
    ),
}
"""Parts that are shown in another place, and what is said instead."""

_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "KUBERNETES_VERSION": "the version, such as `v1.34.2`",
    "VERSION_NO_V": "the version without its `v`",
    "VERSION_SLUG": "the version with `-` for `+`, for names and labels",
    "MAJOR": "the major version",
    "MINOR": "the minor version",
    "PATCH": "the patch version",
    "IMAGE_ID": "the id of the machine image",
    "CLUSTER_NAME": "the name of the Cluster",
    "FROM_VERSION": "the version before the hop",
    "UPGRADER": "the name of the upgrader",
}


def page() -> str:
    """Every kind with every field."""
    rows = [(f"`$({name})`", _PLACEHOLDERS[name]) for name in NAMES]
    placeholders = table(("placeholder", "what it stands for"), rows)
    return "\n".join([_INTRODUCTION.format(placeholders=placeholders), *(_kind(kind) for kind in KINDS.values())])


def _kind(kind: type[Resource]) -> str:
    schema = structural.schema(kind)
    listing = kind.LISTING
    names = ", ".join(code(name) for name in (listing.plural, *listing.short_names))
    parts = [f"## {kind.KIND}\n", f"{schema['description']}\n", f"Names for `kubectl`: {names}.\n"]
    for part in ("spec", "status"):
        rows = list(_rows(kind, part, schema["properties"].get(part, {}), required=False))[1:]
        if rows:
            parts += [f"### {kind.KIND} {part}\n", table(("field", "type", "default", "meaning"), rows)]
    return "\n".join([*parts, _rules(schema)])


def _rows(kind: type[Resource], path: str, node: Mapping[str, Any], *, required: bool) -> Iterator[tuple[str, ...]]:
    elsewhere = _ELSEWHERE.get((kind.KIND, path))
    meaning = elsewhere or str(node.get("description", ""))
    if path in _refused(kind):
        meaning = f"{meaning} *Not available yet: it is refused where it is used.*"
    name = code(path.partition(".")[2])
    yield f"{name} (required)" if required else name, _type(node), _default(node), meaning
    if elsewhere or path.endswith(".conditions"):
        return
    inner, inside = path, node
    while "items" in inside:
        inner, inside = f"{inner}[]", inside["items"]
    if isinstance(inside.get("additionalProperties"), Mapping):
        inner, inside = f"{inner}{{}}", inside["additionalProperties"]
    needed = inside.get("required", ())
    for field, below in sorted(inside.get("properties", {}).items(), key=lambda one: one[0] not in needed):
        yield from _rows(kind, f"{inner}.{field}", below, required=field in needed)


def _refused(kind: type[Resource]) -> set[str]:
    """The fields of an upgrader that this release does not act on."""
    if kind.KIND != "ClusterClassClusterUpgrader":
        return set()
    fields = UpgraderOptions.model_fields
    return {f"spec.{fields[name].alias or name}" for name in availability._UPGRADER_FIELDS}


def _type(node: Mapping[str, Any]) -> str:
    if "items" in node:
        return f"list of {_plural(_type(node['items']))}"
    if node.get("x-kubernetes-int-or-string"):
        return "duration" if node.get("pattern") == durations.PATTERN else "string or integer"
    if "enum" in node:
        return " or ".join(code(value) for value in node["enum"])
    if isinstance(node.get("additionalProperties"), Mapping):
        return f"mapping to {_plural(_type(node['additionalProperties']))}"
    if node.get("format") == "date-time":
        return "time"
    return str(node.get("type", "any value"))


def _plural(type_: str) -> str:
    return f"{type_}s" if type_.isalpha() else type_


def _default(node: Mapping[str, Any]) -> str:
    default = node.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return code(default if isinstance(default, str) else json.dumps(default)) if default != "" else "empty"


def _rules(schema: Mapping[str, Any]) -> str:
    """What has to hold between fields."""
    found = dict.fromkeys(_messages("", schema))
    lines = [f"- {code(path) if path else 'the object'}: {message}" for path, message in found]
    return "\n".join(["What has to hold between fields:", "", *lines, ""]) if lines else ""


def _messages(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for rule in node.get("x-kubernetes-validations", ()):
        yield path, str(rule["message"])
    for name, below in node.get("properties", {}).items():
        yield from _messages(f"{path}.{name}".lstrip("."), below)
    if "items" in node:
        yield from _messages(f"{path}[]", node["items"])
