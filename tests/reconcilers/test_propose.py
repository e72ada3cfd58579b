"""How many upgrades are proposed and when, and where and how: whole runs over a folder of custom resources."""

from __future__ import annotations

import pygit2

from tests.pulls.people import ROBOT_NAME
from tests.reconcilers.directory import Fleet, cluster, upgrader


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
