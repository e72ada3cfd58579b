"""A real Kubernetes API for tests, with RBAC on and our CRDs in it, shared by all the processes of a test run.

Objects of all tests live side by side in it, so each test works in namespaces of its own. What kills or breaks servers
takes a control plane of its own (`control_plane.running`).
"""

from __future__ import annotations

import fcntl
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.servers import control_plane
from tests.servers.shared import ROOT, shared

CRDS = ROOT / "crds"
_START = 4 * control_plane.DEADLINE
PATIENCE = 180.0
"""Seconds for what controllers and the API server do on their own; on an idle machine it takes one or two."""
_APPLY = "application/apply-patch+yaml"


class Refused(AssertionError):
    """The API server answered with an error. `status` is its Status object."""

    def __init__(self, asked: str, status: Mapping[str, Any]) -> None:
        super().__init__(f"{asked}: {status.get('code')} {status.get('reason')}: {status.get('message')}")
        self.status = status


@dataclass(frozen=True, slots=True)
class KubernetesServer:
    """A running API server, as somebody who may do everything.

    Attributes:
        url: where it listens.
        kubeconfig: a file for the same person.
        certificate_authority: the certificate that its own is signed by.
        folder: where logs are and files can be put.
    """

    url: str
    kubeconfig: Path
    certificate_authority: Path
    folder: Path
    _session: requests.Session = field(repr=False, compare=False)

    @classmethod
    def of(cls, about: Mapping[str, Any], folder: Path) -> KubernetesServer:
        """The server that a control plane tells about."""
        session = requests.Session()
        session.trust_env = False  # a proxy of the machine has no business with loopback
        session.verify = about["certificate_authority"]
        home = Path(about["kubeconfig"]).parent
        session.cert = (str(home / "admin.crt"), str(home / "admin.key"))
        return cls(
            about["url"], Path(about["kubeconfig"]), Path(about["certificate_authority"]), folder, _session=session
        )

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Ask the API. Raises Refused for any error but 404, which is None where something is read or deleted."""
        headers = {"Content-Type": content_type, "Accept": accept}
        response = self._session.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=30)
        if response.status_code == requests.codes.not_found and method in {"GET", "DELETE"}:
            return None
        if not response.ok:
            raise Refused(f"{method} {path}", response.json())
        return response.json()

    def apply(self, path: str, content: Mapping[str, Any]) -> Any:
        """Apply an object, as `kubectl apply --server-side` does."""
        return self.api("PATCH", f"{path}?fieldManager=tests&force=true", content, content_type=_APPLY)

    def install_crds(self) -> None:
        """Apply our CRDs and wait until their kinds are served."""
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        names = []
        for file in sorted(CRDS.glob("*.yaml")):
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            names.append(content["metadata"]["name"])
            self.apply(f"{base}/{names[-1]}", content)
        for name in names:
            until(partial(self.serves, name), f"{name} is served")

    def serves(self, name: str) -> bool:
        """Whether the kind of a definition, `plural.group`, is served by now.

        Its definition says so first; that discovery tells of it, and that its objects are listed, comes a little later.
        Until somebody has looked at it, lists that there will be are null.
        """
        plural, _, group = name.partition(".")
        found = self.api("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}") or {}
        conditions = (found.get("status") or {}).get("conditions") or ()
        if not any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions):
            return False
        return all(
            self._tells_of(f"{group}/{version['name']}", plural)
            for version in found["spec"]["versions"]
            if version["served"]
        )

    def _tells_of(self, api_version: str, plural: str) -> bool:
        """Whether a version of a group is discovered with this resource, and lists its objects."""
        group = self.api("GET", f"/apis/{api_version.partition('/')[0]}") or {}
        found = self.api("GET", f"/apis/{api_version}") or {}
        return (
            api_version in {one["groupVersion"] for one in group.get("versions") or ()}
            and plural in {one["name"] for one in found.get("resources") or ()}
            and self.api("GET", f"/apis/{api_version}/{plural}?limit=1") is not None
        )

    def clear(self, path: str) -> None:
        """Delete all objects of a collection, whatever their finalizers wait for."""
        for item in self.api("GET", path)["items"]:
            if item["metadata"].get("finalizers"):
                lift = {"metadata": {"finalizers": None}}
                name = item["metadata"]["name"]
                self.api("PATCH", f"{path}/{name}", lift, content_type="application/merge-patch+json")
        self.api("DELETE", path)
        until(lambda: not self.api("GET", path)["items"], f"{path} is empty")

    def namespace(self, prefix: str = "test", *, name: str | None = None) -> str:
        """Make a namespace in which Pods can be made; one of a given name may be there already."""
        name = name or f"{prefix}-{secrets.token_hex(4)}"
        try:
            self.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        except Refused as refused:  # the API server makes `default` itself, soon after its start
            if refused.status.get("reason") != "AlreadyExists":
                raise
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda: self.api("GET", account) is not None, f"{name} has its default ServiceAccount")
        return name

    def service_account(
        self, namespace: str, rules: Sequence[Mapping[str, Any]] = (), *, everywhere: bool = False
    ) -> str:
        """Make a ServiceAccount that may do what RBAC rules say, in its namespace or everywhere; return its name."""
        name = f"account-{secrets.token_hex(4)}"
        home = f"/api/v1/namespaces/{namespace}"
        self.api("POST", f"{home}/serviceaccounts", {"metadata": {"name": name}})
        if rules:
            self.grant(namespace, name, rules, everywhere=everywhere)
        return name

    def grant(
        self, namespace: str, account: str, rules: Sequence[Mapping[str, Any]], *, everywhere: bool = False
    ) -> None:
        """Let a ServiceAccount do something, and wait until the API server knows that it may."""
        prefix = "Cluster" if everywhere else ""
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        base = rbac if everywhere else f"{rbac}/namespaces/{namespace}"
        name = f"{namespace}-{account}-{secrets.token_hex(4)}"
        self.api("POST", f"{base}/{prefix.lower()}roles", {"metadata": {"name": name}, "rules": list(rules)})
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": f"{prefix}Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }
        self.api("POST", f"{base}/{prefix.lower()}rolebindings", binding)
        user = f"system:serviceaccount:{namespace}:{account}"
        until(lambda: self.lets(user, rules, "" if everywhere else namespace), f"{user} may do what it was given")

    def lets(self, user: str, rules: Iterable[Mapping[str, Any]], namespace: str) -> bool:
        """Whether somebody may do all that RBAC rules say, in a namespace or, where it is empty, everywhere."""
        return all(
            self.may(user, verb, group, resource, namespace, name)
            for rule in rules
            for verb in rule["verbs"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for name in rule.get("resourceNames") or ("",)
        )

    def may(self, user: str, verb: str, group: str, resource: str, namespace: str, name: str = "") -> bool:
        """What the API server says about somebody's right; of a part of an object as `resource/part`."""
        resource, _, part = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": part}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": {**attributes, "namespace": namespace, "name": name}},
        }
        answer = self.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])

    def token(self, namespace: str, account: str, *, seconds: int = 3600) -> str:
        """A token of a ServiceAccount."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        order = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        answer = self.api("POST", path, {**order, "spec": {"expirationSeconds": seconds}})
        return str(answer["status"]["token"])

    def acting_as(self, namespace: str, account: str) -> KubernetesServer:
        """The same server, as a ServiceAccount sees it."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.certificate_authority)
        session.headers["Authorization"] = f"Bearer {self.token(namespace, account)}"
        return replace(self, _session=session)

    def kubeconfig_for(self, namespace: str, account: str) -> Path:
        """A kubeconfig file of a ServiceAccount."""
        path = self.folder / f"{namespace}-{account}.kubeconfig"
        user = {"token": self.token(namespace, account)}
        control_plane.write_kubeconfig(path, self.url, self.certificate_authority, user, namespace)
        return path

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Have something of the server to oneself, among all the processes of the test run."""
        with (self.folder / f"{what}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE) -> None:
    """Wait for what a server does on its own; it is looked at often, and there is an end to it."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s it is still not so that {what}")
        pause.wait(0.02)


@contextmanager
def shared_by_all(run: Path) -> Iterator[KubernetesServer]:
    """The server of a test run, started where it does not run yet.

    Args:
        run: the temporary folder that all processes of the run share.
    """
    control_plane.build()
    with shared("tests.servers.control_plane", run / "kubernetes", deadline=_START) as about:
        yield KubernetesServer.of(about, run / "kubernetes")
