"""What goes and what is lost, and the commands in an order that does not hang."""

from __future__ import annotations

from typing import Any

from gitops_upgrader.api import API_VERSION, GROUP, KINDS
from gitops_upgrader.api.names import FINALIZER
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reports.removal import Build, OpenPull, Removal, commands, removal
from gitops_upgrader.stores.protocol import Stored


def stored(kind: str, name: str, *finalizers: str, spec: dict[str, Any] | None = None, **status: Any) -> Stored:
    metadata = {"name": name, "namespace": "fleet", "finalizers": list(finalizers)}
    content = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}
    return Stored(ObjectKey(GROUP, kind, "fleet", name), content)


def test_an_empty_cluster_loses_nothing() -> None:
    assert removal({}) == Removal(objects=dict.fromkeys(KINDS, ()))


def test_pull_requests_that_are_open_close() -> None:
    pull = {"number": 1, "url": "https://git.example.org/1", "state": "Open"}
    upgraders = [
        stored("ClusterClassClusterUpgrader", "dev", FINALIZER, pullRequest=pull),
        stored("ClusterClassClusterUpgrader", "lab", "example.com/other", pullRequest={**pull, "state": "Merged"}),
        stored("ClusterClassClusterUpgrader", "old", pullRequest=None),
        stored("ClusterClassClusterUpgrader", "prod", FINALIZER),
    ]
    found = removal({"ClusterClassClusterUpgrader": upgraders})
    assert found.pulls == (OpenPull("fleet/dev", "https://git.example.org/1"),)
    assert found.held == ("fleet/dev", "fleet/prod")
    assert found.objects["ClusterClassClusterUpgrader"] == ("fleet/dev", "fleet/lab", "fleet/old", "fleet/prod")


def test_of_images_those_that_were_built_are_named() -> None:
    spec = {"version": "v1.34.2"}
    images = [
        stored("MachineImage", "built", spec=spec, phase="Created", id="ami-1", jobRef={"name": "built-1"}),
        stored("MachineImage", "busy", spec=spec, phase="Building", jobRef={"name": "busy-1"}),
        stored("MachineImage", "named", spec=spec, phase="Created", id="img-v1.34.2"),
    ]
    found = removal({"MachineImage": images})
    assert found.builds == (Build("fleet/built", "v1.34.2", "ami-1"),)
    assert found.running == ("fleet/busy",)


def everything() -> Removal:
    return removal({kind: [stored(kind, "one")] for kind in KINDS})


def test_upgraders_go_first_and_what_makes_objects_before_what_it_makes() -> None:
    lines = commands(everything(), ["kubectl"], (), ["gitops-upgrader", "install"])
    kinds = [line.split()[2].partition(".")[0] for line in lines[:-1]]
    assert kinds[:2] == ["clusterupgradersets", "clusterclassclusterupgraders"]
    assert kinds.index("machineimagesyncers") < kinds.index("machineimages")
    assert sorted(kinds) == sorted(kind.LISTING.plural for kind in KINDS.values())
    assert lines[-1] == "gitops-upgrader install | kubectl delete --ignore-not-found -f -"
    assert all(line.endswith(" --all --all-namespaces") for line in lines[:-1])


def test_commands_for_a_shell_name_the_cluster_and_the_namespaces() -> None:
    found = removal({"Plan": [stored("Plan", "newest")]})
    lines = commands(found, ["kubectl", "--context=my cluster"], ("blue", "red"), ["gitops-upgrader", "install"])
    assert lines == [
        f"kubectl '--context=my cluster' delete plans.{GROUP} --all --namespace blue",
        f"kubectl '--context=my cluster' delete plans.{GROUP} --all --namespace red",
        "gitops-upgrader install | kubectl '--context=my cluster' delete --ignore-not-found -f -",
    ]
