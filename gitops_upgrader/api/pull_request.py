"""What custom resources say about the pull requests that are made for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from gitops_upgrader.api.resource import Model, many
from gitops_upgrader.api.scalars import Flag, Form, Line

Login = Annotated[
    str, StringConstraints(min_length=1, max_length=256), Form(r"^[^\s,]+$", "must be one login, without spaces")
]


class PullRequestOptions(Model):
    """Labels and people of a pull request. A value given here takes the place of the repository's."""

    labels: tuple[Line, ...] = many("Labels of the pull request; those that do not exist yet are made.")
    assignees: tuple[Login, ...] = many("Who the pull request is assigned to, by login.")
    reviewers: tuple[Login, ...] = many("Who is asked for a review, by login.")
    team_reviewers: tuple[Login, ...] = many("Which teams are asked for a review, where the forge has teams.")
    draft: Flag | None = None
    """Whether the pull request is opened as a draft; false where nothing says otherwise."""
