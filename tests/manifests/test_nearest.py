from __future__ import annotations

import time

import pytest

from gitops_upgrader.manifests.nearest import nearest


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("clusters/prd/values.yaml", "clusters/prod/values.yaml"),
        ("clusters/prod/values.yml", "clusters/prod/values.yaml"),
        ("clusters/prod/values.yaml", "clusters/prod/values.yaml"),
        ("prod/values.yaml", "clusters/prod/values.yaml"),
        ("x", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("others", [0, 1, 1_000])
def test_the_name_that_is_most_like_it(given: str, near: str | None, others: int) -> None:
    known = ["clusters/prod/values.yaml", *(f"apps/{index:04}.json" for index in range(others))]
    assert nearest(given, known) == near


def test_thousands_of_names_take_no_time() -> None:
    known = [
        f"clusters/region-{index % 50:02}/site-{index % 997:03}/cluster-{index:05}/values.yaml"
        for index in range(50_000)
    ]
    begun = time.process_time()
    assert nearest("clusters/region-01/site-001/cluster-77777/values.yaml", known) is not None
    assert time.process_time() - begun < 1.5
