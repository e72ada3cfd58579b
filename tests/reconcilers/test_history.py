"""Which MachineImages a syncer removes: those that nothing wants, beyond the newest, and none in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from gitops_upgrader import api
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import syncer
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.reconcilers.scope import Live, Result, Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores.directory import DirectoryStore
from tests.reconcilers.directory import OURS, PLAN, SYNCER, TEMPLATE, VERSIONS, repository
from tests.reconcilers.directory import upgrader as upgrader_text
from tests.reconcilers.workspace import REPOSITORY, SYNCER_KEY, Files, Seen, look

NOW = datetime(2026, 11, 3, tzinfo=UTC)
LABEL = "kubernetes-upgrader.dimitrikoshkin.com/machine-image-syncer-name"
OLD = ("v1.33.1", "v1.33.2", "v1.33.3", "v1.33.4")
READY = [{"type": "Ready", "status": "True", "reason": "Succeeded", "lastTransitionTime": "2026-11-01T00:00:00Z"}]
FAILED = [{**READY[0], "status": "False", "reason": "ObjectNotFound"}]


class World:
    """A namespace in which images of four old versions are there, and one newer version is wanted."""

    def __init__(self, limit: int | None = 0, *, versions: tuple[str, ...] = OLD) -> None:
        self.store = DirectoryStore()
        self.mentions = Mentions()
        self.create(VERSIONS, TEMPLATE, PLAN, repository("https://git.example.org/fleet.git"))
        more = "" if limit is None else f"  historyLimit: {limit}\n"
        self.create(SYNCER.replace("LatestPerMinor", "Latest") + more)
        self.store.patch(SYNCER_KEY, {"metadata": {"uid": "u-1"}})
        for version in versions:
            self.image(version)
        self.status("Plan", "newest", phase="FoundMachineImage", conditions=READY)

    def create(self, *texts: str) -> None:
        for text in texts:
            content = yaml.safe_load(text.replace("OURS", OURS))
            content["metadata"].setdefault("namespace", "fleet")
            self.store.create(content)

    def image(self, version: str, phase: str = "Created", uid: str = "u-1", **status: Any) -> ObjectKey:
        owner = {"apiVersion": OURS, "kind": "MachineImageSyncer", "name": "images", "uid": uid, "controller": True}
        name = f"images-{version}"
        metadata = {
            "name": name, "namespace": "fleet", "labels": {LABEL: "images", "os": "ubuntu"}, "ownerReferences": [owner],
        }  # fmt: skip
        spec = {"version": version, "jobTemplate": {"spec": {}}}
        stored = self.store.create({"apiVersion": OURS, "kind": "MachineImage", "metadata": metadata, "spec": spec})
        built = {"ready": True, "id": f"ami-{version.replace('.', '')}"} if phase == "Created" else {}
        self.store.write_status(stored.key, {"phase": phase, **built, **status})
        return stored.key

    def upgrader(self, current: str | None, **status: Any) -> None:
        self.create(upgrader_text("prod"))
        said = {"conditions": READY, **({"currentVersion": current} if current else {}), **status}
        self.status("ClusterClassClusterUpgrader", "prod", **said)

    def status(self, kind: str, name: str, **status: Any) -> None:
        self.store.write_status(ObjectKey(GROUP, kind, "fleet", name), status)

    def run(self, *, mentions: bool = True) -> Result:
        scope = Scope(
            self.store,
            lambda: NOW,
            HttpFetch(),
            runs_jobs=True,
            live=Live(),
            mentions=self.mentions if mentions else None,
        )
        stored = self.store.get(SYNCER_KEY)
        assert stored is not None
        return syncer.reconcile(scope, api.parse_as(api.MachineImageSyncer, stored.content))

    def settle(self, **files: str) -> Result:
        """Run, have the repository looked at if that is asked for, and run again."""
        result = self.run()
        if result.wake:
            assert result.wake == {REPOSITORY}
            assert result.news == ()
            texts = {path.replace("_", "."): text.encode() for path, text in files.items()}
            assert look(self.mentions, Seen(Files(texts))) == {SYNCER_KEY}
            result = self.run()
            assert result.wake == frozenset()
        assert result.problem is None
        return result

    @property
    def left(self) -> list[str]:
        """The old versions that still have an image."""
        found = (stored.content["spec"]["version"] for stored in self.store.list(GROUP, "MachineImage"))
        return [version for version in found if version != "v1.34.2"]


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (0, []),
        (1, ["v1.33.4"]),
        (3, ["v1.33.2", "v1.33.3", "v1.33.4"]),
        (4, list(OLD)),
        (None, list(OLD)),
    ],
)
def test_the_newest_that_nothing_wants_stay(limit: int | None, left: list[str]) -> None:
    world = World(limit)
    result = world.settle()
    assert world.left == left
    assert len(result.news) == len(OLD) - len(left)
    assert world.settle().news == ()


def test_what_was_removed_is_told_with_the_id_of_what_stays() -> None:
    world = World(versions=("v1.33.1",))
    (note,) = world.settle().news
    assert note == (
        "MachineImage fleet/images-v1.33.1 of v1.33.1 is wanted no more, and was removed. "
        "The image itself, ami-v1331, is not touched."
    )


def test_files_have_no_history() -> None:
    """Without a controller nothing is removed, and nothing is asked."""
    world = World()
    assert world.run(mentions=False).wake == frozenset()
    assert world.left == list(OLD)


@pytest.mark.parametrize(
    "text",
    [
        "value: ami-v1333",
        "version: v1.33.3",
        "version: 1.33.3  # a comment",
        '{"image": "ubuntu-1.33.3.qcow2"}',
        "# was v1.33.3",
    ],
)
def test_what_a_file_names_by_id_or_version_stays_and_is_no_part_of_the_history(text: str) -> None:
    world = World(1)
    world.settle(values_yaml=text)
    assert world.left == ["v1.33.3", "v1.33.4"]


@pytest.mark.parametrize("text", ["v1.33.33", "11.33.3", "2.1.33.3", "ami-v133", ""])
def test_another_version_is_none_of_ours(text: str) -> None:
    world = World()
    world.settle(values_yaml=text)
    assert world.left == []


def test_what_is_no_file_or_too_large_for_a_manifest_names_nothing() -> None:
    world = World()
    world.settle(disk_iso="v1.33.3", latest_link="v1.33.3")
    assert world.left == []


def test_a_branch_of_ours_counts_as_well() -> None:
    """An open pull request whose upgrader is not there any more, say."""
    world = World()
    world.run()

    class Branches(Files):
        def tree(self, commit: str) -> Files:
            return Files({"a": b"v1.33.2"} if commit == "c2" else {"b": b"v1.33.1"})

    look(world.mentions, Seen(Branches({}), refs={"gitops-upgrader/fleet/gone": "c2"}))
    world.run()
    assert world.left == ["v1.33.1", "v1.33.2"]


def test_a_target_of_a_plan_stays() -> None:
    world = World()
    details = {"version": "v1.33.2", "id": "ami-v1332"}
    world.status("Plan", "newest", phase="FoundMachineImage", machineImageDetails=details, conditions=READY)
    world.settle()
    assert world.left == ["v1.33.2"]


@pytest.mark.parametrize(
    ("current", "left"),
    [
        ("v1.32.9", list(OLD)),
        ("v1.33.3", ["v1.33.3", "v1.33.4"]),
        ("1.33.3", ["v1.33.3", "v1.33.4"]),
        ("v1.34.0", []),
    ],
)
def test_what_a_cluster_may_have_to_pass_yet_stays(current: str, left: list[str]) -> None:
    world = World()
    world.upgrader(current)
    world.settle()
    assert world.left == left


def test_an_upgrader_of_another_plan_wants_none_of_these() -> None:
    world = World()
    world.create(PLAN.replace("name: newest", "name: other").replace("os: ubuntu", "os: flatcar"))
    world.create(upgrader_text("prod").replace("{name: newest}", "{name: other}"))
    world.settle()
    assert world.left == []


def test_a_plan_of_another_kind_names_what_it_offers() -> None:
    world = World()
    image = {"version": "v1.33.2", "id": "ami-v1332"}
    choice = {"apiVersion": "example.com/v1", "kind": "Choice", "metadata": {"name": "theirs", "namespace": "fleet"}}
    key = world.store.create(choice).key
    world.store.write_status(key, {"machineImageDetails": image, "candidates": [image]})
    reference = "{apiVersion: example.com/v1, kind: Choice, name: theirs}"
    world.create(upgrader_text("prod").replace("{name: newest}", reference))
    world.settle()
    assert world.left == ["v1.33.2"]


def spoil_plan(world: World) -> None:
    world.status("Plan", "newest", phase="FoundMachineImage", conditions=FAILED)


def new_plan(world: World) -> None:
    world.status("Plan", "newest")


def changed_plan(world: World) -> None:
    world.store.patch(ObjectKey(GROUP, "Plan", "fleet", "newest"), {"metadata": {"generation": 2}})


def lost_upgrader(world: World) -> None:
    world.upgrader("v1.34.0", conditions=FAILED)


def new_upgrader(world: World) -> None:
    world.upgrader(None)


def plan_gone(world: World) -> None:
    world.upgrader("v1.34.0")
    world.store.patch(
        ObjectKey(GROUP, "ClusterClassClusterUpgrader", "fleet", "prod"), {"spec": {"planRef": {"name": "gone"}}}
    )


def repository_gone(world: World) -> None:
    world.upgrader("v1.34.0")
    world.store.delete(REPOSITORY)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_plan, "Plan fleet/newest: It is not ready (ObjectNotFound)."),
        (new_plan, "Plan fleet/newest: It is not reconciled yet."),
        (changed_plan, "Plan fleet/newest: It is not reconciled yet."),
        (lost_upgrader, "ClusterClassClusterUpgrader fleet/prod: It is not ready (ObjectNotFound)."),
        (new_upgrader, "ClusterClassClusterUpgrader fleet/prod: Its cluster's version is not known."),
        (plan_gone, "There is no Plan fleet/gone."),
        (repository_gone, "There is no GitOpsRepository fleet/default."),
    ],
)
def test_in_doubt_none_is_removed_and_that_is_said(spoil: Any, why: str) -> None:
    world = World()
    spoil(world)
    world.settle()
    assert world.left == list(OLD)
    (ready,) = world.store.list(GROUP, "MachineImageSyncer")[0].status["conditions"]
    assert (ready["status"], "Old images are kept" in ready["message"]) == ("True", True)
    assert why in ready["message"]


def test_a_plan_that_is_made_at_this_moment_is_a_doubt_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.upgrader("v1.34.0")
    listed = world.store.list

    def late(group: str, kind: str, *more: Any) -> Any:
        return () if kind == "Plan" else listed(group, kind, *more)

    monkeypatch.setattr(world.store, "list", late)
    world.run()
    assert world.left == list(OLD)


def test_a_repository_that_nobody_can_look_at_keeps_everything() -> None:
    world = World()
    assert world.run().wake == {REPOSITORY}
    assert world.run().wake == {REPOSITORY}
    assert world.left == list(OLD)


def test_a_range_in_which_nothing_is_published_looks_like_a_mistake() -> None:
    world = World()
    world.store.patch(SYNCER_KEY, {"spec": {"versionRange": "v1.43.x"}})
    assert world.run().wake == frozenset()
    assert world.left == list(OLD)


@pytest.mark.parametrize(
    ("phase", "uid", "gone"),
    [("Failed", "u-1", True), ("Building", "u-1", False), ("Created", "u-2", False)],
)
def test_builds_that_run_and_images_of_others_are_left_alone(phase: str, uid: str, gone: bool) -> None:
    world = World(versions=())
    world.image("v1.33.1", phase, uid)
    world.settle()
    assert world.left == ([] if gone else ["v1.33.1"])


def test_one_that_is_being_deleted_is_not_deleted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(versions=("v1.33.1",))
    key = ObjectKey(GROUP, "MachineImage", "fleet", "images-v1.33.1")
    world.store.patch(key, {"metadata": {"deletionTimestamp": "2026-11-01T00:00:00Z"}})
    assert world.settle().news == ()
