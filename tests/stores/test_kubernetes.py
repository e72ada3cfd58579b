"""The store of a cluster, against a real API server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import (
    InvalidObject,
    KindNotInstalled,
    KubernetesRefused,
    KubernetesUnreachable,
    NamespaceTerminating,
    ObjectNotFound,
)
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import KubernetesStore, Store
from tests.servers import control_plane
from tests.servers.kubernetes import KubernetesServer, until
from tests.stores.conftest import ConnectStore
from tests.stores.contract import StoreContract, image
from tests.stores.recording import Recording

pytestmark = pytest.mark.servers


class TestContract(StoreContract):
    """What every store does, this one does too."""

    @pytest.fixture
    def store(self, kubernetes: KubernetesServer, connect_store: ConnectStore) -> Iterator[Store]:
        with kubernetes.alone("contract"):
            for name in ("default", "other"):
                kubernetes.namespace(name=name)
                kubernetes.clear(f"/apis/{api.API_VERSION}/namespaces/{name}/machineimages")
            yield connect_store(kubernetes.kubeconfig, namespaces=["default", "other"])


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_status_is_written_once_however_it_is_put(kubernetes: KubernetesServer, namespace: str) -> None:
    """Nulls that the server drops and defaults that it fills in make no difference."""
    connection = Recording(kubernetes.kubeconfig)
    store = KubernetesStore(connection)
    name = store.create(image("a", namespace=namespace)).key
    connection.asked.clear()
    condition = {"type": "Ready", "status": "True", "reason": "A", "lastTransitionTime": "2026-11-03T10:00:00Z"}
    same: list[dict[str, Any]] = [
        {"phase": "Building", "conditions": [condition]},
        {"phase": "Building", "conditions": [{**condition, "message": ""}]},
        {"phase": "Building", "ready": False, "id": None, "conditions": [condition]},
        {"conditions": [{**condition, "observedGeneration": None}], "phase": "Building"},
    ]
    assert [store.write_status(name, status) for status in same] == [True, False, False, False]
    fresh = KubernetesStore(connection)
    assert [fresh.write_status(name, status) for status in same] == [False, False, False, False]
    assert connection.writes == [f"PATCH patch machineimages/status.{api.GROUP} in namespace {namespace}"]
    connection.close()


def test_a_models_status_is_what_comes_back(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    """So a reconcile that finds everything as it was writes nothing, whatever the fields of its status."""
    store = connect_store(kubernetes.kubeconfig)
    name = store.create(image("a", namespace=namespace)).key
    content = {
        **image("a", namespace=namespace),
        "status": {
            "ready": True,
            "phase": "Created",
            "id": "ami-1",
            "attempts": 1,
            "observedGeneration": 1,
            "jobRef": {"name": "a-1", "uid": "u"},
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "A", "lastTransitionTime": "2026-11-03T10:00:00+00:00"}
            ],
        },
    }
    written = api.parse_as(api.MachineImage, content).status.to_content()
    assert store.write_status(name, written) is True
    found = store.get(name)
    assert found is not None
    again = api.parse_as(api.MachineImage, found.content).status.to_content()
    assert store.write_status(name, again) is False


def test_a_finalizer_keeps_an_object_until_it_is_lifted(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    store = connect_store(kubernetes.kubeconfig)
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"metadata": {"finalizers": ["example.com/close"]}})
    store.delete(name)
    leaving = store.get(name)
    assert leaving is not None
    assert leaving.content["metadata"]["deletionTimestamp"]
    store.patch(name, {"metadata": {"finalizers": []}})
    assert connect_store(kubernetes.kubeconfig).get(name) is None


def test_what_an_object_owns_goes_with_it(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    store = connect_store(kubernetes.kubeconfig)
    owner = store.create(image("owner", namespace=namespace))
    reference = {
        "apiVersion": api.API_VERSION,
        "kind": "MachineImage",
        "name": "owner",
        "uid": owner.content["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    pod = {"restartPolicy": "Never", "containers": [{"name": "build", "image": "builder"}]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "owned", "namespace": namespace, "ownerReferences": [reference]},
        "spec": {"template": {"spec": pod}},
    }
    made = store.create(job)
    assert made.key == ObjectKey("batch", "Job", namespace, "owned")
    assert made.content["metadata"]["ownerReferences"] == [reference]
    store.delete(owner.key)
    until(lambda: store.get(made.key) is None, "the Job is gone with its owner")


def test_a_mistake_is_told_with_its_field(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    store = connect_store(kubernetes.kubeconfig)
    with pytest.raises(InvalidObject, match=r"MachineImage .*/a: spec\.retryLimit: Invalid value: .* \(and 1 more\)\."):
        store.create(image("a", namespace=namespace, version="1", retryLimit=-1))
    with pytest.raises(InvalidObject, match=r'spec\.tiemout: It has an unknown field "spec\.tiemout"\.'):
        store.create(image("a", namespace=namespace, tiemout="1h"))
    name = store.create(image("a", namespace=namespace)).key
    with pytest.raises(InvalidObject, match=r'status\.phase: Unsupported value: "Done"'):
        store.write_status(name, {"phase": "Done"})
    pod = {"restartPolicy": "Never", "containers": [{"name": "build"}]}
    metadata = {"name": "a", "namespace": namespace}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": pod}}}
    with pytest.raises(InvalidObject, match=r"spec\.template\.spec\.containers\[0\]\.image: Required value\."):
        store.create(job)
    with pytest.raises(InvalidObject, match=r"apiVersion, kind and metadata\.name are needed"):
        store.create({"kind": "MachineImage"})


def test_a_namespace_has_to_be_there_and_stay(kubernetes: KubernetesServer, connect_store: ConnectStore) -> None:
    store = connect_store(kubernetes.kubeconfig)
    with pytest.raises(ObjectNotFound, match=r"There is no namespace nowhere\. Create it first\."):
        store.create(image("a", namespace="nowhere"))
    namespace = kubernetes.namespace("leaving")
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"metadata": {"finalizers": ["example.com/a"]}})
    kubernetes.api("DELETE", f"/api/v1/namespaces/{namespace}")
    with pytest.raises(NamespaceTerminating, match=f"The namespace {namespace} is being deleted"):
        store.create(image("b", namespace=namespace))
    stays = connect_store(kubernetes.kubeconfig)
    stays.patch(name, {"metadata": {"finalizers": []}})


# --- reading --------------------------------------------------------------------------------------------------------


def test_any_kind_can_be_read(kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore) -> None:
    store = connect_store(kubernetes.kubeconfig)
    account = store.get(ObjectKey("", "ServiceAccount", namespace, "default"))
    assert account is not None
    (listed,) = store.list("", "ServiceAccount", namespace)
    assert listed.key == account.key
    assert listed.content == account.content  # a list leaves out what each item is, so the store puts it in
    role = store.get(ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "admin"))
    assert role is None or role.content["kind"] == "ClusterRole"
    assert store.get(ObjectKey("example.com", "Nothing", namespace, "a")) is None
    assert store.list("example.com", "Nothing") == ()
    with pytest.raises(KubernetesRefused, match=r"does not know the kind Nothing of example\.com"):
        store.create({"apiVersion": "example.com/v1", "kind": "Nothing", "metadata": {"name": "a"}})


# --- servers that come and go ---------------------------------------------------------------------------------------


def test_a_cluster_without_our_kinds_and_a_server_that_dies(tmp_path: Path, connect_store: ConnectStore) -> None:
    """In a control plane of its own: nothing is installed at first, and later the API server is killed."""
    with control_plane.running(tmp_path) as plane:
        store = connect_store(plane.kubeconfig)
        with pytest.raises(KindNotInstalled, match=r"gitops-upgrader install \| kubectl"):
            store.list(api.GROUP, "MachineImage")
        with pytest.raises(KindNotInstalled):
            store.create(image("a"))
        server = KubernetesServer.of(plane.about(), tmp_path)
        server.install_crds()
        server.namespace(name="default")
        name = store.create(image("a")).key  # the same store, without a restart
        plane.api_server.stop(signal.SIGKILL)
        with pytest.raises(KubernetesUnreachable, match="cannot be reached") as raised:
            store.get(name)
        assert raised.value.transient
        with pytest.raises(KubernetesUnreachable):
            store.patch(name, {"spec": {"id": "ami-1"}})
        plane.api_server.start()
        found = store.get(name)
        assert found is not None
        assert "id" not in found.content["spec"]
        assert store.patch(name, {"spec": {"id": "ami-1"}}).content["spec"]["id"] == "ami-1"
