"""The cache: newer looks win, what is deleted stays so, and what is not watched is asked of the API."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.cache import Cache
from gitops_upgrader.stores.protocol import Stored
from tests.runtime.memory import MemoryStore, Server


def look(name: str, version: int, *, uid: str = "u", namespace: str = "fleet", **content: Any) -> Stored:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": str(version)}
    metadata |= {"labels": content.pop("labels", {})}
    return Stored(ObjectKey("g", "Kind", namespace, name), {"metadata": metadata, **content})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def cache(server: Server) -> Cache:
    made = Cache(MemoryStore(server), ("fleet",))
    made.watch("g", "Kind")
    return made


def test_a_newer_look_takes_the_place_of_an_older_one_and_not_the_other_way(cache: Cache) -> None:
    assert cache.put(look("a", 1, spec=1)) == (None, True)
    before, newer = cache.put(look("a", 3, spec=3))
    assert (before and before.content["spec"], newer) == (1, True)

    assert cache.put(look("a", 2, spec=2))[1] is False
    assert cache.put(look("a", 3, spec=3))[1] is False

    found = cache.get(look("a", 0).key)
    assert found is not None
    assert found.content["spec"] == 3


def test_a_late_answer_does_not_bring_a_deleted_object_back(cache: Cache) -> None:
    cache.put(look("a", 1))
    assert cache.remove(look("a", 5)) is not None

    assert cache.put(look("a", 4)) == (None, False)
    assert cache.get(look("a", 0).key) is None
    assert cache.put(look("a", 6, uid="another"))[1] is True


def test_what_was_made_in_the_place_of_a_deleted_object_stays(cache: Cache) -> None:
    """The answer to our own write comes before the watch tells of the deletion that was before it."""
    cache.put(look("a", 1))
    cache.put(look("a", 6, uid="another"))

    assert cache.remove(look("a", 5)) is None

    found = cache.get(look("a", 0).key)
    assert found is not None
    assert found.content["metadata"]["uid"] == "another"
    assert cache.remove(look("a", 6, uid="another")) is not None


def test_a_deletion_that_a_list_tells_of_is_one_whatever_was_written_last(cache: Cache) -> None:
    """A list does not say when: the object is as the watch saw it last, and our last write may be younger."""
    cache.put(look("a", 1))
    cache.put(look("a", 6))

    assert cache.remove(look("a", 1)) is not None
    assert cache.get(look("a", 0).key) is None


def test_objects_are_listed_sorted_and_by_label(cache: Cache) -> None:
    for name in ("b", "a", "c"):
        cache.put(look(name, 1, labels={"os": "ubuntu" if name != "c" else "flatcar"}))

    assert [found.key.name for found in cache.list("g", "Kind")] == ["a", "b", "c"]
    assert [found.key.name for found in cache.list("g", "Kind", "fleet", {"os": "ubuntu"})] == ["a", "b"]


def test_what_is_not_watched_is_asked_of_the_api(cache: Cache, server: Server) -> None:
    store = MemoryStore(server)
    other = {"apiVersion": "g/v1", "kind": "Other", "metadata": {"name": "x", "namespace": "fleet"}}
    elsewhere = {"apiVersion": "g/v1", "kind": "Kind", "metadata": {"name": "x", "namespace": "elsewhere"}}
    keys = [store.create(content).key for content in (other, elsewhere)]

    assert all(cache.get(key) is not None for key in keys)
    assert len(cache.list("g", "Other")) == 1
    assert len(cache.list("g", "Kind", "elsewhere")) == 1
    assert cache.list("g", "Kind") == ()
    assert not cache.watches(keys[1])


def test_until_everything_was_listed_the_api_is_asked(server: Server) -> None:
    listed = False
    cache = Cache(MemoryStore(server))
    cache.watch("g", "Kind", ready=lambda: listed)
    content = {"apiVersion": "g/v1", "kind": "Kind", "metadata": {"name": "x", "namespace": "fleet"}}
    key = MemoryStore(server).create(content).key

    assert cache.get(key) is not None
    listed = True
    assert cache.get(key) is None
    assert cache.is_ready(key)


def test_of_an_outline_the_whole_is_asked_of_the_api(server: Server) -> None:
    cache = Cache(MemoryStore(server))
    cache.watch("", "Secret", outline=True)
    content = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "fleet"}, "data": {"a": ""}}
    key = MemoryStore(server).create(content).key
    cache.put(Stored(key, {"metadata": content["metadata"]}))

    found = cache.get(key)

    assert found is not None
    assert found.content["data"] == {"a": ""}
    assert [one.key for one in cache.known("", "Secret")] == [key]


def test_the_whole_is_asked_for_once_for_each_version(server: Server) -> None:
    cache, store = Cache(MemoryStore(server), ("fleet",)), MemoryStore(server)
    cache.watch("", "Secret", outline=True)
    content = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "fleet"}, "data": {"a": ""}}
    made = store.create(content)

    def outline(stored: Stored) -> Stored:
        return Stored(stored.key, {"metadata": stored.content["metadata"]})

    cache.put(outline(made))
    whole = cache.get(made.key)
    assert cache.get(made.key) is whole
    changed = store.patch(made.key, {"data": {"a": "Yg=="}})
    cache.put(outline(changed))
    again = cache.get(made.key)
    assert again is not None
    assert again.content["data"] == {"a": "Yg=="}
    store.delete(made.key)
    cache.remove(outline(changed))
    assert cache.get(made.key) is None


def test_where_only_some_objects_are_watched_the_api_is_asked_for_the_others(server: Server) -> None:
    cache = Cache(MemoryStore(server))
    cache.watch("batch", "Job", partial=True)
    content = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x", "namespace": "fleet"}}
    key = MemoryStore(server).create(content).key
    cache.put(Stored(ObjectKey("batch", "Job", "fleet", "ours"), {"metadata": {"name": "ours"}}))

    assert cache.get(key) is not None
    assert cache.get(ObjectKey("batch", "Job", "fleet", "ours")) is not None
    assert [found.key.name for found in cache.list("batch", "Job")] == ["x"]


def test_the_same_look_is_kept_once_and_is_no_news(cache: Cache) -> None:
    """The watch's event of a write takes the place of the answer to it: whoever brings events keeps it anyway."""
    answer, heard = look("a", 3), look("a", 3)
    cache.put(answer)

    assert cache.put(heard) == (answer, False)
    assert cache.get(heard.key) is heard
