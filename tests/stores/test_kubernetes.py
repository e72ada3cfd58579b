"""The store of a cluster, against a real API server with RBAC on."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import (
    InvalidObject,
    KindNotInstalled,
    KubernetesAuthenticationFailed,
    KubernetesForbidden,
    KubernetesRefused,
    KubernetesUnreachable,
    KubernetesUntrusted,
    NamespaceTerminating,
    ObjectConflict,
    ObjectNotFound,
)
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import KubernetesStore, Reader, Store, Stored
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.kubernetes import version_of
from gitops_upgrader.stores.refusals import Asked
from tests.servers import control_plane
from tests.servers.kubernetes import KubernetesServer, until
from tests.stores.contract import StoreContract, image, key

pytestmark = pytest.mark.servers

Connect = Callable[..., KubernetesStore]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects stores, and closes them in the end."""
    with ExitStack() as stack:

        def connected(kubeconfig: Path, **options: Any) -> KubernetesStore:
            store = KubernetesStore.connect(kubeconfig, **options)
            stack.callback(store.close)
            return store

        yield connected


@pytest.fixture
def namespace(kubernetes: KubernetesServer) -> str:
    return kubernetes.namespace("store")


class TestContract(StoreContract):
    """What every store does, this one does too."""

    @pytest.fixture
    def store(self, kubernetes: KubernetesServer, connect: Connect) -> Iterator[Store]:
        with kubernetes.alone("contract"):
            for name in ("default", "other"):
                kubernetes.namespace(name=name)
                kubernetes.clear(f"/apis/{api.API_VERSION}/namespaces/{name}/machineimages")
            yield connect(kubernetes.kubeconfig, namespaces=["default", "other"])


# --- writing --------------------------------------------------------------------------------------------------------


class Recording(Connection):
    """A connection that remembers what was asked."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(open_client(kubeconfig))
        self.asked: list[str] = []

    def ask(self, method: str, path: str, asked: Asked, **rest: Any) -> Any:
        self.asked.append(f"{method} {asked}")
        return super().ask(method, path, asked, **rest)

    @property
    def writes(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]


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


def test_a_models_status_is_what_comes_back(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    """So a reconcile that finds everything as it was writes nothing, whatever the fields of its status."""
    store = connect(kubernetes.kubeconfig)
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


def test_a_decision_on_an_old_look_is_not_written(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    ours, theirs = connect(kubernetes.kubeconfig), connect(kubernetes.kubeconfig)
    name = ours.create(image("a", namespace=namespace)).key
    theirs.patch(name, {"spec": {"id": "ami-1"}})
    with pytest.raises(ObjectConflict, match="changed by somebody else") as raised:
        ours.patch(name, {"spec": {"retryLimit": 9}})
    assert raised.value.transient
    with pytest.raises(ObjectConflict):
        ours.write_status(name, {"ready": True})
    looked = ours.get(name)
    assert looked is not None
    assert looked.content["spec"]["id"] == "ami-1"
    assert looked.content["spec"]["retryLimit"] == 3
    ours.patch(name, {"spec": {"retryLimit": 9}})
    assert ours.write_status(name, {"ready": True}) is True


def test_writes_of_one_store_follow_each_other(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    store = connect(kubernetes.kubeconfig)
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"metadata": {"finalizers": ["example.com/a"]}})
    assert store.write_status(name, {"phase": "Building"})
    store.patch(name, {"spec": {"id": "ami-1"}})
    assert store.write_status(name, {"phase": "Created", "ready": True})
    store.patch(name, {"metadata": {"finalizers": None}})


class Lagging:
    """A cache that shows what was there when it was made, or when it was told to catch up."""

    def __init__(self, reader: Reader, *keys: ObjectKey) -> None:
        self._reader, self._keys = reader, keys
        self.catch_up()

    def catch_up(self) -> None:
        self._objects = {key: self._reader.get(key) for key in self._keys}

    def get(self, key: ObjectKey) -> Stored | None:
        return self._objects[key]

    def list(self, *_: object) -> tuple[Stored, ...]:
        return tuple(stored for stored in self._objects.values() if stored is not None)


def test_what_was_written_is_seen_though_the_cache_lags(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    name = key("MachineImage", "a", namespace)
    other = connect(kubernetes.kubeconfig)
    cache = Lagging(other, name)
    connection = Recording(kubernetes.kubeconfig)
    store = KubernetesStore(connection, reader=cache)
    assert store.get(name) is None
    store.create(image("a", namespace=namespace))
    assert store.get(name) is not None
    assert store.write_status(name, {"phase": "Building"}) is True
    assert store.write_status(name, {"phase": "Building"}) is False
    cache.catch_up()
    store.patch(name, {"spec": {"id": "ami-1"}})
    seen = store.get(name)
    assert seen is not None
    assert seen.content["spec"]["id"] == "ami-1"
    connect(kubernetes.kubeconfig).patch(name, {"spec": {"retryLimit": 9}})
    cache.catch_up()
    newest = store.get(name)
    assert newest is not None
    assert newest.content["spec"]["retryLimit"] == 9
    store.delete(name)
    assert store.get(name) is None
    assert len(connection.writes) == 4
    connection.close()


def test_a_cache_is_told_of_each_write(kubernetes: KubernetesServer, namespace: str) -> None:
    told: list[str] = []
    connection = Connection(open_client(kubernetes.kubeconfig))
    store = KubernetesStore(connection, wrote=lambda stored: told.append(version_of(stored)))
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"spec": {"id": "ami-1"}})
    store.write_status(name, {"ready": True})
    store.write_status(name, {"ready": True})
    assert len(told) == len(set(told)) == 3
    found = store.get(name)
    assert found is not None
    assert told[-1] == version_of(found)
    connection.close()


def test_a_stale_cache_cannot_overwrite_anything(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    other = connect(kubernetes.kubeconfig)
    name = other.create(image("a", namespace=namespace)).key
    store = KubernetesStore(Connection(open_client(kubernetes.kubeconfig)), reader=Lagging(other, name))
    other.write_status(name, {"phase": "Created", "ready": True, "id": "ami-1"})
    assert len(store.list(api.GROUP, "MachineImage")) == 1
    with pytest.raises(ObjectConflict):
        store.write_status(name, {"phase": "Building"})
    store.close()


def test_another_object_of_the_same_name_is_not_deleted(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    other = connect(kubernetes.kubeconfig)
    name = other.create(image("a", namespace=namespace)).key
    store = KubernetesStore(Connection(open_client(kubernetes.kubeconfig)), reader=Lagging(other, name))
    other.delete(name)
    other.create(image("a", namespace=namespace))
    with pytest.raises(ObjectConflict):
        store.delete(name)
    store.close()


def test_what_was_changed_since_it_was_looked_at_is_not_deleted(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    store = connect(kubernetes.kubeconfig)
    store.create(image("a", namespace=namespace))
    (found,) = store.list(api.GROUP, "MachineImage", namespace)
    connect(kubernetes.kubeconfig).patch(found.key, {"metadata": {"labels": {"keep": "me"}}})
    with pytest.raises(ObjectConflict):
        store.delete(found.key)
    store.list(api.GROUP, "MachineImage", namespace)
    store.delete(found.key)
    assert store.get(found.key) is None


def test_a_finalizer_keeps_an_object_until_it_is_lifted(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    store = connect(kubernetes.kubeconfig)
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"metadata": {"finalizers": ["example.com/close"]}})
    store.delete(name)
    leaving = store.get(name)
    assert leaving is not None
    assert leaving.content["metadata"]["deletionTimestamp"]
    store.patch(name, {"metadata": {"finalizers": []}})
    assert connect(kubernetes.kubeconfig).get(name) is None


def test_what_an_object_owns_goes_with_it(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    store = connect(kubernetes.kubeconfig)
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


def test_a_mistake_is_told_with_its_field(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    store = connect(kubernetes.kubeconfig)
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


def test_a_namespace_has_to_be_there_and_stay(kubernetes: KubernetesServer, connect: Connect) -> None:
    store = connect(kubernetes.kubeconfig)
    with pytest.raises(ObjectNotFound, match=r"There is no namespace nowhere\. Create it first\."):
        store.create(image("a", namespace="nowhere"))
    namespace = kubernetes.namespace("leaving")
    name = store.create(image("a", namespace=namespace)).key
    store.patch(name, {"metadata": {"finalizers": ["example.com/a"]}})
    kubernetes.api("DELETE", f"/api/v1/namespaces/{namespace}")
    with pytest.raises(NamespaceTerminating, match=f"The namespace {namespace} is being deleted"):
        store.create(image("b", namespace=namespace))
    stays = connect(kubernetes.kubeconfig)
    stays.patch(name, {"metadata": {"finalizers": []}})


# --- reading --------------------------------------------------------------------------------------------------------


def test_any_kind_can_be_read(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    store = connect(kubernetes.kubeconfig)
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


# --- rights ---------------------------------------------------------------------------------------------------------


def rule(*verbs: str, resource: str = "machineimages", group: str = api.GROUP) -> dict[str, list[str]]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


def test_a_right_that_lacks_is_named_and_helps_once_it_is_there(
    kubernetes: KubernetesServer, namespace: str, connect: Connect
) -> None:
    """Follow the message: grant the rule that it shows, and the same request succeeds."""
    connect(kubernetes.kubeconfig).create(image("a", namespace=namespace))
    account = kubernetes.service_account(namespace)
    store = connect(kubernetes.kubeconfig_for(namespace, account))
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


def test_one_namespace_is_enough(kubernetes: KubernetesServer, namespace: str, connect: Connect) -> None:
    connect(kubernetes.kubeconfig).create(image("a", namespace=namespace))
    account = kubernetes.service_account(namespace, [rule("get", "list")])
    kubeconfig = kubernetes.kubeconfig_for(namespace, account)
    narrow, wide = connect(kubeconfig, namespaces=[namespace]), connect(kubeconfig)
    assert [stored.key.name for stored in narrow.list(api.GROUP, "MachineImage")] == ["a"]
    with pytest.raises(KubernetesForbidden, match=r"all namespaces\. .* or name single namespaces with --namespace"):
        wide.list(api.GROUP, "MachineImage")


def test_a_token_that_is_none(kubernetes: KubernetesServer, namespace: str, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    authority = kubernetes.certificate_authority
    control_plane.write_kubeconfig(path, kubernetes.url, authority, {"token": "planted-0123456789"})
    with pytest.raises(KubernetesAuthenticationFailed) as raised:
        connect(path).get(key("MachineImage", "a", namespace))
    assert "planted" not in str(raised.value)
    control_plane.write_kubeconfig(path, kubernetes.url, authority, {})
    with pytest.raises(KubernetesAuthenticationFailed, match="got no credentials"):
        connect(path).get(key("MachineImage", "a", namespace))


def test_a_certificate_that_is_not_trusted(kubernetes: KubernetesServer, connect: Connect, tmp_path: Path) -> None:
    path, wrong = tmp_path / "kubeconfig", tmp_path / "ca.crt"
    for content, words in (
        ((kubernetes.certificate_authority.parent / "admin.crt").read_text(), "certificate verify failed"),
        ("nonsense", "no certificate"),
    ):
        wrong.write_text(content)
        control_plane.write_kubeconfig(path, kubernetes.url, wrong, {"token": "a"})
        with pytest.raises(KubernetesUntrusted, match=words):
            connect(path).get(key("MachineImage", "a"))


# --- servers that come and go ---------------------------------------------------------------------------------------


def test_a_cluster_without_our_kinds_and_a_server_that_dies(tmp_path: Path, connect: Connect) -> None:
    """In a control plane of its own: nothing is installed at first, and later the API server is killed."""
    with control_plane.running(tmp_path) as plane:
        store = connect(plane.kubeconfig)
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
