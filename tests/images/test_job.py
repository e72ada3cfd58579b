"""The Job of an attempt: its name, what it adds to the template's Pod, and what it leaves alone."""

from __future__ import annotations

import copy
import doctest
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader import api
from gitops_upgrader.api.names import LABEL_LENGTH
from gitops_upgrader.images import attempts, identity
from gitops_upgrader.images import job as job_module
from gitops_upgrader.images.job import job, job_name

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,80}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?){0,3}", fullmatch=True)


@pytest.mark.parametrize("module", [job_module, identity, attempts])
def test_docstrings(module: Any) -> None:
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)


def image(pod: dict[str, Any], name: str = "ubuntu-v1.34.2", **spec: Any) -> api.MachineImage:
    content = {
        "apiVersion": api.API_VERSION,
        "kind": "MachineImage",
        "metadata": {"name": name, "namespace": "images", "uid": "u-1"},
        "spec": {"version": "v1.34.2", "jobTemplate": {"spec": pod}, **spec},
    }
    return api.parse_as(api.MachineImage, content)


def pod_of(content: dict[str, Any]) -> dict[str, Any]:
    return dict(content["spec"]["template"]["spec"])


@given(NAMES, st.integers(1, 2**31))
def test_names_are_legal_and_differ(name: str, attempt: int) -> None:
    made = job_name(name, attempt)
    assert len(made) <= LABEL_LENGTH
    assert _SUBDOMAIN.fullmatch(made)
    assert made.endswith(f"-{attempt}")
    assert made != job_name(name, attempt + 1)


def test_long_names_that_begin_alike_stay_apart() -> None:
    one, other = "a" * 100 + "b", "a" * 100 + "c"
    assert job_name(one, 1) != job_name(other, 1)
    assert job_name(one, 1).startswith("a" * 40)


def test_the_job_around_the_pod() -> None:
    made = job(image({"containers": [{"name": "a"}]}, timeout="90m"), 2)
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "Job")
    assert made["metadata"] == {
        "name": "ubuntu-v1.34.2-2",
        "namespace": "images",
        "labels": {f"{api.GROUP}/machine-image-name": "ubuntu-v1.34.2"},
        "ownerReferences": [
            {
                "apiVersion": api.API_VERSION,
                "kind": "MachineImage",
                "name": "ubuntu-v1.34.2",
                "uid": "u-1",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert (made["spec"]["backoffLimit"], made["spec"]["activeDeadlineSeconds"]) == (0, 5400)
    assert made["spec"]["template"]["metadata"]["labels"] == made["metadata"]["labels"]


def test_a_timeout_of_nanoseconds_and_one_of_half_a_second_more() -> None:
    assert job(image({}, timeout=1_500_000_000), 1)["spec"]["activeDeadlineSeconds"] == 2
    assert image({}).spec.timeout == timedelta(hours=2)


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (None, [("KUBERNETES_VERSION", "v1.34.2")]),
        ([], [("KUBERNETES_VERSION", "v1.34.2")]),
        ([{"name": "A", "value": "b"}], [("A", "b"), ("KUBERNETES_VERSION", "v1.34.2")]),
        ([{"name": "KUBERNETES_VERSION", "value": "mine"}], [("KUBERNETES_VERSION", "mine")]),
    ],
)
def test_the_version_is_in_every_environment_that_does_not_set_it(
    kind: str, env: list[dict[str, str]] | None, expected: list[tuple[str, str]]
) -> None:
    container = {"name": "a"} if env is None else {"name": "a", "env": env}
    (made,) = pod_of(job(image({kind: [container]}), 1))[kind]
    assert [(entry["name"], entry["value"]) for entry in made["env"]] == expected


@pytest.mark.parametrize("version", ["1.34.2", "v1.34.2"])
def test_the_version_has_its_v(version: str) -> None:
    (made,) = pod_of(job(image({"containers": [{"name": "a"}]}, version=version), 1))["containers"]
    assert made["env"] == [{"name": "KUBERNETES_VERSION", "value": "v1.34.2"}]


def test_what_the_template_says_stays() -> None:
    pod = {
        "restartPolicy": "OnFailure",
        "containers": [{"name": "a", "terminationMessagePolicy": "File", "env": None}],
        "ephemeralContainers": [{"name": "b"}],
        "unknown": {"kept": [1, None]},
    }
    before = copy.deepcopy(pod)
    made = pod_of(job(image(pod), 1))
    assert made["restartPolicy"] == "OnFailure"
    assert made["containers"][0]["terminationMessagePolicy"] == "File"
    assert made["ephemeralContainers"] == [{"name": "b"}]
    assert made["unknown"] == {"kept": [1, None]}
    assert pod == before


def test_what_a_job_needs_is_added() -> None:
    made = pod_of(job(image({"containers": [{"name": "a"}]}), 1))
    assert made["restartPolicy"] == "Never"
    assert made["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"


@pytest.mark.parametrize("pod", [{"containers": "x"}, {"containers": [3]}, {}])
def test_a_pod_that_is_none_is_left_to_the_api_server(pod: dict[str, Any]) -> None:
    assert pod_of(job(image(pod), 1)) == {**pod, "restartPolicy": "Never"}


def test_an_image_that_nothing_builds_has_no_job() -> None:
    """Its schema asks for an id or a template, so this is for whoever changes the code."""
    published = image({}, id="ami-1").model_copy(
        update={"spec": image({}, id="ami-1").spec.model_copy(update={"job_template": None})}
    )
    with pytest.raises(AssertionError, match="jobTemplate"):
        job(published, 1)
