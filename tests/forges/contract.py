"""What every forge must do, as tests that each forge's own module runs against its world.

A world is a forge with one repository, and what people could do there with their own hands.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest

from gitops_upgrader.errors import ForgeError, ForgeNotFound
from gitops_upgrader.forges.protocol import Forge, MergeMethod, NewPull, People, Verdict
from gitops_upgrader.model import PullRequest, PullState

BODY = 'From v1.33.5 to v1.34.2.\n\n- [ ] rebuild\n\n<!-- gitops-upgrader {"target": "v1.34.2"} -->\nÜber 日本\n'
BRANCH = "gitops-upgrader/fleet/prod"
UNKNOWN = "nobody-of-that-name"


class World(Protocol):
    """A forge, and people's hands."""

    forge: Forge
    person: str
    """Somebody who may write to the repository."""

    def branch(self, name: str) -> str:
        """Push something new to a branch; return the commit."""

    def delete_branch(self, name: str) -> None:
        """Delete a branch."""

    def fork(self, branch: str) -> None:
        """Open a pull request to the base from a branch of this name in somebody's fork."""

    def merge(self, number: int) -> None:
        """Merge, as the person."""

    def close(self, number: int) -> None:
        """Close, as the person."""

    def reopen(self, number: int) -> None:
        """Open again, as the person."""

    def review(self, number: int, *, approve: bool) -> None:
        """Approve or ask for changes, as the person."""

    def protect(self) -> None:
        """Let the base branch ask for something before a merge."""

    def take_only_up_to_date(self) -> None:
        """Let the base branch take only branches that are up to date with it."""

    def comments(self, number: int) -> list[str]:
        """Return the comments."""

    def assignees(self, number: int) -> set[str]:
        """Return who is assigned."""

    def reviewers(self, number: int) -> set[str]:
        """Return who was asked for a review."""

    def verdicts(self, commit: str) -> list[tuple[str, str]]:
        """Return every status of our name that the commit was given, the latest last."""


class ForgeContract:
    """What every forge does."""

    def open(self, world: World, branch: str = BRANCH, *, draft: bool = False) -> PullRequest:
        """Push a branch and open a pull request from it."""
        commit = world.branch(branch)
        return world.forge.create(NewPull(f"Upgrade {branch}", BODY, branch, "main", commit, draft))

    def test_nothing_is_there_at_first(self, world: World) -> None:
        assert world.forge.find(BRANCH) == ()
        assert world.forge.find(BRANCH) == ()
        assert world.forge.update_button("main") is None

    def test_what_was_created_is_found(self, world: World) -> None:
        made = self.open(world)
        assert (made.state, made.title, made.body) == (PullState.OPEN, f"Upgrade {BRANCH}", BODY)
        assert (made.head, made.base, made.draft) == (BRANCH, "main", False)
        assert len(made.head_commit) == 40
        assert made.created_at.tzinfo is not None
        assert (made.approved, made.queued, made.auto_merge) == (False, False, False)
        assert made.url.startswith(("http://", "file:///"))
        assert world.forge.find(BRANCH) == (made,)
        assert world.forge.get(made.number) == made

    def test_a_second_from_the_same_branch_is_the_first(self, world: World) -> None:
        made = self.open(world)
        again = world.forge.create(NewPull("Another title", "Another body", BRANCH, "main", made.head_commit))
        assert again.number == made.number
        assert len(world.forge.find(BRANCH)) == 1

    def test_a_branch_that_begins_alike_is_another(self, world: World) -> None:
        self.open(world, BRANCH + "-2")
        assert world.forge.find(BRANCH) == ()

    def test_title_and_body_are_replaced(self, world: World) -> None:
        made = self.open(world)
        commit = world.branch(BRANCH)
        changed = world.forge.update(made.number, title="Newer: v1.34.3", body="New\n", head_commit=commit)
        assert (changed.number, changed.title, changed.body) == (made.number, "Newer: v1.34.3", "New\n")
        (found,) = world.forge.find(BRANCH)
        assert (found.title, found.body) == ("Newer: v1.34.3", "New\n")

    def test_a_draft_stays_a_draft_when_its_title_changes(self, world: World) -> None:
        made = self.open(world, draft=True)
        assert (made.draft, made.title) == (True, f"Upgrade {BRANCH}")
        changed = world.forge.update(made.number, title="Newer", body=BODY, head_commit=made.head_commit)
        assert (changed.draft, changed.title) == (True, "Newer")

    def test_drafts_come_and_go(self, world: World) -> None:
        made = self.open(world)
        for draft in (True, True, False, False):
            world.forge.set_draft(made.number, draft=draft)
            now = world.forge.get(made.number)
            assert (now.draft, now.title) == (draft, made.title)

    def test_a_comment_is_made_once(self, world: World) -> None:
        made = self.open(world)
        for _ in range(2):
            world.forge.comment(made.number, "branch-modified", "Somebody works here.")
        assert len(world.comments(made.number)) == 1
        assert world.comments(made.number)[0].startswith("Somebody works here.")
        for turn in range(5):
            world.forge.comment(made.number, f"turn-{turn}", "Again")
        world.forge.comment(made.number, "turn-4", "Again")
        assert len(world.comments(made.number)) == 6

    def test_closing_is_closing_once(self, world: World) -> None:
        made = self.open(world)
        for _ in range(2):
            world.forge.close(made.number)
        (found,) = world.forge.find(BRANCH)
        assert found.state is PullState.CLOSED
        assert found == world.forge.get(made.number)

    def test_a_closed_one_does_not_stand_in_the_way(self, world: World) -> None:
        first = self.open(world)
        world.forge.close(first.number)
        second = self.open(world)
        assert [pull.number for pull in world.forge.find(BRANCH)] == [second.number, first.number]
        assert [pull.state for pull in world.forge.find(BRANCH)] == [PullState.OPEN, PullState.CLOSED]

    def test_people_close_and_reopen(self, world: World) -> None:
        made = self.open(world)
        world.close(made.number)
        (closed,) = world.forge.find(BRANCH)
        assert closed.state is PullState.CLOSED
        world.reopen(made.number)
        (reopened,) = world.forge.find(BRANCH)
        assert reopened.state is PullState.OPEN

    def test_a_branch_may_be_gone(self, world: World) -> None:
        made = self.open(world)
        world.forge.close(made.number)
        world.delete_branch(BRANCH)
        (found,) = world.forge.find(BRANCH)
        assert (found.number, found.head, found.head_commit) == (made.number, BRANCH, made.head_commit)

    def test_many_are_read_page_by_page(self, world: World) -> None:
        made = [self.open(world, f"gitops-upgrader/fleet/c{at}") for at in range(5)]
        self.open(world, "people/own")
        for pull in made[1:4]:
            world.forge.close(pull.number)
        found = world.forge.recent("gitops-upgrader/", made[0].created_at)
        assert [pull.number for pull in found] == sorted((pull.number for pull in made), reverse=True)
        for at, pull in enumerate(made):
            assert [one.number for one in world.forge.find(f"gitops-upgrader/fleet/c{at}")] == [pull.number]

    def test_recent_are_the_open_ones_and_the_young_ones(self, world: World) -> None:
        opened = self.open(world, "gitops-upgrader/a/a")
        closed = self.open(world, "gitops-upgrader/a/b")
        world.forge.close(closed.number)
        later = closed.created_at + timedelta(minutes=5)
        assert {pull.number for pull in world.forge.recent("gitops-upgrader/", later)} == {opened.number}
        sooner = opened.created_at - timedelta(minutes=5)
        assert {pull.number for pull in world.forge.recent("gitops-upgrader/", sooner)} == {
            opened.number,
            closed.number,
        }
        assert world.forge.recent("gitops-upgrader/b/", sooner) == ()

    def test_what_changed_since_is_seen(self, world: World) -> None:
        first = self.open(world)
        world.forge.find(BRANCH)
        world.forge.close(first.number)
        assert [pull.state for pull in world.forge.find(BRANCH)] == [PullState.CLOSED]
        second = self.open(world)
        assert [pull.number for pull in world.forge.find(BRANCH)] == [second.number, first.number]
        world.close(second.number)
        assert [pull.state for pull in world.forge.find(BRANCH)] == [PullState.CLOSED, PullState.CLOSED]

    def test_one_that_is_not_there(self, world: World) -> None:
        with pytest.raises(ForgeNotFound):
            world.forge.get(4711)

    def test_labels_are_made_where_they_are_missing(self, world: World) -> None:
        made = self.open(world)
        people = People(labels=("kubernetes upgrade", "bug"))
        assert world.forge.involve(made.number, people) == ()
        assert world.forge.involve(made.number, people) == ()
        assert world.forge.get(made.number).labels == {"kubernetes upgrade", "bug"}

    def test_a_label_is_taken_off(self, world: World) -> None:
        made = self.open(world)
        assert world.forge.involve(made.number, People(labels=("gitops-upgrader/rebuild", "bug"))) == ()
        for _ in range(2):
            assert world.forge.drop_label(made.number, "gitops-upgrader/rebuild") is None
            assert world.forge.get(made.number).labels == {"bug"}
        assert world.forge.involve(made.number, People(labels=("gitops-upgrader/rebuild",))) == ()
        assert world.forge.get(made.number).labels == {"bug", "gitops-upgrader/rebuild"}
        with pytest.raises(ForgeNotFound):
            world.forge.drop_label(4711, "bug")

    def test_people_are_asked(self, world: World) -> None:
        made = self.open(world)
        wanted = People(assignees=(world.person,), reviewers=(world.person,))
        assert world.forge.involve(made.number, wanted) == ()
        assert world.assignees(made.number) == {world.person}
        assert world.reviewers(made.number) == {world.person}

    def test_a_verdict_is_given_and_changed(self, world: World) -> None:
        made = self.open(world)
        for _ in range(2):
            world.forge.set_verdict(made.head_commit, Verdict.SUCCESS, "It may be merged.")
        assert world.verdicts(made.head_commit) == [("success", "It may be merged.")]
        for _ in range(2):
            world.forge.set_verdict(made.head_commit, Verdict.PENDING, "Outside its window.")
        assert world.verdicts(made.head_commit)[-1] == ("pending", "Outside its window.")
        world.forge.set_verdict(made.head_commit, Verdict.FAILURE, "x" * 140)
        assert world.verdicts(made.head_commit)[-1] == ("failure", "x" * 140)
        assert len(world.verdicts(made.head_commit)) in {1, 3}

    def test_auto_merge_never_merges_at_once(self, world: World) -> None:
        made = self.open(world)
        refusal = world.forge.arm_auto_merge(made.number, MergeMethod.MERGE)
        assert refusal
        assert not refusal.endswith(".")
        assert world.forge.get(made.number).state is PullState.OPEN
        world.forge.disarm_auto_merge(made.number)

    def test_pages_are_named(self, world: World) -> None:
        assert world.forge.branch_url("gitops-upgrader/a b").startswith(("http://", "file:///"))
        url = world.forge.file_url("0" * 40, "clusters/a b.yaml", 12)
        assert url is None or ("clusters/a%20b.yaml" in url and url.endswith("#L12"))


class ServerContract(ForgeContract):
    """What forges do besides that have a server, and people on it."""

    def test_a_base_that_takes_only_what_is_up_to_date(self, world: World) -> None:
        world.protect()
        assert world.forge.update_button("main") is None
        world.take_only_up_to_date()
        for _ in range(2):
            assert world.forge.update_button("main") in {"Update branch", "Rebase"}

    def test_it_tells_of_merges_by_itself(self, world: World) -> None:
        made = self.open(world)
        assert world.forge.mark_merged(made.number, "0" * 40, made.created_at).number == made.number

    def test_who_is_there_already_stays(self, world: World) -> None:
        made = self.open(world)
        for name in (world.person, "upgrader"):
            for _ in range(2):
                assert world.forge.involve(made.number, People(assignees=(name,))) == ()
        assert world.assignees(made.number) == {world.person, "upgrader"}

    def test_merged_by_somebody(self, world: World) -> None:
        assert world.forge.capabilities.tells_merges
        made = self.open(world)
        world.merge(made.number)
        (found,) = world.forge.find(BRANCH)
        assert (found.state, found.merged_by, found.closed_by) == (PullState.MERGED, world.person, None)
        assert found.merged_at is not None
        assert found.merged_at >= found.created_at
        world.forge.close(made.number)
        assert world.forge.get(made.number).state is PullState.MERGED

    def test_a_fork_is_not_ours(self, world: World) -> None:
        world.fork(BRANCH)
        assert world.forge.find(BRANCH) == ()
        made = self.open(world)
        assert [pull.number for pull in world.forge.find(BRANCH)] == [made.number]
        assert [pull.number for pull in world.forge.recent("gitops-upgrader/", made.created_at)] == [made.number]

    def test_who_cannot_be_asked_is_told_and_the_others_are_asked(self, world: World) -> None:
        made = self.open(world)
        wanted = People(
            labels=("bug",),
            assignees=(UNKNOWN, world.person),
            reviewers=(UNKNOWN, world.person),
            team_reviewers=("x/y",),
        )
        notes = world.forge.involve(made.number, wanted)
        assert sum(UNKNOWN in note for note in notes) == 2, notes
        assert len(notes) == 3, notes
        assert world.assignees(made.number) == {world.person}
        assert world.reviewers(made.number) == {world.person}
        assert world.forge.get(made.number).labels == {"bug"}

    def test_the_latest_reviews_count(self, world: World) -> None:
        made = self.open(world)
        for approve in (True, False, True):
            world.review(made.number, approve=approve)
            (found,) = world.forge.find(BRANCH)
            assert found.approved is approve

    def test_auto_merge_is_armed_and_disarmed(self, world: World) -> None:
        world.protect()
        made = self.open(world)
        for _ in range(2):
            assert world.forge.arm_auto_merge(made.number, MergeMethod.SQUASH) is None
            (found,) = world.forge.find(BRANCH)
            assert (found.auto_merge, found.state) == (True, PullState.OPEN)
        for _ in range(2):
            world.forge.disarm_auto_merge(made.number)
            (found,) = world.forge.find(BRANCH)
            assert (found.auto_merge, found.state) == (False, PullState.OPEN)

    def test_a_missing_branch_is_an_error(self, world: World) -> None:
        with pytest.raises(ForgeError):
            world.forge.create(NewPull("T", "B", "no/such/branch", "main", "0" * 40))

    def test_who_closed_it_is_known(self, world: World) -> None:
        made = self.open(world)
        world.close(made.number)
        (found,) = world.forge.find(BRANCH)
        assert (found.closed_by, found.merged_by) == (world.person, None)
        assert found.closed_at is not None
        assert found.closed_at >= found.created_at
