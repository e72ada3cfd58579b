"""What a process knows of the cluster, where a write tells of a deletion before a watch does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from kubernetes.client import ApiClient

from gitops_upgrader.api.names import GROUP, SYNCER_NAME_LABEL
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.cache import Cache
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.wakes import IMAGE, SYNCER
from gitops_upgrader.runtime.watching import Watching
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery
from gitops_upgrader.stores.protocol import Stored
from tests.runtime.memory import MemoryStore, Server


class World:
    """A server, and what a process that watches it knows and wakes; its watches are silent."""

    def __init__(self, client: ApiClient) -> None:
        self.server = Server()
        self.store = MemoryStore(self.server)
        self.cache = Cache(self.store)
        self.woken: list[ObjectKey] = []
        for kind in (IMAGE, SYNCER):
            self.cache.watch(GROUP, kind)
        connection = Connection(client)
        self.watching = Watching(
            client,
            connection,
            Discovery(connection),
            self.cache,
            Metrics(),
            namespaces=(),
            wake=self._wake,
            ask=self.woken.append,
        )
        self.watching.wrote(self.create(SYNCER, "images"))

    def _wake(self, keys: Iterable[ObjectKey]) -> None:
        self.woken += keys

    def create(self, kind: str, name: str) -> Stored:
        metadata = {"name": name, "namespace": "fleet", "labels": {SYNCER_NAME_LABEL: "images"}}
        return self.store.create({"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": metadata})


@pytest.fixture
def world() -> Iterator[World]:
    client = ApiClient()
    yield World(client)
    client.close()


def test_what_is_gone_is_known_to_be_and_made_anew(world: World) -> None:
    image = world.create(IMAGE, "a")
    world.watching.wrote(image)
    world.woken.clear()
    world.store.delete(image.key)

    assert world.cache.get(image.key) is not None
    assert world.watching.is_lost(image)
    assert world.cache.get(image.key) is None
    assert {key.name for key in world.woken} == {"images"}


def test_what_has_taken_its_place_is_seen_at_once_and_stays(world: World) -> None:
    old = world.create(IMAGE, "a")
    world.watching.wrote(old)
    world.store.delete(old.key)
    new = world.create(IMAGE, "a")

    assert world.watching.is_lost(old)
    world.watching.gone(old)  # the watch has got there

    found = world.cache.get(new.key)
    assert found is not None
    assert found.content["metadata"]["uid"] == new.content["metadata"]["uid"]


def test_what_is_there_was_refused_for_something_else(world: World) -> None:
    image = world.create(IMAGE, "a")
    world.watching.wrote(image)
    world.woken.clear()

    assert not world.watching.is_lost(image)
    assert world.cache.get(image.key) is not None
    assert world.woken == []
