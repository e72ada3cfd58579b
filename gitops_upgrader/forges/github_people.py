"""Labels, assignees and reviewers of a pull request on GitHub, as far as GitHub goes along."""

from __future__ import annotations

from urllib.parse import quote

from github.PullRequest import PullRequest as Pull
from github.Repository import Repository

from gitops_upgrader.errors import ForgeConflict, ForgeNotFound
from gitops_upgrader.forges.answers import REFUSALS
from gitops_upgrader.forges.github_client import Wire, reading
from gitops_upgrader.forges.notes import Notes
from gitops_upgrader.forges.protocol import LABEL_COLOR, LABEL_DESCRIPTION, People


def involve(wire: Wire, repository: Repository, pull: Pull, people: People) -> tuple[str, ...]:
    """Add labels, assignees and reviewers; return in words what GitHub refused."""
    notes = Notes("GitHub")
    for label in people.labels:
        with notes.unless_refused(f"the label {label}"):
            _make_label(repository, label)
            # PyGithub sends the bare list, which GitHub's description knows no more
            wire.requestJsonAndCheck("POST", f"{pull.issue_url}/labels", input={"labels": [label]})
    if people.assignees:
        with notes.unless_refused("the assignees"):
            _assign(pull, people.assignees, notes)
    if people.reviewers or people.team_reviewers:
        _ask_for_reviews(pull, people, notes)
    return notes.told


def drop_label(wire: Wire, issue_url: str, name: str) -> str | None:
    """Take a label off a pull request; return in words why GitHub refused, if it did.

    GitHub answers 404 to a label that is not on it, and to a pull request that is not there.
    """
    place = f"{issue_url}/labels/{quote(name, safe='')}"  # PyGithub leaves a label's slash as it is
    try:
        wire.requestJsonAndCheck("DELETE", place)
    except ForgeNotFound:
        wire.requestJsonAndCheck("GET", f"{issue_url}/labels")
    except REFUSALS as error:
        return error.message.rstrip(".")
    return None


def _make_label(repository: Repository, name: str) -> None:
    """Make a label where it is missing; who makes it in between does it for us."""
    try:
        with reading():
            repository.get_label(name).complete()
    except ForgeNotFound:
        try:
            with reading():
                repository.create_label(name, LABEL_COLOR, LABEL_DESCRIPTION)
        except ForgeConflict as error:
            if "already_exists" not in error.message:
                raise


def _assign(pull: Pull, assignees: tuple[str, ...], notes: Notes) -> None:
    """GitHub leaves out in silence who cannot be assigned."""
    with reading():
        pull.add_to_assignees(*assignees)
        there = {user.login.lower() for user in pull.assignees}
    for name in assignees:
        if name.lower() not in there:
            notes.add(f"did not assign {name}")


def _ask_for_reviews(pull: Pull, people: People, notes: Notes) -> None:
    """Ask all at once; where GitHub refuses all of them because of one, one by one. A team is `team` or `org/team`."""
    users = list(people.reviewers)
    teams = [team.rpartition("/")[2] for team in people.team_reviewers]
    try:
        pull.create_review_request(users, teams)
    except REFUSALS:
        for user in users:
            with notes.unless_refused(f"a review by {user}"):
                pull.create_review_request([user], [])
        for team in teams:
            with notes.unless_refused(f"a review by the team {team}"):
                pull.create_review_request([], [team])
