"""Labels, assignees and reviewers of a merge request, as far as GitLab goes along."""

from __future__ import annotations

from collections.abc import Sequence

from gitlab import Gitlab
from gitlab.v4.objects import Project

from gitops_upgrader.forges.gitlab_client import change, read, reading
from gitops_upgrader.forges.gitlab_records import User
from gitops_upgrader.forges.notes import Notes
from gitops_upgrader.forges.protocol import People


def involve(client: Gitlab, project: Project, number: int, people: People) -> tuple[str, ...]:
    """Add labels (GitLab makes those that are missing), assignees and reviewers; return in words what it refused."""
    notes = Notes("GitLab")
    if people.labels:
        with notes.unless_refused("the labels"):
            change(project, number, add_labels=",".join(people.labels))
    now = read(project, number)
    for field, there, wanted in (
        ("assignee", now.assignees, people.assignees),
        ("reviewer", now.reviewers, people.reviewers),
    ):
        ids = [user.id for user in there]
        found = _found(client, wanted, notes)
        if set(found) - set(ids):
            with notes.unless_refused(f"the {field}s"):
                _set(project, number, field, list(dict.fromkeys([*ids, *found])), notes)
    if people.team_reviewers:
        teams = ", ".join(people.team_reviewers)
        notes.add(f"asks no groups for reviews ({teams}): name people, or use its code owners")
    return notes.told


def _found(client: Gitlab, names: Sequence[str], notes: Notes) -> list[int]:
    """The ids of people; GitLab takes no names."""
    ids = []
    for name in names:
        with reading():
            users = [User.model_validate(one.attributes) for one in client.users.list(username=name, iterator=True)]
        if users:
            ids.append(users[0].id)
        else:
            notes.add(f"knows no user {name}")
    return ids


def _set(project: Project, number: int, field: str, ids: list[int], notes: Notes) -> None:
    """Set the whole list of assignees or reviewers, which is how GitLab takes it."""
    changed = change(project, number, **{f"{field}_ids": ids})
    kept = {user.id for user in (changed.assignees if field == "assignee" else changed.reviewers)}
    if set(ids) - kept:
        notes.add(f"took {len(kept)} of {len(ids)} {field}s: its free tier has one")
