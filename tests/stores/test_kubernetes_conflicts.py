"""Writing what somebody else writes too, and behind a cache that lags, against a real API server."""

from __future__ import annotations

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import ObjectConflict
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import KubernetesStore, Reader, Stored
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.kubernetes import version_of
from tests.servers.kubernetes import KubernetesServer
from tests.stores.conftest import ConnectStore
from tests.stores.contract import image, key
from tests.stores.recording import Recording

pytestmark = pytest.mark.servers


def test_a_decision_on_an_old_look_is_not_written(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    ours, theirs = connect_store(kubernetes.kubeconfig), connect_store(kubernetes.kubeconfig)
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


def test_writes_of_one_store_follow_each_other(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    store = connect_store(kubernetes.kubeconfig)
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
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    name = key("MachineImage", "a", namespace)
    other = connect_store(kubernetes.kubeconfig)
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
    connect_store(kubernetes.kubeconfig).patch(name, {"spec": {"retryLimit": 9}})
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
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    other = connect_store(kubernetes.kubeconfig)
    name = other.create(image("a", namespace=namespace)).key
    store = KubernetesStore(Connection(open_client(kubernetes.kubeconfig)), reader=Lagging(other, name))
    other.write_status(name, {"phase": "Created", "ready": True, "id": "ami-1"})
    assert len(store.list(api.GROUP, "MachineImage")) == 1
    with pytest.raises(ObjectConflict):
        store.write_status(name, {"phase": "Building"})
    store.close()


def test_another_object_of_the_same_name_is_not_deleted(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    other = connect_store(kubernetes.kubeconfig)
    name = other.create(image("a", namespace=namespace)).key
    store = KubernetesStore(Connection(open_client(kubernetes.kubeconfig)), reader=Lagging(other, name))
    other.delete(name)
    other.create(image("a", namespace=namespace))
    with pytest.raises(ObjectConflict):
        store.delete(name)
    store.close()


def test_what_was_changed_since_it_was_looked_at_is_not_deleted(
    kubernetes: KubernetesServer, namespace: str, connect_store: ConnectStore
) -> None:
    store = connect_store(kubernetes.kubeconfig)
    store.create(image("a", namespace=namespace))
    (found,) = store.list(api.GROUP, "MachineImage", namespace)
    connect_store(kubernetes.kubeconfig).patch(found.key, {"metadata": {"labels": {"keep": "me"}}})
    with pytest.raises(ObjectConflict):
        store.delete(found.key)
    store.list(api.GROUP, "MachineImage", namespace)
    store.delete(found.key)
    assert store.get(found.key) is None
