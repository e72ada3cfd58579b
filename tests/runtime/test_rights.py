"""Rights that are taken away from the controller while it works, and given back: it says so, and goes on by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.runtime.installation import NAME
from tests.runtime.between import between
from tests.runtime.cluster import SOURCES, UPGRADER
from tests.runtime.forge import Forged, building
from tests.runtime.installed import Installed, path_of
from tests.runtime.replica import replica
from tests.servers import kubelet
from tests.servers.kubernetes import PATIENCE, until

pytestmark = pytest.mark.servers

READY = """\
apiVersion: OURS
kind: MachineImage
metadata: {name: ready, labels: {os: ubuntu}}
spec: {version: v1.34.1, id: img-v1.34.1}
"""


def without(rules: list[dict[str, Any]], resource: str, verb: str) -> list[dict[str, Any]]:
    """The rules without one right."""
    return [
        {**rule, "verbs": [one for one in rule["verbs"] if resource not in rule["resources"] or one != verb]}
        for rule in rules
    ]


def conditions(fleet: Forged, kind: str, name: str) -> dict[str, Any]:
    found = (fleet.get(kind, name) or {}).get("status", {}).get("conditions", [])
    return {one["type"]: one for one in found}


def test_one_right_is_taken_away_and_given_back(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    """What needs it says which one lacks, what needs it not goes on; once it is back nobody has to do anything."""
    fleet.commit("prod", "v1.33.5")
    (role,) = rights.of("Role", fleet.namespace)
    server = fleet.server

    def may() -> bool:
        return rights.may("create", "batch", "jobs", fleet.namespace)

    less = {"rules": without(role["rules"], "jobs", "create")}
    server.api("PATCH", path_of(role), less, content_type="application/merge-patch+json")
    until(lambda: not may(), "the right is gone")
    with replica(rights, tmp_path):
        fleet.connect()
        fleet.apply(building(SOURCES))
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        fleet.until(lambda: "Stalled" in conditions(fleet, "MachineImage", "images-v1.34.2"), "it is told")
        stalled = conditions(fleet, "MachineImage", "images-v1.34.2")["Stalled"]
        assert stalled["reason"] == "KubernetesForbidden"
        account = re.escape(f"system:serviceaccount:{rights.namespace}:{NAME}")
        assert re.search(f"{account} may not create jobs.batch in namespace {fleet.namespace}", stalled["message"])
        assert 'rule {apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"]}' in stalled["message"]
        fleet.apply(READY)
        fleet.proposed("prod")
        assert fleet.status("prod")["targetVersion"] == "v1.34.1"

        server.apply(path_of(role), role)
        until(may, "the right is there again")
        job = "images-v1.34.2-1"
        fleet.until(lambda: kubelet.job(server, fleet.namespace, job), "it is tried again", seconds=2 * PATIENCE)
        kubelet.ends(server, fleet.namespace, job, message="ami-v1.34.2")
        fleet.until(lambda: fleet.status("prod").get("targetVersion") == "v1.34.2", "it goes on")
        assert "Stalled" not in conditions(fleet, "MachineImage", "images-v1.34.2")
        fleet.proposed("prod")
        assert len(fleet.pulls()) == 1


def test_all_rights_are_taken_away_and_given_back(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    """Not even the watches go on, nor can it say so in any status; it keeps its Lease, and waits."""
    fleet.commit("prod", "v1.33.5")
    server = fleet.server
    binding, *_ = (one for one in rights.of("RoleBinding", fleet.namespace) if one["roleRef"]["kind"] == "Role")

    def may() -> bool:
        return rights.may("list", "", "secrets", fleet.namespace)

    with (
        between(server.url, server.certificate_authority) as proxy,
        replica(rights, tmp_path, kubeconfig=proxy.kubeconfig(rights, tmp_path)) as controller,
    ):
        fleet.connect()
        fleet.apply(SOURCES)
        fleet.until(lambda: len(fleet.items("MachineImage")) == 2, "it works")
        server.api("DELETE", path_of(binding))
        until(lambda: not may(), "the rights are gone")
        proxy.cut()
        until(lambda: controller.said("may not watch plans"), "it is noticed")
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        fleet.delete("MachineImage", "images-v1.34.2")
        server.apply(path_of(binding), binding)
        until(may, "the rights are there again")
        fleet.proposed("prod")
        assert len(fleet.items("MachineImage")) == 2
        assert len(fleet.pulls()) == 1
        assert controller.end() == 0


def test_a_leader_that_may_not_renew_its_lease_makes_way(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    """It ends with a word, and its Pod is started anew: that one waits, and leads once it may."""
    fleet.connect()
    fleet.apply(SOURCES)
    (binding,) = rights.of("RoleBinding", rights.namespace)
    with replica(rights, tmp_path, name="first", lease="9s") as first:
        first.until("leads")
        fleet.server.api("DELETE", path_of(binding))
        assert first.process.wait(PATIENCE) == 1
        assert "may not" in first.log.read_text("utf-8")
        assert "The Lease could not be renewed in time" in first.log.read_text("utf-8")
    with replica(rights, tmp_path, name="second") as second:
        until(lambda: second.said("may not get leases"), "it is refused")
        assert second.runs
        assert not second.leads
        fleet.server.apply(path_of(binding), binding)
        second.until("leads")
        fleet.until(lambda: len(fleet.items("MachineImage")) == 2, "it works")
