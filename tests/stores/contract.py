"""What every object store has to do. A store's own tests inherit from `StoreContract` and provide it."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import InvalidObject, ObjectExists, ObjectNotFound
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores import Store


def key(kind: str, name: str, namespace: str = "default", group: str = api.GROUP) -> ObjectKey:
    return ObjectKey(group, kind, namespace, name)


def image(
    name: str, *, namespace: str = "default", labels: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    """A MachineImage as somebody would create it."""
    return {
        "apiVersion": api.API_VERSION,
        "kind": "MachineImage",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"version": "v1.34.2", "jobTemplate": {"spec": {"containers": []}}, **spec},
    }


class StoreContract:
    """Laws of `gitops_upgrader.stores.Store`."""

    @pytest.fixture
    def store(self) -> Store:
        """A store that is empty, with the namespaces `default` and `other`."""
        raise NotImplementedError

    def test_absence_is_an_answer(self, store: Store) -> None:
        assert store.get(key("MachineImage", "a")) is None
        assert store.list(api.GROUP, "MachineImage") == ()
        store.delete(key("MachineImage", "a"))

    def test_what_is_created_is_there(self, store: Store) -> None:
        created = store.create(image("a", labels={"os": "ubuntu"}))
        assert created.key == key("MachineImage", "a")
        found = store.get(created.key)
        assert found is not None
        assert found.content["spec"]["version"] == "v1.34.2"
        assert found.labels == {"os": "ubuntu"}
        assert found.status == {}

    def test_the_store_does_not_share_what_it_was_given(self, store: Store) -> None:
        content = image("a")
        store.create(content)
        content["spec"]["version"] = "v1.0.0"
        found = store.get(key("MachineImage", "a"))
        assert found is not None
        assert found.content["spec"]["version"] == "v1.34.2"

    def test_a_status_is_not_created(self, store: Store) -> None:
        store.create({**image("a"), "status": {"ready": True}})
        found = store.get(key("MachineImage", "a"))
        assert found is not None
        assert found.status == {}

    def test_a_name_is_taken_once(self, store: Store) -> None:
        store.create(image("a"))
        with pytest.raises(ObjectExists, match="MachineImage default/a"):
            store.create(image("a"))
        store.create(image("a", namespace="other"))

    def test_what_does_not_fit_is_refused(self, store: Store) -> None:
        with pytest.raises(InvalidObject, match="MachineImage default/a"):
            store.create(image("a", version="latest.greatest"))
        assert store.get(key("MachineImage", "a")) is None

    def test_lists_are_sorted_and_selected(self, store: Store) -> None:
        for name, namespace, labels in (
            ("b", "default", {"os": "ubuntu", "wave": "1"}),
            ("a", "other", {"os": "ubuntu"}),
            ("a", "default", {"os": "flatcar"}),
        ):
            store.create(image(name, namespace=namespace, labels=labels))

        def names(namespace: str | None = None, labels: dict[str, str] | None = None) -> list[str]:
            found = store.list(api.GROUP, "MachineImage", namespace, labels)
            return [f"{stored.key.namespace}/{stored.key.name}" for stored in found]

        assert names() == ["default/a", "default/b", "other/a"]
        assert names("default") == ["default/a", "default/b"]
        assert names(labels={"os": "ubuntu"}) == ["default/b", "other/a"]
        assert names("default", {"os": "ubuntu", "wave": "1"}) == ["default/b"]
        assert names("default", {"os": "none"}) == []
        assert names("nowhere") == []
        assert store.list(api.GROUP, "Plan") == ()
        assert store.list("example.com", "MachineImage") == ()

    def test_a_patch_changes_what_it_names(self, store: Store) -> None:
        store.create(image("a", labels={"os": "ubuntu", "wave": "1"}))
        changes = {"metadata": {"labels": {"wave": None}, "finalizers": ["example.com/a"]}, "spec": {"id": "ami-1"}}
        patched = store.patch(key("MachineImage", "a"), changes)
        assert patched.content["spec"]["id"] == "ami-1"
        assert patched.content["spec"]["version"] == "v1.34.2"
        assert patched.content["metadata"]["finalizers"] == ["example.com/a"]
        assert patched.labels == {"os": "ubuntu"}
        found = store.get(key("MachineImage", "a"))
        assert found is not None
        assert found.content == patched.content

    def test_a_patch_leaves_the_status(self, store: Store) -> None:
        store.create(image("a"))
        store.write_status(key("MachineImage", "a"), {"ready": True})
        patched = store.patch(key("MachineImage", "a"), {"spec": {"id": "b"}, "status": {"ready": False}})
        assert patched.status == {"ready": True}

    def test_an_id_is_never_replaced(self, store: Store) -> None:
        store.create(image("a", id="ami-1"))
        with pytest.raises(InvalidObject, match=r"spec\.id|set or cleared"):
            store.patch(key("MachineImage", "a"), {"spec": {"id": "ami-2"}})
        assert store.patch(key("MachineImage", "a"), {"spec": {"id": None}}).content["spec"].get("id") is None
        assert store.patch(key("MachineImage", "a"), {"spec": {"id": "ami-2"}}).content["spec"]["id"] == "ami-2"

    def test_a_patch_that_does_not_fit_is_refused(self, store: Store) -> None:
        store.create(image("a"))
        with pytest.raises(InvalidObject):
            store.patch(key("MachineImage", "a"), {"spec": {"retryLimit": -1}})

    def test_nothing_can_be_patched_that_is_not_there(self, store: Store) -> None:
        with pytest.raises(ObjectNotFound, match="MachineImage default/a"):
            store.patch(key("MachineImage", "a"), {"spec": {"id": "b"}})
        with pytest.raises(ObjectNotFound, match="MachineImage default/a"):
            store.write_status(key("MachineImage", "a"), {})

    def test_an_equal_status_is_not_written(self, store: Store) -> None:
        name = store.create(image("a")).key
        assert store.write_status(name, {"ready": True, "phase": "Created"}) is True
        assert store.write_status(name, {"phase": "Created", "ready": True}) is False
        assert store.write_status(name, {"ready": True}) is True
        found = store.get(name)
        assert found is not None
        assert found.status == {"ready": True}
        assert found.content["spec"]["version"] == "v1.34.2"

    def test_what_is_deleted_is_gone(self, store: Store) -> None:
        name = store.create(image("a")).key
        store.delete(name)
        assert store.get(name) is None
        store.create(image("a"))
