"""Which image the next hop of a cluster is to, in whole runs over a folder of custom resources."""

from __future__ import annotations

import pytest

from gitops_upgrader.pulls.decision import Create, Hold
from tests.reconcilers.directory import PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, upgrader


def test_every_minor_is_a_stepping_stone(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.30.3")
    fleet.usual("prod")
    fleet.write(
        "images.yaml",
        VERSIONS.replace(
            "    v1.33.5\n", "".join(f"    v1.{minor}.{patch}\n" for minor in (30, 31, 32, 33) for patch in (1, 4))
        ),
        TEMPLATE,
        SYNCER.replace(">=1.33", ">=1.30"),
        PLAN,
    )
    hops = []
    for _ in range(5):
        run = fleet.run()
        hops.append(run.told()["prod"])
        if isinstance(run.decided("prod"), Create):
            fleet.people.squash("gitops-upgrader/fleet/prod")

    assert hops == [
        "create, Proposed v1.30.3 -> v1.31.4",
        "create, Proposed v1.31.4 -> v1.32.4",
        "create, Proposed v1.32.4 -> v1.33.4",
        "create, Proposed v1.33.4 -> v1.34.2",
        "hold, UpToDate",
    ]


def test_a_stepping_stone_that_is_missing_is_named(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.31.4")
    fleet.usual("prod")

    run = fleet.run()

    assert isinstance(run.decided("prod"), Hold)
    assert run.decided("prod").reason == "MissingImage"
    assert run.decided("prod").message == ("An image of v1.32.x for the step from v1.31.4 towards v1.34.2 is missing.")


@pytest.mark.parametrize(
    ("excluded", "hop"),
    [
        ("[]", "create, Proposed v1.33.5 -> v1.34.2"),
        ("[v1.34.2]", "create, Proposed v1.33.5 -> v1.34.1"),
        ("[v1.34.x]", "hold, NoCandidate"),
        ("['>=1.34.0 <1.34.2', v1.34.2]", "hold, NoCandidate"),
    ],
)
def test_what_a_plan_excludes_is_no_target(excluded: str, hop: str, fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    fleet.write(
        "images.yaml", VERSIONS, TEMPLATE, SYNCER.replace("LatestPerMinor", "All"), PLAN + f"  exclude: {excluded}\n"
    )

    assert fleet.run().told()["prod"].startswith(hop)


def test_what_a_plan_excludes_is_no_stepping_stone(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.32.4")
    fleet.usual("prod")
    fleet.write("images.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN + "  exclude: [v1.33.5]\n")

    run = fleet.run()

    assert run.decided("prod").reason == "MissingImage"
    assert "v1.33.x" in run.decided("prod").message


def test_an_image_that_needs_a_job_waits_for_a_cluster(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    template = TEMPLATE.replace(
        'spec: {id: "img-$(KUBERNETES_VERSION)"}',
        "spec: {jobTemplate: {spec: {containers: [{name: build, image: builder}]}}}",
    )
    fleet.write("images.yaml", VERSIONS, template, SYNCER, PLAN)

    run = fleet.run()

    decision = run.decided("prod")
    assert (type(decision), decision.reason) == (Hold, "LookupFailed")
    assert "has to be built by a Job, and there is no cluster here to run it" in decision.message
    image = run.status("MachineImage", "images-v1.34.2")
    assert image["ready"] is False
    assert image["conditions"][0]["reason"] == "WaitingForCluster"
    assert run.errors() == {}


def test_versions_of_a_foreign_source_and_images_of_a_foreign_plan(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    foreign = """\
apiVersion: images.example.org/v1
kind: Catalog
metadata: {name: catalog, namespace: fleet}
status: {versions: [v1.34.2, latest, 1.33.6]}
"""
    plan = """\
apiVersion: images.example.org/v1
kind: Choice
metadata: {name: choice, namespace: fleet}
status: {machineImageDetails: {version: v1.34.7, id: chosen-1347}}
"""
    fleet.write(
        "all.yaml",
        foreign,
        plan,
        TEMPLATE,
        SYNCER.replace(
            "{apiVersion: v1, kind: ConfigMap, name: versions}",
            "{apiVersion: images.example.org/v1, kind: Catalog, name: catalog}",
        ),
        PLAN,
        upgrader("dev"),
        upgrader("prod").replace("{name: newest}", "{apiVersion: images.example.org/v1, kind: Choice, name: choice}"),
    )

    run = fleet.run()

    assert run.told() == {
        "dev": "create, Proposed v1.33.5 -> v1.34.2",
        "prod": "create, Proposed v1.33.5 -> v1.34.7",
    }
    assert "value: chosen-1347" in fleet.people.read("gitops-upgrader/fleet/prod", "clusters/prod.yaml")
    assert run.status("MachineImageSyncer", "images")["versions"] == ["1.33.6", "v1.34.2"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("{}", "LookupFailed"),
        ("{conditions: [{type: Ready, status: 'False', message: The catalogue is being rebuilt.}]}", "LookupFailed"),
        ("{machineImageDetails: {version: soon, id: x}}", "InvalidObject"),
        ('{machineImageDetails: {version: v1.34.2, id: "a\\nb"}}', "InvalidObject"),
        ("{machineImageDetails: {version: v1.34.2}}", "InvalidObject"),
        ("{phase: NoSuitableMachineImage}", "NoCandidate"),
    ],
)
def test_a_foreign_plan_that_gives_no_answer(fleet: Fleet, status: str, reason: str) -> None:
    fleet.clusters(prod="v1.33.5")
    plan = "apiVersion: images.example.org/v1\nkind: Choice\nmetadata: {name: choice, namespace: fleet}\n"
    plan += f"status: {status}\n"
    reference = "{apiVersion: images.example.org/v1, kind: Choice, name: choice}"
    fleet.write("all.yaml", plan, upgrader("prod").replace("{name: newest}", reference))

    found = fleet.run().of("prod")

    assert (found.error.reason if found.error else found.decision.reason if found.decision else None) == reason
    assert set(fleet.people.branches()) == {"main"}


def test_an_image_named_after_another_version_is_refused(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual()
    fleet.write("images.yaml", VERSIONS, TEMPLATE.replace("$(KUBERNETES_VERSION)", "v1.33.5"), SYNCER, PLAN)
    fleet.write("prod.yaml", upgrader("prod"))
    fleet.write("dev.yaml", upgrader("dev", imageVersionCheck="Ignore"))

    run = fleet.run()

    assert run.told()["prod"] == "error, ImageVersionMismatch"
    assert run.told()["dev"] == "create, Proposed v1.33.5 -> v1.34.2"
