"""The decision table, a test per row: what is seen, and what is decided in words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gitops_upgrader.model import Target
from gitops_upgrader.pulls.decide import ROWS, decide, reached
from gitops_upgrader.pulls.decision import REBUILD_LABEL, Close, Create, Decision, Head, Leave, NoTarget, Push, Seen
from tests.pulls.seen import (
    BRANCH,
    CLOSED,
    EDITED,
    GATE,
    MERGED,
    NEW,
    NONE,
    OURS,
    STALE,
    TIP,
    V33,
    V34,
    V34_1,
    V35,
    proposal,
    seen,
    target,
)


def told(decision: Decision) -> str:
    """A decision as a line of prose: what, why, where, and what goes with it."""
    parts = [type(decision).__name__.lower(), decision.reason]
    push = getattr(decision, "push", None)
    if isinstance(push, Push):
        parts.append(f"push {push.branch} over {push.expected[:1] if push.expected else 'nothing'}")
    if isinstance(decision, Create | Close):
        parts.append(f"on {decision.branch}")
    number = getattr(decision, "pull", None)
    if number is not None:
        parts.append(f"#{number}")
    if isinstance(decision, Close) and decision.head:
        parts.append("delete the branch")
    if getattr(decision, "comment", None):
        parts.append("comment")
    if isinstance(decision, Leave):
        parts += [word for word in ("pending", "disarm") if getattr(decision, word)]
    return ", ".join(parts)


B2 = f"{BRANCH}_2"

TABLE: dict[str, tuple[Seen, str]] = {
    # a look-up failed
    "look-up failed, even with an obsolete one open": (
        seen(proposal(), origin=V34, lookup_failed="GitHub did not answer"),
        "hold, LookupFailed",
    ),
    # someone else's commit on the branch
    "someone pushed to the open one": (seen(proposal(), heads=EDITED), "hold, BranchModified, #7, comment"),
    "someone pushed, no pull request yet": (seen(heads=EDITED), "hold, BranchModified"),
    "someone pushed, and the upgrader is deleted": (
        seen(proposal(), heads=EDITED, removed=True),
        "hold, BranchModified, #7, comment",
    ),
    "someone pushed, and the base is past the target": (
        seen(proposal(), heads=EDITED, origin=V35),
        "hold, BranchModified, #7, comment",
    ),
    "someone pushed to a branch that was merged": (
        seen(proposal(MERGED, to=V33), heads=EDITED),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    "someone pushed to a branch that we closed": (
        seen(proposal(CLOSED, to=V34_1, marker={"closed": "Withdrawn"}), heads=EDITED),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    # pointed at another base
    "a person pointed it at another branch": (
        seen(proposal(base="release"), heads=STALE),
        "hold, Retargeted, #7, comment",
    ),
    "a person pointed it at another branch, and wiped the marker": (
        seen(proposal(base="release", lost_marker=True), heads=STALE),
        "hold, Retargeted, #7, comment",
    ),
    "a person pointed it at another branch, and the upgrader is deleted": (
        seen(proposal(base="release"), heads=OURS, removed=True),
        "hold, Retargeted, #7, comment",
    ),
    "a person opened another one from our branch to another base": (
        seen(proposal(number=9, base="release", lost_marker=True), proposal(), heads=OURS),
        "leave, Current, #7",
    ),
    "a person pointed it at another branch, and the upgrader is paused": (
        seen(proposal(base="release"), heads=STALE, paused="The upgrader"),
        "leave, Paused, #7",
    ),
    "a person pushed, and pointed it at another branch": (
        seen(proposal(base="release"), heads=EDITED),
        "hold, BranchModified, #7, comment",
    ),
    "the default branch was renamed, and the forge took the pull request along": (
        seen(proposal(base="trunk"), heads=OURS, base="trunk"),
        "leave, Current, #7",
    ),
    "another base by configuration": (
        seen(proposal(), heads=STALE, base="release"),
        f"close, Withdrawn, on {BRANCH}, #7, delete the branch, comment",
    ),
    "another base by configuration, but not everything could be read": (
        seen(proposal(), heads=STALE, base="release", doubt="images.yaml:3: This is not YAML."),
        "hold, LookupFailed, #7",
    ),
    "a branch that a person refused for another base": (
        seen(taken=frozenset({BRANCH}), heads=OURS),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    # paused
    "paused, ours open": (seen(proposal(), heads=STALE, paused="The upgrader"), "leave, Paused, #7"),
    "paused, nothing open": (seen(paused="The repository"), "hold, Paused"),
    # upgrader deleted
    "deleted, ours open": (
        seen(proposal(), heads=OURS, removed=True),
        f"close, Removed, on {BRANCH}, #7, delete the branch, comment",
    ),
    "deleted, its branch gone already": (seen(proposal(), removed=True), f"close, Removed, on {BRANCH}, #7, comment"),
    "deleted, a branch without a pull request": (
        seen(heads=OURS, removed=True),
        f"close, Removed, on {BRANCH}, delete the branch",
    ),
    "deleted, nothing open": (seen(removed=True), "hold, Removed"),
    # base already at or past the target
    "base at the target, ours open": (
        seen(proposal(), origin=V34, heads=OURS),
        f"close, Obsolete, on {BRANCH}, #7, delete the branch, comment",
    ),
    "base past the target, a further hop wanted": (
        seen(proposal(), origin=V34, wanted=V35, heads=OURS),
        f"close, Obsolete, on {BRANCH}, #7, delete the branch, comment",
    ),
    "base at the target, ours open without its marker": (
        seen(proposal(lost_marker=True), origin=V34, heads=OURS),
        f"close, Obsolete, on {BRANCH}, #7, delete the branch, comment",
    ),
    "base at the target, a branch without a pull request": (
        seen(origin=V34, heads=OURS),
        f"close, Obsolete, on {BRANCH}, delete the branch",
    ),
    "nothing left to do, a branch without a pull request": (
        seen(origin=V34, wanted=NoTarget("UpToDate", "The cluster is at the target."), heads=OURS),
        f"close, Obsolete, on {BRANCH}, delete the branch",
    ),
    "base at the target, merged, its branch still there": (
        seen(proposal(MERGED), origin=V34, heads=OURS),
        "hold, UpToDate",
    ),
    "base at the target, merged with what people had added, its branch still there": (
        seen(proposal(MERGED), origin=V34, heads={BRANCH: Head(TIP, edited_by="Ann")}),
        "hold, UpToDate",
    ),
    "base at the target, closed by us, its branch still there": (
        seen(proposal(CLOSED, marker={"closed": "Obsolete"}), origin=V34, heads=OURS),
        f"close, Obsolete, on {BRANCH}, delete the branch",
    ),
    "base at the target, nothing open": (seen(origin=V34), "hold, UpToDate"),
    "base at the version with another image that a person chose": (
        seen(proposal(), origin=target("v1.34.2", "theirs"), wanted=NONE, heads=OURS),
        f"close, Obsolete, on {BRANCH}, #7, delete the branch, comment",
    ),
    # merged for this target, base below it
    "reverted": (seen(proposal(MERGED)), "hold, Reverted"),
    "reverted, a newer target": (
        seen(proposal(MERGED, to=V34_1), heads=STALE),
        f"create, Proposed, push {BRANCH} over a, on {BRANCH}",
    ),
    "reverted, then asked to retry": (
        seen(proposal(MERGED), retry="1"),
        f"create, Proposed, push {BRANCH} over nothing, on {BRANCH}",
    ),
    "reverted again after that retry": (
        seen(proposal(MERGED, number=8, marker={"retry": "1"}), proposal(MERGED), retry="1"),
        "hold, Reverted",
    ),
    # closed unmerged for this or a higher target
    "refused": (seen(proposal(CLOSED), heads=OURS), "hold, Refused"),
    "a higher one was refused": (seen(proposal(CLOSED, to=V35), heads=OURS), "hold, Refused"),
    "a lower one was refused": (
        seen(proposal(CLOSED, to=V34_1), heads=OURS),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    "refused, reopened": (seen(proposal(), heads=OURS), "leave, Current, #7"),
    "refused, asked to retry": (
        seen(proposal(CLOSED), heads=OURS, retry="2026-08-01"),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    "refused again after that retry": (
        seen(
            proposal(CLOSED, number=8, head=B2, marker={"retry": "x"}),
            proposal(CLOSED),
            heads=OURS,
            retry="x",
        ),
        "hold, Refused",
    ),
    "refused twice, a newer target": (
        seen(proposal(CLOSED, number=8, head=B2), proposal(CLOSED), wanted=V35, origin=V34),
        f"create, Proposed, push {BRANCH}_3 over nothing, on {BRANCH}_3",
    ),
    "refused, the marker wiped": (seen(proposal(CLOSED, lost_marker=True)), "hold, Refused"),
    "refused, the marker wiped, asked to retry": (
        seen(proposal(CLOSED, lost_marker=True), retry="1"),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    "closed by us is no refusal": (
        seen(proposal(CLOSED, marker={"closed": "Withdrawn"})),
        f"create, Proposed, push {BRANCH} over nothing, on {BRANCH}",
    ),
    "an image refresh was refused, another image is there": (
        seen(proposal(CLOSED, to=target("v1.33.5", "x"), origin=V33), wanted=target("v1.33.5", "y")),
        f"create, Proposed, push {B2} over nothing, on {B2}",
    ),
    # target withdrawn or lowered
    "withdrawn": (
        seen(proposal(), wanted=NONE, heads=OURS),
        f"close, Withdrawn, on {BRANCH}, #7, delete the branch, comment",
    ),
    "withdrawn, the marker wiped": (
        seen(proposal(lost_marker=True), wanted=NONE, heads=OURS),
        f"close, Withdrawn, on {BRANCH}, #7, delete the branch, comment",
    ),
    "withdrawn, a branch without a pull request": (
        seen(wanted=NONE, heads=OURS),
        f"close, Withdrawn, on {BRANCH}, delete the branch",
    ),
    "lowered": (
        seen(proposal(), wanted=V34_1, heads=OURS),
        f"close, Withdrawn, on {BRANCH}, #7, delete the branch, comment",
    ),
    "withdrawn, but not everything could be read": (
        seen(proposal(), wanted=NONE, heads=OURS, doubt="images.yaml:3: This is not YAML."),
        "hold, LookupFailed, #7",
    ),
    "lowered, but not everything could be read": (
        seen(proposal(), wanted=V34_1, heads=OURS, doubt="images.yaml:3: This is not YAML."),
        "hold, LookupFailed, #7",
    ),
    "nothing to take back, though not everything could be read": (
        seen(wanted=NONE, doubt="images.yaml:3: This is not YAML."),
        "hold, NoCandidate",
    ),
    "a newer target, though not everything could be read": (
        seen(proposal(to=V34_1), heads=STALE, doubt="images.yaml:3: This is not YAML."),
        f"update, Superseded, push {BRANCH} over a, #7",
    ),
    "nothing wanted, nothing open": (seen(wanted=NONE), "hold, NoCandidate"),
    # gates
    "a shut window, nothing open": (seen(gate=GATE), "hold, OutsideWindow"),
    "a shut window, ours open": (
        seen(proposal(), heads=OURS, gate=GATE),
        "leave, OutsideWindow, #7, pending, disarm",
    ),
    "the window opens again": (
        seen(proposal(marker={"waiting": True}), heads=OURS),
        "update, Resumed, #7",
    ),
    # approved or queued
    "approved, the target changed": (
        seen(proposal(to=V34_1, approved=True), heads=STALE),
        "leave, Approved, #7, comment, disarm",
    ),
    "queued, the target changed": (
        seen(proposal(to=V34_1, queued=True), heads=STALE),
        "leave, Approved, #7, comment, disarm",
    ),
    "queued, the base conflicts": (
        seen(proposal(queued=True), heads=STALE),
        "leave, Approved, #7, comment, disarm",
    ),
    "approved, the base conflicts": (
        seen(proposal(approved=True), heads=STALE),
        f"update, Rebased, push {BRANCH} over a, #7",
    ),
    # left over
    "a branch left over from a merge": (
        seen(proposal(MERGED, to=V33), heads=OURS),
        f"create, Proposed, push {BRANCH} over a, on {BRANCH}",
    ),
    "a branch left over from a merge that people had added to": (
        seen(proposal(MERGED, to=V33), heads={BRANCH: Head(TIP, edited_by="Ann")}),
        f"create, Proposed, push {BRANCH} over a, on {BRANCH}",
    ),
    "pushed, no pull request yet": (seen(heads=OURS), f"create, Resumed, on {BRANCH}"),
    "pushed, no pull request yet, stale by now": (
        seen(heads=STALE),
        f"create, Proposed, push {BRANCH} over a, on {BRANCH}",
    ),
    # ours, open
    "current": (seen(proposal(), heads=OURS), "leave, Current, #7"),
    "current, approved": (seen(proposal(approved=True), heads=OURS), "leave, Current, #7"),
    "current, a rebuild asked for": (
        seen(proposal(), heads=OURS, rebuild=True),
        f"update, RebuildRequested, push {BRANCH} over a, #7",
    ),
    "current, with the label of a rebuild that is done": (
        seen(proposal(labels=frozenset({REBUILD_LABEL}), marker={"labelled": True}), heads=OURS),
        "leave, Current, #7",
    ),
    "current, the label of a rebuild taken off by a person": (
        seen(proposal(marker={"labelled": True}), heads=OURS),
        "update, Resumed, #7",
    ),
    "current, a rebuild asked for, in the merge queue": (
        seen(proposal(queued=True), heads=OURS, rebuild=True),
        "leave, Current, #7",
    ),
    "drafts are wanted by now": (
        seen(proposal(marker={"draft": False}), heads=OURS, draft=True),
        "update, Resumed, #7",
    ),
    "drafts are wanted no more": (
        seen(proposal(marker={"draft": True}, draft=True), heads=OURS),
        "update, Resumed, #7",
    ),
    "drafts are wanted, and a person marked it as ready": (
        seen(proposal(marker={"draft": True}), heads=OURS, draft=True),
        "leave, Current, #7",
    ),
    "drafts are wanted no more, and a person marked it as ready before": (
        seen(proposal(marker={"draft": True}), heads=OURS),
        "leave, Current, #7",
    ),
    "drafts are wanted by now, and a person made it one before": (
        seen(proposal(marker={"draft": False}, draft=True), heads=OURS, draft=True),
        "leave, Current, #7",
    ),
    "a draft by now, and then a crash before that was remembered": (
        seen(proposal(marker={"draft": False, "switching": True}, draft=True), heads=OURS, draft=True),
        "update, Resumed, #7",
    ),
    "drafts are wanted, and an old marker does not know": (
        seen(proposal(), heads=OURS, draft=True),
        "leave, Current, #7",
    ),
    "a draft with auto-merge to come": (
        seen(proposal(marker={"draft": True, "unarmed": True}, draft=True), heads=OURS, draft=True),
        "leave, Current, #7",
    ),
    "a draft with auto-merge to come, marked as ready by a person": (
        seen(proposal(marker={"draft": True, "unarmed": True}), heads=OURS, draft=True),
        "update, Resumed, #7",
    ),
    "a rebuild asked for, the branch gone": (
        seen(proposal(), rebuild=True),
        f"update, RebuildRequested, push {BRANCH} over nothing, #7",
    ),
    "the base conflicts": (seen(proposal(), heads=STALE), f"update, Rebased, push {BRANCH} over a, #7"),
    "a newer target": (seen(proposal(to=V34_1), heads=STALE), f"update, Superseded, push {BRANCH} over a, #7"),
    "a newer target, pushed before a crash": (seen(proposal(to=V34_1), heads=OURS), "update, Resumed, #7"),
    "a rebuilt branch, the body left behind by a crash": (
        seen(proposal(marker={"head": NEW}), heads=OURS),
        "update, Resumed, #7",
    ),
    "opened, then a crash before its labels": (
        seen(proposal(marker={"settled": False}), heads=OURS),
        "update, Resumed, #7",
    ),
    "closed by us, reopened by a person": (
        seen(proposal(marker={"closed": "Withdrawn"}), heads=OURS),
        "update, Resumed, #7",
    ),
    "ours open, its branch deleted": (seen(proposal()), f"update, Rebased, push {BRANCH} over nothing, #7"),
    "current, but for the marker that somebody wiped": (
        seen(proposal(lost_marker=True), heads=OURS),
        "update, Resumed, #7",
    ),
    "ours open, the marker wiped": (
        seen(proposal(lost_marker=True), heads=STALE),
        f"update, Rebased, push {BRANCH} over a, #7",
    ),
    # nothing there
    "nothing there": (seen(), f"create, Proposed, push {BRANCH} over nothing, on {BRANCH}"),
    # a host without pull requests
    "no pull requests here, pushed": (seen(heads=OURS, opens_pulls=False), "leave, Current"),
    "no pull requests here, stale": (
        seen(heads=STALE, opens_pulls=False),
        f"update, Rebased, push {BRANCH} over a",
    ),
    "no pull requests here, nothing there": (
        seen(opens_pulls=False),
        f"create, Proposed, push {BRANCH} over nothing, on {BRANCH}",
    ),
}


def test_a_base_that_takes_only_what_is_up_to_date_is_told_and_never_pushed_for() -> None:
    decision = decide(seen(proposal(approved=True), heads=OURS, update_button="Rebase"))

    assert told(decision) == "leave, Current, #7"
    assert decision.message == (
        "Pull request 7 proposes this already. main has moved on, and takes only branches that are up to date: press "
        "“Rebase” before you merge. Nothing is pushed for that, so approvals stay."
    )


@pytest.mark.parametrize("name", TABLE)
def test_a_row_of_the_table(name: str) -> None:
    given_, expected = TABLE[name]

    decision = decide(given_)

    assert told(decision) == expected
    assert decision.message.endswith(".") or isinstance(decision, Create)


@pytest.mark.parametrize(
    ("heads", "what"), [({}, "Its branch was not there"), (STALE, "The base branch has moved on into")]
)
def test_why_a_branch_is_rebuilt(heads: Mapping[str, Head], what: str) -> None:
    assert decide(seen(proposal(), heads=heads)).message.startswith(what)


def test_every_row_decides_somewhere() -> None:
    """No row of the policy is dead: for each one there is a case in the table that reaches it and is decided there."""
    from gitops_upgrader.pulls.decide import _Case

    deciding = {next(row for row in ROWS if row(_Case.of(case)) is not None) for case, _ in TABLE.values()}

    assert deciding == set(ROWS)


@pytest.mark.parametrize(
    ("now", "wanted", "refresh", "expected"),
    [
        (V34, V34, False, True),
        (V35, V34, False, True),
        (V33, V34, False, False),
        (target("1.34.2"), V34, False, True),
        (target("v1.34.2", "other"), V34, False, True),
        (target("v1.34.2", "other"), V34, True, False),
        (V34, V34, True, True),
        (target("v1.34.2", "other"), target("v1.34.2", None), True, True),
        (target("v1.34.2+rke2r10"), target("v1.34.2+rke2r9"), False, True),
    ],
)
def test_reached(now: Target, wanted: Target, *, refresh: bool, expected: bool) -> None:
    assert reached(now, wanted, refresh=refresh) is expected
