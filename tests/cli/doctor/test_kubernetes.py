"""`doctor --kubeconfig` on a real API server: definitions that are missing or old, and rights that are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.api.crds import definition
from gitops_upgrader.cli.run import run
from tests.servers import control_plane
from tests.servers.kubernetes import KubernetesServer, until

pytestmark = pytest.mark.servers

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PLANS = f"{DEFINITIONS}/plans.{api.GROUP}"
EVERYTHING = [
    {"apiGroups": [api.GROUP], "resources": ["*"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get"]},
]
LOOK = {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """A server of our own, as definitions are taken from it."""
    folder = tmp_path_factory.mktemp("doctor")
    control_plane.build()
    with control_plane.running(folder) as plane:
        yield KubernetesServer.of(plane.about(), folder)


@pytest.fixture
def namespace(server: KubernetesServer) -> str:
    server.install_crds()
    return server.namespace("doctor")


def doctor(file: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """What is to be mended; each of it says how."""
    capsys.readouterr()
    status = run(["doctor", "--kubeconfig", str(file), *arguments, "-o", "json"])
    checks: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["checks"]
    bad = [one for one in checks if one["result"] == "mend"]
    assert status == (1 if bad else 0)
    assert all(one["remedy"] for one in bad)
    return bad


def kubeconfig(server: KubernetesServer, namespace: str, *rules: dict[str, Any], everywhere: bool = True) -> Path:
    account = server.service_account(namespace, rules, everywhere=everywhere)
    return server.kubeconfig_for(namespace, account)


def test_all_is_well(server: KubernetesServer, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(kubeconfig(server, namespace, *EVERYTHING, LOOK), capsys) == []


def test_rights_in_one_namespace_are_enough_for_it(
    server: KubernetesServer, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Definitions belong to no namespace: who may not look at them is told that their age is unknown."""
    file = kubeconfig(server, namespace, *EVERYTHING, everywhere=False)

    assert doctor(file, capsys, "--namespace", namespace) == []
    bad = doctor(file, capsys)
    assert {one["check"] for one in bad} == {"rbac", "custom-resources"}


def test_rights_that_are_missing(server: KubernetesServer, namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = kubeconfig(server, namespace, EVERYTHING[0], LOOK)

    (bad,) = doctor(file, capsys)

    assert bad["check"] == "rbac"
    assert bad["message"] == "This account may not, in all namespaces: get secrets, get configmaps."
    assert bad["remedy"].startswith("Bind a ClusterRole with these rights")


def test_a_definition_that_is_missing(
    server: KubernetesServer, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kubeconfig(server, namespace, *EVERYTHING, LOOK)
    server.api("DELETE", PLANS)
    until(lambda: server.api("GET", PLANS) is None, "the definition is gone")

    (bad,) = doctor(file, capsys)

    assert (bad["check"], bad["subject"], bad["message"]) == ("crds", "Plan", "The cluster has no CRD of it.")
    assert bad["remedy"].endswith("gitops-upgrader crds | kubectl apply --server-side -f -")


def test_a_definition_of_an_older_release(
    server: KubernetesServer, namespace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kubeconfig(server, namespace, *EVERYTHING, LOOK)
    old = yaml.safe_load(yaml.safe_dump(definition(api.Plan)))  # a copy that shares nothing
    spec = old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del spec["properties"]["exclude"]
    del spec["properties"]["minimumImageAge"]
    for rule in list(spec.get("x-kubernetes-validations", ())):
        if "exclude" in rule["rule"] or "minimumImageAge" in rule["rule"]:
            spec["x-kubernetes-validations"].remove(rule)
    server.apply(PLANS, old)

    (bad,) = doctor(file, capsys)

    assert (bad["check"], bad["subject"]) == ("crds", "Plan")
    assert bad["message"] == "Its CRD is older than this program, and lacks spec.exclude, spec.minimumImageAge."


def test_an_account_that_nobody_knows(
    server: KubernetesServer, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kubeconfig"
    user = {"token": "planted-token-0123456789"}
    control_plane.write_kubeconfig(file, server.url, server.certificate_authority, user, namespace)

    (bad,) = doctor(file, capsys)

    assert bad["check"] == "cluster"
    assert "planted" not in str(bad)


def test_a_server_that_is_not_there(
    tmp_path: Path, server: KubernetesServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kubeconfig"
    control_plane.write_kubeconfig(file, "https://127.0.0.1:1", server.certificate_authority, {"token": "a"}, "x")

    (bad,) = doctor(file, capsys)

    assert bad["check"] == "cluster"
    assert "cannot be reached" in bad["message"]
