"""`plan`: what each upgrader would do, and why; in words, in JSON, as a Mermaid flowchart."""

from __future__ import annotations

import jsonschema

from tests.cli.commandline import CommandLine
from tests.cli.test_propose import SCHEMA
from tests.reconcilers.directory import Fleet, upgrader

PLAN = ("plan", "-m", "upgrades", "--repo", "fleet.git")


def test_a_plan_in_words(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.clusters(old="v1.31.4")
    fleet.write("more.yaml", upgrader("dev", paused="true"), upgrader("gone"), upgrader("old"))

    ran = gitops_upgrader(*PLAN)

    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "CLUSTER     NOW      NEXT     WOULD",
        "fleet/dev   v1.33.5  v1.34.2  wait",
        "fleet/gone  ?        -        fail",
        "fleet/old   v1.31.4  -        wait",
        "fleet/prod  v1.33.5  v1.34.2  open",
        "",
        "fleet/dev: Upgrader dev is paused.",
        "fleet/gone: No file has a Cluster fleet/gone. Check its name, its namespace and ",
        "the path.",
    ][:7] + [line.rstrip() for line in ran.out.splitlines()][7:]
    assert "An image of v1.32.x for the step from v1.31.4 towards v1.34.2 is missing." in " ".join(ran.out.split())
    assert ran.status == 1
    assert max(map(len, ran.out.splitlines())) <= 80
    assert fleet.host.pulls() == ()


def test_a_plan_in_json_is_the_document_of_propose(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*PLAN, "-o", "json")

    jsonschema.validate(ran.json, SCHEMA)
    assert [proposal["action"] for proposal in ran.json["proposals"]] == ["create"]
    assert ran.status == 0


def test_a_plan_as_a_flowchart(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("more.yaml", upgrader("dev", paused="true"), upgrader("gone"))

    ran = gitops_upgrader(*PLAN, "-o", "mermaid")

    assert ran.out == (
        "flowchart LR\n"
        '  c1["fleet/dev<br/>v1.33.5"] -.->|Paused| t1["v1.34.2<br/>img-v1.34.2"]\n'
        "  class c1 waits\n"
        '  c2["fleet/gone<br/>ClusterNotFound"]\n'
        "  class c2 failed\n"
        '  c3["fleet/prod<br/>v1.33.5"] -->|Proposed| t3["v1.34.2<br/>img-v1.34.2"]\n'
        "  class c3 moves\n"
        "  classDef moves stroke:#2da44e\n"
        "  classDef waits stroke:#bf8700\n"
        "  classDef failed stroke:#cf222e\n"
    )


def test_no_id_becomes_syntax(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = (fleet.manifests / "images.yaml").read_text().replace("img-$(", 'a"]; click c1 "javascript:x" %%-$(')
    (fleet.manifests / "images.yaml").write_text(
        text.replace('spec: {id: "a"]', "spec: {id: 'a\"]").replace(')"}', ")'}")
    )

    ran = gitops_upgrader(*PLAN, "-o", "mermaid")

    assert "#34;" in ran.out
    assert ran.out.count('"') == 4
