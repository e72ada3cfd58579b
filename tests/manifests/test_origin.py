"""Whose repository an address and a revision are."""

from __future__ import annotations

import pytest

from gitops_upgrader.manifests import Origin
from gitops_upgrader.manifests.origin import Relation

OWN = "git@github.com:Me/fleet.git"


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (OWN, "https://github.com/me/fleet"),
        (OWN, "https://user:p%40ss@github.com/me/fleet.git/"),
        (OWN, "ssh://git@github.com/me/fleet"),
        (OWN, "ssh://git@ssh.github.com:443/me/fleet.git"),
        (OWN, "git@github.com:/me/fleet"),
        (OWN, "github.com:me/fleet"),
        (OWN, "work:me/fleet"),
        (OWN, "git://github.com/me/fleet"),
        (OWN, "https://mirror.example/me/fleet.git"),
        (OWN, "https://[::1]:3000/git/me/fleet.git?x=y#z"),
        ("https://git.example/scm/team/fleet.git", "ssh://git@git.example:7999/team/fleet.git"),
        ("https://org@dev.azure.com/org/project/_git/my%20fleet", "git@ssh.dev.azure.com:v3/org/project/my fleet"),
        (
            "https://org.visualstudio.com/DefaultCollection/project/_git/fleet",
            "https://dev.azure.com/org/project/_git/fleet",
        ),
        ("https://gitlab.com/group/sub/fleet", "git@altssh.gitlab.com:group/sub/fleet.git"),
        ("user@host:~/fleet", "ssh://user@host/~/fleet"),
    ],
)
def test_one_repository_has_many_addresses(own: str, other: str) -> None:
    assert Origin(own).repository(other) is Origin(other).repository(own) is Relation.SAME


@pytest.mark.parametrize(
    "other",
    [
        "https://github.com/me/apps",
        "https://example.com/apps",
        "git@github.com:me/fleets",
        "https://github.com/me/fleet.github",
    ],
)
def test_other_names_are_other_repositories(other: str) -> None:
    assert Origin(OWN).repository(other) is Relation.OTHER


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (OWN, "git@github.com:upstream/fleet.git"),
        (OWN, "https://mirror.example/mirrors/fleet"),
        # The same host and protocol leave no doubt of how long a path is.
        ("https://gitlab.com/me/fleet", "https://gitlab.com/group/me/fleet"),
    ],
)
def test_a_name_under_another_owner_may_be_the_same(own: str, other: str) -> None:
    assert Origin(own).repository(other) is Origin(other).repository(own) is Relation.PERHAPS


@pytest.mark.parametrize(
    "own",
    [
        "",
        "/srv/git/fleet.git",
        "file:///srv/git/fleet.git",
        "../fleet",
        "https://git.example/.git",
        "ssh://git@git.example/~/.git",
        "git://git.example/_git",
    ],
)
def test_who_does_not_know_what_it_is_takes_everything_for_its_own(own: str) -> None:
    assert Origin(own, "main").repository("https://github.com/me/apps") is Relation.SAME
    assert Origin(own, "main").revision("v1.2.3") is Relation.SAME


@pytest.mark.parametrize("other", ["", "https://github.com/{{ .repo }}", "https://${HOST}/me/apps", "host:"])
def test_what_is_not_known_is_its_own(other: str) -> None:
    assert Origin(OWN).repository(other) is Relation.SAME


@pytest.mark.parametrize("revision", ["", "HEAD", "main", "refs/heads/main", "{{ .branch }}", "${BRANCH}"])
def test_the_base_branch(revision: str) -> None:
    assert Origin(OWN, "main").revision(revision) is Relation.SAME


@pytest.mark.parametrize(
    "revision", ["staging", "v1.2.3", "refs/tags/main", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"]
)
def test_another_revision(revision: str) -> None:
    assert Origin(OWN, "main").revision(revision) is Relation.PERHAPS
    assert Origin(OWN).revision(revision) is Relation.SAME
