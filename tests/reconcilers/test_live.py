"""What is different in a management cluster: live Clusters, finalizers, repositories that stay open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from gitops_upgrader.api import GitOpsRepository
from gitops_upgrader.api.names import FINALIZER, GROUP
from gitops_upgrader.errors import NetworkError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Close, Create, Hold, Leave
from gitops_upgrader.reconcilers import gitops_repository
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import access
from gitops_upgrader.reconcilers.scope import Live
from gitops_upgrader.reconcilers.workspace import Workspace
from tests.reconcilers.management import UPGRADER, Management

BRANCH = "gitops-upgrader/fleet/prod"


def delete(management: Management) -> None:
    management.change(deletionTimestamp="2026-11-01T00:00:00Z")


# --- after the merge ------------------------------------------------------------------------------------------------


def test_the_next_hop_waits_for_the_rollout_and_not_for_the_clock(management: Management) -> None:
    management.cluster("v1.33.5", reconciled="False")
    held = management.run()
    assert isinstance(held.decision, Hold)
    assert held.decision.reason == "RollingOut"
    assert management.condition("Planned") == "False RollingOut"

    management.cluster("v1.33.5")

    assert isinstance(management.run().decision, Create)
    assert management.condition("RolledOut") == "True RolledOut"


def test_a_merge_is_followed_until_it_is_rolled_out(management: Management) -> None:
    management.cluster("v1.33.5")
    management.run()
    management.fleet.people.merge(BRANCH)
    management.run()
    seen = [management.condition("Applied")]
    management.fleet.clock.advance(hours=2)
    management.run()
    seen.append(management.condition("Applied"))
    management.cluster("v1.34.2", reconciled="False")
    management.run()
    seen.append(management.condition("RolledOut"))
    management.cluster("v1.34.2")
    management.run()
    seen.append(management.condition("RolledOut"))

    assert seen == ["False NotApplied", "False ApplyDeadlineExceeded", "False RollingOut", "True RolledOut"]


def test_a_cluster_in_another_namespace_is_read_only_where_that_is_allowed(management: Management) -> None:
    management.store.patch(UPGRADER, {"spec": {"clusterNamespace": "clusters"}})
    management.fleet.people.commit(
        {"clusters/prod.yaml": management.fleet.people.read("main", "clusters/prod.yaml").replace("fleet", "clusters")}
    )
    management.cluster("v1.33.5", reconciled="False", namespace="clusters")
    assert isinstance(management.run().decision, Create)
    assert management.condition("Applied") == "Unknown NoLiveCluster"

    management.live = Live(cross_namespace=True)

    management.run()
    assert management.condition("RolledOut") == "False RollingOut"


def test_without_a_live_cluster_the_interval_counts(management: Management) -> None:
    proposed = management.run()

    assert isinstance(proposed.decision, Create)
    assert management.condition("Applied") == "Unknown NoLiveCluster"


# --- the finalizer --------------------------------------------------------------------------------------------------


def test_the_finalizer_is_there_before_anything_is_made_outside_and_only_as_long(management: Management) -> None:
    management.git.status = lambda seen: 503 if seen.is_push else None
    assert isinstance(management.run().error, NetworkError)
    assert BRANCH not in management.fleet.people.branches()
    assert management.finalizers == [FINALIZER]

    management.git.status = lambda _: None
    management.run()
    assert management.finalizers == [FINALIZER]
    management.fleet.people.merge(BRANCH)
    management.run()

    assert management.finalizers == []


def test_other_peoples_finalizers_stay(management: Management) -> None:
    management.change(finalizers=["example.com/theirs"])
    management.run()
    assert management.finalizers == ["example.com/theirs", FINALIZER]
    management.fleet.people.merge(BRANCH)
    management.run()

    assert management.finalizers == ["example.com/theirs"]


def test_a_deleted_upgrader_goes_when_its_branch_is_gone_whatever_else_is_gone(management: Management) -> None:
    management.run()
    management.store.delete(ObjectKey(GROUP, "Plan", "fleet", "newest"))
    management.fleet.people.commit({"clusters/prod.yaml": None})
    delete(management)

    assert isinstance(management.run().decision, Close)
    assert BRANCH not in management.fleet.people.branches()
    assert management.finalizers == []


def test_a_deleted_upgrader_waits_for_a_repository_that_does_not_answer(management: Management) -> None:
    management.run()
    delete(management)
    management.git.status = lambda _: 503
    assert management.run().error is not None
    assert management.finalizers == [FINALIZER]

    management.git.status = lambda _: None
    management.run()

    assert management.finalizers == []


def test_a_deleted_upgrader_does_not_wait_for_a_repository_that_is_deleted_too(management: Management) -> None:
    management.run()
    management.store.delete(ObjectKey(GROUP, "GitOpsRepository", "fleet", "default"))
    delete(management)
    management.run()

    assert management.finalizers == []
    assert BRANCH in management.fleet.people.branches()


def test_a_deleted_upgrader_that_is_paused_leaves_its_branch_as_it_is(management: Management) -> None:
    management.run()
    management.store.patch(UPGRADER, {"spec": {"paused": True}})
    delete(management)

    management.run()

    assert management.finalizers == []
    assert BRANCH in management.fleet.people.branches()


def test_pausing_forgets_nothing(management: Management) -> None:
    management.run()
    for paused in (True, False):
        management.store.patch(UPGRADER, {"spec": {"paused": paused}})
        management.run()
        assert management.finalizers == [FINALIZER]


def test_what_was_opened_elsewhere_is_held_as_soon_as_it_is_seen(management: Management) -> None:
    management.run()
    management.change(finalizers=None)

    assert isinstance(management.run().decision, Leave)
    assert management.finalizers == [FINALIZER]


def test_a_branch_that_somebody_works_on_does_not_keep_a_deleted_upgrader(management: Management) -> None:
    management.run()
    management.fleet.people.commit({"notes.md": "mine"}, branch=BRANCH)
    delete(management)
    management.run()

    assert management.finalizers == []
    assert BRANCH in management.fleet.people.branches()


# --- repositories that stay open ------------------------------------------------------------------------------------


def opened(management: Management) -> Workspace:
    found = management.store.get(ObjectKey(GROUP, "GitOpsRepository", "fleet", "default"))
    assert found is not None
    return management.workspaces.get(
        access(management.scope, read(found, GitOpsRepository), management.workspaces.line)
    )


def test_within_its_interval_a_repository_is_not_asked_again(management: Management) -> None:
    first = opened(management)
    requests = len(management.git.requests)
    management.fleet.clock.advance(minutes=4)

    assert opened(management) is first
    assert len(management.git.requests) == requests


def test_after_its_interval_branches_are_listed_and_fetched_only_where_one_has_moved(management: Management) -> None:
    first = opened(management)
    management.fleet.clock.advance(minutes=6)
    assert opened(management) is first
    assert management.exchanges == ["list", "fetch", "list"]

    commit = management.fleet.clusters(prod="v1.33.6")
    management.fleet.clock.advance(minutes=6)
    second = opened(management)

    assert second.commit == commit
    assert second.repository is first.repository
    assert management.exchanges[3:] == ["list", "fetch"]


def test_who_asks_gets_a_fresh_look_at_once(management: Management) -> None:
    opened(management)
    commit = management.fleet.clusters(prod="v1.33.6")
    management.workspaces.expire(str(next(iter(management.workspaces._kept))[0]))

    assert opened(management).commit == commit


def test_a_failure_counts_for_everybody_for_a_moment_and_costs_nothing_that_is_open(management: Management) -> None:
    first = opened(management)
    management.fleet.clock.advance(minutes=6)
    management.git.status = lambda _: 503
    for _ in range(3):
        with pytest.raises(NetworkError):
            opened(management)
    assert sum(seen.path.endswith("info/refs") for seen in management.git.requests[2:]) <= 3

    management.git.status = lambda _: None
    management.fleet.clock.advance(minutes=1)

    assert opened(management) is first


def test_after_a_while_a_repository_is_opened_anew_as_tokens_do_not_last(management: Management) -> None:
    first = opened(management)
    management.fleet.clock.advance(minutes=46)

    assert opened(management).repository is not first.repository


def test_what_nobody_uses_any_more_is_closed(management: Management) -> None:
    opened(management)
    url = str(next(iter(management.workspaces._kept))[0])
    management.fleet.clock.advance(hours=2)
    management.workspaces.close_unused(url, management.fleet.clock() - timedelta(hours=3))
    assert len(management.workspaces.all()) == 1

    management.workspaces.close_unused(url, management.fleet.clock() - timedelta(hours=1))

    assert management.workspaces.all() == ()


def test_a_repositorys_status_tells_of_its_head_and_changes_only_with_it(management: Management) -> None:
    def look() -> dict[str, Any]:
        found = management.store.get(ObjectKey(GROUP, "GitOpsRepository", "fleet", "default"))
        assert found is not None
        looked = gitops_repository.reconcile(management.scope, read(found, GitOpsRepository), management.workspaces)
        assert looked.result.problem is None
        again = management.store.get(found.key)
        assert again is not None
        return yaml.safe_load(yaml.safe_dump(dict(again.status)))  # type: ignore[no-any-return]  # plain data

    first = look()
    management.fleet.clock.advance(minutes=6)
    assert look() == first

    commit = management.fleet.clusters(prod="v1.33.6")
    management.fleet.clock.advance(minutes=6)
    later = look()

    assert later["headCommit"] == commit
    assert later["lastChangeTime"] > first["lastChangeTime"]


def test_what_keeps_a_repository_closed_is_in_its_status(management: Management) -> None:
    found = management.store.get(ObjectKey(GROUP, "GitOpsRepository", "fleet", "default"))
    assert found is not None
    management.git.status = lambda _: 404

    looked = gitops_repository.reconcile(management.scope, read(found, GitOpsRepository), management.workspaces)

    assert looked.seen is None
    assert looked.result.reason == "RepositoryNotFound"


def test_every_exchange_with_git_is_counted_and_pushes_are_too(management: Management) -> None:
    management.run()

    assert (management.exchanges[:2], management.exchanges[-1]) == (["list", "fetch"], "push")
    assert any(request.is_push for request in management.git.requests)
