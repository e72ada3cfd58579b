"""`validate`: every mistake with its place, in words and in JSON."""

from __future__ import annotations

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import PLAN, Fleet, upgrader


def test_no_mistakes(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("validate", "upgrades")

    assert (ran.status, ran.out, ran.err) == (0, "4 objects, no mistakes\n", "")


def test_one_object(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    only = fleet.write("only.yaml", PLAN.replace("newest", "other"))

    assert gitops_upgrader("validate", str(only)).out == "1 object, no mistakes\n"


def test_every_mistake_has_its_line_in_the_order_of_the_files(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("z.yaml", upgrader("dev", hopIntervall="1h"))
    fleet.write("a.yaml", PLAN.replace("newest", "other").replace("v1.34.x", "x1"))
    fleet.write("m.yaml", upgrader("old", planReff="x").replace("  planRef: {name: newest}\n", ""))

    ran = gitops_upgrader("validate", "upgrades")

    assert ran.status == 1
    assert ran.err == "4 mistakes\n"
    places = [line.split(": ")[:3] for line in ran.out.splitlines()]
    assert places == [
        ["upgrades/a.yaml:5:17", "Plan fleet/other", "spec.versionRange"],
        ["upgrades/m.yaml:4:1", "ClusterClassClusterUpgrader fleet/old", "spec.planRef"],
        ["upgrades/m.yaml:8:3", "ClusterClassClusterUpgrader fleet/old", "spec.planReff"],
        ["upgrades/z.yaml:9:3", "ClusterClassClusterUpgrader fleet/dev", "spec.hopIntervall"],
    ]


def test_mistakes_in_json(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("z.yaml", upgrader("dev", hopIntervall="1h"))

    ran = gitops_upgrader("validate", "upgrades", "-o", "json")

    (error,) = ran.json["errors"]
    assert ran.status == 1
    assert ran.json["apiVersion"] == "gitops-upgrader/v1"
    assert ran.json["ok"] is False
    assert {name: error[name] for name in ("object", "reason", "file", "line", "column", "field")} == {
        "object": "ClusterClassClusterUpgrader fleet/dev",
        "reason": "InvalidObject",
        "file": "upgrades/z.yaml",
        "line": 9,
        "column": 3,
        "field": "spec.hopIntervall",
    }
    assert "id you mean hopInterval?" in error["message"]
    (fleet.manifests / "z.yaml").unlink()
    assert gitops_upgrader("validate", "upgrades", "-o", "json").json == {
        "apiVersion": "gitops-upgrader/v1",
        "ok": True,
        "errors": [],
    }
