"""The CRDs in a real API server: served, listed as people expect, as strict as we are about the table of objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.api.names import CATEGORY
from tests.api.api_server import admit, default, definitions, schema_of
from tests.api.samples import JOB, make
from tests.api.test_rules import (
    BAD,
    GOOD,
    ID_CHANGES,
    IMAGE,
    PLAN,
    SOURCE,
    SYNCER,
    TEMPLATE,
    UPGRADER,
    messages_of,
)
from tests.servers.kubernetes import KubernetesServer, Refused

pytestmark = pytest.mark.servers

UPSTREAM = Path(__file__).parent / "upstream.yaml"
_OURS = f"/apis/{api.API_VERSION}"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def plural(kind: str) -> str:
    return str(definitions()[kind]["spec"]["names"]["plural"])


MESSAGES = {message for kind in api.KINDS for message in messages_of(kind)}


class Namespace:
    """One namespace, for objects of our kinds."""

    def __init__(self, server: KubernetesServer) -> None:
        self.server = server
        self.name = server.namespace("kinds")

    def path(self, kind: str, name: str | None = None) -> str:
        path = f"{_OURS}/namespaces/{self.name}/{plural(kind)}"
        return f"{path}/{name}" if name else path

    def create(self, content: dict[str, Any], *, dry_run: bool = False) -> Any:
        query = f"fieldValidation=Strict{'&dryRun=All' if dry_run else ''}"
        return self.server.api("POST", f"{self.path(content['kind'])}?{query}", content)

    def merge(self, content: dict[str, Any], changes: dict[str, Any], *, part: str = "", query: str = "") -> Any:
        path = self.path(content["kind"], content["metadata"]["name"]) + part + query
        return self.server.api("PATCH", path, changes, content_type="application/merge-patch+json")


@pytest.fixture(scope="module")
def namespace(kubernetes: KubernetesServer) -> Iterator[Namespace]:
    made = Namespace(kubernetes)
    yield made
    for kind in api.KINDS:
        kubernetes.clear(made.path(kind))


@pytest.mark.parametrize("kind", api.KINDS)
def test_a_definition_is_structural_and_served(kubernetes: KubernetesServer, kind: str) -> None:
    name = f"{plural(kind)}.{api.GROUP}"
    found = kubernetes.api("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = {condition["type"]: condition["status"] for condition in found["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}  # and not NonStructuralSchema
    assert found["status"]["storedVersions"] == [api.VERSION]


def test_kinds_are_found_by_short_name_and_category(kubernetes: KubernetesServer) -> None:
    resources = {entry["name"]: entry for entry in kubernetes.api("GET", _OURS)["resources"]}
    for kind in api.KINDS:
        names = definitions()[kind]["spec"]["names"]
        entry = resources[names["plural"]]
        assert entry["kind"] == kind
        assert entry["namespaced"] is True
        assert entry["shortNames"] == names["shortNames"]
        assert entry["categories"] == [CATEGORY]
        assert f"{names['plural']}/status" in resources


def test_good_objects_are_taken(namespace: Namespace) -> None:
    refused = []
    for row in GOOD:
        try:
            namespace.create(make(*row), dry_run=True)
        except Refused as error:
            refused.append((row, str(error)))
    assert refused == []


def test_bad_objects_are_refused_where_and_as_we_say(namespace: Namespace) -> None:
    """The server blames the fields that our own copy of its rules blames, and repeats each of our CEL messages.

    It looks at CEL only once OpenAPI has nothing to say, and so do we.
    """
    assert len(BAD) >= 60
    differences = []
    for row in BAD:
        content = make(*row)
        expected = admit(content)
        try:
            namespace.create(content, dry_run=True)
        except Refused as error:
            causes = error.status.get("details", {}).get("causes", [])
            fields = {_plain(str(cause.get("field", ""))) for cause in causes}
            said = " ".join(str(cause.get("message", "")) for cause in causes)
            ours = {_plain(complaint.partition(": ")[0]) for complaint in expected}
            silent = [word for word in map(_words, expected) if word and word not in said]
            if error.status["code"] != 422 or not fields & ours or silent:
                differences.append((row, expected, error.status["message"]))
        else:
            differences.append((row, expected, "taken"))
    assert differences == []


def _plain(field: str) -> str:
    """A field's path without its leading dot and without indices; empty for the object as a whole."""
    return field.partition("[")[0].removeprefix(".").replace("<nil>", "")


def _words(complaint: str) -> str:
    """What a complaint says, where a CEL rule of ours says it; OpenAPI's rules speak the server's own words."""
    words = complaint.partition(": ")[2]
    return words if words in MESSAGES else ""


def test_a_field_that_nobody_knows_is_refused_with_its_name(namespace: Namespace) -> None:
    with pytest.raises(Refused, match=r'unknown field "spec\.versionrange"'):
        namespace.create(make(PLAN, {"spec.versionrange": "1.34.x"}), dry_run=True)


@pytest.mark.parametrize("kind", api.KINDS)
def test_defaults_appear(namespace: Namespace, kind: str) -> None:
    content = make(kind, name="defaults")
    stored = namespace.create(content, dry_run=True)
    assert stored["spec"] == default(content, schema_of(kind))["spec"]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (SOURCE, "interval", "10m"),
        (SOURCE, "timeout", "30s"),
        (SYNCER, "interval", "1h"),
        (SYNCER, "policy", "Latest"),
        (IMAGE, "retryLimit", 3),
        (IMAGE, "timeout", "2h"),
        (UPGRADER, "hopInterval", "24h"),
    ],
)
def test_the_defaults_that_people_read_of(namespace: Namespace, kind: str, field: str, value: object) -> None:
    assert namespace.create(make(kind), dry_run=True)["spec"][field] == value


def test_a_pod_is_kept_whole(namespace: Namespace) -> None:
    stored = namespace.create(make(TEMPLATE, {"spec.template.spec": {"jobTemplate": JOB}}), dry_run=True)
    assert stored["spec"]["template"]["spec"]["jobTemplate"] == JOB


@pytest.mark.parametrize(("old", "new", "allowed"), ID_CHANGES)
def test_an_id_is_set_or_cleared_but_never_replaced(
    namespace: Namespace, old: str | None, new: str | None, allowed: bool
) -> None:
    name = f"id-{ID_CHANGES.index((old, new, allowed))}"
    image = namespace.create(make(IMAGE, {"spec.id": old, "spec.jobTemplate": JOB}, name=name))
    if allowed:
        changed = namespace.merge(image, {"spec": {"id": new}})
        assert changed["spec"].get("id") == new
    else:
        with pytest.raises(Refused, match="an id may be set or cleared, but not replaced"):
            namespace.merge(image, {"spec": {"id": new}})


def test_status_and_spec_are_written_apart(namespace: Namespace) -> None:
    image = namespace.create({**make(IMAGE, name="apart"), "status": {"ready": True}})
    assert "status" not in image
    changes = {"spec": {"retryLimit": 7}, "status": {"phase": "Created"}}
    through_status = namespace.merge(image, changes, part="/status")
    assert through_status["status"] == {"phase": "Created", "ready": False}  # with its default
    assert through_status["spec"]["retryLimit"] == 3
    assert through_status["metadata"]["generation"] == 1
    through_spec = namespace.merge(image, {**changes, "status": None})
    assert through_spec["status"] == {"phase": "Created", "ready": False}
    assert through_spec["metadata"]["generation"] == 2


def test_a_status_is_judged_too(namespace: Namespace) -> None:
    image = namespace.create(make(IMAGE, name="judged"))
    with pytest.raises(Refused, match=r'status\.phase: Unsupported value: "Done"'):
        namespace.merge(image, {"status": {"phase": "Done"}}, part="/status")
    condition = {"type": "Ready", "status": "True", "reason": "Succeeded", "lastTransitionTime": "2026-11-03T10:00:00Z"}
    with pytest.raises(Refused, match="Duplicate value"):
        namespace.merge(image, {"status": {"conditions": [condition, condition]}}, part="/status")


COLUMNS = {
    IMAGE: (
        {"spec.id": "ami-1"},
        {"ready": True, "phase": "Created"},
        {"ID": "ami-1", "Version": "v1.34.2", "Ready": "true", "Phase": "Created"},
    ),
    PLAN: (
        {},
        {"phase": "FoundMachineImage", "machineImageDetails": {"version": "v1.34.2", "id": "ami-1"}},
        {"Version Range": "v1.34.x", "Latest Version": "v1.34.2", "Phase": "FoundMachineImage"},
    ),
    SYNCER: ({}, {"latestVersion": "v1.34.2"}, {"Latest Version": "v1.34.2"}),
    UPGRADER: (
        {},
        {
            "latestSetVersion": "v1.33.5",
            "pullRequest": {
                "number": 7,
                "url": "https://git.example.com/7",
                "branch": "b",
                "state": "Open",
                "headCommit": "0" * 40,
                "createdAt": "2026-11-03T10:00:00Z",
            },
        },
        {"Cluster Name": "prod", "Latest Set Version": "v1.33.5", "Pull Request": "https://git.example.com/7"},
    ),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_kubectl_get(namespace: Namespace, kind: str) -> None:
    changes, status, expected = COLUMNS[kind]
    content = make(kind, changes, name="columns")
    namespace.create(content)
    namespace.merge(content, {"status": status}, part="/status")
    table = namespace.server.api("GET", namespace.path(kind, "columns"), accept=_TABLE)
    names = [column["name"] for column in table["columnDefinitions"]]
    shown = dict(zip(names, table["rows"][0]["cells"], strict=True))
    assert {name: str(shown[name]) for name in expected} == expected


def test_upstreams_objects_apply_unchanged(namespace: Namespace) -> None:
    """As `kubectl apply` sends them, unknown fields being errors, and the status as its controllers wrote it."""
    for content in yaml.safe_load_all(UPSTREAM.read_text(encoding="utf-8")):
        name = content["metadata"]["name"]
        labels = content["metadata"].get("labels", {})
        applied = {
            "apiVersion": content["apiVersion"],
            "kind": content["kind"],
            "metadata": {"name": name, "labels": labels},
            "spec": content["spec"],
        }
        path = namespace.path(content["kind"], name)
        query = "?fieldManager=kubectl&fieldValidation=Strict"
        stored = namespace.server.api("PATCH", path + query, applied, content_type="application/apply-patch+yaml")
        written = namespace.merge(content, {"status": content.get("status", {})}, part="/status")
        assert api.parse(written).kind == content["kind"]
        assert _includes(stored["spec"], content["spec"])
        assert _includes(written.get("status", {}), content.get("status", {}))


def _includes(whole: Any, part: Any) -> bool:
    """Whether all of a part is in a whole; a null is as good as absent."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(_includes(whole.get(name), value) for name, value in part.items())
    if isinstance(part, list):
        fits = isinstance(whole, list) and len(whole) == len(part)
        return fits and all(_includes(one, other) for one, other in zip(whole, part, strict=True))
    return bool(whole == part)
