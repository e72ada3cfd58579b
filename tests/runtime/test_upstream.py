"""Objects as upstream's v0.6 has them, and what its controller left behind: they are taken over as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.api.names import IMAGE_ID_KEY
from tests import debian
from tests.runtime.cluster import OURS
from tests.runtime.forge import Forged
from tests.runtime.installed import Installed
from tests.runtime.replica import replica
from tests.servers import kubelet

pytestmark = pytest.mark.servers

OBJECTS = """\
apiVersion: OURS
kind: DebianRepositorySource
metadata: {name: kubernetes, labels: {app.kubernetes.io/part-of: kubernetes-upgrader}}
spec: {url: SITE/v1.27/deb/Packages, architecture: amd64}
---
apiVersion: OURS
kind: MachineImageTemplate
metadata: {name: node}
spec:
  template:
    metadata: {labels: {imageBuilderVersion: v1}}
    spec:
      jobTemplate:
        spec:
          containers:
            - name: output-writer
              image: kubectl
              command: ["/bin/bash", "-c", 'kubectl annotate job "${JOB_NAME}" KEY="node:${KUBERNETES_VERSION}"']
              env:
                - {name: JOB_NAME, valueFrom: {fieldRef: {fieldPath: "metadata.labels['job-name']"}}}
                - {name: JOB_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
              volumeMounts: [{name: output, mountPath: /tmp/output/}]
          serviceAccountName: annotator
          volumes: [{name: output, emptyDir: {}}]
          restartPolicy: Never
---
apiVersion: OURS
kind: MachineImageSyncer
metadata: {name: node}
spec:
  versionRange: v1.27.x
  interval: 3600000000000
  sourceRef: {apiVersion: OURS, kind: DebianRepositorySource, name: kubernetes, namespace: HERE}
  machineImageTemplateRef: {name: node, namespace: HERE}
---
apiVersion: OURS
kind: Plan
metadata: {name: node}
spec: {versionRange: v1.27.x, machineImageSelector: {matchLabels: {imageBuilderVersion: v1}}}
---
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: prod}
spec: {clusterName: prod, topologyVariable: imageId, planRef: {name: node}}
"""

LEFT = """\
apiVersion: OURS
kind: MachineImage
metadata:
  name: node-v1-27-3-x7k2p
  labels:
    imageBuilderVersion: v1
    kubernetes-upgrader.dimitrikoshkin.com/machine-image-syncer-name: node
    kubernetes-upgrader.dimitrikoshkin.com/kubernetes-version: v1.27.3
  annotations: {kubernetes-upgrader.dimitrikoshkin.com/cloned-from: node}
spec:
  version: v1.27.3
  id: node:v1.27.3
  jobTemplate:
    spec: {restartPolicy: Never, containers: [{name: output-writer, image: kubectl}]}
"""
STATUS = {
    "ready": True,
    "phase": "Created",
    "jobRef": {"apiVersion": "batch/v1", "kind": "Job", "name": "node-v1-27-3-x7k2p", "uid": "2"},
}


def create(fleet: Forged, text: str) -> None:
    """As `kubectl create` does it."""
    for content in yaml.safe_load_all(text.replace("OURS", OURS).replace("HERE", fleet.namespace)):
        content["metadata"].setdefault("namespace", fleet.namespace)
        fleet.server.api("POST", f"{fleet.path(content['kind'])}?fieldValidation=Strict", content)


def patch(fleet: Forged, kind: str, name: str, status: dict[str, Any]) -> None:
    """Leave a status, as another controller did."""
    path = f"{fleet.path(kind, name)}/status"
    fleet.server.api("PATCH", path, {"status": status}, content_type="application/merge-patch+json")


def test_upstreams_objects_and_what_its_controller_left(fleet: Forged, rights: Installed, tmp_path: Path) -> None:
    fleet.commit("prod", "v1.27.3")
    fleet.server.api(
        "POST", f"/api/v1/namespaces/{fleet.namespace}/serviceaccounts", {"metadata": {"name": "annotator"}}
    )
    with debian.serve() as site:
        site.files = {"/v1.27/deb/Packages": debian.packages("1.27.3-1.1")}
        create(fleet, LEFT)
        patch(fleet, "MachineImage", "node-v1-27-3-x7k2p", STATUS)
        create(fleet, OBJECTS.replace("SITE", site.url).replace("KEY", IMAGE_ID_KEY))
        patch(fleet, "MachineImageSyncer", "node", {"latestVersion": "v1.27.3"})
        patch(fleet, "ClusterClassClusterUpgrader", "prod", {"latestSetVersion": "v1.27.3"})
        fleet.connect()
        with replica(rights, tmp_path) as controller:
            fleet.until(lambda: fleet.condition("prod", "Planned") == ("False", "UpToDate"), "it was looked at")
            fleet.until(lambda: is_content(fleet, "MachineImageSyncer", "node"), "the syncer has what it wants")
            assert [found["metadata"]["name"] for found in fleet.items("MachineImage")] == ["node-v1-27-3-x7k2p"]
            assert kubelet.jobs(fleet.server, fleet.namespace) == []

            site.files = {"/v1.27/deb/Packages": debian.packages("1.27.3-1.1", "1.27.4-1.1")}
            ask = {"metadata": {"annotations": {"reconcile.gitops-upgrader/requestedAt": "now"}}}
            path = fleet.path("DebianRepositorySource", "kubernetes")
            fleet.server.api("PATCH", path, ask, content_type="application/merge-patch+json")
            job = "node-v1.27.4-1"
            fleet.until(lambda: kubelet.job(fleet.server, fleet.namespace, job), "it is built")
            annotate(fleet, job, "node:v1.27.4")
            kubelet.ends(fleet.server, fleet.namespace, job)
            fleet.proposed("prod")
            (pull,) = fleet.pulls()
            text = fleet.people.read(pull["head"]["ref"], "clusters/prod.yaml")
            assert "version: v1.27.4" in text
            assert "value: node:v1.27.4" in text
            assert fleet.get("Plan", "node")["status"]["machineImageDetails"] == {
                "version": "v1.27.4",
                "id": "node:v1.27.4",
            }
            assert fleet.get("MachineImageSyncer", "node")["status"]["latestVersion"] == "v1.27.4"
            assert fleet.get("MachineImageSyncer", "node")["spec"]["interval"] == 3600000000000
            assert controller.end() == 0


def is_content(fleet: Forged, kind: str, name: str) -> bool:
    """Whether an object says that it is as it shall be."""
    conditions = (fleet.get(kind, name) or {}).get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def annotate(fleet: Forged, job: str, identity: str) -> None:
    """What the build does in its Pod, with a ServiceAccount of its own."""
    rule = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "update", "patch"]}
    fleet.server.grant(fleet.namespace, "annotator", [rule])
    build = fleet.server.acting_as(fleet.namespace, "annotator")
    path = f"/apis/batch/v1/namespaces/{fleet.namespace}/jobs/{job}"
    change = {"metadata": {"annotations": {IMAGE_ID_KEY: identity}}}
    build.api("PATCH", path, change, content_type="application/merge-patch+json")
