"""Holds what was said to and by a GitHub against GitHub's own descriptions of its API.

REST: `@octokit/openapi`, a whole OpenAPI document. GraphQL: `@octokit/graphql-schema`. Each is fetched once a machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import graphql
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.forges.loopback import Exchange
from tests.servers.build import npm_file

DESCRIPTIONS: Mapping[str, Callable[[], Path]] = {
    "@octokit/openapi": partial(npm_file, "@octokit/openapi", "23.0.2", "generated/api.github.com.json"),
    "@octokit/graphql-schema": partial(npm_file, "@octokit/graphql-schema", "15.26.1", "schema.graphql"),
}
"""Each description, by its package; calling it fetches it if need be."""

_PREFIX = "/api/v3"
_DOCUMENT = "https://api.github.com/openapi"


def check(exchanges: list[Exchange]) -> int:
    """Check every exchange; return how many there were. Raises AssertionError for what GitHub would not say or take."""
    for exchange in exchanges:
        if exchange.request.path == "/api/graphql":
            _check_graphql(exchange)
        else:
            _check_rest(exchange)
    return len(exchanges)


def _check_rest(exchange: Exchange) -> None:
    request, reply = exchange.request, exchange.reply
    path, operation = _operation(request.method, request.path.removeprefix(_PREFIX))
    place = f"{request.method} {path}"
    known = {parameter["name"] for parameter in operation.parameters if parameter["in"] == "query"}
    assert set(request.query) <= known, f"{place} takes no {set(request.query) - known}"
    for parameter in operation.parameters:
        if parameter["in"] == "query" and parameter["name"] in request.query:
            text = request.query[parameter["name"]]
            value = int(text) if parameter["schema"].get("type") == "integer" else text
            _validate(parameter["schema"], value, f"{place}?{parameter['name']}")
    if operation.body is not None and request.body is not None:
        _validate(operation.body, request.body, f"the body of {place}")
    if reply.status in {304, 401}:
        return  # so for every operation, whether or not it is written there
    schema = operation.answers.get(str(reply.status))
    assert str(reply.status) in operation.answers, f"{place} never answers {reply.status}"
    if schema is not None:
        _validate(schema, reply.body, f"the answer {reply.status} of {place}")


class _Operation:
    """One operation: its parameters, the schema of its body, and of its answers by status."""

    def __init__(self, shared: list[Any], found: dict[str, Any]) -> None:
        self.parameters = [_resolve(one) for one in (*shared, *found.get("parameters", ()))]
        self.body = _schema(found.get("requestBody", {}))
        self.answers = {status: _schema(_resolve(one)) for status, one in found["responses"].items()}


def _operation(method: str, path: str) -> tuple[str, _Operation]:
    for template, pattern, operations in _paths():
        if pattern.fullmatch(path) and method.lower() in operations:
            return template, _Operation(operations.get("parameters", []), operations[method.lower()])
    raise AssertionError(f"GitHub has no {method} {unquote(path)}")


@cache
def _document() -> Any:
    return _modern(json.loads(DESCRIPTIONS["@octokit/openapi"]().read_text(encoding="utf-8")))


@cache
def _paths() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    """Every path, those with fewer parameters first, as `/user` must not be taken for `/{name}`."""
    found = []
    for template, operations in _document()["paths"].items():
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))
        found.append((template, pattern, operations))
    return sorted(found, key=lambda one: (one[0].count("{"), one[0]))


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(_DOCUMENT, DRAFT202012.create_resource(_document()))
    return registry


def _validate(schema: Any, value: Any, place: str) -> None:
    validator: Validator = Draft202012Validator(_anchored(schema), registry=_registry())
    errors = sorted(validator.iter_errors(value), key=lambda error: str(list(error.absolute_path)))
    assert not errors, f"{place}: {errors[0].json_path}: {errors[0].message[:500]}"


def _anchored(schema: Any) -> Any:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _DOCUMENT + "/part",
        "allOf": [_far(schema)],
    }


def _far(schema: Any) -> Any:
    """Point references into the document, out of which a schema was taken."""
    if isinstance(schema, dict):
        return {
            key: _DOCUMENT + value if key == "$ref" and isinstance(value, str) else _far(value)
            for key, value in schema.items()
        }
    return [_far(item) for item in schema] if isinstance(schema, list) else schema


def _resolve(value: Any) -> Any:
    while "$ref" in value:
        found = _document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def _schema(holder: Any) -> Any:
    for kind, content in holder.get("content", {}).items():
        if kind in {"application/json", "application/scim+json"}:
            return content.get("schema")
    return None


def _modern(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema, which OpenAPI 3.1 uses."""
    if isinstance(value, list):
        return [_modern(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _modern(item) for key, item in value.items() if key not in {"nullable", "example", "examples"}}
    if value.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


@cache
def _graphql_schema() -> graphql.GraphQLSchema:
    text = DESCRIPTIONS["@octokit/graphql-schema"]().read_text(encoding="utf-8")
    return graphql.build_schema(text, assume_valid=True)


def _check_graphql(exchange: Exchange) -> None:
    """The query must fit the schema, and so must the answer: the schema itself makes the answer out of the answer."""
    query, variables = exchange.request.body["query"], exchange.request.body["variables"]
    document = graphql.parse(query)
    mistakes = graphql.validate(_graphql_schema(), document)
    assert not mistakes, mistakes[0].message
    answer = exchange.reply.body
    if "errors" in answer:
        return
    done = graphql.execute_sync(
        _graphql_schema(),
        document,
        root_value=answer["data"],
        variable_values=variables,
        type_resolver=_type_of,
    )
    assert not done.errors, done.errors[0].message
    assert done.data == answer["data"]


def _type_of(value: Any, info: graphql.GraphQLResolveInfo[Any], abstract: graphql.GraphQLAbstractType) -> str | None:
    """What an interface or a union is in the answers of the fake, which does not say."""
    return {"Node": "PullRequest", "Actor": "User", "PullRequestTimelineItems": "ClosedEvent"}.get(abstract.name)
