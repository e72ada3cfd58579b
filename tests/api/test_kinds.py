"""Reading objects: upstream's as they are, ours strictly from files and leniently from the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.api.machine_image_syncer import MachineImageSyncerSpec
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.errors import InvalidObject, InvalidRange, InvalidTemplate, InvalidVersion
from tests.api.api_server import admit
from tests.api.samples import SPECS, make

UPSTREAM = list(yaml.safe_load_all(Path(__file__).with_name("upstream.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("content", UPSTREAM, ids=lambda content: str(content["kind"]))
def test_upstreams_objects_are_taken_as_they_are(content: dict[str, Any]) -> None:
    assert api.check(content) == ()
    assert admit(content) == []


def test_upstreams_fields_mean_what_they_meant() -> None:
    kinds = {content["kind"]: api.parse(content) for content in UPSTREAM}
    syncer, image, plan = kinds["MachineImageSyncer"], kinds["MachineImage"], kinds["Plan"]
    assert isinstance(syncer, api.MachineImageSyncer)
    assert syncer.spec.interval == timedelta(hours=1)
    assert isinstance(image, api.MachineImage)
    assert image.status.ready is True
    assert image.spec.job_template is not None
    assert image.spec.job_template.spec["containers"][0]["env"] == [{"name": "KUBERNETES_VERSION", "value": "v1.27.3"}]
    assert isinstance(plan, api.Plan)
    assert plan.status.machine_image_details is not None
    assert plan.status.machine_image_details.id == "kindest/node:v1.27.3"


@pytest.mark.parametrize("kind", SPECS)
def test_a_model_says_what_it_read(kind: str) -> None:
    model = api.parse(make(kind))
    assert type(model) is api.KINDS[kind]
    content = model.to_content()
    assert api.parse(content) == model
    assert admit(content) == []
    assert _nowhere_null(content)


def _nowhere_null(content: Any) -> bool:
    if isinstance(content, dict):
        return all(_nowhere_null(part) for part in content.values())
    if isinstance(content, list):
        return all(_nowhere_null(part) for part in content)
    return content is not None


def test_a_status_leaves_out_what_is_absent() -> None:
    status = api.MachineImage.model_fields["status"].default_factory
    assert status is not None
    model = api.parse_as(api.MachineImage, make("MachineImage"))
    assert model.status.to_content() == {"ready": False}
    assert api.parse_as(api.Plan, make("Plan")).status.to_content() == {}


def test_unknown_fields_are_mistakes_in_files_only() -> None:
    content = make("Plan", {"spec.verisonRange": "v1.x", "metadata.lables": {}, "spec.machineImageSelector": {"a": 1}})
    assert {(problem.field, problem.remedy) for problem in api.check(content)} == {
        ("spec.verisonRange", "Did you mean versionRange?"),
        ("metadata.lables", "Did you mean labels?"),
        ("spec.machineImageSelector.a", "Remove it."),
    }
    assert all(problem.unknown for problem in api.check(content))
    assert api.check(content, strict=False) == ()
    with pytest.raises(InvalidObject, match=r"unknown field \(and 2 more\)"):
        api.parse(content)
    lenient = api.parse_as(api.Plan, content)
    assert lenient.spec.version_range == "v1.34.x"


def test_a_pod_may_hold_anything() -> None:
    content = make("MachineImage", {"spec.jobTemplate": {"spec": {"anything": [None, {"at": "all"}]}}})
    image = api.parse_as(api.MachineImage, content, strict=True)
    assert image.spec.job_template is not None
    assert image.to_content()["spec"]["jobTemplate"] == {"spec": {"anything": [None, {"at": "all"}]}}


def test_null_is_absent() -> None:
    content = make("Plan", {"spec.versionRange": "v1.x"})
    content["spec"] |= {"exclude": None, "machineImageSelector": None, "minimumImageAge": None}
    assert api.parse(content) == api.parse(make("Plan", {"spec.versionRange": "v1.x"}))
    content["spec"]["versionRange"] = None
    assert [(problem.field, problem.message) for problem in api.check(content)] == [
        ("spec.versionRange", "is required and missing")
    ]


@pytest.mark.parametrize(
    ("kind", "version", "problems"),
    [
        (
            "InClusterUpgradeAutomation",
            api.API_VERSION,
            ["kind: InClusterUpgradeAutomation is an older name. It is called ClusterClassClusterUpgrader now."],
        ),
        (
            "KubernetesMachineImage",
            api.API_VERSION,
            ["kind: KubernetesMachineImage is an older name. It is called MachineImage now."],
        ),
        ("machineImage", api.API_VERSION, ["kind: unknown kind 'machineImage'. Did you mean MachineImage?"]),
        ("Xyz", api.API_VERSION, [f"kind: unknown kind 'Xyz'. There are {', '.join(SPECS)}."]),
        (None, api.API_VERSION, ["kind: is required and missing."]),
        (
            "Plan",
            f"{api.GROUP}/v1beta1",
            [f"apiVersion: '{api.GROUP}/v1beta1' is not served; there is only {api.API_VERSION}."],
        ),
        (
            "Pla",
            f"{api.GROUP}/v2",
            [
                f"apiVersion: '{api.GROUP}/v2' is not served; there is only {api.API_VERSION}.",
                "kind: unknown kind 'Pla'. Did you mean Plan?",
            ],
        ),
    ],
)
def test_kinds_and_versions_that_do_not_exist(kind: str | None, version: str, problems: list[str]) -> None:
    content = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": {}}
    found = api.check(content)
    assert [f"{problem.field}: {problem.message}. {problem.remedy}".strip() for problem in found] == problems
    with pytest.raises(InvalidObject):
        api.parse(content)


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("Plan", {"spec.versionRange": 1.34}, "spec.versionRange: must be a string, not a number: put it in quotes"),
        ("Plan", {"spec.versionRange": ["1"]}, "spec.versionRange: must be a string, not a list"),
        ("Plan", {"spec": "a"}, "spec: must be a mapping, not a string"),
        ("Plan", {"spec.exclude": {"a": "b"}}, "spec.exclude: must be a list, not a mapping"),
        ("Plan", {"spec.exclude": [True]}, "spec.exclude[0]: must be a string, not true or false: put it in quotes"),
        (
            "Plan",
            {"metadata.labels": {"example.com/a": 1}},
            'metadata.labels["example.com/a"]: must be a string, not a number: put it in quotes',
        ),
        ("Plan", {"metadata.labels": ["a"]}, "metadata.labels: must be a mapping, not a list"),
        ("MachineImageSyncer", {"spec.historyLimit": "1"}, "spec.historyLimit: must be a whole number, not a string"),
        ("MachineImageSyncer", {"spec.historyLimit": -1}, "spec.historyLimit: must be at least 0"),
        ("MachineImageSyncer", {"spec.historyLimit": 2**31}, "spec.historyLimit: must be at most 2147483647"),
        ("MachineImageSyncer", {"spec.paused": 1}, "spec.paused: must be true or false, not a number"),
        (
            "MachineImageSyncer",
            {"spec.policy": "latest"},
            "spec.policy: must be one of Latest, LatestPerMinor, All, not 'latest'",
        ),
        (
            "MachineImageSyncer",
            {"spec.policy": 3},
            "spec.policy: must be one of Latest, LatestPerMinor, All, not a number",
        ),
        (
            "MachineImageSyncer",
            {"spec.interval": [1]},
            "spec.interval: a duration is a text like 10m, or a count of nanoseconds",
        ),
        ("MachineImage", {"spec.id": "a" * 1025}, "spec.id: must have at most 1024 characters"),
        ("DebianRepositorySource", {"spec.url": ""}, "spec.url: must not be empty"),
        ("GitOpsRepository", {"spec.url": None}, "spec: exactly one of url and sourceRef is needed"),
        ("GitOpsRepository", {"spec.paths": ["a"] * 65}, "spec.paths: must have at most 64 entries"),
        (
            "GitOpsRepository",
            {"spec.commit": {"author": {"email": "a"}}},
            "spec.commit.author.email: must have at least 3 characters",
        ),
        (
            "ClusterClassClusterUpgrader",
            {"metadata.name": "a.lock"},
            "metadata.name: must not end in .lock: Git allows no branch of that name",
        ),
        (
            "ClusterClassClusterUpgrader",
            {"spec.dependsOn": [{"matchLabels": {}}]},
            "spec.dependsOn[0].matchLabels: must not be empty",
        ),
    ],
)
def test_mistakes_are_said_in_words_for_people(kind: str, changes: dict[str, Any], said: str) -> None:
    (problem,) = api.check(make(kind, changes))
    assert f"{problem.field}: {problem.message}" == said


def test_no_message_repeats_a_password() -> None:
    content = make("GitOpsRepository", {"spec.url": "https://me:hunter2@git.example.com/a b\x00"})
    content["spec"]["apiURL"] = "hunter2"
    assert len(api.check(content)) == 2
    assert "hunter2" not in str(api.check(content))


def test_every_broken_rule_of_an_object_is_found_at_once() -> None:
    scope = {"controlPlane": True, "machinePool": "a"}
    changes = {
        "spec.topologyVariable": "a",
        "spec.topologyVariables": [{"name": "b", "scope": scope}],
        "spec.dependsOn": [{}],
        "spec.planRef": {},
    }
    fields = [problem.field for problem in api.check(make("ClusterClassClusterUpgrader", changes))]
    assert fields == ["spec.planRef.name", "spec.topologyVariables[0].scope", "spec.dependsOn[0]"]


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        ("Plan", {"spec.versionRange": "x1"}, InvalidRange),
        ("MachineImage", {"spec.version": "latest"}, InvalidVersion),
        ("MachineImageTemplate", {"spec.template.spec.id": "$(A)"}, InvalidTemplate),
        ("GitOpsRepository", {"spec.commit": {"messageTemplate": "To $(VERSION)"}}, InvalidTemplate),
        ("GitOpsRepository", {"spec.pullRequest": {"titleTemplate": "$(CLUSTER)"}}, InvalidTemplate),
        ("Plan", {"spec.versionRange": 1}, InvalidObject),
    ],
)
def test_mistakes_have_a_typed_reason(kind: str, changes: dict[str, Any], error: type[Exception]) -> None:
    (problem,) = api.check(make(kind, changes))
    assert problem.error is error


def test_models_are_made_in_code_too() -> None:
    spec = api.MachineImageSyncer.model_fields["spec"].annotation
    assert spec is MachineImageSyncerSpec
    made = MachineImageSyncerSpec(
        version_range="v1.34.x",
        source_ref=ObjectReference(name="a"),
        machine_image_template_ref=ObjectReference(name="b"),
        interval=timedelta(minutes=90),
    )
    assert made.to_content()["interval"] == "1h30m"


def test_times() -> None:
    image = api.parse_as(api.MachineImage, make("MachineImage", {"spec.builtAt": "2026-11-03T10:00:00.5+01:00"}))
    assert image.spec.built_at == datetime(2026, 11, 3, 9, 0, 0, 500_000, tzinfo=UTC)
    assert image.to_content()["spec"]["builtAt"] == "2026-11-03T09:00:00Z"


@pytest.mark.parametrize(
    ("content", "described"),
    [
        (make("Plan", name="a"), "Plan default/a"),
        ({"kind": "Plan", "metadata": {"name": "a", "namespace": "b"}}, "Plan b/a"),
        ({"kind": "Plan", "metadata": {"generateName": "a-"}}, "Plan default/a-"),
        ({"kind": "Plan"}, "Plan"),
        ({"metadata": []}, "object"),
    ],
)
def test_describe(content: dict[str, Any], described: str) -> None:
    assert api.describe(content) == described


def test_the_error_names_the_object_and_the_field() -> None:
    with pytest.raises(InvalidObject) as caught:
        api.parse(make("Plan", {"spec.versionRange": None}, name="stable"))
    assert str(caught.value) == "Plan default/stable: spec.versionRange: is required and missing. Add it."
