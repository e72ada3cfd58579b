"""What there may be to decide on, said in a line: an upgrader's pull requests, their branches and the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from gitops_upgrader.model import PullRequest, PullState, Target
from gitops_upgrader.pulls.decision import Gate, Head, NoTarget, Proposal, Seen
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.pulls.marker import Marker
from gitops_upgrader.versions import Version

FAMILY = Family("gitops-upgrader/fleet/prod")
BRANCH = FAMILY.first
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
TIP = "a" * 40
NEW = "b" * 40
CLOSED, MERGED = PullState.CLOSED, PullState.MERGED


def target(version: str, image: str | None = "img") -> Target:
    return Target(Version.parse(version), f"{image}-{version}" if image == "img" else image)


V33, V34, V34_1, V35 = target("v1.33.5"), target("v1.34.2"), target("v1.34.1"), target("v1.35.0")


def pull(state: PullState = PullState.OPEN, *, number: int = 7, head: str = BRANCH, **fields: object) -> PullRequest:
    made = PullRequest(number, f"file:///pulls/{number}", "title", "body", state, head, "main", TIP, NOON)
    return replace(made, **fields)  # type: ignore[arg-type]  # the fields are the test's own


def proposal(
    state: PullState = PullState.OPEN,
    *,
    to: Target = V34,
    origin: Target = V33,
    marker: Mapping[str, object] | None = None,
    lost_marker: bool = False,
    **fields: object,
) -> Proposal:
    remembered = Marker("fleet/prod", "main", origin, to, TIP)
    remembered = replace(remembered, **(marker or {}))  # type: ignore[arg-type]  # as above
    return Proposal(pull(state, **fields), None if lost_marker else remembered)  # type: ignore[arg-type]


def seen(*proposals: Proposal, origin: Target = V33, wanted: Target | NoTarget = V34, **fields: object) -> Seen:
    made = Seen(FAMILY, origin, wanted, proposals)
    return replace(made, **fields)  # type: ignore[arg-type]  # as above


OURS = {BRANCH: Head(TIP, carries=True)}
STALE = {BRANCH: Head(TIP, carries=False)}
EDITED = {BRANCH: Head(NEW, edited_by="Ann")}
GATE = Gate("OutsideWindow", "The window opens at 22:00 UTC.", NOON)
NONE = NoTarget("NoCandidate", "No image in v1.34.x is ready.")
