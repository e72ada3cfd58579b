"""The next hop, read as prose, and what holds for every hop."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops_upgrader.model import Image
from gitops_upgrader.plans.hop import Hop, NoHop, NoHopReason, next_hop
from gitops_upgrader.versions import Version
from tests.plans.images import image, images
from tests.plans.test_preference import IMAGES
from tests.versions.strategies import versions


def choose(current: str, candidates: str, target: str, allowed: str | None = None) -> Hop | NoHop:
    listed = (allowed or "").split()
    return next_hop(Version.parse(current), images(candidates), image(target), listed=lambda _: listed)


def journey(current: str, candidates: str, target: str, allowed: str | None = None) -> list[str]:
    """Every step from here on, as a log, until the cluster stays where it is."""
    log = []
    while True:
        step = choose(current, candidates, target, allowed)
        log.append(str(step) if isinstance(step, Hop) else f"{step.reason}: {step.message}")
        if isinstance(step, NoHop):
            return log
        current = str(step.image.version)


JOURNEYS = dict(
    block.removeprefix("# ").split("\n", 1)
    for block in Path(__file__).with_name("journeys.txt").read_text(encoding="utf-8").strip().split("\n\n")
)
"""By name: where a cluster is, the images, the target, the ClusterClass's list; and then every step as a log."""


@pytest.mark.parametrize("name", JOURNEYS)
def test_journeys(name: str) -> None:
    lines = JOURNEYS[name].splitlines()
    given = dict(re.findall("^(from|images|target|class): ?(.*)$", JOURNEYS[name], re.MULTILINE))
    assert journey(given["from"], given["images"], given["target"], given.get("class")) == lines[len(given) :]


def test_without_a_target() -> None:
    step = next_hop(Version.parse("v1.33.5"), images("v1.33.6"), None)
    assert step == NoHop(NoHopReason.NO_CANDIDATE, "No image can be the target.")
    assert str(step) == "No image can be the target."


def test_what_is_missing() -> None:
    step = choose("v1.33.5", "v1.35.0", "v1.35.0")
    assert isinstance(step, NoHop)
    assert step.missing == "v1.34.x"
    assert [str(other) for other in step.considered] == ["v1.35.0: the target, but 2 minors ahead of v1.33.5"]


def test_what_else_was_considered() -> None:
    step = choose(
        "v1.33.5",
        "v1.33.4 v1.33.5 v1.33.6 v1.34.1 v1.34.2 v1.34.3 v1.34.4-rc.1 v1.34.2+k3s1 v1.35.1 v1.36.0",
        "v1.35.0",
        "v1.33.6 v1.34.1 v1.34.2 v1.35.0",
    )
    assert isinstance(step, Hop)
    assert [str(other) for other in step.considered] == [
        "v1.36.0: 3 minors ahead of v1.33.5",
        "v1.35.1: 2 minors ahead of v1.33.5",
        "v1.35.0: the target, but 2 minors ahead of v1.33.5",
        "v1.34.4-rc.1: a prerelease, and the target is none of that minor",
        "v1.34.3: not in the ClusterClass's kubernetesVersions",
        "v1.34.2+k3s1: of flavour k3s, and v1.33.5 is plain Kubernetes",
        "v1.34.1: older than v1.34.2",
        "v1.33.6: older than v1.34.2",
    ]


def test_each_image_is_looked_up_in_the_list_of_its_own_class() -> None:
    """As where the class's name carries the minor."""
    lists = {"v1.34.2": ["v1.34.1"], "v1.33.6": ["v1.33.5", "v1.33.6"], "v1.34.1": ["v1.34.2", "v1.33.6"]}
    ready = images("v1.33.6 v1.34.1 v1.34.2")
    step = next_hop(Version.parse("v1.33.5"), ready, ready[-1], listed=lambda one: lists[str(one.version)])
    assert str(step) == "hop v1.33.5 -> v1.33.6: newest image of this minor that the ClusterClass lists"


def test_beyond_the_target() -> None:
    step = choose("v1.33.5", "v1.34.1 v1.34.9", "v1.34.2")
    assert isinstance(step, Hop)
    assert step.image == image("v1.34.2")
    assert str(step.considered[0]) == "v1.34.9: beyond the target, v1.34.2"


def test_of_several_images_of_the_target_the_target_is_taken() -> None:
    twin, target = image("v1.34.2", "a-twin"), image("v1.34.2", "chosen")
    step = next_hop(Version.parse("v1.33.5"), [twin, target], target)
    assert isinstance(step, Hop)
    assert step.image == target
    assert [str(other) for other in step.considered] == [
        "v1.34.2: another image of the same version, a-twin; chosen is preferred"
    ]


@given(IMAGES, versions(st.integers(0, 1)), st.data())
def test_no_hop_breaks_a_rule(candidates: list[Image], current: Version, data: st.DataObject) -> None:
    assume(candidates)
    target = data.draw(st.sampled_from(candidates))
    listed = [each.version.with_v for each in candidates]
    allowed = {each: data.draw(st.lists(st.sampled_from(listed))) for each in candidates}
    step = next_hop(current, candidates, target, listed=allowed.__getitem__)
    chosen = [step.image] if isinstance(step, Hop) else []
    for hop in chosen:
        new = hop.version
        assert current.newness < new.newness <= target.version.newness
        assert (new.major, new.flavour) == (current.major, current.flavour)
        assert new.minor - current.minor in (0, 1)
        assert not allowed[hop] or new.with_v in allowed[hop]
        assert not new.is_prerelease or target.version.is_prerelease
    considered = [other.image for other in step.considered]
    assert len({*considered, *chosen}) == len(considered) + len(chosen)
    assert {*considered, *chosen} <= {*candidates}
    assert step == next_hop(current, candidates[::-1], target, listed=allowed.__getitem__)


@given(
    st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=3), min_size=1, max_size=6),
    st.sampled_from(("", "+rke2r1", "---vmware.1", "-gke.7")),
    st.data(),
)
def test_with_an_image_of_every_minor_the_target_is_reached(
    patches: list[list[int]], mark: str, data: st.DataObject
) -> None:
    ready = [
        image(f"v1.{minor}.{patch}{mark}") for minor, numbers in enumerate(patches, 1) for patch in sorted({*numbers})
    ]
    target = ready[-1]
    current = Version.parse(f"v1.0.{data.draw(st.integers(0, 30))}{mark}")
    visited = [current]
    while isinstance(step := next_hop(current, ready, target), Hop):
        current = step.image.version
        visited.append(current)
    assert step.reason is NoHopReason.UP_TO_DATE
    assert current == target.version
    assert [new.minor - old.minor for old, new in pairwise(visited)] == [1] * len(patches)
