"""What GitHub's base branches ask of a pull request: rulesets in REST, a branch's own protection in GraphQL.

Everybody who may read a repository may read the rules of a branch. Its protection is for administrators in REST, and in
GraphQL for whoever GitHub shows it to:
https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch and
https://docs.github.com/en/graphql/reference/objects#branchprotectionrule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from github.Repository import Repository

from gitops_upgrader.errors import ForgeForbidden, ForgeNotFound, ForgeRefused, ForgeTooOld
from gitops_upgrader.forges.github_client import Wire, reading

_PER_PAGE = 100
_UNTOLD = (ForgeForbidden, ForgeNotFound, ForgeRefused, ForgeTooOld)
"""How GitHub answers those who may not look, and servers that know no such question."""

_QUERY = """query Protection($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $branch) {
      branchProtectionRule { requiresStatusChecks requiresStrictStatusChecks }
    }
  }
}"""


def takes_only_up_to_date(wire: Wire, repository: Repository, branch: str, *, anonymous: bool) -> bool:
    """Whether a base branch takes only branches that are up to date with it, as far as GitHub tells.

    Nobody (`anonymous`) may ask GraphQL. Raises ForgeError where GitHub does not answer.
    """
    if any(_is_strict(rule) for rule in _rules(wire, repository, branch)):
        return True
    return not anonymous and _is_protected_strictly(wire, repository, branch)


def _is_strict(rule: dict[str, Any]) -> bool:
    """Whether a rule asks for that; without a single check it has no effect, says GitHub's description."""
    with reading():
        if rule["type"] != "required_status_checks":
            return False
        parameters = rule["parameters"]
        return bool(parameters["strict_required_status_checks_policy"] and parameters["required_status_checks"])


def _rules(wire: Wire, repository: Repository, branch: str) -> Iterator[dict[str, Any]]:
    """The rules of all rulesets that are about a branch."""
    place = f"{repository.url}/rules/branches/{quote(branch, safe='')}"
    page = 1
    while True:
        try:
            _, found = wire.requestJsonAndCheck("GET", place, {"per_page": _PER_PAGE, "page": page})
        except _UNTOLD:
            return
        with reading():
            rules = list(found)
        yield from rules
        if len(rules) < _PER_PAGE:
            return
        page += 1


def _is_protected_strictly(wire: Wire, repository: Repository, branch: str) -> bool:
    with reading():
        names = {"owner": repository.owner.login, "name": repository.name, "branch": f"refs/heads/{branch}"}
    try:
        _, answer = wire.graphql_query(_QUERY, names)
    except _UNTOLD:
        return False
    with reading():
        rule = (answer["data"]["repository"]["ref"] or {}).get("branchProtectionRule") or {}
        return bool(rule.get("requiresStatusChecks") and rule.get("requiresStrictStatusChecks"))
