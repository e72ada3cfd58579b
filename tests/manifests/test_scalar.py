from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
import yaml_rs
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import ManifestError, TypeChange, UnwritableValue
from gitops_upgrader.manifests import scalar
from gitops_upgrader.manifests.node import Mapping, Scalar, Sequence
from gitops_upgrader.model import Json
from tests.manifests.samples import root


def _scalar(text: str) -> Scalar:
    node = root(text)
    assert isinstance(node, (Mapping, Sequence))
    found = (node.values if isinstance(node, Mapping) else node.items)[0]
    assert isinstance(found, Scalar)
    return found


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("v1.33.5", "string", "v1.33.5"),
        ("1.33.5", "string", "1.33.5"),
        ("102", "integer", 102),
        ("-7", "integer", -7),
        ("010", "integer", 10),
        ("0o17", "integer", 15),
        ("0x1F", "integer", 31),
        ("9" * 301, "number", float("9" * 301)),
        ("1.5", "number", 1.5),
        ("1e3", "number", 1000.0),
        ("-.INF", "number", -math.inf),
        ("true", "boolean", True),
        ("False", "boolean", False),
        ("yes", "string", "yes"),
        ("null", "null", None),
        ("", "null", None),
        ("'102'", "string", "102"),
        ("!!str 102", "string", "102"),
    ],
)
def test_scalars_are_read_by_the_core_schema(text: str, kind: str, value: Json) -> None:
    node = _scalar(f"a: {text}\n")
    assert scalar.kind(node) == kind
    assert scalar.read(node) == value
    assert type(scalar.read(node)) is type(value)


def test_not_a_number_is_one() -> None:
    found = scalar.read(_scalar("a: .NaN\n"))
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    ("text", "new", "written"),
    [
        ("a: v1\n", "v2", "a: v2\n"),
        ("a: 'v1'\n", "it's", "a: 'it''s'\n"),
        ('a: "v1"\n', 'say "é"\\', 'a: "say \\"é\\"\\\\"\n'),
        ("a: v1 # c\n", "a: b", 'a: "a: b" # c\n'),
        ("a: v1\n", "102", 'a: "102"\n'),
        ("a: v1\n", "1e3", 'a: "1e3"\n'),
        ("a: v1\n", "yes", 'a: "yes"\n'),
        ("a: v1\n", "2026-01-01", 'a: "2026-01-01"\n'),
        ("a: v1\n", "1:30", 'a: "1:30"\n'),
        ("a: v1\n", "", 'a: ""\n'),
        ("a: v1\n", "#x", 'a: "#x"\n'),
        ("a: v1\n", "- x", 'a: "- x"\n'),
        ("a: v1\n", "-x", "a: -x\n"),
        ("a: v1\n", "x #y", 'a: "x #y"\n'),
        ("a: v1\n", "x#y", "a: x#y\n"),
        ("a: v1\n", " x", 'a: " x"\n'),
        ("a: v1\n", "x:", 'a: "x:"\n'),
        ("a: v1\n", "kindest/node:v1.34.2", "a: kindest/node:v1.34.2\n"),
        ("a: v1\n", "a,b", "a: a,b\n"),
        ("a: v1\n", 103, 'a: "103"\n'),
        ("{a: v1}\n", "a,b", '{a: "a,b"}\n'),
        ("{a: v1}\n", "v2", "{a: v2}\n"),
        ("[v1]\n", "-]", '["-]"]\n'),
        ("a: 'v1'\n", 103, "a: '103'\n"),
        ("a: 102\n", "103", "a: 103\n"),
        ("a: 102\n", 103, "a: 103\n"),
        ("a: 1.5\n", "1.6", "a: 1.6\n"),
        ("a: 1.5\n", 2, "a: 2\n"),
        ("a: true\n", False, "a: false\n"),
        ("a: true\n", "false", "a: false\n"),
        ("a: ~\n", "x", "a: x\n"),
        ("a:\n", "103", 'a: "103"\n'),
        ("a:\n", 103, "a: 103\n"),
        ("a: null\n", True, "a: true\n"),
        ('{"a": null}\n', "x", '{"a": "x"}\n'),
        ("a: &x v1\n", "v2", "a: &x v2\n"),
        ("a: !!str 1.20\n", "1.30", "a: !!str 1.30\n"),
        ("a: !!str 1.20\n", "", 'a: !!str ""\n'),
        ("a: !!str 1.20\n", "#x", 'a: !!str "#x"\n'),
        ("a: !!int 1\n", "2", "a: !!int 2\n"),
        ("a: &x # c\n  v1\n", "v2", "a: &x # c\n  v2\n"),
        ("a: True\n", False, "a: False\n"),
        ("a: FALSE\n", True, "a: TRUE\n"),
        ("a: |\n  v1\n", "v2", "a: |\n  v2\n"),
        ("a: >-\n\n  v1\n\nb: 1\n", "v2", "a: >-\n\n  v2\n\nb: 1\n"),
        ("a: two\n  lines\n", "v2", "a: v2\n"),
    ],
)
def test_scalars_are_written_in_their_own_style(text: str, new: Json, written: str) -> None:
    node = _scalar(text)
    start, end = scalar.span(node)
    replaced = text[:start] + scalar.write(node, new, flow=text[0] in "{[") + text[end:]
    assert replaced == written
    expected = scalar.reads_as(node, new)
    assert scalar.read(_scalar(written)) == expected
    values: Any = yaml_rs.loads(written, parse_datetime=False)
    assert repr(values[0] if isinstance(values, list) else values["a"]) == repr(expected)


@pytest.mark.parametrize(
    ("text", "new", "reason", "message"),
    [
        ("a: 102\n", "img", TypeChange, r"type integer \(102\); the new one, \"img\", is of type string"),
        ("a: 102\n", "1.5", TypeChange, "integer"),
        ("a: 102\n", True, TypeChange, "boolean"),
        ("a: 102\n", "0x1F", TypeChange, "integer"),
        ("a: 1.33\n", "1.40", UnwritableValue, "1.40 without quotes is the number 1.4"),
        ("a: true\n", "x", TypeChange, "boolean"),
        ("a: x\n", True, TypeChange, "boolean"),
        ("a: x\n", None, TypeChange, "null"),
        ("a: x\n", {"b": 1}, TypeChange, "object"),
        ("a: x\n", [1], TypeChange, "list"),
        ("a: x\n", "two\nlines", UnwritableValue, "not one printable line"),
        ("a: x\n", "\u2028", UnwritableValue, "not one printable line"),
        ("a: !vault x\n", "y", UnwritableValue, "!vault"),
        ("a: |\n  b\n  c\n", "y", UnwritableValue, "several lines"),
        ("a: >\n  b\n  c\nd: b c\n", "y", UnwritableValue, "several lines"),
        ("a: >-\n\n  b\r\n  c\n", "y", UnwritableValue, "several lines"),
        ("a: |\n  b\n", " y", UnwritableValue, "several lines"),
        ("a: |\n", "y", UnwritableValue, "several lines"),
        ("a: |\n  b\n", "", UnwritableValue, "several lines"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, new: Json, reason: type[ManifestError], message: str) -> None:
    with pytest.raises(reason, match=message):
        scalar.write(_scalar(text), new, flow=False)


printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=30).filter(str.isprintable)


@given(
    printable,
    st.sampled_from(["a: x\n", "a: 'x'\n", 'a: "x"\n', "{a: x}\n", "{a: x:y}\n", "[x]\n", "a:\n", "- !!str x\n"]),
)
def test_any_line_reads_back_as_itself_in_every_parser(text: str, before: str) -> None:
    node = _scalar(before)
    start, end = scalar.span(node)
    after = before[:start] + scalar.write(node, text, flow=before[0] in "{[") + before[end:]
    parsed: Any
    for parsed in (yaml.safe_load(after), yaml_rs.loads(after, parse_datetime=False)):
        assert (parsed[0] if isinstance(parsed, list) else parsed["a"]) == text


@given(printable, st.booleans(), st.sampled_from(["", "'", '"']))
def test_new_strings_read_back_as_themselves(text: str, flow: bool, quote: str) -> None:
    rendered = scalar.render_string(text, flow=flow, quote=quote)
    whole = f"[{rendered}, {rendered}]" if flow else f"- {rendered}\n- {rendered}\n"
    assert yaml.safe_load(whole) == [text, text]
    second: Any = yaml_rs.loads(whole, parse_datetime=False)
    assert second == [text, text]
