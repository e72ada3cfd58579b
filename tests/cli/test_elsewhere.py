"""Two proposals for one Cluster, by owners that do not know of each other: the second one waits for the first."""

from __future__ import annotations

import pytest

from gitops_upgrader.pulls import marker as markers
from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet, cluster

FOLDER = ("propose", "-m", "upgrades", "--repo", "fleet.git")
BY_HAND = ("propose", "--repo", "fleet.git", "--cluster", "prod", "--to", "v1.34.2")
IMAGE = ("--image", "img-v1.34.2", "--variable", "imageId")


def test_by_hand_beside_an_upgrader_waits_for_its_pull_request(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*FOLDER)

    waits = (
        "  Pull request 1 of fleet/prod changes prod in clusters/prod.yaml to v1.34.2 img-v1.34.2 already: "
        f"{fleet.host.pull(1).url}. Merge it or close it first."
    )
    for more in ((), ("--dry-run",)):
        ran = gitops_upgrader(*BY_HAND, *IMAGE, *more)
        assert ran.status == 0
        assert ran.out.splitlines()[:2] == [". fleet/prod  v1.33.5 -> v1.34.2  waits", waits]
    assert len(fleet.host.pulls()) == 1
    assert gitops_upgrader(*BY_HAND, *IMAGE, "-o", "json").json["proposals"][0]["reason"] == "ProposedElsewhere"
    fleet.host.close(1)
    assert gitops_upgrader(*BY_HAND, *IMAGE).out.startswith("+ fleet/prod  v1.33.5 -> v1.34.2  opened\n")


def test_an_upgrader_waits_for_a_pull_request_made_by_hand(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*BY_HAND)

    ran = gitops_upgrader(*FOLDER)

    assert "Pull request 1 of cluster/-/prod changes prod in clusters/prod.yaml to v1.34.2 already: " in ran.out
    assert fleet.run().told() == {"prod": "hold, ProposedElsewhere v1.33.5 -> v1.34.2"}
    fleet.host.merge(1, "merges")
    assert len(fleet.host.pulls()) == 1
    assert fleet.run().told() == {"prod": "hold, UpToDate"}


def test_a_cluster_by_its_name_alone_and_with_its_namespace_is_the_same(
    gitops_upgrader: CommandLine, fleet: Fleet
) -> None:
    gitops_upgrader(*BY_HAND)

    ran = gitops_upgrader("propose", "--repo", "fleet.git", "--cluster", "fleet/prod", "--to", "v1.34.1")

    assert "Pull request 1 of cluster/-/prod changes prod" in ran.out
    assert len(fleet.host.pulls()) == 1


def test_another_cluster_of_the_same_file_is_nobody_elses(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    both = "---\n".join(cluster(name, "v1.33.5") for name in ("prod", "next"))
    fleet.people.commit({"clusters/prod.yaml": both})
    gitops_upgrader(*FOLDER)
    # An older base, which this branch is on from now on, tells nothing either.
    fleet.people.commit({"clusters/prod.yaml": f"{both}# end\n"})

    ran = gitops_upgrader("propose", "--repo", "fleet.git", "--cluster", "next", "--to", "v1.34.2")

    assert ran.out.startswith("+ fleet/next  v1.33.5 -> v1.34.2  opened\n")


def test_an_image_for_the_same_version_waits_as_well(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    refresh = ("propose", "--repo", "fleet.git", "--to", "v1.33.5", "--variable", "imageId")
    gitops_upgrader(*refresh, "--cluster", "prod", "--image", "img-2")

    same, other = (
        gitops_upgrader(*refresh, "--cluster", "fleet/prod", "--image", image) for image in ("img-2", "img-3")
    )

    assert "to v1.33.5 img-2 already" in same.out
    assert "to v1.33.5 img-2 already" in other.out


@pytest.mark.parametrize("wiped", ["", "<!-- gitops-upgrader {broken} -->"])
def test_who_wiped_a_marker_is_asked_nothing(wiped: str, gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*BY_HAND)
    (pulls,) = fleet.people.path.glob("gitops-upgrader/pulls")
    page = pulls / "1.md"
    page.write_text(markers.PATTERN.sub(lambda _: wiped, page.read_text("utf-8")), "utf-8")

    assert gitops_upgrader(*FOLDER).out.startswith("+ fleet/prod  v1.33.5 -> v1.34.2  opened\n")


def test_where_the_cluster_cannot_be_found_on_the_other_branch_nobody_waits(
    gitops_upgrader: CommandLine, fleet: Fleet
) -> None:
    gitops_upgrader(*BY_HAND)
    branch = fleet.host.pull(1).head
    fleet.people.commit({"clusters/prod.yaml": "kind: ConfigMap\n"}, branch=branch)

    assert gitops_upgrader(*FOLDER).out.startswith("+ fleet/prod  v1.33.5 -> v1.34.2  opened\n")


def test_a_lower_target_takes_the_place_of_a_higher_one_in_one_run(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*BY_HAND)
    lower = [word.replace("v1.34.2", "v1.34.1") for word in BY_HAND]

    foreseen = gitops_upgrader(*lower, "--dry-run")
    ran = gitops_upgrader(*lower)

    said = "v1.34.2 was withdrawn; v1.34.1 comes first, in a pull request of its own."
    assert foreseen.out.splitlines()[:2] == ["x fleet/prod  v1.33.5 -> v1.34.1  would close", f"  {said}"]
    assert ran.out.splitlines()[:3] == [
        "+ fleet/prod  v1.33.5 -> v1.34.1  opened",
        f"  Hop v1.33.5 -> v1.34.1: asked for on the command line. Pull request 1 was closed first: {said}",
        "  #2 Upgrade prod from v1.33.5 to v1.34.1",
    ]
    assert [pull.state.value for pull in fleet.host.pulls()] == ["closed", "open"]
    assert gitops_upgrader(*lower).out.startswith("= fleet/prod  v1.33.5 -> v1.34.1  left as it is\n")


def test_a_lower_target_that_a_person_refused_is_not_opened_again(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    lower = [word.replace("v1.34.2", "v1.34.1") for word in BY_HAND]
    gitops_upgrader(*lower)
    fleet.host.close(1)
    gitops_upgrader(*BY_HAND)

    ran = gitops_upgrader(*lower)

    assert ran.out.startswith("x fleet/prod  v1.33.5 -> v1.34.1  closed\n")
    assert [pull.state.value for pull in fleet.host.pulls()] == ["closed", "closed"]
    assert "was closed by a person" in gitops_upgrader(*lower).out
