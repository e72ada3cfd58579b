"""What somebody may have meant, and what they may not have meant."""

from __future__ import annotations

import pytest

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet

PROPOSE = ("propose", "--repo", "fleet.git", "--to", "v1.34.2", "--dry-run")


@pytest.mark.parametrize(
    ("cluster", "hint"),
    [("prdo", " Did you mean prod?"), ("fleet/prdo", " Did you mean fleet/prod?"), ("elsewhere", "")],
)
def test_a_cluster_that_is_not_there(cluster: str, hint: str, fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    proposed = gitops_upgrader(*PROPOSE, "--cluster", cluster)
    located = gitops_upgrader("locate", "--repo", "fleet.git", "--cluster", cluster)

    said = f"No file has a Cluster {cluster}.{hint}"
    assert (proposed.status, located.status) == (1, 1)
    assert f"{said} Check its name, its namespace and the path" in proposed.err
    assert f"{said} Run it without --cluster" in located.err


def test_a_variable_that_is_new_is_told_of(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*PROPOSE, "--cluster", "prod", "--image", "img-v1.34.2", "--variable", "imageIdd")

    assert ran.status == 0
    assert ran.err == "note: fleet/prod has no variable imageIdd yet, so it is added. Did you mean imageId?\n"


def test_a_variable_that_is_there_is_not(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*PROPOSE, "--cluster", "prod", "--image", "img-v1.34.2", "--variable", "imageId")

    assert (ran.status, ran.err) == (0, "")


def test_an_image_that_names_its_version_is_not_forgotten(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*PROPOSE, "--cluster", "prod")

    assert ran.status == 0
    assert ran.err == (
        "note: fleet/prod has img-v1.33.5 in the variable imageId, which names its version and stays as it is. "
        "Should it change too, give --image and --variable imageId.\n"
    )
    assert gitops_upgrader(*PROPOSE, "--cluster", "prod", "-q").err == ""


def test_an_image_that_names_none_may_stay(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    text = fleet.people.read("main", "clusters/prod.yaml")
    fleet.people.commit({"clusters/prod.yaml": text.replace("img-v1.33.5", "ami-0123")})

    assert gitops_upgrader(*PROPOSE, "--cluster", "prod").err == ""


def test_many_upgraders_are_not_all_listed(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    fleet.usual(*(f"shop-{number:02}" for number in range(30)))

    ran = gitops_upgrader("plan", "-m", "upgrades", "--repo", "fleet.git", "--upgrader", "fleet/shop-031")

    assert "'fleet/shop-031'. Did you mean fleet/shop-" in ran.err
    assert ran.err.count("fleet/") == 2 + 10
    assert ran.err.endswith(" and 21 more.\n")
