"""The page of the rights in a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitops_upgrader.runtime import rbac
from tests.docs.reference.markdown import HEADER, code, table

_INTRODUCTION = f"""{HEADER}
# Rights

What `gitops-upgrader install` grants. With `--watch-namespace` the controller's rights are Roles in these namespaces,
and it can look into no other.

The controller deletes nothing but the MachineImages beyond a syncer's `historyLimit`, and writes to nothing but its own
kinds, except that it creates Jobs and Events. To let it read a source or a plan of another kind, give a ClusterRole
with `get`, `list` and `watch` on that kind the label `{rbac.AGGREGATION_LABEL}: "true"`.
"""

_PEOPLE = """## People

Who has the role `view` in a namespace may see the custom resources, who has `edit` or `admin` may change them. A status
is the controller's alone.
"""


def page() -> str:
    """The rules of the controller, of its election, and of people."""
    parts = [_INTRODUCTION, "## The controller\n", _rules(rbac.controller_rules())]
    parts += ["## The election, in the controller's own namespace\n", _rules(rbac.election_rules(["gitops-upgrader"]))]
    return "\n".join([*parts, _PEOPLE, _rules([*rbac.view_rules(), *rbac.edit_rules()])])


def _rules(rules: Iterable[Mapping[str, Any]]) -> str:
    return table(("API group", "resources", "verbs"), [_row(rule) for rule in rules])


def _row(rule: Mapping[str, Any]) -> tuple[str, ...]:
    groups = ", ".join(code(group) if group else "core" for group in rule["apiGroups"])
    resources = ", ".join(code(resource) for resource in rule["resources"])
    names = ", ".join(code(name) for name in rule.get("resourceNames", ()))
    return groups, f"{resources} named {names}" if names else resources, ", ".join(rule["verbs"])
