"""What `gitops-upgrader install` prints, applied to a cluster as people do it; and what its Deployment would start."""

from __future__ import annotations

import contextlib
import io
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gitops_upgrader.cli.run import run
from gitops_upgrader.runtime.installation import NAME
from tests.servers.kubernetes import KubernetesServer, until

RBAC = "/apis/rbac.authorization.k8s.io/v1"
_BUILT_IN = {
    "Namespace": ("/api/v1", "namespaces"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Service": ("/api/v1", "services"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    **{kind: (RBAC, f"{kind.lower()}s") for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")},
}


def path_of(content: dict[str, Any]) -> str:
    base, plural = _BUILT_IN[content["kind"]]
    namespace = content["metadata"].get("namespace")
    home = f"{base}/namespaces/{namespace}" if namespace else base
    return f"{home}/{plural}/{content['metadata']['name']}"


def printed(*options: str) -> list[dict[str, Any]]:
    """Every object that the command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run(["install", *options]) == 0
    return list(yaml.safe_load_all(out.getvalue()))


@dataclass
class Installed:
    """An installation on a server.

    Attributes:
        namespace: where the controller runs.
        watched: the namespaces of the custom resources; none for all of them.
        definitions: whether the CRDs are applied as well. The server that all tests share has them already.
    """

    server: KubernetesServer
    namespace: str
    watched: tuple[str, ...] = ()
    definitions: bool = False
    options: tuple[str, ...] = ()
    objects: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        watched = [part for namespace in self.watched for part in ("--watch-namespace", namespace)]
        found = printed("--namespace", self.namespace, *watched, *self.options)
        left_out = set() if self.definitions else {"CustomResourceDefinition"}
        self.objects = [content for content in found if content["kind"] not in left_out]

    def of(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """The objects of a kind, in one namespace or everywhere."""
        found = [content for content in self.objects if content["kind"] == kind]
        return [content for content in found if namespace in {None, content["metadata"].get("namespace")}]

    def apply(self) -> list[str]:
        """Apply it all as `kubectl apply --server-side --validate=strict` does."""
        applied = []
        for content in self.objects:
            path = f"{path_of(content)}?fieldManager=tests&force=true&fieldValidation=Strict"
            answer = self.server.api("PATCH", path, content, content_type="application/apply-patch+yaml")
            applied.append(answer["kind"])
        return applied

    def remove(self) -> None:
        for content in reversed(self.objects):
            self.server.api("DELETE", path_of(content))

    def put(self) -> None:
        """Apply it, and wait until Pods can be made and the controller may do what it does."""
        self.apply()
        account = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"
        until(lambda: self.server.api("GET", account) is not None, "Pods can be made")
        until(lambda: all(self.server.lets(self.user, *given) for given in self.given()), "its rights are known")

    @property
    def user(self) -> str:
        """Who the controller is to the API server."""
        return f"system:serviceaccount:{self.namespace}:{NAME}"

    def given(self) -> Iterator[tuple[list[dict[str, Any]], str]]:
        """The rules that the controller is bound to, each with their namespace; none is everywhere.

        Foreign kinds are left out, as others say which ones those are.
        """
        for binding in (*self.of("RoleBinding"), *self.of("ClusterRoleBinding")):
            namespace = str(binding["metadata"].get("namespace", ""))
            reference = binding["roleRef"]
            home = namespace if reference["kind"] == "Role" else None
            (role,) = (one for one in self.of(reference["kind"], home) if one["metadata"]["name"] == reference["name"])
            if "aggregationRule" not in role:
                yield role["rules"], namespace

    def may(self, verb: str, group: str, resource: str, namespace: str) -> bool:
        """What the API server says about a right of the controller."""
        return self.server.may(self.user, verb, group, resource, namespace)

    def kubeconfig(self) -> Path:
        """For who runs as the controller."""
        return self.server.kubeconfig_for(self.namespace, NAME)

    def arguments(self, deployment: str = NAME) -> list[str]:
        """What a Deployment says to its controller; folders of its container are left to who starts it."""
        (found,) = (one for one in self.of("Deployment") if one["metadata"]["name"] == deployment)
        (container,) = found["spec"]["template"]["spec"]["containers"]
        assert container["args"][0] == "controller", shlex.join(container["args"])
        return [argument for argument in container["args"] if not argument.startswith("--cache-dir=")]
