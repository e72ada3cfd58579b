"""From a release in a Debian repository to the end of its rollout, with nothing but real servers and real rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import debian
from tests.runtime.cluster import PLAN, UPGRADER
from tests.runtime.forge import Forged
from tests.runtime.installed import Installed
from tests.runtime.replica import replica
from tests.servers import kubelet
from tests.servers.kubernetes import PATIENCE

pytestmark = pytest.mark.servers

SOURCES = (
    """\
apiVersion: OURS
kind: DebianRepositorySource
metadata: {name: packages}
spec: {url: SITE/deb/, architecture: amd64, interval: 1s}
---
apiVersion: OURS
kind: MachineImageTemplate
metadata: {name: images}
spec:
  template:
    metadata: {labels: {os: ubuntu}}
    spec: {jobTemplate: {spec: {containers: [{name: build, image: builder}]}}}
---
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: images}
spec:
  versionRange: ">=1.33"
  policy: LatestPerMinor
  sourceRef: {apiVersion: OURS, kind: DebianRepositorySource, name: packages}
  machineImageTemplateRef: {name: images}
---
"""
    f"{PLAN}"
)


def image(fleet: Forged, version: str) -> dict[str, Any]:
    found = fleet.get("MachineImage", f"images-{version}") or {}
    return dict(found.get("status") or {})


def ends(fleet: Forged, job: str, **how: Any) -> None:
    kubelet.ends(fleet.server, fleet.namespace, job, **how)


def test_from_a_release_to_the_end_of_its_rollout_and_the_next_hop(
    fleet: Forged, rights: Installed, tmp_path: Path
) -> None:
    fleet.commit("prod", "v1.33.5")
    fleet.flux("prod")
    fleet.rolls("prod", done=True)
    with debian.serve() as site, replica(rights, tmp_path) as controller:
        site.files = debian.flat("/deb/", debian.packages("1.33.5-1.1", "1.34.1-1.1"))
        fleet.connect()
        fleet.apply(SOURCES.replace("SITE", site.url))
        fleet.apply(UPGRADER.replace("NAME", "prod"))
        fleet.until(lambda: kubelet.jobs(fleet.server, fleet.namespace) == JOBS[:2], "two images are built")

        # Two more releases are published. The build of the newest one fails, and is tried again a minute later.
        site.files = debian.flat("/deb/", debian.packages(*RELEASES))
        fleet.until(lambda: kubelet.jobs(fleet.server, fleet.namespace) == JOBS[:4], "newer ones are noticed")
        ends(fleet, "images-v1.35.1-1", code=2, message="Unpacking...\nE: no network\n")
        fleet.until(lambda: "exited with 2" in image(fleet, "v1.35.1").get("failureMessage", ""), "the failure is told")
        failed = image(fleet, "v1.35.1")
        assert (failed["phase"], failed["attempts"], failed["ready"]) == ("Building", 1, False)
        assert "E: no network" in failed["failureMessage"]

        # The first hop: its image, its pull request, its merge, Flux, Cluster API.
        for version in ("v1.33.5", "v1.34.1", "v1.34.2"):
            ends(fleet, f"images-{version}-1", message=f"built in 9 minutes\nami-{version}\n")
        first = hop(fleet, "v1.33.5", "v1.34.2")
        assert first["title"] == "Upgrade prod from v1.33.5 to v1.34.2"
        fleet.merge(first["number"])
        fleet.until(lambda: fleet.condition("prod", "Merged") == ("True", "Merged"), "the merge is noticed")
        assert fleet.condition("prod", "Applied") == ("False", "NotApplied")
        fleet.flux("prod")
        fleet.rolls("prod", done=False, controlPlane={"versions": [{"version": "v1.33.5", "replicas": 3}]})
        fleet.until(lambda: fleet.condition("prod", "Applied") == ("True", "Applied"), "Flux has applied it")
        assert fleet.condition("prod", "RolledOut") == ("False", "RollingOut")
        fleet.rolls("prod", done=True, controlPlane={"versions": [{"version": "v1.34.2", "replicas": 3}]})
        fleet.until(lambda: fleet.condition("prod", "RolledOut") == ("True", "RolledOut"), "every machine is there")
        assert (fleet.status("prod")["latestSetVersion"], fleet.status("prod")["phase"]) == ("v1.34.2", "UpToDate")

        # The next hop comes once its image is there.
        fleet.until(
            lambda: "images-v1.35.1-2" in kubelet.jobs(fleet.server, fleet.namespace), "again", seconds=2 * PATIENCE
        )
        ends(fleet, "images-v1.35.1-2", message="ami-v1.35.1")
        second = hop(fleet, "v1.34.2", "v1.35.1")
        assert [pull["number"] for pull in fleet.pulls()] == [first["number"], second["number"]]
        assert kubelet.jobs(fleet.server, fleet.namespace) == JOBS

        told = {"PullRequestOpened", "Merged", "RolledOut"}
        fleet.until(lambda: told <= {event["reason"] for event in fleet.items("Event")}, "people are told")
        assert fleet.forge.server.upgrader.token not in controller.log.read_text("utf-8")
        assert controller.metric("errors_total", reason="KubernetesForbidden") == 0
        assert controller.end() == 0


RELEASES = ("1.33.5-1.1", "1.34.1-1.1", "1.34.2-1.1", "1.35.1-1.1")
JOBS = [
    "images-v1.33.5-1",
    "images-v1.34.1-1",
    "images-v1.34.2-1",
    "images-v1.35.1-1",
    "images-v1.35.1-2",
]


def hop(fleet: Forged, old: str, new: str) -> dict[str, Any]:
    """Wait for the pull request of a hop, and look at what a reviewer sees, and at what the status says of it."""
    fleet.until(lambda: fleet.status("prod").get("targetVersion") == new, f"{new} is chosen")
    fleet.proposed("prod")
    (pull,) = fleet.pulls("open")
    told = fleet.status("prod")["pullRequest"]
    assert (told["number"], told["url"], told["state"]) == (pull["number"], pull["html_url"], "Open")
    assert told["headCommit"] == pull["head"]["sha"]
    before, after = (fleet.people.read(ref, "clusters/prod.yaml") for ref in ("main", pull["head"]["ref"]))
    ours = f"ami-{old}" if f"ami-{old}" in before else f"img-{old}"
    assert after == before.replace(f"version: {old}", f"version: {new}").replace(ours, f"ami-{new}")
    return pull
