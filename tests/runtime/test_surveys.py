"""What a look at a repository is news to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from gitops_upgrader.model import ObjectKey, PullRequest, PullState
from gitops_upgrader.reconcilers.workspace import Workspace
from gitops_upgrader.runtime.surveys import News, Surveys

KEY = ObjectKey("g", "GitOpsRepository", "fleet", "default")
PREFIX = "gitops-upgrader/"


@dataclass
class Seen:
    """The part of a workspace that is compared."""

    commit: str = "a"
    refs: dict[str, str] = field(default_factory=dict)
    prefix: str = PREFIX


def pull(number: int, name: str, state: PullState = PullState.OPEN) -> PullRequest:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return PullRequest(number, "url", "title", "body", state, f"{PREFIX}fleet/{name}", "main", "c", now)


def compare(surveys: Surveys, seen: Seen, *pulls: PullRequest) -> News:
    return surveys.compare(KEY, cast("Workspace", seen), pulls, None)


def names(news: News) -> set[str]:
    return {f"{key.namespace}/{key.name}" for key in news.upgraders}


def test_the_first_look_and_an_equal_one_are_no_news() -> None:
    surveys = Surveys()

    assert compare(surveys, Seen(), pull(1, "dev")) == News()
    assert compare(surveys, Seen(), pull(1, "dev")) == News()


def test_a_base_branch_that_moved_is_news_to_everybody() -> None:
    surveys = Surveys()
    compare(surveys, Seen())

    assert compare(surveys, Seen(commit="b")).everybody


def test_a_pull_request_that_ended_is_news_to_everybody_as_it_leaves_a_place() -> None:
    surveys = Surveys()
    compare(surveys, Seen(), pull(1, "dev"))

    assert compare(surveys, Seen(), pull(1, "dev", PullState.CLOSED)).everybody


def test_a_branch_or_a_pull_request_that_changed_is_news_to_its_upgrader() -> None:
    surveys = Surveys()
    compare(surveys, Seen(refs={f"{PREFIX}fleet/dev": "1", f"{PREFIX}fleet/prod_2": "1"}), pull(1, "dev"))

    pushed = compare(surveys, Seen(refs={f"{PREFIX}fleet/dev": "2", f"{PREFIX}fleet/prod_2": "1"}), pull(1, "dev"))
    deleted = compare(surveys, Seen(refs={f"{PREFIX}fleet/dev": "2"}), pull(1, "dev"))
    edited = compare(surveys, Seen(refs={f"{PREFIX}fleet/dev": "2"}), replace(pull(1, "dev"), body="new"))
    opened = compare(surveys, Seen(refs={f"{PREFIX}fleet/dev": "2"}), replace(pull(1, "dev"), body="new"), pull(2, "x"))

    assert [names(news) for news in (pushed, deleted, edited, opened)] == [
        {"fleet/dev"},
        {"fleet/prod"},
        {"fleet/dev"},
        {"fleet/x"},
    ]


def test_branches_of_others_are_nobodys_news_and_what_is_forgotten_begins_anew() -> None:
    surveys = Surveys()
    compare(surveys, Seen())

    assert compare(surveys, Seen(refs={f"{PREFIX}_group/fleet/all": "1"})) == News()
    surveys.forget(KEY)
    assert compare(surveys, Seen(commit="z")) == News()
