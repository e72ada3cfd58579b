"""What a credential may do in a repository, as far as its forge tells: asked by those who set things up.

GitHub: https://docs.github.com/en/rest/repos/repos#get-a-repository (`permissions`; the header `X-OAuth-Scopes` of
classic tokens) and https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch.
GitLab: https://docs.gitlab.com/api/projects/#get-a-single-project (`permissions`, access levels),
https://docs.gitlab.com/api/personal_access_tokens/ (`self`), https://docs.gitlab.com/api/protected_branches/.
Gitea: `/repos/{owner}/{repo}` (`permissions`) and `/branch_protections` of its own OpenAPI description;
https://docs.gitea.com/development/oauth2-provider#scopes.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from gitops_upgrader.errors import (
    ForgeAuthenticationFailed,
    ForgeConflict,
    ForgeForbidden,
    ForgeNotFound,
    ForgeRefused,
)
from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.connection import Connection, Server, reach

_DEVELOPER: Final = 30
"""GitLab's access level from which people push branches and open merge requests."""

_GITHUB_RULES: Final = {
    "creation": "nobody may create branches of this name",
    "update": "nobody may push to branches of this name",
    "non_fast_forward": "nobody may push over what is there, as a rebuild does",
    "pull_request": "every change needs a pull request of its own",
    "required_signatures": "commits have to be signed (spec.commit.signingKey)",
    "required_deployments": "every change needs a deployment first",
    "branch_name_pattern": "branches need names of another pattern",
}
"""The rules of rulesets that keep a branch from being pushed, in words."""

_GITEA_ORDERS: Final = {
    "write:repository": ("/pulls", "write:repository"),
    "write:issue": ("/issues/1/comments", "write:issue"),
}
"""The scopes that a token needs, what each of them allows to be made, and how a refusal names it."""

_NOT_ACCESSIBLE: Final = "Resource not accessible"
_GITHUB_ORDERS: Final = {
    "Contents: write": ("/git/refs", _NOT_ACCESSIBLE),
    "Pull requests: write": ("/pulls", _NOT_ACCESSIBLE),
    "Commit statuses: write": (f"/statuses/{'0' * 40}", _NOT_ACCESSIBLE),
}
"""The same for Apps and fine-grained tokens (docs.github.com, "Troubleshooting the REST API")."""

_UNTOLD: Final = (ForgeAuthenticationFailed, ForgeForbidden, ForgeNotFound, ForgeRefused)
"""How forges answer those who may not look at rules, or know no such question."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a credential may do in one repository.

    Attributes:
        anonymous: there is no credential.
        may_push: branches; None where the forge does not say.
        is_archived: nothing can be changed any more.
        takes_pulls: people may open pull requests here.
        missing_scopes: the scopes or permissions that the token itself lacks, as its forge calls them.
        rules: in words, what keeps branches of ours from being pushed; None where the forge does not say.
    """

    anonymous: bool
    may_push: bool | None
    is_archived: bool
    takes_pulls: bool
    missing_scopes: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None


def rights(provider: str, connection: Connection, branch: str) -> Rights | None:
    """Ask a forge; None for a provider that is no server (`local`, `none`).

    Args:
        provider: the forge.
        connection: how it is reached.
        branch: a branch as ours are called; it need not exist.

    Raises:
        ForgeError: the forge does not answer, or the repository is not there for this credential.
    """
    ask = _ASKS.get(provider)
    if ask is None:
        return None
    return ask(reach(provider, _NAMES[provider], connection), branch, connection.credential is None)


def _github(server: Server, branch: str, anonymous: bool) -> Rights:
    root = f"{server.api}/repos/{quote(server.project)}"
    response = server.session.get(root)
    with readable("GitHub"):
        found = _mapping(response.json())
        header = response.headers.get("X-OAuth-Scopes")
        scopes = {scope.strip() for scope in header.split(",")} - {""} if header else set()
        wanted = {"repo"} if found.get("private") else {"repo", "public_repo"}
        missing: tuple[str, ...] = ("repo",) if scopes and not scopes & wanted else ()
        if header is None and not anonymous:
            missing = tuple(_lacking(server, root, _GITHUB_ORDERS))
        return Rights(
            anonymous=anonymous,
            may_push=_flag(found.get("permissions"), "push"),
            is_archived=bool(found.get("archived")),
            takes_pulls=found.get("has_pull_requests") is not False,
            missing_scopes=missing,
            rules=_asked(lambda: _github_rules(server, f"{root}/rules/branches/{quote(branch, safe='')}")),
        )


def _github_rules(server: Server, url: str) -> Iterable[str]:
    for rule in server.session.get(url, params={"per_page": "100"}).json():
        kind = str(_mapping(rule).get("type"))
        if kind in _GITHUB_RULES:
            yield _GITHUB_RULES[kind]


def _gitlab(server: Server, branch: str, anonymous: bool) -> Rights:
    root = f"{server.api}/projects/{quote(server.project, safe='')}"
    response = server.session.get(root)
    with readable("GitLab"):
        found = _mapping(response.json())
        return Rights(
            anonymous=anonymous,
            may_push=_gitlab_push(found.get("permissions")),
            is_archived=bool(found.get("archived")),
            takes_pulls=found.get("merge_requests_access_level") != "disabled",
            missing_scopes=() if anonymous else _asked(lambda: _gitlab_scopes(server)) or (),
            rules=_asked(lambda: _gitlab_rules(server, root, branch)),
        )


def _gitlab_push(permissions: object) -> bool | None:
    given = [_mapping(value) for value in _mapping(permissions).values() if value]
    levels = [int(one.get("access_level", 0)) for one in given]
    return max(levels) >= _DEVELOPER if levels else None


def _gitlab_scopes(server: Server) -> Iterable[str]:
    scopes = _mapping(server.session.get(f"{server.api}/personal_access_tokens/self").json()).get("scopes")
    if isinstance(scopes, list) and "api" not in scopes:
        yield "api"


def _gitlab_rules(server: Server, root: str, branch: str) -> Iterable[str]:
    for rule in server.session.get(f"{root}/protected_branches", params={"per_page": "100"}).json():
        name = str(_mapping(rule).get("name"))
        if _covers(name, branch) and not _mapping(rule).get("allow_force_push"):
            yield f"the protected branch {name} lets nobody push over what is there, as a rebuild does"


def _gitea(server: Server, branch: str, anonymous: bool) -> Rights:
    root = f"{server.api}/repos/{quote(server.project)}"
    response = server.session.get(root)
    with readable("Gitea"):
        found = _mapping(response.json())
        return Rights(
            anonymous=anonymous,
            may_push=_flag(found.get("permissions"), "push"),
            is_archived=bool(found.get("archived")),
            takes_pulls=found.get("has_pull_requests") is not False,
            missing_scopes=() if anonymous else tuple(_lacking(server, root, _GITEA_ORDERS)),
            rules=_asked(lambda: _gitea_rules(server, root, branch)),
        )


def _lacking(server: Server, root: str, orders: Mapping[str, tuple[str, str]]) -> Iterable[str]:
    """Place orders that are empty, and so are refused whoever places them; but to whom a right lacks, for that.

    Neither Gitea nor GitHub tells a token what it may do, but for GitHub's classic ones: `permissions` are those of its
    account.

    Args:
        orders: for each right, where the order goes, and what the refusal says if the token lacks that right.
    """
    for right, (path, says) in orders.items():
        try:
            server.session.post(f"{root}{path}", json={})
        except ForgeForbidden as refusal:
            if says in str(refusal):
                yield right
        except (ForgeNotFound, ForgeConflict, ForgeRefused):
            continue


def _gitea_rules(server: Server, root: str, branch: str) -> Iterable[str]:
    for rule in server.session.get(f"{root}/branch_protections").json() or ():
        found = _mapping(rule)
        name = str(found.get("rule_name") or found.get("branch_name"))
        if not _covers(name, branch):
            continue
        if not found.get("enable_push"):
            yield f"the rule {name} lets nobody push to branches of this name"
        elif not found.get("enable_force_push"):
            yield f"the rule {name} lets nobody push over what is there, as a rebuild does"


def _asked(look: Callable[[], Iterable[str]]) -> tuple[str, ...] | None:
    """What a question brings, each once; None where the forge does not answer it to this credential."""
    try:
        return tuple(dict.fromkeys(look()))
    except _UNTOLD:
        return None


def _covers(pattern: str, branch: str) -> bool:
    """Whether a rule's pattern is about a branch. Forges differ in what `*` does at a slash; here it goes on."""
    return pattern == branch or fnmatch.fnmatchcase(branch, pattern)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _flag(permissions: object, name: str) -> bool | None:
    value = _mapping(permissions).get(name)
    return value if isinstance(value, bool) else None


_ASKS: Final[Mapping[str, Callable[[Server, str, bool], Rights]]] = MappingProxyType(
    {"github": _github, "gitlab": _gitlab, "gitea": _gitea}
)
_NAMES: Final = {"github": "GitHub", "gitlab": "GitLab", "gitea": "Gitea"}
