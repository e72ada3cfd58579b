"""Who may do what in a cluster, against a real API server with RBAC on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import KubernetesAuthenticationFailed, KubernetesForbidden, KubernetesUntrusted
from tests.servers import control_plane
from tests.servers.kubernetes import KubernetesServer, until
from tests.stores.conftest import ConnectStore
from tests.stores.contract import image, key

pytestmark = pytest.mark.servers


def rule(*verbs: str, resource: str = "machineimages", group: str = api.GROUP) -> dict[str, list[str]]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


def test_a_right_that_lacks_is_named_and_helps_once_it_is_there(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    """Follow the message: grant the rule that it shows, and the same request succeeds."""
    connect_store(kubernetes.kubeconfig).create(image("a", namespace=namespace))
    account = kubernetes.service_account(namespace)
    store = connect_store(kubernetes.kubeconfig_for(namespace, account))
    name = key("MachineImage", "a", namespace)

    def attempts() -> list[Callable[[], object]]:
        return [
            lambda: store.get(name),
            lambda: store.list(api.GROUP, "MachineImage", namespace),
            lambda: store.create(image("b", namespace=namespace)),
            lambda: store.patch(name, {"spec": {"id": "ami-1"}}),
            lambda: store.write_status(name, {"ready": True}),
            lambda: store.delete(name),
        ]

    for attempt in attempts():
        with pytest.raises(KubernetesForbidden) as raised:
            attempt()
        assert f"system:serviceaccount:{namespace}:{account} may not " in raised.value.message
        shown = re.search(
            r'Role in namespace (.*) with the rule {apiGroups: \["(.*)"\], resources: \["(.*)"\], verbs: \["(.*)"\]}',
            raised.value.remedy,
        )
        assert shown is not None
        assert shown[1] == namespace
        kubernetes.grant(namespace, account, [rule(shown[4], group=shown[2], resource=shown[3])])
        until(partial(_succeeds, attempt), "the right has arrived")


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except KubernetesForbidden:
        return False
    return True


def test_one_namespace_is_enough(kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore) -> None:
    connect_store(kubernetes.kubeconfig).create(image("a", namespace=namespace))
    account = kubernetes.service_account(namespace, [rule("get", "list")])
    kubeconfig = kubernetes.kubeconfig_for(namespace, account)
    narrow, wide = connect_store(kubeconfig, namespaces=[namespace]), connect_store(kubeconfig)
    assert [stored.key.name for stored in narrow.list(api.GROUP, "MachineImage")] == ["a"]
    with pytest.raises(KubernetesForbidden, match=r"all namespaces\. .* or name single namespaces with --namespace"):
        wide.list(api.GROUP, "MachineImage")


def test_a_token_that_is_none(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    authority = kubernetes.certificate_authority
    control_plane.write_kubeconfig(path, kubernetes.url, authority, {"token": "planted-0123456789"})
    with pytest.raises(KubernetesAuthenticationFailed) as raised:
        connect_store(path).get(key("MachineImage", "a", namespace))
    assert "planted" not in str(raised.value)
    control_plane.write_kubeconfig(path, kubernetes.url, authority, {})
    with pytest.raises(KubernetesAuthenticationFailed, match="got no credentials"):
        connect_store(path).get(key("MachineImage", "a", namespace))


def test_a_certificate_that_is_not_trusted(
    kubernetes: KubernetesServer, connect_store: ConnectStore, tmp_path: Path
) -> None:
    path, wrong = tmp_path / "kubeconfig", tmp_path / "ca.crt"
    for content, words in (
        ((kubernetes.certificate_authority.parent / "admin.crt").read_text(), "certificate verify failed"),
        ("nonsense", "no certificate"),
    ):
        wrong.write_text(content)
        control_plane.write_kubeconfig(path, kubernetes.url, wrong, {"token": "a"})
        with pytest.raises(KubernetesUntrusted, match=words):
            connect_store(path).get(key("MachineImage", "a"))
