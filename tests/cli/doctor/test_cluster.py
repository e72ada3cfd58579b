"""What a management cluster lacks: CRDs, fields in them, rights; answers as an API server gives them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.api.crds import definition
from gitops_upgrader.cli.doctor.cluster import READ, judge_definition, look, missing
from gitops_upgrader.cli.doctor.finding import Finding, Grade
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from tests.stores.loopback import Answer, Request, refusal, serving

DENIED = {"secrets"}


def _connection(folder: Path, url: str) -> Connection:
    file = folder / "kubeconfig"
    context = {"name": "t", "context": {"cluster": "t", "user": "t"}}
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "t", "cluster": {"server": url}}],
        "users": [{"name": "t", "user": {"token": "s3cret-token"}}],
        "contexts": [context],
        "current-context": "t",
    }
    file.write_text(yaml.safe_dump(content))
    file.chmod(0o600)
    return Connection(open_client(file, None))


def _server(request: Request) -> Answer:
    """Everything is as it should be, but for one missing CRD, one that may not be read, and a denied right."""
    name = request.path.rpartition("/")[2]
    if name == "selfsubjectaccessreviews":
        review = json.loads(request.body)
        allowed = review["spec"]["resourceAttributes"]["resource"] not in DENIED
        return Answer({**review, "status": {"allowed": allowed}}, 201)
    plural = name.partition(".")[0]
    if plural == "plans":
        return refusal(404, f'customresourcedefinitions "{name}" not found', "NotFound", name=name)
    if plural == "machineimages":
        why = 'User "me" cannot get resource "customresourcedefinitions"'
        return refusal(403, f'"{name}" is forbidden: {why}', "Forbidden", name=name)
    kind = next(one for one in api.KINDS.values() if one.LISTING.plural == plural)
    return Answer(definition(kind))


def _looked(folder: Path, answer: Any, namespace: str | None = None) -> list[Finding]:
    with serving(answer) as server:
        connection = _connection(folder, server.url)
        try:
            return list(look(connection, namespace))
        finally:
            connection.close()


def test_a_look_at_a_cluster(tmp_path: Path) -> None:
    found = {one.subject or one.check: one for one in _looked(tmp_path, _server)}

    grades = {name: one.grade for name, one in found.items()}
    assert grades.pop("Plan") is Grade.MEND
    assert grades.pop("MachineImage") is Grade.NOTE
    assert grades.pop("rbac") is Grade.MEND
    assert set(grades.values()) == {Grade.OK}
    assert found["rbac"].message == "This account may not, in all namespaces: get secrets."
    assert "kubectl apply" in found["Plan"].remedy


def test_every_right_is_asked_for_in_the_namespace(tmp_path: Path) -> None:
    asked = []

    def answer(request: Request) -> Answer:
        if request.path.endswith("selfsubjectaccessreviews"):
            asked.append(json.loads(request.body)["spec"]["resourceAttributes"])
            return Answer({"status": {"allowed": True}}, 201)
        return _server(request)

    found = _looked(tmp_path, answer, "fleet")

    assert found[-1] == Finding("rbac", "", Grade.OK, "This account may read all that a run needs in fleet.")
    assert [(one["group"], one["resource"], one["verb"], one["namespace"]) for one in asked] == [
        (*right, "fleet") for right in READ
    ]


def test_a_cluster_that_answers_nobody(tmp_path: Path) -> None:
    found = _looked(tmp_path, lambda _: refusal(401, "Unauthorized", "Unauthorized"))

    assert [(one.check, one.grade) for one in found] == [("cluster", Grade.MEND)]
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("kind", api.KINDS.values(), ids=lambda kind: kind.KIND)
def test_our_own_definitions_are_new_enough(kind: type[api.Resource]) -> None:
    assert judge_definition(kind, definition(kind)).grade is Grade.OK


def test_an_older_definition_is_told_by_its_fields() -> None:
    old = copy.deepcopy(definition(api.Plan))  # parts of a definition are shared
    spec = old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    for name in ("exclude", "minimumImageAge"):
        del spec[name]

    finding = judge_definition(api.Plan, old)

    assert finding.grade is Grade.MEND
    assert finding.message == "Its CRD is older than this program, and lacks spec.exclude, spec.minimumImageAge."


def test_a_definition_that_does_not_serve_our_version() -> None:
    old = copy.deepcopy(definition(api.Plan))  # parts of a definition are shared
    old["spec"]["versions"][0]["served"] = False

    assert judge_definition(api.Plan, old).message == "Its CRD does not serve v1alpha1."


def test_fields_that_are_missing() -> None:
    ours: dict[str, Any] = {
        "properties": {"a": {}, "b": {"items": {"properties": {"c": {}, "d": {"properties": {"e": {}}}}}}}
    }
    theirs: dict[str, Any] = {"properties": {"a": {}, "b": {"items": {"properties": {"c": {}}}}}}

    assert list(missing(ours, theirs)) == ["b[].d"]
    assert list(missing(ours, ours)) == []
    assert list(missing(ours, {"x-kubernetes-preserve-unknown-fields": True})) == []
