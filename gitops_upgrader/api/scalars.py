"""The texts, numbers and times that fields hold, each with the rule that the API server and `validate` share.

Lengths have bounds because the API server prices CEL rules by the longest text they could meet.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gitops_upgrader.api import durations, placeholders
from gitops_upgrader.api.resource import Rule
from gitops_upgrader.errors import InvalidRange, InvalidTemplate, InvalidVersion
from gitops_upgrader.versions import Version, VersionRange

Flag: TypeAlias = StrictBool
Count: TypeAlias = Annotated[StrictInt, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]
Generation: TypeAlias = Annotated[StrictInt, Field(ge=0, json_schema_extra={"format": "int64"})]


class _Schema:
    """Replaces the JSON schema that pydantic would make."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self._schema)


class Form:
    """The form of a text: a pattern that Go's RE2 and Python read alike, and what to say where a text has another.

    The message never repeats the text, which may hold a password.
    """

    def __init__(self, pattern: str, message: str) -> None:
        self._pattern = pattern
        self._message = message
        self._compiled = re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII)

    def _judge(self, text: str) -> str:
        if not self._compiled.match(text):
            raise PydanticCustomError("form", "{message}", {"message": self._message})
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._judge, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self._pattern}


class Pattern(Form):
    """A pattern for the schema only: Python says the same with a better message."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, "")

    def _judge(self, text: str) -> str:
        return text


# --- times ----------------------------------------------------------------------------------------------------------


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PydanticCustomError("duration", "a duration is a text like 10m, or a count of nanoseconds")
    try:
        return durations.parse(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{message}", {"message": str(error)}) from error


_DURATION_SCHEMA = {
    "x-kubernetes-int-or-string": True,
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": durations.PATTERN,
    "minimum": 0,
    "maxLength": 64,
}

Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(durations.render, return_type=str),
    _Schema(_DURATION_SCHEMA),
]
"""`10m`, `24h`; an integer counts nanoseconds, as upstream stored it."""

PositiveDuration: TypeAlias = Annotated[
    Duration,
    Rule(
        cel="type(self) == string ? duration(self) >= duration('1s') : int(self) >= 1000000000",
        holds=lambda value: value >= timedelta(seconds=1),
        message="must be at least 1s; write a unit, as in 10m, because a bare number counts nanoseconds",
    ),
]
"""A duration of at least a second: what repeats, or what something may take."""

AnswerTime: TypeAlias = Annotated[
    PositiveDuration,
    Rule(
        cel="type(self) == string ? duration(self) <= duration('10m') : int(self) <= 600000000000",
        holds=lambda value: value <= timedelta(minutes=10),
        message="must be at most 10m: who waits for a server that hangs does nothing else in that time",
    ),
]
"""How long an answer from elsewhere is waited for: whoever waits does nothing else meanwhile."""

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass  # 31 February has the form too; the error below is what there is to say
    raise PydanticCustomError("timestamp", "a time is written as RFC 3339 has it, like 2026-12-20T06:00:00Z")


def _render_timestamp(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Timestamp: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_timestamp),
    PlainSerializer(_render_timestamp, return_type=str),
    _Schema({"type": "string", "format": "date-time"}),
]
"""A time as metav1.Time has it: RFC 3339, whole seconds, UTC when we write it."""


# --- versions and templates -----------------------------------------------------------------------------------------


def _version(text: str) -> str:
    try:
        Version.parse(text)
    except InvalidVersion as error:
        raise PydanticCustomError("version", "{message}", {"message": error.message, "remedy": error.remedy}) from error
    return text


def _range(text: str) -> str:
    try:
        VersionRange.parse(text)
    except InvalidRange as error:
        raise PydanticCustomError("range", "{message}", {"message": error.message, "remedy": error.remedy}) from error
    return text


def _template(known: tuple[str, ...]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            placeholders.names(text, known)
        except InvalidTemplate as error:
            raise PydanticCustomError(
                "template", "{message}", {"message": error.message, "remedy": error.remedy}
            ) from error
        return text

    return AfterValidator(check)


_NUMBER = "(0|[1-9][0-9]*)"
VERSION_PATTERN = rf"^v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"

VersionText: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_version), Pattern(VERSION_PATTERN)
]
"""A Kubernetes version such as `v1.34.2`, kept as it is written."""

RangeText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_range)]
"""A range of versions in the syntax of Masterminds/semver v3, such as `v1.34.x`."""

Template: TypeAlias = Annotated[
    str, StringConstraints(max_length=4096), _template(placeholders.NAMES), Pattern(placeholders.pattern())
]
"""A text with `$(NAME)` placeholders."""

_UNPRINTABLE = "\\x00-\\x1f\\x7f-\\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
"""Controls, line ends of Unicode, and what is not seen but changes what is: its order (UAX 9), or where a word ends.

What Go and Python escape in the same way is escaped for them; the rest stands for itself.
"""
_ONE_LINE = f"[^{_UNPRINTABLE}]"

VersionTemplate: TypeAlias = Annotated[
    str,
    StringConstraints(max_length=1024),
    _template(placeholders.VERSION_NAMES),
    Form(placeholders.pattern(placeholders.VERSION_NAMES, f"[^${_UNPRINTABLE}]"), "must be one printable line"),
]
"""One line with the placeholders that follow from a version alone."""

# --- names ----------------------------------------------------------------------------------------------------------

_DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_WORDS = "lower-case letters, digits and `-`, with a letter or digit at both ends"

Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""Any text but the empty one."""

Message: TypeAlias = Annotated[str, StringConstraints(max_length=32768)]
"""Words for people, as long as a condition's message may be."""

Line: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=256), Form(rf"^{_ONE_LINE}+$", "must be one printable line")
]
"""One printable line."""

ObjectName: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253),
    Form(rf"^{_DNS_LABEL}(\.{_DNS_LABEL})*$", f"is no object name: {_DNS_WORDS}; dots may part it"),
]
"""The name of an object (RFC 1123 subdomain)."""

NamespaceName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=63), Form(rf"^{_DNS_LABEL}$", f"is no namespace: {_DNS_WORDS}")
]
"""The name of a namespace (RFC 1123 label)."""

BranchSafeName: TypeAlias = Annotated[
    ObjectName,
    Rule(
        cel="!self.endsWith('.lock')",
        holds=lambda name: not name.endswith(".lock"),
        message="must not end in .lock: Git allows no branch of that name",
    ),
]
"""An object's name that becomes a part of a branch's name (git-check-ref-format(1))."""

ImageId: TypeAlias = Annotated[
    str, StringConstraints(max_length=1024), Form(rf"^{_ONE_LINE}*$", "must be one printable line")
]
"""The infrastructure's id of an image: one printable line."""

# --- places ---------------------------------------------------------------------------------------------------------

_NO_PASSWORD = Rule(
    cel="!self.matches('^[A-Za-z0-9+.-]+://[^/@]*:[^/@]*@')",
    holds=lambda url: re.match(r"[A-Za-z0-9+.-]+://[^/@]*:[^/@]*@", url) is None,
    message="must not hold a password: put it into a Secret and name that in secretRef",
)

HttpUrl: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048),
    Form(r"^https?://[^\s/][^\s]*$", "must be an http or https URL"),
]
"""An http or https URL."""

ApiUrl: TypeAlias = Annotated[HttpUrl, _NO_PASSWORD]
"""The http or https URL of a forge's API."""

GitUrl: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048),
    Form(r"^[^-\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", "is no URL of a Git repository"),
    _NO_PASSWORD,
]
"""Where a Git repository is: https, ssh (as URL or `user@host:path`), or a path. Never begins with `-`."""

RepositoryPath: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1024),
    Form(
        r"^[^/\\\x00-\x1f\x7f][^\\\x00-\x1f\x7f]*$",
        "must be a path from the root of the repository, with `/` between its parts and none in front",
    ),
    Rule(
        cel="!self.matches('(^|/)[.][.](/|$)')",
        holds=lambda path: ".." not in path.split("/"),
        message="must stay inside the repository: `..` is not allowed",
    ),
]
"""A path, or a glob, from the root of a repository, with `/` and without a leading one."""

_STEP = r"(/([^~/|]|~0|~1)*)"

JsonPointer: TypeAlias = Annotated[
    str,
    StringConstraints(max_length=1024),
    Form(
        rf"^{_STEP}*$",
        "must be a JSON pointer such as /image/name (`~1` for a `/` in a name); it cannot go on inside a text with `|`",
    ),
]
"""A JSON pointer (RFC 6901) to a field without `|` in its name; the empty text is the whole value."""

TargetPointer: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1024),
    Form(
        rf"^{_STEP}+(\|{_STEP}+)*$",
        "must be a JSON pointer such as /spec/values/clusters/[name=prod]/version (`~1` for a `/` in a name)",
    ),
]
"""A JSON pointer whose tokens may be `[key=value]`; after `|` it goes on inside the YAML that a text holds."""

_NOT_IN_REFS = r"\s~^:?*\[\\\x00-\x20\x7f"

BranchName: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=244),
    Form(rf"^[^-/{_NOT_IN_REFS}][^{_NOT_IN_REFS}]*$", "is no legal branch name (git check-ref-format says why)"),
    Rule(
        cel="!self.matches('[.][.]|//|@[{]|(^|/)[.]|[.]lock(/|$)|[./]$|^@$')",
        holds=lambda name: re.search(r"\.\.|//|@\{|(^|/)\.|\.lock(/|$)|[./]$|^@$", name) is None,
        message="is no legal branch name (git check-ref-format says why)",
    ),
]
"""A branch, without `refs/heads/` (git-check-ref-format(1))."""

BranchPrefix: TypeAlias = Annotated[
    str,
    StringConstraints(max_length=100),
    Form(
        r"^([A-Za-z0-9][A-Za-z0-9._/-]*)?$",
        "must be letters, digits and `.`, `_`, `-` or `/`, with a letter or digit in front",
    ),
    Rule(
        cel="!self.matches('[.][.]|//|/[.]|[.]lock/|[.]$')",
        holds=lambda prefix: re.search(r"\.\.|//|/\.|\.lock/|\.$", prefix) is None,
        message="cannot begin a branch name (git check-ref-format says why)",
    ),
]
"""What the names of our branches begin with; usually it ends in `/`."""
