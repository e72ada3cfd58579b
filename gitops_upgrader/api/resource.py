"""What every custom resource is made of: a frozen pydantic model, rules over several fields, how a kind is listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gitops_upgrader.api import docstrings
from gitops_upgrader.api.names import API_VERSION, GROUP

_SPELLED = {"api_url": "apiURL"}


def _alias(name: str) -> str:
    """The JSON name of a field; a trailing underscore keeps Python's keywords apart (`from_` is `from`)."""
    return _SPELLED.get(name) or to_camel(name.rstrip("_"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a type alone cannot say, once as CEL for the API server and once for Python.

    As the annotation of a field it judges the value; in a model's `RULES` it judges the whole model.

    Args:
        cel: the CEL expression of `x-kubernetes-validations`.
        holds: the same rule over the parsed value.
        message: what is wrong when it does not hold, and what would be right.
        field: the JSON name of the field to blame, where a model has the rule.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    field: str | None = None

    def as_cel(self) -> dict[str, str]:
        """The entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}

    def _judge(self, value: Any) -> Any:
        if not self.holds(value):
            raise PydanticCustomError("rule", "{message}", {"message": self.message})
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Judge after the type itself has been checked."""
        return core_schema.no_info_after_validator_function(self._judge, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the CEL rule to the field's schema."""
        json_schema = handler(schema)
        json_schema["x-kubernetes-validations"] = [*json_schema.get("x-kubernetes-validations", ()), self.as_cel()]
        return json_schema


@dataclass(frozen=True, slots=True)
class Transition:
    """A rule about a change: once as CEL with `oldSelf`, once for Python with the old and the new model."""

    cel: str
    holds: Callable[[Any, Any], bool]
    message: str
    field: str

    def as_cel(self) -> dict[str, str]:
        """The entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}


class Model(BaseModel):
    """A part of a custom resource. Nulls count as absent, as the API server prunes them before it validates."""

    model_config = ConfigDict(
        alias_generator=_alias,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
        defer_build=True,  # a schema is built when a kind is first used: a command needs few of them
    )

    RULES: ClassVar[tuple[Rule, ...]] = ()
    TRANSITIONS: ClassVar[tuple[Transition, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_absent(cls, content: Any) -> Any:
        if isinstance(content, Mapping):
            return {key: value for key, value in content.items() if value is not None}
        return content

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        broken = [rule for rule in self.RULES if not rule.holds(self)]
        if broken:
            details = [(rule.field, rule.message) for rule in broken]
            raise PydanticCustomError("rules", "{message}", {"message": broken[0].message, "broken": details})
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the CEL of the model's rules to its schema, and to its fields what the source says of them."""
        json_schema = handler(schema)
        resolved = handler.resolve_ref_schema(json_schema)
        rules = [rule.as_cel() for rule in cls.RULES] + [rule.as_cel() for rule in cls.TRANSITIONS]
        if rules:
            resolved["x-kubernetes-validations"] = rules
        properties = resolved.get("properties", {})
        for name, text in docstrings.of_fields(cls, Model).items():
            if name in cls.model_fields:
                properties[cls.model_fields[name].alias or name].setdefault("description", text)
        return json_schema

    def to_content(self) -> dict[str, Any]:
        """The model as JSON, under the names that files have; what is absent or empty by default is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def many(description: str, *, at_most: int = 64) -> Any:
    """A list field that is empty by default and then left out.

    Args:
        description: a sentence for the CRD.
        at_most: the most items; the API server wants a bound before it accepts CEL rules on items.
    """
    return Field(default=(), description=description, max_length=at_most, exclude_if=_is_empty)


def nested(model: type[Model]) -> Any:
    """A part that is there with its own defaults, in the API server too, even where nothing of it is given."""
    return Field(default_factory=model, json_schema_extra={"default": {}})


def _is_empty(value: Any) -> bool:
    return not value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; a priority above 0 shows it with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


AGE = Column("Age", ".metadata.creationTimestamp", "date")


@dataclass(frozen=True, slots=True)
class Listing:
    """How the API server names and lists a kind."""

    plural: str
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()


class Resource(Model):
    """A custom resource of our group. Each kind adds `metadata`, `spec` and `status`."""

    KIND: ClassVar[str]
    LISTING: ClassVar[Listing]
    GROUP: ClassVar[str] = GROUP

    api_version: Literal["kubernetesupgraded.dimitrikoshkin.com/v1alpha1"] = Field(default=API_VERSION)
    """The API group and version of this object."""
    kind: str
    """The kind of this object."""
