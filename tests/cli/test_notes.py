"""What a pull request tells its reviewer about places that are left as they are."""

from __future__ import annotations

import pytest

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet, cluster, upgrader

PROPOSE = ("propose", "-m", "upgrades", "--repo", "fleet.git")
BY_HAND = ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "fleet.git")
COMMENT = "The comment beside it is left as it is: # Upgrade to v1.33.5"
CLASS = "The class docker-1-33-v1 names the old version and is left as it is."


def _commit(fleet: Fleet, name: str = "docker", comment: str = "") -> None:
    text = cluster("prod", "v1.33.5").replace("class: docker", f"class: {name}")
    fleet.people.commit({"clusters/prod.yaml": text.replace("version: v1.33.5\n", f"version: v1.33.5{comment}\n")})


def _body(fleet: Fleet) -> str:
    return (fleet.folder / "fleet.git/gitops-upgrader/pulls/1.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "comment", "notes"),
    [
        ("docker", "", []),
        ("docker", " # Upgrade to v1.33.5", [f"> **Note.** {COMMENT} (clusters/prod.yaml:9)"]),
        ("docker-1-33-v1", "", [f"> **Note.** {CLASS}", "(clusters/prod.yaml:8)"]),
    ],
)
def test_a_pull_request_tells_what_is_left(
    fleet: Fleet, gitops_upgrader: CommandLine, name: str, comment: str, notes: list[str]
) -> None:
    _commit(fleet, name, comment)

    assert gitops_upgrader(*PROPOSE).status == 0

    body = _body(fleet)
    assert all(note in body for note in notes), body
    assert body.count("**Note.**") == bool(notes)


def test_a_class_that_is_changed_with_the_version_needs_no_note(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    _commit(fleet, "docker-1-33-v1")
    fleet.write("prod.yaml", upgrader("prod", topologyClass="docker-$(MAJOR)-$(MINOR)-v1"))
    fleet.people.commit({"classes.yaml": _class("docker-1-34-v1")})

    assert gitops_upgrader(*PROPOSE).status == 0

    assert "**Note.**" not in _body(fleet)
    assert "docker-1-34-v1" in _body(fleet)


VARIABLES = """\
      - name: workers
        value: {image: {name: "ubuntu-v1.33.5"}}
      - name: imageVersionless
        value: ami-0123
"""
STAYS = "which names the old version and is left as it is. Should it change too, "


@pytest.mark.parametrize(
    ("variable", "notes"),
    [
        ("", [("imageId", "img-v1.33.5", 12), ("workers/image/name", "ubuntu-v1.33.5", 14)]),
        ("topologyVariable: imageId", [("workers/image/name", "ubuntu-v1.33.5", 14)]),
        ("topologyVariables: [{name: imageId}, {name: workers, path: /image/name}]", []),
    ],
)
def test_an_image_that_names_the_old_version_and_that_nobody_changes_is_told_of(
    fleet: Fleet, gitops_upgrader: CommandLine, variable: str, notes: list[tuple[str, str, int]]
) -> None:
    fleet.people.commit({"clusters/prod.yaml": cluster("prod", "v1.33.5") + VARIABLES})
    fleet.write("prod.yaml", upgrader("prod").replace("topologyVariable: imageId", variable or "paused: false"))

    assert gitops_upgrader(*PROPOSE).status == 0

    told = [
        f"> **Note.** The variable {name} has {text}, {STAYS}name it in the upgrader's topologyVariables. "
        f"(clusters/prod.yaml:{line})"
        for name, text, line in notes
    ]
    assert [line for line in _body(fleet).splitlines() if "**Note.**" in line] == told


def test_the_same_by_hand(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    gitops_upgrader(*BY_HAND)

    advice = "give --image and --variable imageId. (clusters/prod.yaml:12)"
    assert f"The variable imageId has img-v1.33.5, {STAYS}{advice}" in _body(fleet)


OVERRIDES = """\
      - name: spare
        value: img-v1.33.5-arm
    workers:
      machineDeployments:
      - class: a
        name: md-0
        variables:
          overrides:
          - name: imageId
            value: other-v1.33.5
"""


def test_what_the_command_line_cannot_reach_is_for_an_upgrader(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    fleet.people.commit({"clusters/prod.yaml": cluster("prod", "v1.33.5") + OVERRIDES})

    assert gitops_upgrader(*BY_HAND, "--image", "img-v1.34.2", "--variable", "imageId").status == 0

    assert [line for line in _body(fleet).splitlines() if "**Note.**" in line] == [
        (
            f"> **Note.** The variable spare has img-v1.33.5-arm, {STAYS}use an upgrader: its topologyVariables can be "
            "several, and --variable is one. (clusters/prod.yaml:14)"
        ),
        (
            f"> **Note.** The variable imageId of machineDeployment md-0 has other-v1.33.5, {STAYS}use an upgrader: "
            "its topologyVariables reach it, and --variable does not. (clusters/prod.yaml:22)"
        ),
    ]


def test_what_an_upgrader_leaves_in_a_scope_is_named_with_it(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    overrides = OVERRIDES.partition("    workers:")
    fleet.people.commit({"clusters/prod.yaml": cluster("prod", "v1.33.5") + overrides[1] + overrides[2]})

    assert gitops_upgrader(*PROPOSE).status == 0

    assert [line for line in _body(fleet).splitlines() if "**Note.**" in line] == [
        (
            f"> **Note.** The variable imageId of machineDeployment md-0 has other-v1.33.5, {STAYS}name it in the "
            "upgrader's topologyVariables, with the scope machineDeployment. (clusters/prod.yaml:20)"
        )
    ]


def test_a_place_that_nobody_could_edit_is_that_of_the_cluster(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    anchored = cluster("prod", "v1.33.5").replace("value: img", "value: &image img")
    fleet.people.commit({"clusters/prod.yaml": f"{anchored}      - name: again\n        value: *image\n"})

    assert gitops_upgrader(*BY_HAND).status == 0

    assert (
        f"The variable imageId has img-v1.33.5, {STAYS}give --image and --variable imageId. (clusters/prod.yaml:1)"
        in (_body(fleet))
    )


def test_a_class_is_for_an_upgrader_however_the_version_is_proposed(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    _commit(fleet, "docker-1-33-v1")

    assert gitops_upgrader(*BY_HAND).status == 0
    assert f"{CLASS} Where each version has a class of its own, an upgrader's topologyClass changes it too: " in _body(
        fleet
    )


def test_an_image_alone_leaves_no_version_behind(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    fleet.people.commit({"clusters/prod.yaml": cluster("prod", "v1.33.5") + VARIABLES})
    refresh = ("--to", "v1.33.5", "--image", "img-v1.33.5-2", "--variable", "imageId")

    assert gitops_upgrader("propose", "--cluster", "prod", *refresh, "--repo", "fleet.git").status == 0
    assert "**Note.**" not in _body(fleet)


def _class(name: str) -> str:
    return (
        "apiVersion: cluster.x-k8s.io/v1beta1\nkind: ClusterClass\n"
        f"metadata: {{name: {name}, namespace: fleet}}\nspec: {{}}\n"
    )
