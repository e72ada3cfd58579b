"""One reconcile after another, over a store in memory and a repository over loopback HTTP: who does what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import ObjectMissing, ObjectNotFound, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.runtime.wakes import IMAGE, REPOSITORY, SYNCER, UPGRADER
from gitops_upgrader.stores.directory import DirectoryStore
from gitops_upgrader.stores.protocol import Stored
from tests.gitserver import GitServer, git_http_server
from tests.reconcilers import directory
from tests.reconcilers.directory import PLAN as PLAN_TEXT
from tests.reconcilers.directory import SYNCER as SYNCER_TEXT
from tests.reconcilers.directory import TEMPLATE, VERSIONS, Fleet, repository
from tests.runtime.controller import Controller


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture
def git(fleet: Fleet, tmp_path: Path) -> Iterator[GitServer]:
    fleet.clusters(prod="v1.33.5")
    with git_http_server(tmp_path) as served:
        yield served


def world(fleet: Fleet, git: GitServer, labels: str = "") -> DirectoryStore:
    """A fleet whose upgrader, syncer and plan, but not the repository, have labels."""
    with_labels = f"metadata: {{labels: {{{labels}}}, name: "
    texts = (SYNCER_TEXT, PLAN_TEXT, directory.upgrader("prod"))
    labelled = [text.replace("metadata: {name: ", with_labels) for text in texts]
    assert all(labels in text for text in labelled)
    fleet.write("all.yaml", VERSIONS, TEMPLATE, *labelled)
    url = f"{git.url}/{fleet.people.path.name}"
    fleet.write("repository.yaml", repository(url, provider="none", branch="main"))
    store = DirectoryStore.load([fleet.manifests])
    assert store.problems == ()
    return store


def content(store: DirectoryStore, kind: str, name: str) -> dict[str, Any]:
    found = store.get(ObjectKey(GROUP, kind, "fleet", name))
    assert found is not None
    return dict(found.content)


def test_a_shard_acts_on_its_own_objects_alone(fleet: Fleet, git: GitServer) -> None:
    store = world(fleet, git, "shard: red")
    other = Controller(fleet, store, "shard notin (red)")
    other.flow()
    assert store.list(GROUP, IMAGE) == ()
    assert "status" not in content(store, UPGRADER, "prod")
    assert content(store, REPOSITORY, "default")["status"]["headCommit"]
    Controller(fleet, store, "shard=red").flow()
    assert content(store, UPGRADER, "prod")["status"]["phase"] == "Proposed"


def test_what_a_syncer_makes_is_in_its_shard(fleet: Fleet, git: GitServer) -> None:
    store = world(fleet, git, "shard: red, team: ours")
    red = Controller(fleet, store, "shard=red")
    red.run(SYNCER, "images")
    found = store.list(GROUP, IMAGE)
    assert [image.labels.get("shard") for image in found] == ["red", "red"]
    assert [image.labels.get("team") for image in found] == [None, None]
    red.flow()
    assert all(image.status["ready"] for image in store.list(GROUP, IMAGE))


def test_a_repository_of_another_shard_is_looked_at_for_the_upgraders_here(fleet: Fleet, git: GitServer) -> None:
    """Else nobody would tell them of a merge. Its status is left to whom it belongs."""
    store = world(fleet, git, "shard: red")
    red = Controller(fleet, store, "shard=red")
    red.flow()
    red.run(REPOSITORY, "default")  # which sees what the upgrader has pushed
    first = red.run(REPOSITORY, "default")
    assert (first.result, first.wake, "status" in content(store, REPOSITORY, "default")) == (
        "succeeded",
        frozenset(),
        False,
    )
    fleet.people.merge("gitops-upgrader/fleet/prod")
    assert first.again is not None
    fleet.clock.advance(minutes=first.again.total_seconds() / 60)
    assert {key.name for key in red.run(REPOSITORY, "default").wake} == {"prod"}
    git.status = lambda _: 404
    fleet.clock.advance(minutes=6)
    assert red.run(REPOSITORY, "default").result == "failed"
    assert "status" not in content(store, REPOSITORY, "default")


def test_a_repository_that_no_upgrader_here_uses_costs_nothing(fleet: Fleet, git: GitServer) -> None:
    store = world(fleet, git, "shard: red")
    blue = Controller(fleet, store, "shard=blue")
    outcome = blue.run(REPOSITORY, "default")
    assert (outcome.result, outcome.again is None, blue.exchanges) == ("gone", False, [])
    store.patch(ObjectKey(GROUP, UPGRADER, "fleet", "prod"), {"metadata": {"labels": {"shard": "blue"}}})
    assert blue.run(REPOSITORY, "default").result == "succeeded"


def test_old_images_go_once_the_repository_has_been_looked_at(fleet: Fleet, git: GitServer) -> None:
    """The syncer asks, the look at the repository answers and wakes it, and the next run removes."""
    store = world(fleet, git)
    store.patch(ObjectKey(GROUP, SYNCER, "fleet", "images"), {"metadata": {"uid": "u-1"}})
    process = Controller(fleet, store)
    process.flow()
    assert [image.key.name for image in store.list(GROUP, IMAGE)] == ["images-v1.33.5", "images-v1.34.2"]
    limit = {"historyLimit": 0, "policy": "Latest"}
    store.patch(ObjectKey(GROUP, SYNCER, "fleet", "images"), {"spec": limit})

    assert process.run(SYNCER, "images").wake == frozenset()  # the cluster is at v1.33.5, which says enough
    fleet.people.merge("gitops-upgrader/fleet/prod")
    fleet.clock.advance(minutes=6)
    process.flow()
    asked = process.run(SYNCER, "images")
    assert {key.name for key in asked.wake} == {"default"}
    exchanges = len(process.exchanges)
    assert ObjectKey(GROUP, SYNCER, "fleet", "images") in process.run(REPOSITORY, "default").wake
    assert len(process.exchanges) == exchanges, "the answer needs no exchange with the remote"
    process.run(SYNCER, "images")

    assert [image.key.name for image in store.list(GROUP, IMAGE)] == ["images-v1.34.2"]
    (event,) = (event for event in events(store) if event["reason"] == "MachineImageRemoved")
    assert event["note"].startswith("MachineImage fleet/images-v1.33.5 of v1.33.5 is wanted no more")


def test_what_a_repository_says_that_cannot_be_read_is_no_answer(
    fleet: Fleet, git: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world(fleet, git)
    process = Controller(fleet, store)
    process.flow()

    def unreadable(*_: object) -> frozenset[ObjectKey]:
        raise ObjectMissing("The repository does not have the object.")

    monkeypatch.setattr(Mentions, "look", unreadable)
    fleet.people.merge("gitops-upgrader/fleet/prod")
    fleet.clock.advance(minutes=6)
    outcome = process.run(REPOSITORY, "default")
    assert (outcome.result, {key.name for key in outcome.wake}) == ("succeeded", {"prod"})


def live(store: DirectoryStore, version: str) -> ObjectKey:
    """A live Cluster that asks for a version, and has rolled it out."""
    content: dict[str, Any] = {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "prod", "namespace": "fleet", "generation": 2},
        "spec": {"topology": {"version": version}},
    }
    key = store.create(content).key
    kinds = ("TopologyReconciled", "ControlPlaneMachinesUpToDate", "WorkerMachinesUpToDate")
    conditions = [{"type": type_, "status": "True"} for type_ in kinds] + [{"type": "RollingOut", "status": "False"}]
    store.write_status(key, {"observedGeneration": 2, "conditions": conditions})
    return key


def test_a_merge_that_nobody_applies_is_a_condition_and_one_event_and_never_an_edit(
    fleet: Fleet, git: GitServer
) -> None:
    store = world(fleet, git)
    cluster = live(store, "v1.33.5")
    before = store.get(cluster)
    process = Controller(fleet, store)
    process.flow()
    fleet.people.merge("gitops-upgrader/fleet/prod")
    branches = fleet.people.branches()
    for _ in range(4):
        fleet.clock.advance(minutes=31)
        outcome = process.run(UPGRADER, "prod")
        assert outcome.again is not None
        assert outcome.again.total_seconds() <= 300, "the deadline would be noticed late"

    conditions = {one["type"]: one for one in content(store, UPGRADER, "prod")["status"]["conditions"]}
    assert (conditions["Applied"]["status"], conditions["Applied"]["reason"]) == ("False", "ApplyDeadlineExceeded")
    late = [event for event in events(store) if event["reason"] == "ApplyDeadlineExceeded"]
    assert [(event["type"], event["regarding"]["name"]) for event in late] == [("Warning", "prod")]
    assert store.get(cluster) == before
    assert fleet.people.branches().items() <= branches.items()


def events(store: DirectoryStore) -> list[dict[str, Any]]:
    return [dict(found.content) for found in store.list("events.k8s.io", "Event")]


def test_an_image_that_is_being_deleted_is_not_built_anew(fleet: Fleet, git: GitServer) -> None:
    """Its Job goes first where its deletion waits for what it owns: that is no failed attempt."""
    store = world(fleet, git)
    spec = {"version": "v1.32.1", "jobTemplate": {"spec": {"containers": [{"name": "build", "image": "builder"}]}}}
    metadata = {"name": "built", "namespace": "fleet", "uid": "u-1"}
    key = store.create({"apiVersion": directory.OURS, "kind": IMAGE, "metadata": metadata, "spec": spec}).key
    process = Controller(fleet, store)
    process.run(IMAGE, "built")
    (job,) = store.list("batch", "Job")
    store.patch(key, {"metadata": {"deletionTimestamp": "2026-11-01T00:00:00Z", "finalizers": ["foregroundDeletion"]}})
    store.delete(job.key)

    assert process.run(IMAGE, "built").result == "gone"
    assert store.list("batch", "Job") == ()
    store.delete(key)
    assert process.run(IMAGE, "built").result == "gone"


FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: NAME, namespace: fleet}
spec: {url: "https://git.fleet.invalid/fleet.git", MORE}
---
apiVersion: OURS
kind: GitOpsRepository
metadata: {name: NAME, namespace: fleet}
spec: {sourceRef: {kind: GitRepository, name: NAME}, provider: gitea}
"""


def test_who_names_a_forge_or_a_proxy_of_their_own_is_not_waited_for_by_others(fleet: Fleet) -> None:
    ways = {"one": "timeout: 60s", "two": "timeout: 60s", "proxied": "proxySecretRef: {name: slow}"}
    for name, more in ways.items():
        fleet.write(f"{name}.yaml", FLUX.replace("NAME", name).replace("MORE", more))
    plain = repository("https://git.fleet.invalid/fleet.git", name="api", apiURL="https://api.fleet.invalid")
    fleet.write("api.yaml", plain)
    store = DirectoryStore.load([fleet.manifests])
    assert store.problems == ()
    dispatcher = Controller(fleet, store).dispatcher

    names = ("one", "two", "proxied", "api")
    lanes = {name: dispatcher.lane(ObjectKey(GROUP, REPOSITORY, "fleet", name)) for name in names}

    assert {name: lane.name if lane else None for name, lane in lanes.items()} == {
        "one": "https://git.fleet.invalid/fleet",
        "two": "https://git.fleet.invalid/fleet",
        "proxied": "https://git.fleet.invalid/fleet fleet/slow",
        "api": "https://git.fleet.invalid/fleet https://api.fleet.invalid",
    }


def test_an_object_that_is_gone_before_a_watch_tells_of_it_is_gone(
    fleet: Fleet, git: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world(fleet, git)
    process = Controller(fleet, store)
    process.run(SYNCER, "images")
    looked: list[str] = []

    def nowhere(key: ObjectKey, _: object) -> bool:
        raise ObjectNotFound("There is no such object.", where=Where(object=str(key)))

    def is_lost(stored: Stored) -> bool:
        looked.append(stored.key.name)
        return stored.key.name == "images-v1.34.2"

    monkeypatch.setattr(store, "write_status", nowhere)
    monkeypatch.setattr(process.dispatcher, "is_lost", is_lost)
    outcome = process.run(IMAGE, "images-v1.34.2")

    assert (outcome.result, outcome.again, outcome.problem) == ("gone", None, None)
    with pytest.raises(ObjectNotFound):
        process.run(IMAGE, "images-v1.33.5")
    assert looked == ["images-v1.34.2", "images-v1.33.5"]
