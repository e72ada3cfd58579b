"""What a status says at each step of a hop's life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_upgrader.api import ClusterClassClusterUpgrader, parse_as
from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgraderStatus
from gitops_upgrader.api.conditions import find
from gitops_upgrader.errors import AuthenticationFailed, NetworkError, UpgraderError
from gitops_upgrader.model import Edit, PullRequest, PullState, Span, Target
from gitops_upgrader.pulls.decision import Close, Create, Decision, Gate, Hold, Leave, NoTarget, Push, Update
from gitops_upgrader.reconcilers.merged import Merge
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.rollout import Rollout, Stage
from gitops_upgrader.reconcilers.upgrader_status import summarise
from gitops_upgrader.versions import Version

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OLD, NEW = Target(Version.parse("v1.33.5"), "img-1"), Target(Version.parse("v1.34.2"), "img-2")
EDIT = Edit("prod.yaml", 0, 1, 1, "/spec/topology/version", "v1.33.5", "v1.34.2", Span(0, 1), b"x")
BRANCH = "gitops-upgrader/fleet/prod"


def upgrader(status: ClusterClassClusterUpgraderStatus | None = None) -> ClusterClassClusterUpgrader:
    content: dict[str, Any] = {
        "apiVersion": "kubernetesupgraded.dimitrikoshkin.com/v1alpha1",
        "kind": "ClusterClassClusterUpgrader",
        "metadata": {"name": "prod", "namespace": "fleet", "generation": 3},
        "spec": {"clusterName": "prod", "planRef": {"name": "stable"}},
    }
    if status is not None:
        # through JSON, as the store keeps it
        content["status"] = status.to_content()
    return parse_as(ClusterClassClusterUpgrader, content)


def pull(state: PullState = PullState.OPEN, number: int = 7) -> PullRequest:
    merged = NOW - timedelta(minutes=5) if state is PullState.MERGED else None
    return PullRequest(
        number=number,
        url=f"https://forge.example/pulls/{number}",
        title="Upgrade prod",
        body="",
        state=state,
        head=BRANCH,
        base="main",
        head_commit="a" * 40,
        created_at=NOW - timedelta(hours=1),
        merged_at=merged,
    )


MERGED = Merge(OLD.version, NEW, NOW - timedelta(minutes=5), pull(PullState.MERGED))
CREATE = Create("Proposed", "v1.33.5 -> v1.34.2", BRANCH, Push(BRANCH, None))
LEAVE = Leave("Current", "Pull request 7 proposes this already.", 7, BRANCH)
UP_TO_DATE = Hold("UpToDate", "The base branch is at v1.34.2 already.")
INTERVAL = Gate("HopInterval", "The next hop waits until tomorrow.", NOW + timedelta(days=1))
LIMIT = Gate("LimitReached", "10 pull requests are open; maxOpen is 10.")


def proposed(decision: Decision | None, **changes: Any) -> Proposed:
    made = Proposed(
        "fleet/prod",
        "https://git.example/fleet",
        "fleet/prod",
        decision=decision,
        origin=OLD,
        target=NEW,
        edits=(EDIT,),
        branch=BRANCH,
        why="hop v1.33.5 -> v1.34.2: newest image within one minor",
    )
    return replace(made, **changes)


def after_merge(decision: Decision, **changes: Any) -> Proposed:
    made = {"origin": NEW, "target": NEW, "edits": (), "branch": None, "merged": (MERGED,), "latest": MERGED.pull}
    return proposed(decision, **(made | changes))


def rollout(stage: Stage) -> Rollout:
    return Rollout(stage, "v1.34.2", f"{stage.value} in words.")


def status_of(
    seen: Proposed,
    before: ClusterClassClusterUpgraderStatus | None = None,
    *,
    now: datetime = NOW,
    apply_deadline: timedelta = timedelta(hours=1),
) -> ClusterClassClusterUpgraderStatus:
    return summarise(upgrader(before), seen, now=now, apply_deadline=apply_deadline)


def brief(status: ClusterClassClusterUpgraderStatus) -> str:
    """A status in one line: phase, then each condition with its reason."""
    conditions = ", ".join(f"{found.type}={found.status.value}({found.reason})" for found in status.conditions)
    return f"{status.phase}: {conditions}"


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        pytest.param(
            proposed(CREATE, pull=pull()),
            "Proposed: Ready=True(Succeeded), Planned=True(HopFound), Proposed=True(Opened), Merged=False(Open)",
            id="opened",
        ),
        pytest.param(
            proposed(Update("Superseded", "v1.34.2 takes the place of v1.34.1.", BRANCH, None, 7), pull=pull()),
            "Proposed: Ready=True(Succeeded), Planned=True(HopFound), Proposed=True(Updated), Merged=False(Open)",
            id="superseded",
        ),
        pytest.param(
            proposed(LEAVE, pull=pull()),
            "Proposed: Ready=True(Succeeded), Planned=True(HopFound), Proposed=True(Unchanged), Merged=False(Open)",
            id="waits for people",
        ),
        pytest.param(
            proposed(Leave("HopInterval", INTERVAL.message, 7, BRANCH, pending=True), pull=pull(), gate=INTERVAL),
            "Proposed: Ready=True(Holding), Planned=False(HopInterval), Proposed=True(Unchanged), Merged=False(Open)",
            id="a gate shut while it is open",
        ),
        pytest.param(
            proposed(Leave("Paused", "Upgrader prod is paused.", 7, BRANCH), pull=pull()),
            "Paused: Ready=True(Paused), Planned=True(HopFound), Proposed=True(Unchanged), Merged=False(Open)",
            id="paused with one open",
        ),
        pytest.param(
            proposed(Hold("Paused", "Upgrader prod is paused."), branch=None),
            "Paused: Ready=True(Paused), Planned=True(HopFound), Proposed=False(Paused)",
            id="paused",
        ),
        pytest.param(
            proposed(Hold("LimitReached", LIMIT.message), branch=None, gate=LIMIT),
            "Holding: Ready=True(Holding), Planned=True(HopFound), Proposed=False(LimitReached)",
            id="over the limit",
        ),
        pytest.param(
            proposed(
                Hold("MissingImage", "v1.34.x has no image."),
                target=None,
                edits=(),
                branch=None,
                nothing=NoTarget("MissingImage", "v1.34.x has no image."),
            ),
            "Holding: Ready=True(Holding), Planned=False(NoMachineImage), Proposed=False(NothingToPropose)",
            id="an image is missing",
        ),
        pytest.param(
            proposed(Hold("Refused", "Pull request 7 was closed by a person."), latest=pull(PullState.CLOSED)),
            "Holding: Ready=True(Holding), Planned=True(HopFound), Proposed=False(Refused)",
            id="refused",
        ),
        pytest.param(
            proposed(Hold("Reverted", "Somebody reverted it."), merged=(MERGED,), latest=MERGED.pull),
            "Holding: Ready=True(Holding), Planned=True(HopFound), Proposed=False(Reverted), Merged=False(Reverted)",
            id="reverted",
        ),
        pytest.param(
            proposed(Hold("BranchModified", "Ann works on it.", pull=7), pull=pull()),
            "Holding: Ready=True(Holding), Planned=True(HopFound), Proposed=False(BranchModified)",
            id="a person's branch",
        ),
        pytest.param(
            proposed(
                Close("Withdrawn", "v1.34.2 is wanted no more.", BRANCH, 7, "a"),
                target=None,
                edits=(),
                pull=pull(PullState.CLOSED),
                nothing=NoTarget("NoCandidate", "No image is ready."),
            ),
            "Holding: Ready=True(Succeeded), Planned=False(NoMachineImage), Proposed=False(Withdrawn)",
            id="withdrawn",
        ),
        pytest.param(
            after_merge(UP_TO_DATE),
            "UpToDate: Ready=True(UpToDate), Planned=False(UpToDate), Proposed=False(NothingToPropose), "
            "Merged=True(Merged)",
            id="merged, and nothing more to do",
        ),
        pytest.param(
            after_merge(Hold("HopInterval", INTERVAL.message), edits=(EDIT,), gate=INTERVAL),
            "Merged: Ready=True(Holding), Planned=False(HopInterval), Proposed=False(NothingToPropose), "
            "Merged=True(Merged)",
            id="merged, and the next hop waits",
        ),
        pytest.param(
            after_merge(
                Hold("RollingOut", "waits"),
                edits=(EDIT,),
                rollout=rollout(Stage.ROLLING_OUT),
                gate=Gate("RollingOut", "waits"),
            ),
            "RollingOut: Ready=True(Holding), Planned=False(RollingOut), Proposed=False(NothingToPropose), "
            "Merged=True(Merged), Applied=True(Applied), RolledOut=False(RollingOut)",
            id="rolling out, and the next hop waits",
        ),
    ],
)
def test_a_status_tells_where_a_hop_is(seen: Proposed, line: str) -> None:
    assert brief(status_of(seen)) == line


@pytest.mark.parametrize(
    ("stage", "phase", "live"),
    [
        (Stage.NOT_APPLIED, "Merged", "Applied=False(NotApplied), RolledOut=False(NotApplied)"),
        (Stage.APPLIED, "RollingOut", "Applied=True(Applied), RolledOut=False(RollingOut)"),
        (Stage.ROLLING_OUT, "RollingOut", "Applied=True(Applied), RolledOut=False(RollingOut)"),
        (Stage.ROLLED_OUT, "UpToDate", "Applied=True(Applied), RolledOut=True(RolledOut)"),
        (Stage.UNKNOWN, "UpToDate", "Applied=True(Applied), RolledOut=Unknown(Unknown)"),
        (Stage.ABSENT, "UpToDate", "Applied=Unknown(NoLiveCluster), RolledOut=Unknown(NoLiveCluster)"),
    ],
)
def test_after_the_merge_a_status_tells_what_became_of_it(stage: Stage, phase: str, live: str) -> None:
    status = status_of(after_merge(UP_TO_DATE, rollout=rollout(stage)))

    merged = "Ready=True(UpToDate), Planned=False(UpToDate), Proposed=False(NothingToPropose), Merged=True(Merged)"
    assert brief(status) == f"{phase}: {merged}, {live}"


def test_an_unchanged_answer_an_hour_later_gives_an_equal_status() -> None:
    for seen in (proposed(LEAVE, pull=pull()), after_merge(UP_TO_DATE, rollout=rollout(Stage.ROLLED_OUT))):
        first = status_of(seen)

        assert status_of(seen, first, now=NOW + timedelta(hours=1)) == upgrader(first).status


def test_versions_and_history_tell_where_it_is_and_where_it_came_from() -> None:
    status = status_of(after_merge(UP_TO_DATE))

    assert (status.current_version, status.target_version, status.latest_set_version) == ("v1.34.2", None, "v1.34.2")
    assert status.pull_request is not None
    assert (status.pull_request.number, status.pull_request.state) == (7, "Merged")
    (entry,) = status.history
    assert (entry.from_version, entry.version, entry.image) == ("v1.33.5", "v1.34.2", "img-2")
    assert status_of(proposed(CREATE, pull=pull())).target_version == "v1.34.2"


def test_history_keeps_the_ten_newest_merges() -> None:
    merges = tuple(
        Merge(OLD.version, Target(Version.parse(f"v1.34.{patch}")), NOW - timedelta(days=patch), pull(number=patch))
        for patch in range(12)
    )
    status = status_of(after_merge(UP_TO_DATE, merged=merges[:2]), status_of(after_merge(UP_TO_DATE, merged=merges)))

    assert [entry.version for entry in status.history] == [f"v1.34.{patch}" for patch in range(10)]


@pytest.mark.parametrize(
    ("decision", "current"),
    [
        (Hold("UpToDate", "The base branch is past the target."), "v1.34.5"),
        (Hold("Reverted", "Somebody reverted it."), "v1.33.5"),
    ],
)
def test_the_version_last_merged_stays_whatever_people_write_to_the_base_branch(decision: Hold, current: str) -> None:
    merged = status_of(after_merge(UP_TO_DATE))
    moved = after_merge(decision, origin=Target(Version.parse(current), "img"))

    status = status_of(moved, merged)

    assert (status.current_version, status.latest_set_version) == (current, "v1.34.2")
    assert [entry.version for entry in status.history] == ["v1.34.2"]
    found = find(status.conditions, "Merged")
    assert found is None or found.reason == "Reverted"


def test_where_no_forge_tells_of_merges_a_target_that_came_true_counts_as_merged() -> None:
    pushed = status_of(proposed(CREATE))
    merged = status_of(after_merge(UP_TO_DATE, merged=(), latest=None), pushed)
    later = status_of(after_merge(UP_TO_DATE, merged=(), latest=None), merged)

    assert merged.latest_set_version == "v1.34.2"
    assert [entry.version for entry in merged.history] == ["v1.34.2"]
    assert later == upgrader(merged).status


@pytest.mark.parametrize(
    ("error", "phase", "stalled"),
    [(NetworkError("No connection."), "Proposed", False), (AuthenticationFailed("No."), "Failed", True)],
)
def test_an_error_leaves_what_was_seen_before(error: UpgraderError, phase: str, stalled: bool) -> None:
    before = status_of(proposed(LEAVE, pull=pull()))
    after = status_of(proposed(None, error=error, origin=None, target=None, edits=()), before)

    assert after.phase == phase
    assert (after.current_version, after.target_version, after.pull_request) == (
        before.current_version,
        before.target_version,
        upgrader(before).status.pull_request,
    )
    ready = find(after.conditions, "Ready")
    assert ready is not None
    assert (ready.status.value, ready.reason) == ("False", type(error).__name__)
    assert (find(after.conditions, "Stalled") is not None) is stalled
    assert find(after.conditions, "Proposed") == find(upgrader(before).status.conditions, "Proposed")


def test_a_failed_look_up_changes_nothing_but_ready() -> None:
    before = status_of(proposed(LEAVE, pull=pull()))
    seen = proposed(Hold("LookupFailed", "Nothing is changed: the plan has no answer."), target=None, edits=())
    after = status_of(seen, before)

    assert brief(after) == brief(before).replace("Ready=True(Succeeded)", "Ready=True(Waiting)")
    assert after.pull_request == upgrader(before).status.pull_request


def test_what_is_not_applied_in_time_says_since_when() -> None:
    seen = after_merge(UP_TO_DATE, rollout=rollout(Stage.NOT_APPLIED))
    late = status_of(seen, status_of(seen), now=NOW + timedelta(hours=1))

    applied = find(late.conditions, "Applied")
    assert applied is not None
    assert (applied.status.value, applied.reason) == ("False", "ApplyDeadlineExceeded")
    assert "since 2026-11-01 11:55 UTC" in applied.message


def test_without_a_merge_of_ours_the_time_counts_from_when_it_was_seen() -> None:
    seen = after_merge(UP_TO_DATE, rollout=rollout(Stage.NOT_APPLIED), merged=(), latest=None)
    first = status_of(seen)
    soon, late = (status_of(seen, first, now=NOW + timedelta(minutes=minutes)) for minutes in (59, 61))

    reasons = [find(status.conditions, "Applied") for status in (first, soon, late)]
    assert [found.reason for found in reasons if found] == ["NotApplied", "NotApplied", "ApplyDeadlineExceeded"]
