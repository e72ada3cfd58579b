"""Whole runs over a folder of custom resources: from versions to pull requests, over real Git and real HTTP."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import ObjectNotFound
from gitops_upgrader.model import PullState
from tests import debian
from tests.reconcilers.directory import PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, upgrader

SOURCE = """\
apiVersion: OURS
kind: DebianRepositorySource
metadata: {name: debian, namespace: fleet}
spec:
  url: URL/v1.33/deb/
  urls: [URL/v1.34/deb/, URL/v1.35/deb/]
  architecture: amd64
"""
FROM_DEBIAN = SYNCER.replace("{apiVersion: v1, kind: ConfigMap, name: versions}", "{name: debian}")


def site(*minors: str) -> debian.Site:
    """A package repository for each minor, each with two releases."""
    made = debian.Site()
    for minor in minors:
        made.files |= debian.flat(f"/{minor}/deb/", debian.packages(f"{minor[1:]}.1-1.1", f"{minor[1:]}.2-1.1"))
    return made


def test_from_a_release_to_a_pull_request_and_on_to_the_next_hop(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.1")
    with debian.serve(site("v1.33", "v1.34", "v1.35")) as served:
        fleet.write(
            "all.yaml",
            SOURCE.replace("URL", served.url),
            TEMPLATE,
            FROM_DEBIAN,
            PLAN.replace("v1.34.x", "v1.35.x"),
            upgrader("prod"),
        )
        run = fleet.run()
        assert run.told() == {"prod": "create, Proposed v1.33.1 -> v1.34.2"}
        assert run.errors() == {}
        assert run.status("MachineImageSyncer", "images")["versions"] == ["v1.33.2", "v1.34.2", "v1.35.2"]
        assert run.status("Plan", "newest")["machineImageDetails"] == {"version": "v1.35.2", "id": "img-v1.35.2"}

        fleet.people.merge("gitops-upgrader/fleet/prod")
        assert fleet.run().told() == {"prod": "create, Proposed v1.34.2 -> v1.35.2"}

        fleet.people.merge("gitops-upgrader/fleet/prod")
        assert fleet.run().told() == {"prod": "hold, UpToDate"}

    assert [pull.state for pull in fleet.host.pulls()] == [PullState.MERGED, PullState.MERGED]
    assert "version: v1.35.2" in fleet.people.read("main", "clusters/prod.yaml")


def test_a_source_that_fails_takes_nothing_back(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.1")
    with debian.serve(site("v1.33", "v1.34", "v1.35")) as served:
        fleet.write("all.yaml", SOURCE.replace("URL", served.url), TEMPLATE, FROM_DEBIAN, PLAN, upgrader("prod"))
        fleet.run()
        served.status("/v1.34/deb/Packages.xz", 503)
        served.status("/v1.34/deb/Packages.gz", 503)
        served.status("/v1.34/deb/Packages", 503)

        run = fleet.run()

    assert run.told()["prod"].startswith("hold, LookupFailed")
    assert run.decided("prod").message.startswith(
        "Nothing is changed: Plan fleet/newest: Its machine images are not known: DebianRepositorySource fleet/debian: "
    )
    assert "503" in run.decided("prod").message
    assert set(run.errors()) == {
        "DebianRepositorySource fleet/debian",
        "MachineImageSyncer fleet/images",
        "Plan fleet/newest",
    }
    assert fleet.host.pull(1).state is PullState.OPEN
    assert fleet.host.comments(1) == ()


@pytest.mark.parametrize("paused", ["source", "syncer"])
def test_what_is_paused_takes_nothing_back_and_is_no_error(fleet: Fleet, paused: str) -> None:
    fleet.clusters(prod="v1.33.1")
    with debian.serve(site("v1.33", "v1.34", "v1.35")) as served:
        source = SOURCE.replace("URL", served.url)
        fleet.write("all.yaml", source, TEMPLATE, FROM_DEBIAN, PLAN, upgrader("prod"))
        fleet.run()
        if paused == "source":
            source += "  paused: true\n"
        syncer = FROM_DEBIAN + ("  paused: true\n" if paused == "syncer" else "")
        fleet.write("all.yaml", source, TEMPLATE, syncer, PLAN, upgrader("prod"))

        run = fleet.run()

    assert run.told()["prod"].startswith("hold, LookupFailed")
    assert "is paused" in run.decided("prod").message
    assert run.errors() == {}
    assert fleet.host.pull(1).state is PullState.OPEN


def test_a_paused_upgrader_and_a_paused_repository_are_left_alone(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual()
    fleet.write("dev.yaml", upgrader("dev", paused="true"))
    fleet.write("prod.yaml", upgrader("prod", repositoryRef="{name: other}"))
    fleet.write(
        "repository.yaml",
        f"apiVersion: OURS\nkind: GitOpsRepository\nmetadata: {{name: other, namespace: fleet}}\n"
        f"spec: {{url: '{fleet.people.path}', paused: true}}\n",
    )

    run = fleet.run()

    assert run.decided("dev").message == "Upgrader dev is paused."
    assert run.decided("prod").message == "The repository is paused."
    assert fleet.host.pulls() == ()
    assert set(fleet.people.branches()) == {"main"}


def test_one_bad_upgrader_stops_no_other(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual("dev", "prod", "gone")
    fleet.write("astray.yaml", upgrader("astray").replace("{name: newest}", "{name: nowhere}"))

    run = fleet.run()

    assert run.told() == {
        "astray": "error, ObjectNotFound",
        "dev": "create, Proposed v1.33.5 -> v1.34.2",
        "gone": "error, ClusterNotFound",
        "prod": "create, Proposed v1.33.5 -> v1.34.2",
    }
    assert str(run.of("astray").error) == (
        "ClusterClassClusterUpgrader fleet/astray: spec.planRef: There is no Plan fleet/nowhere. "
        "Create it, or correct the reference."
    )


@pytest.mark.parametrize(
    "broken",
    [
        "kind: [",
        SYNCER.replace("versionRange:", "versionRanges:"),
    ],
    ids=["not YAML", "a misspelt field"],
)
def test_a_file_that_cannot_be_read_takes_nothing_back_and_stops_nobody(fleet: Fleet, broken: str) -> None:
    """The images that the file would have brought may be what an open pull request is about."""
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual("prod")
    assert fleet.run().told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    image = "apiVersion: OURS\nkind: MachineImage\nmetadata: {name: NAME, namespace: fleet, labels: {os: OS}}\n"
    fleet.write(
        "images.yaml",
        VERSIONS,
        TEMPLATE,
        PLAN,
        image.replace("NAME", "old").replace("OS", "ubuntu") + "spec: {version: v1.34.1, id: img-v1.34.1}\n",
    )
    fleet.write("broken.yaml", broken)
    fleet.write("dev.yaml", upgrader("dev"))

    run = fleet.run()

    assert run.told() == {
        "dev": "create, Proposed v1.33.5 -> v1.34.1",
        "prod": "hold, LookupFailed v1.33.5 -> v1.34.1",
    }
    assert "Nothing is taken back, as not everything could be read: " in run.decided("prod").message
    assert "broken.yaml:" in run.decided("prod").message
    assert fleet.host.pull(1).state is PullState.OPEN


def test_only_some_upgraders(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual("dev", "prod")

    assert set(fleet.run(only=["dev"]).told()) == {"dev"}
    assert set(fleet.run(only=["fleet/prod", "dev"]).told()) == {"dev", "prod"}
    with pytest.raises(ObjectNotFound, match="'prd'") as error:
        fleet.run(only=["prd"])
    assert error.value.remedy == "Name one of fleet/dev, fleet/prod."


def test_a_dry_run_changes_nothing_anywhere(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")

    run = fleet.run(dry_run=True)

    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert "+    version: v1.34.2" in run.of("prod").diff
    assert fleet.host.pulls() == ()
    assert set(fleet.people.branches()) == {"main"}


def test_branches_whose_upgrader_is_gone_are_told_of_and_left(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual("dev", "prod")
    fleet.run()
    (fleet.manifests / "dev.yaml").unlink()

    run = fleet.run()

    assert [(orphan.branch, orphan.upgrader) for orphan in run.report.orphans] == [
        ("gitops-upgrader/fleet/dev", "fleet/dev")
    ]
    assert all(pull.state is PullState.OPEN for pull in fleet.host.pulls())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("group", "wave-1"),
        ("dependsOn", "[{name: dev}]"),
        ("soak", "1h"),
        ("windows", "[{schedule: '0 6 * * 1-5', duration: 8h}]"),
        ("freeze", "[{from: '2026-12-20T00:00:00Z', until: '2027-01-05T00:00:00Z'}]"),
        ("imageRefresh", "true"),
    ],
)
def test_fields_that_are_not_available_yet_are_refused_by_name(fleet: Fleet, field: str, value: str) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual()
    fleet.write("prod.yaml", upgrader("prod", **{field: value}))

    error = fleet.run().of("prod").error

    assert error is not None
    assert error.reason == "NotAvailableYet"
    assert str(error).startswith(f"ClusterClassClusterUpgrader fleet/prod: spec.{field}: ")
    assert str(error).endswith("not available yet. Remove the field for now.")
