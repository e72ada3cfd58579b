"""The CustomResourceDefinitions of all kinds, made from the models, as YAML that never differs from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from gitops_upgrader.api import structural
from gitops_upgrader.api.kinds import KINDS
from gitops_upgrader.api.names import CATEGORY, GROUP, VERSION
from gitops_upgrader.api.resource import Column, Resource

_HEADER = "# Made from gitops_upgrader/api by `make crds`: edits here are lost.\n"

_IDENTITY = {
    "apiVersion": "The API group and version of this object.",
    "kind": "The kind of this object.",
}


def crds() -> dict[str, str]:
    """The CRDs as YAML, by file name, sorted by it."""
    made = {f"{GROUP}_{kind.LISTING.plural}.yaml": _HEADER + _dump(definition(kind)) for kind in KINDS.values()}
    return dict(sorted(made.items()))


def definition(kind: type[Resource]) -> dict[str, Any]:
    """The CustomResourceDefinition (apiextensions.k8s.io/v1) of one kind."""
    plural = kind.LISTING.plural
    names: dict[str, Any] = {
        "categories": [CATEGORY],
        "kind": kind.KIND,
        "listKind": f"{kind.KIND}List",
        "plural": plural,
        "shortNames": list(kind.LISTING.short_names),
        "singular": kind.KIND.lower(),
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _schema(kind)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in kind.LISTING.columns],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _schema(kind: type[Resource]) -> Mapping[str, Any]:
    """The kind's schema, with what the API server itself checks (identity and metadata) reduced to its types."""
    schema = structural.schema(kind)
    identity = {name: {"type": "string", "description": text} for name, text in _IDENTITY.items()}
    properties = {**schema["properties"], **identity, "metadata": {"type": "object"}}
    required = [name for name in schema["required"] if name != "metadata"]
    return {**schema, "properties": dict(sorted(properties.items())), "required": required}


def _column(column: Column) -> dict[str, Any]:
    made: dict[str, Any] = {"name": column.name, "type": column.type, "jsonPath": column.path}
    if column.priority:
        made["priority"] = column.priority
    return made


class _Dumper(yaml.SafeDumper):
    """Lists indented as people do it, no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Write shared parts out: a reader of a CRD should not have to look elsewhere."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Escape what is not ASCII: in quotes stands what people would not see, such as marks of direction."""
        as_it_is, self.allow_unicode = self.allow_unicode, False
        super().write_double_quoted(text, split)
        self.allow_unicode = as_it_is


def _dump(definition: Mapping[str, Any]) -> str:
    return yaml.dump(definition, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=120)
