"""A look that changes nothing: the contract of every store, over objects that stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import DirectoryStore, ReadOnlyStore, Store, Stored
from tests.stores.contract import StoreContract, image, key


class Counting:
    """A reader over some objects that counts what it is asked. It has no way to write."""

    def __init__(self, *contents: Mapping[str, Any]) -> None:
        self._store = DirectoryStore()
        for content in contents:
            self._store.create(content)
        self.asked: list[str] = []

    def get(self, key: ObjectKey) -> Stored | None:
        self.asked.append(f"get {key}")
        return self._store.get(key)

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        self.asked.append(f"list {kind} {namespace}")
        return self._store.list(group, kind, namespace, labels)


class TestContract(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return ReadOnlyStore(Counting())


def names(store: Store, namespace: str | None = None) -> list[str]:
    return [stored.key.name for stored in store.list(api.GROUP, "MachineImage", namespace)]


def test_changes_lie_over_what_is_there_and_reach_nothing() -> None:
    reader = Counting(image("a"), image("b"), image("c"))
    store = ReadOnlyStore(reader)
    store.delete(key("MachineImage", "a"))
    store.write_status(key("MachineImage", "b"), {"ready": True})
    store.patch(key("MachineImage", "c"), {"spec": {"id": "ami-1"}})
    store.create(image("d"))
    assert names(store) == ["b", "c", "d"]
    assert store.get(key("MachineImage", "a")) is None
    again = ReadOnlyStore(reader)
    assert names(again) == ["a", "b", "c"]
    assert all(not stored.status for stored in again.list(api.GROUP, "MachineImage"))
    unchanged = again.get(key("MachineImage", "c"))
    assert unchanged is not None
    assert "id" not in unchanged.content["spec"]


def test_each_thing_is_read_once() -> None:
    reader = Counting(image("a"), image("b", namespace="other"))
    store = ReadOnlyStore(reader)
    for _ in range(2):
        assert names(store) == ["a", "b"]
        assert names(store, "other") == ["b"]
        assert store.get(key("MachineImage", "a")) is not None
        assert store.get(ObjectKey("", "Secret", "default", "token")) is None
    assert reader.asked == ["list MachineImage None", "get Secret default/token"]


def test_one_namespace_is_listed_without_the_others() -> None:
    reader = Counting(image("a"), image("b", namespace="other"))
    store = ReadOnlyStore(reader)
    assert names(store, "other") == ["b"]
    assert names(store) == ["a", "b"]
    assert reader.asked == ["list MachineImage other", "list MachineImage None"]


def test_what_a_newer_release_has_written_can_be_changed() -> None:
    stored = Stored(key("MachineImage", "a"), {**image("a"), "spec": {**image("a")["spec"], "fromTheFuture": True}})

    class One(Counting):
        def get(self, key: ObjectKey) -> Stored | None:
            return stored

    patched = ReadOnlyStore(One()).patch(key("MachineImage", "a"), {"spec": {"id": "b"}})
    assert patched.content["spec"]["fromTheFuture"] is True


def test_what_is_wrong_in_spite_of_the_crd_is_kept_apart() -> None:
    """A version range that CEL cannot judge: the object is told of, and the others go on."""
    plan = {"apiVersion": api.API_VERSION, "kind": "Plan", "metadata": {"name": "good", "namespace": "default"}}
    good = Stored(key("Plan", "good"), {**plan, "spec": {"versionRange": "1.34.x"}})
    bad = Stored(
        key("Plan", "bad"),
        {**plan, "metadata": {"name": "bad", "namespace": "default"}, "spec": {"versionRange": "the newest"}},
    )

    class Two(Counting):
        def list(
            self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
        ) -> tuple[Stored, ...]:
            return (bad, good)

    store = ReadOnlyStore(Two())
    assert not store.problems
    assert store.list(api.GROUP, "Plan") == (good,)
    assert store.get(bad.key) == bad
    assert [str(problem)[:37] for problem in store.problems] == ["Plan default/bad: spec.versionRange: "]
