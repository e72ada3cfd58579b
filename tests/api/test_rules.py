"""One table of good and bad objects, judged twice: by the CRD (OpenAPI and CEL) and by the models.

Both have to agree on each, so that nothing that `validate` admits is refused by the API server, or the other way round.
"""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from tests.api.api_server import admit, admit_update, schema_of
from tests.api.samples import JOB, SPECS, make

SOURCE, TEMPLATE, SYNCER, IMAGE, PLAN, UPGRADER, SET, REPOSITORY = SPECS
TEN = [f"n{number}" for number in range(10)]
FREEZE = {"from": "2026-12-20T00:00:00Z", "until": "2027-01-06T00:00:00Z"}
WINDOW = {"schedule": "0 6 * * 1-5", "duration": "4h"}
TARGET = {"path": "apps/values.yaml", "pointer": "/kubernetes/version"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    *((kind, {}) for kind in SPECS),
    (SOURCE, {"spec.architecture": ""}),
    (SOURCE, {"spec.interval": 600_000_000_000}),
    (SOURCE, {"spec.interval": "1h30m", "spec.timeout": "1.5s"}),
    (SOURCE, {"spec.timeout": "10m"}),
    (SOURCE, {"spec.timeout": 600_000_000_000}),
    (SOURCE, {"spec.urls": ["https://a.example/v1.33/deb/", "http://b.example/Packages.xz"]}),
    (SOURCE, {"spec.signedBy": {"key": "-----BEGIN PGP PUBLIC KEY BLOCK-----"}}),
    (SOURCE, {"spec.signedBy": {"secretRef": {"name": "keys", "key": "release.gpg"}}}),
    (SOURCE, {"spec.paused": True}),
    (TEMPLATE, {"spec.template.spec": {"jobTemplate": JOB}}),
    (TEMPLATE, {"spec.template.metadata": {"labels": {"os": "ubuntu"}, "annotations": {"a": "any text"}}}),
    (TEMPLATE, {"spec.template.spec.id": "$$(KEPT)-$(MAJOR).$(MINOR).$(PATCH)$"}),
    (SYNCER, {"spec.policy": "LatestPerMinor", "spec.historyLimit": 0}),
    (SYNCER, {"spec.interval": 3_600_000_000_000}),
    (SYNCER, {"spec.sourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "versions", "uid": "1-2"}}),
    (IMAGE, {"spec.id": "", "spec.jobTemplate": JOB}),
    (IMAGE, {"spec.version": "1.34.2+rke2r1"}),
    (IMAGE, {"spec.version": "v1.35.0---vmware.2-vkr.4"}),
    (IMAGE, {"spec.builtAt": "2026-11-03T10:00:00+01:00", "spec.retryLimit": 0}),
    (PLAN, {"spec.exclude": ["v1.34.1", "1.33.x"], "spec.minimumImageAge": "0s"}),
    (PLAN, {"spec.machineImageSelector": {}}),
    (PLAN, {"spec.machineImageSelector": {"matchLabels": {"os": "ubuntu"}}}),
    (PLAN, {"spec.machineImageSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}),
    (PLAN, {"spec.machineImageSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}}),
    (UPGRADER, {"spec.topologyVariable": "imageName", "spec.topologyVariables": []}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "image", "path": "/name"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "image", "scope": {"controlPlane": True}}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "scope": {"machinePool": "p"}, "value": "x-$(IMAGE_ID)"}]}),
    (UPGRADER, {"spec.targets": [TARGET]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "pointer": "/data/values.yaml|/kubernetesVersion"}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "pointer": "/spec/values/clusters/[name=prod]/version"}]}),
    (UPGRADER, {"spec.topologyClass": "docker-$(MAJOR)-$(MINOR)"}),
    (UPGRADER, {"spec.repositoryRef": {"name": "fleet", "namespace": "platform"}, "spec.path": "clusters/**/*.yaml"}),
    (UPGRADER, {"spec.path": "a/..b/c.."}),
    (UPGRADER, {"spec.hopInterval": "0s", "spec.soak": "24h", "spec.group": "prod.eu"}),
    (UPGRADER, {"spec.dependsOn": [{"name": "dev"}, {"matchLabels": {"wave": "1"}}]}),
    (UPGRADER, {"spec.windows": [WINDOW, {**WINDOW, "schedule": "@daily", "timeZone": "Europe/Berlin"}]}),
    (UPGRADER, {"spec.freeze": [FREEZE]}),
    (UPGRADER, {"spec.freeze": [{"from": "2026-12-20T00:00:00+02:00", "until": "2026-12-19T23:00:00Z"}]}),
    (UPGRADER, {"spec.planRef": {"name": "a", "namespace": "b", "kind": "Plan", "fieldPath": "x"}}),
    (UPGRADER, {"spec.pullRequest": {"labels": ["a b"], "reviewers": ["eve"], "draft": False}}),
    (UPGRADER, {"spec.clusterNamespace": None, "spec.paused": True, "spec.imageVersionCheck": "Ignore"}),
    (SET, {"spec.selector": {"names": ["prod-*", "dev-[0-9]"], "matchLabels": {"a": "b"}}}),
    (REPOSITORY, {"spec.url": None, "spec.sourceRef": {"name": "fleet"}}),
    (REPOSITORY, {"spec.url": "git@github.com:acme/fleet.git", "spec.secretRef": {"name": "git"}}),
    (REPOSITORY, {"spec.url": "ssh://git@git.example.com:2222/fleet.git", "spec.provider": "gitea"}),
    (REPOSITORY, {"spec.url": "https://user@git.example.com/fleet.git"}),
    (REPOSITORY, {"spec.branch": "release/1.x", "spec.paths": ["clusters", "apps/*.yaml"]}),
    (REPOSITORY, {"spec.allowedNamespaces": TEN, "spec.provider": "none"}),
    (REPOSITORY, {"spec.commit": {"signOff": True, "signingKey": {"type": "ssh", "secretRef": {"name": "key"}}}}),
    (REPOSITORY, {"spec.commit": {"author": {"name": "Fleet Bot", "email": "fleet@example.com"}}}),
    (REPOSITORY, {"spec.pullRequest": {"branchPrefix": "", "autoMerge": {"method": "squash"}, "maxPerHour": 1}}),
]

BAD: list[tuple[str, dict[str, Any]]] = [
    *((kind, {"spec": None}) for kind in SPECS),
    (SOURCE, {"spec.url": None}),
    (SOURCE, {"spec.url": ""}),
    (SOURCE, {"spec.url": "ftp://a.example/"}),
    (SOURCE, {"spec.url": "file:///srv/packages"}),
    (SOURCE, {"spec.architecture": "AMD64"}),
    (SOURCE, {"spec.interval": "10 minutes"}),
    (SOURCE, {"spec.interval": "10"}),
    (SOURCE, {"spec.interval": 60}),
    (SOURCE, {"spec.interval": "-1m"}),
    (SOURCE, {"spec.timeout": "999ms"}),
    (SOURCE, {"spec.timeout": "10m1s"}),
    (SOURCE, {"spec.timeout": 600_000_001_000}),
    (SOURCE, {"spec.interval": True}),
    (SOURCE, {"spec.paused": "yes"}),
    (SOURCE, {"spec.signedBy": {}}),
    (SOURCE, {"spec.signedBy": {"key": "a", "secretRef": {"name": "b"}}}),
    (SOURCE, {"spec.signedBy": {"secretRef": {"name": "b", "key": "a/b"}}}),
    (TEMPLATE, {"spec.template.spec": {}}),
    (TEMPLATE, {"spec.template.spec.id": "ubuntu-$(KUBERNETES_VERSON)"}),
    (TEMPLATE, {"spec.template.spec.id": "ubuntu-$(IMAGE_ID)"}),
    (TEMPLATE, {"spec.template.spec.id": "ubuntu-$(MAJOR"}),
    (TEMPLATE, {"spec.template.spec.id": "two\nlines"}),
    (TEMPLATE, {"spec.template.spec": {"jobTemplate": {}}}),
    (TEMPLATE, {"spec.template.metadata": {"labels": {"a": "no spaces"}}}),
    (SYNCER, {"spec.versionRange": ""}),
    (SYNCER, {"spec.versionRange": 1.34}),
    (SYNCER, {"spec.sourceRef": {"kind": "ConfigMap"}}),
    (SYNCER, {"spec.machineImageTemplateRef": {"name": "Upper"}}),
    (SYNCER, {"spec.policy": "latest"}),
    (SYNCER, {"spec.historyLimit": -1}),
    (IMAGE, {"spec.id": None}),
    (IMAGE, {"spec.id": ""}),
    (IMAGE, {"spec.id": "a\x1b[31m"}),
    (IMAGE, {"spec.id": "a\u202eb"}),
    (IMAGE, {"spec.id": "a\u2028b"}),
    (IMAGE, {"spec.id": "a\x9b31m"}),
    (IMAGE, {"spec.id": "a" * 1025}),
    (IMAGE, {"spec.version": None}),
    (IMAGE, {"spec.version": "v1.34"}),
    (IMAGE, {"spec.version": "v1.034.0"}),
    (IMAGE, {"spec.builtAt": "yesterday"}),
    (IMAGE, {"spec.builtAt": "2026-02-30T00:00:00Z"}),
    (IMAGE, {"spec.retryLimit": "3"}),
    (PLAN, {"spec.exclude": "v1.34.1"}),
    (PLAN, {"spec.machineImageSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
    (PLAN, {"spec.machineImageSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}}),
    (PLAN, {"spec.machineImageSelector": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}}),
    (PLAN, {"spec.minimumImageAge": -1}),
    (UPGRADER, {"metadata.name": "prod.lock"}),
    (UPGRADER, {"spec.clusterName": ""}),
    (UPGRADER, {"spec.planRef": None}),
    (UPGRADER, {"spec.topologyVariable": "a", "spec.topologyVariables": [{"name": "b"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "path": "name"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "path": "/a~2"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "path": "/a|/b"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "path": "/a|"}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "scope": {}}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "scope": {"controlPlane": False}}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "scope": {"controlPlane": True, "machinePool": "p"}}]}),
    (UPGRADER, {"spec.topologyVariables": [{"name": "a", "value": "$(IMAGE)"}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "pointer": ""}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "pointer": "kubernetes/version"}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "pointer": "/data/values.yaml|"}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "path": "/etc/passwd"}]}),
    (UPGRADER, {"spec.targets": [{**TARGET, "path": "a/../../b"}]}),
    (UPGRADER, {"spec.path": ".."}),
    (UPGRADER, {"spec.path": "a\\b"}),
    (UPGRADER, {"spec.group": "eu.lock"}),
    (UPGRADER, {"spec.group": "Prod"}),
    (UPGRADER, {"spec.dependsOn": [{}]}),
    (UPGRADER, {"spec.dependsOn": [{"matchLabels": {}}]}),
    (UPGRADER, {"spec.dependsOn": [{"name": "a", "matchLabels": {"b": "c"}}]}),
    (UPGRADER, {"spec.windows": [{**WINDOW, "schedule": "at noon"}]}),
    (UPGRADER, {"spec.windows": [{**WINDOW, "duration": "0s"}]}),
    (UPGRADER, {"spec.windows": [{**WINDOW, "timeZone": "Europe / Berlin"}]}),
    (UPGRADER, {"spec.freeze": [{"from": FREEZE["until"], "until": FREEZE["from"]}]}),
    (UPGRADER, {"spec.freeze": [{"from": FREEZE["from"], "until": FREEZE["from"]}]}),
    (UPGRADER, {"spec.freeze": [{"from": "2026-12-20", "until": "2027-01-06"}]}),
    (UPGRADER, {"spec.imageVersionCheck": "Off"}),
    (UPGRADER, {"spec.pullRequest": {"reviewers": ["eve, bob"]}}),
    (SET, {"spec.template": {"spec": {}}}),
    (SET, {"spec.selector": {"names": ["Prod"]}}),
    (REPOSITORY, {"spec.url": None}),
    (REPOSITORY, {"spec.sourceRef": {"name": "fleet"}}),
    (REPOSITORY, {"spec.url": None, "spec.sourceRef": {"name": "fleet", "kind": "Bucket"}}),
    (REPOSITORY, {"spec.url": None, "spec.sourceRef": {"name": "fleet", "apiVersion": "v1"}}),
    (REPOSITORY, {"spec.url": "https://user:secret@git.example.com/fleet.git"}),
    (REPOSITORY, {"spec.url": "--upload-pack=evil"}),
    (REPOSITORY, {"spec.apiURL": "git.example.com/api"}),
    (REPOSITORY, {"spec.branch": "main.lock"}),
    (REPOSITORY, {"spec.branch": "a..b"}),
    (REPOSITORY, {"spec.branch": "-b"}),
    (REPOSITORY, {"spec.branch": "a b"}),
    (REPOSITORY, {"spec.branch": "a/"}),
    (REPOSITORY, {"spec.branch": "a/.b"}),
    (REPOSITORY, {"spec.branch": "a@{1}"}),
    (REPOSITORY, {"spec.branch": "@"}),
    (REPOSITORY, {"spec.paths": ["ok", "../other"]}),
    (REPOSITORY, {"spec.provider": "GitHub"}),
    (REPOSITORY, {"spec.timeout": 0}),
    (REPOSITORY, {"spec.timeout": "601s"}),
    (REPOSITORY, {"spec.timeout": "1000000h"}),
    (REPOSITORY, {"spec.timeout": 86_400_000_000_000}),
    (REPOSITORY, {"spec.commit": {"messageTemplate": "to $(VERSION)"}}),
    (REPOSITORY, {"spec.commit": {"author": {"name": "a <b>"}}}),
    (REPOSITORY, {"spec.commit": {"author": {"email": "nobody"}}}),
    (REPOSITORY, {"spec.commit": {"signingKey": {"type": "x509", "secretRef": {"name": "key"}}}}),
    (REPOSITORY, {"spec.pullRequest": {"branchPrefix": "a.lock/"}}),
    (REPOSITORY, {"spec.pullRequest": {"branchPrefix": "/a"}}),
    (REPOSITORY, {"spec.pullRequest": {"branchPrefix": "a//"}}),
    (REPOSITORY, {"spec.pullRequest": {"maxOpen": 0}}),
    (REPOSITORY, {"spec.pullRequest": {"autoMerge": {"method": "fast-forward"}}}),
    (REPOSITORY, {"spec.allowedNamespaces": ["*"]}),
    (REPOSITORY, {"spec.allowedNamespaces": [None]}),
]


def _name(row: tuple[str, dict[str, Any]]) -> str:
    return f"{row[0]} {row[1]}"[:90]


@pytest.mark.parametrize("row", GOOD, ids=_name)
def test_good_objects_are_admitted_by_both(row: tuple[str, dict[str, Any]]) -> None:
    content = make(*row)
    assert admit(content) == []
    assert api.check(content) == ()


@pytest.mark.parametrize("row", BAD, ids=_name)
def test_bad_objects_are_refused_by_both(row: tuple[str, dict[str, Any]]) -> None:
    content = make(*row)
    assert admit(content) != []
    assert api.check(content) != ()


def test_every_rule_of_every_kind_is_tried() -> None:
    """Each CEL message comes up in the table, so that no rule goes untested."""
    messages = {message for crd in SPECS for message in messages_of(crd)}
    heard = {complaint.partition(": ")[2] for row in BAD for complaint in admit(make(*row))}
    heard |= {complaint.partition(": ")[2] for complaint in admit_update(make(IMAGE), make(IMAGE, {"spec.id": "b"}))}
    assert messages - heard == set()


def messages_of(kind: str) -> set[str]:
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            rules = node.get("x-kubernetes-validations", [])
            found.update(rule["message"] for rule in rules)
            for part in node.values():
                walk(part)

    walk(schema_of(kind))
    return found


ID_CHANGES = [
    (None, "a", True),
    ("", "a", True),
    ("a", "a", True),
    ("a", None, True),
    ("a", "", True),
    ("a", "b", False),
]


@pytest.mark.parametrize(("old", "new", "allowed"), ID_CHANGES)
def test_an_id_is_set_or_cleared_but_never_replaced(old: str | None, new: str | None, allowed: bool) -> None:
    before, after = (make(IMAGE, {"spec.id": value, "spec.jobTemplate": JOB}) for value in (old, new))
    assert (admit_update(before, after) == []) is allowed
    problems = api.check_update(api.parse(before), api.parse(after))
    assert [problem.field for problem in problems] == ([] if allowed else ["spec.id"])


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        (PLAN, {"spec.versionRange": "latest"}, "spec.versionRange"),
        (PLAN, {"spec.exclude": ["1.0.0p"]}, "spec.exclude[0]"),
        (IMAGE, {"spec.version": "v1.34.2-01"}, "spec.version"),
    ],
)
def test_some_mistakes_only_the_models_see(kind: str, changes: dict[str, Any], field: str) -> None:
    content = make(kind, changes)
    assert admit(content) == []
    assert [problem.field for problem in api.check(content)] == [field]
