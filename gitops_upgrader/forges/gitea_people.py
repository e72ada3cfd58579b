"""Labels, assignees and reviewers of a pull request on Gitea and Forgejo, as far as they go along."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from gitops_upgrader.errors import ForgeForbidden, ForgeNotFound
from gitops_upgrader.forges.gitea_client import Client
from gitops_upgrader.forges.gitea_records import Label, Pull, Review, User
from gitops_upgrader.forges.notes import Notes
from gitops_upgrader.forges.protocol import LABEL_COLOR, LABEL_DESCRIPTION, People


def involve(client: Client, project: str, number: int, people: People) -> tuple[str, ...]:
    """Add labels, assignees and reviewers; return in words what Gitea refused."""
    notes = Notes("Gitea")
    for label in people.labels:
        with notes.unless_refused(f"the label {label}"):
            client.act("POST", f"/issues/{number}/labels", {"labels": [_label_id(client, project, label)]})
    if people.assignees:
        with notes.unless_refused("the assignees"):
            _assign(client, number, people.assignees, notes)
    for name in people.reviewers:
        with notes.unless_refused(f"a review by {name}"):
            client.act("POST", f"/pulls/{number}/requested_reviewers", {"reviewers": [name]})
    for name in people.team_reviewers:
        team = name.rpartition("/")[2]
        with notes.unless_refused(f"a review by the team {team}"):
            _ask_team(client, number, team, notes)
    return notes.told


def _label_id(client: Client, project: str, name: str) -> int:
    """The id of a label of the repository or of its organisation; made in the repository where neither has it."""
    owner = quote(project.partition("/")[0], safe="")
    for place in ("/labels", f"//orgs/{owner}/labels"):
        try:
            there = client.all(place, Label)
        except (ForgeNotFound, ForgeForbidden):
            continue  # its owner is a person, or an organisation that the token may not look into
        for label in there:
            if label.name == name:
                return label.id
    fields = {"name": name, "color": f"#{LABEL_COLOR}", "description": LABEL_DESCRIPTION}
    return client.change("POST", "/labels", fields, Label).id


def _assign(client: Client, number: int, wanted: Iterable[str], notes: Notes) -> None:
    """Gitea takes the whole list of assignees, and breaks (500) over a name that it does not know."""
    known = {user.login.lower(): user.login for user in client.all("/assignees", User)}
    there = [user.login for user in client.get(f"/pulls/{number}", Pull).assignees or ()]
    names = list(there)
    for name in wanted:
        login = known.get(name.lower())
        if login is None:
            notes.add(f"cannot assign {name}")
        elif login not in names:
            names.append(login)
    if names != there:
        client.act("PATCH", f"/issues/{number}", {"assignees": names})


def _ask_team(client: Client, number: int, team: str, notes: Notes) -> None:
    """Gitea leaves out teams in silence where the owner is no organisation."""
    path = f"/pulls/{number}/requested_reviewers"
    reviews = client.list_after("POST", path, {"team_reviewers": [team]}, Review)
    if not any(review.team and review.team.name.lower() == team.lower() for review in reviews):
        notes.add(f"did not ask the team {team} for a review")
