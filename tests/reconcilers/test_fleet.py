"""Whole runs over a folder of custom resources: from versions to pull requests, over real Git and real HTTP."""

from __future__ import annotations

import pygit2
import pytest

from gitops_upgrader.errors import ObjectNotFound
from gitops_upgrader.model import PullState
from gitops_upgrader.pulls.decision import Create, Hold
from tests import debian
from tests.pulls.people import ROBOT_NAME
from tests.reconcilers.directory import PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, cluster, upgrader

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


def test_limits_count_in_the_order_of_names_and_over_them_is_no_error(fleet: Fleet) -> None:
    fleet.clusters(a="v1.33.5", b="v1.33.5", c="v1.33.5")
    fleet.usual("c", "a", "b")
    limited = (
        "apiVersion: OURS\nkind: GitOpsRepository\nmetadata: {name: default, namespace: fleet}\n"
        f"spec: {{url: '{fleet.people.path}', pullRequest: {{LIMIT}}}}\n"
    )
    fleet.write("repository.yaml", limited.replace("LIMIT", "maxOpen: 2"))

    first = fleet.run()
    assert first.told() == {
        "a": "create, Proposed v1.33.5 -> v1.34.2",
        "b": "create, Proposed v1.33.5 -> v1.34.2",
        "c": "hold, LimitReached v1.33.5 -> v1.34.2",
    }
    assert first.decided("c").message == "2 pull requests are open; maxOpen is 2."
    fleet.people.merge("gitops-upgrader/fleet/a")
    assert fleet.run().told()["c"] == "create, Proposed v1.33.5 -> v1.34.2"


def test_so_many_in_an_hour(fleet: Fleet) -> None:
    fleet.clusters(a="v1.33.5", b="v1.33.5")
    fleet.usual("a", "b")
    fleet.write(
        "repository.yaml",
        "apiVersion: OURS\nkind: GitOpsRepository\nmetadata: {name: default, namespace: fleet}\n"
        f"spec: {{url: '{fleet.people.path}', pullRequest: {{maxPerHour: 1}}}}\n",
    )

    first = fleet.run()
    assert first.told()["b"] == "hold, LimitReached v1.33.5 -> v1.34.2"
    assert first.decided("b").message == "1 pull request is less than an hour old; maxPerHour is 1."
    assert fleet.run().told()["b"] == "hold, LimitReached v1.33.5 -> v1.34.2"
    fleet.clock.advance(hours=2)
    assert fleet.run().told()["b"] == "create, Proposed v1.33.5 -> v1.34.2"


def test_the_next_hop_waits_for_the_interval(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.32.9")
    fleet.usual()
    fleet.write("prod.yaml", upgrader("prod").replace("hopInterval: 0s", "hopInterval: 24h"))
    fleet.run()
    fleet.people.merge("gitops-upgrader/fleet/prod")

    assert fleet.run().told()["prod"] == "hold, HopInterval v1.33.5 -> v1.34.2"
    fleet.clock.advance(hours=25)
    assert fleet.run().told()["prod"] == "create, Proposed v1.33.5 -> v1.34.2"


def test_a_retry_annotation_lifts_a_refusal(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    fleet.run()
    fleet.host.close(1)
    assert fleet.run().told()["prod"].startswith("hold, Refused")

    named = "{name: prod, namespace: fleet, annotations: {kubernetesupgraded.dimitrikoshkin.com/retry: again}}"
    fleet.write("prod.yaml", upgrader("prod").replace("{name: prod, namespace: fleet}", named))

    assert fleet.run().told()["prod"].startswith("create, Proposed")
    assert fleet.run().told()["prod"].startswith("leave, Current")


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


def test_an_image_named_after_another_version_is_refused(fleet: Fleet) -> None:
    fleet.clusters(dev="v1.33.5", prod="v1.33.5")
    fleet.usual()
    fleet.write("images.yaml", VERSIONS, TEMPLATE.replace("$(KUBERNETES_VERSION)", "v1.33.5"), SYNCER, PLAN)
    fleet.write("prod.yaml", upgrader("prod"))
    fleet.write("dev.yaml", upgrader("dev", imageVersionCheck="Ignore"))

    run = fleet.run()

    assert run.told()["prod"] == "error, ImageVersionMismatch"
    assert run.told()["dev"] == "create, Proposed v1.33.5 -> v1.34.2"


def test_how_a_proposal_reads_is_the_repositorys_to_say(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual()
    fleet.write("prod.yaml", upgrader("prod", pullRequest="{labels: [mine], draft: true}"))
    fleet.write(
        "repository.yaml",
        f"""\
apiVersion: OURS
kind: GitOpsRepository
metadata: {{name: default, namespace: fleet}}
spec:
  url: '{fleet.people.path}'
  commit:
    author: {{name: Robot, email: robot@example.org}}
    messageTemplate: "$(UPGRADER): $(FROM_VERSION) to $(VERSION_NO_V), image $(IMAGE_ID)"
    signOff: true
  pullRequest:
    branchPrefix: bots/
    titleTemplate: "$(CLUSTER_NAME) $(MAJOR).$(MINOR).$(PATCH) $(VERSION_SLUG) $$(X)"
    labels: [theirs]
    reviewers: [bob]
""",
    )

    run = fleet.run()

    found = run.of("prod")
    assert found.branch == "bots/fleet/prod"
    assert found.pull is not None
    assert (found.pull.title, found.pull.labels, found.pull.draft) == (
        "prod 1.34.2 v1.34.2 $(X)",
        frozenset({"mine"}),
        True,
    )
    commit = fleet.people.repository[str(found.commit)].peel(pygit2.Commit)
    assert commit.message.splitlines()[0] == "fleet/prod: v1.33.5 to 1.34.2, image img-v1.34.2"
    assert commit.message.rstrip().endswith("Signed-off-by: Robot <robot@example.org>")
    assert ROBOT_NAME != commit.author.name == "Robot"


def test_instances_share_a_repository_without_meeting(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5", dev="v1.33.5")
    fleet.usual("prod")

    assert fleet.run(instance="east").of("prod").branch == "gitops-upgrader/_east/fleet/prod"
    fleet.write("prod.yaml", upgrader("prod").replace("clusterName: prod", "clusterName: dev"))
    assert fleet.run(instance="west").of("dev").branch == "gitops-upgrader/_west/fleet/prod"
    assert len(fleet.host.pulls()) == 2
    assert fleet.run(instance="east").report.orphans == ()


def test_another_base_branch(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.people.commit(
        {"clusters/prod.yaml": cluster("prod", "v1.34.1")}, branch="release", parents=(fleet.people.tip(),)
    )
    fleet.usual("prod")

    run = fleet.run(branch="release")

    assert run.told() == {"prod": "create, Proposed v1.34.1 -> v1.34.2"}
    assert fleet.host.pull(1).base == "release"
    assert fleet.run(branch="nowhere").told() == {"prod": "error, BranchNotFound"}


def test_without_pull_requests_the_branch_is_pushed(fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")

    assert fleet.run(provider="none").told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    assert fleet.run(provider="none").told() == {"prod": "leave, Current v1.33.5 -> v1.34.2"}
    assert fleet.host.pulls() == ()
