"""Label selectors, judged by the real Kustomize as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from gitops_upgrader.manifests.label_selector import integer, parse
from tests.manifests.samples import cluster
from tests.servers.kustomize_build import kustomize_build

LABELS: Final = {"env": "prod", "rank": "5", "in": "x", "a.b/c": "d", "empty": "", "zero": "007", "huge": "9" * 19}

HOLD: Final = (
    "",
    " \t",
    "env",
    "!zone",
    "! zone",
    "env=prod",
    "env == prod",
    "env!=dev,zone!=a",
    "zone!=",
    "empty=",
    "empty=,env",
    "env in (dev, prod)",
    "env in(prod)",
    "env notin (dev),zone notin (a)",
    "empty in ()",
    "empty in (,)",
    "empty in (,a)",
    "empty in (a,)",
    "empty in (a,,b)",
    "empty in (a,,,)",
    "empty in (,,a)",
    "in in (in, x)",
    "in=x",
    "a.b/c=d",
    "rank>4",
    "rank > 4 , rank<6",
    "rank<06",
    "zero>6",
    "zero<8",
)
MISS: Final = (
    "zone",
    "!env",
    "env=",
    "env=dev",
    "env in (dev)",
    "env in ()",
    "env notin (prod)",
    "empty!=",
    "rank>5",
    "rank<5",
    "rank>5,env",
    "zone>1",
    "zone<1",
    "env>1",
    "empty<1",
    "huge>1",
    "in=in",
)
NONE: Final = (
    ",",
    "env,",
    ",env",
    "env,,rank",
    "env rank",
    "=prod",
    "!",
    "!env=prod",
    "!env in (prod)",
    "env!",
    "env=(prod)",
    "env==!prod",
    "env===prod",
    "env in prod",
    "env in",
    "env in (prod",
    "env in (dev prod)",
    "env in (dev;prod)",
    "env in (a,,)",
    "env in (,,)",
    "env in (=)",
    "env in (a,=)",
    "env (prod)",
    "env is prod",
    "rank>",
    "rank>five",
    "rank>5.0",
    "rank>-1",
    "rank<=5",
    "rank>=5",
    "rank>9223372036854775808",
    "rank>1 2",
    "-env",
    "env-",
    "a/b/c",
    "/c",
    "A/c",
    "a..b/c",
    "a.b/",
    "env=pröd",
    "env=-",
    "env=a:b",
    "env=" + "a" * 64,
    "a" * 64,
    "a" * 254 + "/c",
    "$(env)",
)


@pytest.mark.parametrize("selector", HOLD)
def test_a_selector_that_holds(selector: str) -> None:
    assert all(requirement.holds(LABELS) for requirement in parse(selector))


@pytest.mark.parametrize("selector", MISS)
def test_a_selector_that_does_not_hold(selector: str) -> None:
    assert not all(requirement.holds(LABELS) for requirement in parse(selector))


# What Kustomize takes for the end of one is refused: nobody writes it.
@pytest.mark.parametrize("selector", [*NONE, "env\0"])
def test_what_is_no_selector(selector: str) -> None:
    with pytest.raises(ValueError, match=r"missing|no operator|no label's|needs an integer|character"):
        parse(selector)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("+5", 5),
        ("-5", -5),
        (f"{0:0400}1", 1),
        (f"{0:05000}1", 1),
        (f"-{9:05000}", -9),
        ("9" * 5000, None),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("", None),
        ("+", None),
        ("1_0", None),
        (" 1", None),
        ("\u0661", None),
        ("0x1", None),
    ],
)
def test_integers_are_those_of_go(text: str, number: int | None) -> None:
    assert integer(text) == number


def _kustomized(*selectors: str) -> dict[str, str]:
    """One patch for each selector, which writes down that it applies."""
    operations = [[{"op": "add", "path": f"/spec/s{index}", "value": 1}] for index in range(len(selectors))]
    patches = [
        {"target": {"labelSelector": selector}, "patch": json.dumps(operation)}
        for selector, operation in zip(selectors, operations, strict=True)
    ]
    labels = f"  labels: {json.dumps(LABELS)}\n"
    kustomization = json.dumps({"resources": ["prod.yaml"], "patches": patches})
    return {"kustomization.yaml": kustomization, "prod.yaml": cluster(metadata=labels)}


@pytest.mark.servers
@pytest.mark.timeout(600)
def test_kustomize_takes_the_same_for_those_that_hold(tmp_path: Path) -> None:
    selectors = (*HOLD, *MISS)
    objects = kustomize_build(tmp_path, _kustomized(*selectors), "")
    assert not isinstance(objects, str), objects
    (built,) = objects
    holding = [selector for index, selector in enumerate(selectors) if f"s{index}" in built["spec"]]
    assert holding == list(HOLD)


@pytest.mark.servers
@pytest.mark.timeout(600)
def test_kustomize_refuses_the_same(tmp_path: Path) -> None:
    for selector in NONE:
        assert isinstance(kustomize_build(tmp_path, _kustomized(selector), ""), str), selector
