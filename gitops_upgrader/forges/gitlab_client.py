"""One merge request through python-gitlab, read and changed as a whole."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from gitlab.exceptions import GitlabError
from gitlab.v4.objects import Project

from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.gitlab_records import MergeRequest, merge_request


def reading() -> AbstractContextManager[None]:
    """Guard the reading of an answer, python-gitlab's part of it included."""
    return readable("GitLab", GitlabError)


def read(project: Project, number: int) -> MergeRequest:
    """Return a merge request as it is now. Raises ForgeError."""
    with reading():
        return merge_request(project.mergerequests.get(number).attributes)


def change(project: Project, number: int, **fields: Any) -> MergeRequest:
    """Change fields of a merge request; return it as it is then. Raises ForgeError."""
    with reading():
        return merge_request(dict(project.mergerequests.update(number, fields)))
