"""Names of branches: what they are, that no two proposals share one, and that Git takes all of them."""

from __future__ import annotations

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import InvalidObject
from gitops_upgrader.pulls.identity import Family, cluster_family, upgrader_family

PREFIX = "gitops-upgrader/"
NAME = st.from_regex(r"[a-z0-9](?:[a-z0-9.-]{0,12}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("family", "branch"),
    [
        (upgrader_family(PREFIX, "fleet", "prod"), "gitops-upgrader/fleet/prod"),
        (upgrader_family(PREFIX, "fleet", "prod", "west"), "gitops-upgrader/_west/fleet/prod"),
        (upgrader_family("bots/k8s-", "fleet", "prod"), "bots/k8s-fleet/prod"),
        (cluster_family(PREFIX, "fleet", "prod"), "gitops-upgrader/_cluster/fleet/prod"),
        (cluster_family(PREFIX, None, "prod"), "gitops-upgrader/_cluster/-/prod"),
        (cluster_family(PREFIX, None, "prod", "west"), "gitops-upgrader/_west/_cluster/-/prod"),
    ],
)
def test_the_branch(family: Family, branch: str) -> None:
    assert family.first == family.branch(1) == branch


@pytest.mark.parametrize(
    ("branch", "generation"),
    [
        ("b", 1),
        ("b_2", 2),
        ("b_10", 10),
        ("b_1", None),
        ("b_0", None),
        ("b_02", None),
        ("b_x", None),
        ("b_", None),
        ("b_2_2", None),
        ("bb", None),
        ("c", None),
        ("b_9999999", None),
    ],
)
def test_the_generation_of_a_branch(branch: str, generation: int | None) -> None:
    assert Family("b").generation(branch) == generation


@given(st.integers(1, 999_999))
def test_a_generation_is_found_again(generation: int) -> None:
    family = Family("gitops-upgrader/fleet/prod")

    assert family.generation(family.branch(generation)) == generation


@given(st.sets(st.tuples(st.none() | NAME, st.booleans(), NAME, NAME), min_size=2, max_size=6), st.integers(1, 3))
def test_no_two_proposals_share_a_branch(proposals: set[tuple[str | None, bool, str, str]], generation: int) -> None:
    branches = []
    for instance, by_upgrader, namespace, name in proposals:
        make = upgrader_family if by_upgrader else cluster_family
        try:
            branches.append(make(PREFIX, namespace, name, instance).branch(generation))
        except InvalidObject:
            continue

    assert len(set(branches)) == len(branches)
    assert all(pygit2.reference_is_valid_name(f"refs/heads/{branch}") for branch in branches)


@pytest.mark.parametrize("name", ["prod.lock", "a..b", "Prod", "prod_1", "pro d", "", "-prod", "prod/", "a" * 300])
def test_a_name_that_git_or_kubernetes_refuses(name: str) -> None:
    with pytest.raises(InvalidObject) as error:
        upgrader_family(PREFIX, "fleet", name)

    assert error.value.remedy


@pytest.mark.parametrize("prefix", ["/", "-x/", "a b/", "a//", "@{/", "a\\"])
def test_a_prefix_that_git_refuses(prefix: str) -> None:
    with pytest.raises(InvalidObject, match="Git refuses"):
        upgrader_family(prefix, "fleet", "prod")
