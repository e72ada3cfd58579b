"""The CRDs: never out of date, structural, and listed as people know them from upstream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.api.crds import crds, definition
from tests.api.api_server import definitions

FOLDER = Path(__file__).parents[2] / "crds"

ALLOWED = {
    *("type", "description", "properties", "required", "items", "additionalProperties", "default", "enum", "format"),
    *("pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties"),
    *("anyOf", "x-kubernetes-validations", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}
"""What our schemas use of apiextensions/v1 JSONSchemaProps; `$ref`, `title`, `const` and `null` are not among it."""


def _schemas(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _schemas(part, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from _schemas(schema[keyword], f"{path}.{keyword}")


ALL = [
    pytest.param(path, schema, id=path)
    for kind, crd in definitions().items()
    for path, schema in _schemas(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], kind)
]


def test_the_files_are_what_the_models_say() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert written == crds(), "run `make crds`"


def test_the_files_are_the_same_each_time() -> None:
    assert list(crds().items()) == sorted(crds().items())
    assert crds() == crds()


@pytest.mark.parametrize(("path", "schema"), ALL)
def test_schemas_are_structural(path: str, schema: Mapping[str, Any]) -> None:
    """kubernetes.io/docs, "Specifying a structural schema", rules 1 to 4."""
    assert set(schema) <= ALLOWED
    if schema.get("x-kubernetes-int-or-string"):
        assert "type" not in schema
        assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    else:
        assert schema["type"] in {"object", "array", "string", "integer", "boolean"}
        assert "anyOf" not in schema
    assert ("items" in schema) == (schema.get("type") == "array")
    assert not ("properties" in schema and "additionalProperties" in schema)
    assert set(schema.get("required", ())) <= set(schema.get("properties", ()))
    assert path.endswith((".metadata", ".items", "additionalProperties")) or "description" in schema


@pytest.mark.parametrize(("path", "schema"), ALL)
def test_an_object_without_fields_keeps_unknown_ones_or_is_a_map(path: str, schema: Mapping[str, Any]) -> None:
    """Anything else would be pruned to nothing; `metadata` is the API server's own."""
    if schema.get("type") == "object" and path.count(".") != 1:
        kept = schema.get("x-kubernetes-preserve-unknown-fields", False)
        assert kept != bool({"properties", "additionalProperties"} & set(schema))


@pytest.mark.parametrize(("path", "schema"), ALL)
def test_lists_and_texts_with_rules_have_a_bound(path: str, schema: Mapping[str, Any]) -> None:
    """The API server prices a CEL rule by the longest value that it could meet, and refuses what is too dear."""
    if schema.get("type") == "array":
        assert "maxItems" in schema
    if schema.get("type") == "string" and "x-kubernetes-validations" in schema:
        assert "maxLength" in schema


@pytest.mark.parametrize(("path", "schema"), ALL)
def test_descriptions_are_sentences(path: str, schema: Mapping[str, Any]) -> None:
    description = schema.get("description", "A sentence.")
    assert re.fullmatch(r"[A-Z].*\.", description, re.DOTALL)


@pytest.mark.parametrize(("path", "schema"), ALL)
def test_patterns_are_in_the_syntax_of_go(path: str, schema: Mapping[str, Any]) -> None:
    """RE2 has neither look-around nor back-references."""
    pattern = schema.get("pattern", "")
    assert not re.search(r"\(\?[=!<P]|\\[1-9]", pattern)
    re.compile(pattern)


@pytest.mark.parametrize("kind", definitions())
def test_conditions_are_a_map_by_type(kind: str) -> None:
    status = definitions()[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    conditions = status["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert "observedGeneration" in status["properties"]


@pytest.mark.parametrize("kind", definitions())
def test_every_kind_is_served_with_a_status(kind: str) -> None:
    spec = definitions()[kind]["spec"]
    (version,) = spec["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}
    assert spec["scope"] == "Namespaced"
    assert spec["names"]["categories"] == ["cluster-upgrader"]
    assert spec["names"]["shortNames"]


def test_names_do_not_collide() -> None:
    names = [crd["spec"]["names"] for crd in definitions().values()]
    short = [word for name in names for word in (*name["shortNames"], name["singular"], name["plural"])]
    assert len(short) == len(set(short))
    for crd in definitions().values():
        assert crd["metadata"]["name"] == f"{crd['spec']['names']['plural']}.{api.GROUP}"


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (api.MachineImage, ["ID .spec.id", "Version .spec.version", "Ready .status.ready", "Phase .status.phase"]),
        (
            api.Plan,
            [
                "Version Range .spec.versionRange",
                "Latest Version .status.machineImageDetails.version",
                "Phase .status.phase",
            ],
        ),
        (api.MachineImageSyncer, ["Latest Version .status.latestVersion"]),
        (
            api.ClusterClassClusterUpgrader,
            [
                "Cluster Name .spec.clusterName",
                "Latest Set Version .status.latestSetVersion",
                "Pull Request .status.pullRequest.url",
                "Phase .status.phase",
            ],
        ),
    ],
)
def test_columns(kind: type[api.Resource], columns: list[str]) -> None:
    made = definition(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [f"{column['name']} {column['jsonPath']}" for column in made] == columns


@pytest.mark.parametrize("kind", definitions())
def test_columns_lead_somewhere(kind: str) -> None:
    (version,) = definitions()[kind]["spec"]["versions"]
    for column in version["additionalPrinterColumns"]:
        node = version["schema"]["openAPIV3Schema"]
        for part in column["jsonPath"].partition("[?")[0].strip(".").split("."):
            if part == "creationTimestamp":
                break
            node = node["properties"].get(part, {})
        assert node, column["jsonPath"]


def test_a_pod_is_kept_whole() -> None:
    schema = definitions()["MachineImage"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    pod = schema["properties"]["spec"]["properties"]["jobTemplate"]["properties"]["spec"]
    assert pod["x-kubernetes-preserve-unknown-fields"] is True


def test_durations_take_upstreams_nanoseconds() -> None:
    schema = definitions()["MachineImageSyncer"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    interval = schema["properties"]["spec"]["properties"]["interval"]
    assert interval["x-kubernetes-int-or-string"] is True
    assert interval["default"] == "1h"
